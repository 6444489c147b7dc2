"""The visual door."""
