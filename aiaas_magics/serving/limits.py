"""What one request may hold: known to who serves and to who asks."""

MOST_ROWS = 10_000
MOST_BYTES = 16 << 20
