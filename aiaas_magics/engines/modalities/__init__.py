"""How each kind of column becomes numbers, one file a modality."""
