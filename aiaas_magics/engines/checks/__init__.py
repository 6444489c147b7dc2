"""Checks of a table: one small function a finding, from a :class:`look.Look` to findings."""
