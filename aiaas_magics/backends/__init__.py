"""THE SEAM: the protocol and those who keep it."""
