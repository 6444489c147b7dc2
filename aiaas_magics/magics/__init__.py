"""The notebook door."""
