"""From a fitted pipeline to the fastest form of it that answers as it does."""
