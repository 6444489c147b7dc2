"""Public contracts: what a backend, a family, a modality of your own must keep."""
