"""The version, where a server can read it that has no more of the package than it needs."""

__version__ = "0.1.0"
