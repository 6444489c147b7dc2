"""AI as a service inside a notebook: from a table to a live endpoint, one line a step."""

from __future__ import annotations

__version__ = "0.1.0"
