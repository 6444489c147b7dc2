"""The ways a client may speak, one file each, thin skins over one predictor."""
