"""WHERE it lies: one database, bytes by content, models in folders."""
