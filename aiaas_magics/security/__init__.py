"""WHO may, and what is sealed: pure functions; their rows live in the store."""
