"""WHEN and in which process."""
