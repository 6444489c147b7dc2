"""HOW it is done: one file a stage, ``run(spec, context) -> Result``."""
