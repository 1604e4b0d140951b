"""The published models, one file per paper. Nothing here needs more than torch and numpy."""
