"""Pure functions on tensors, one file per idea. Nothing here needs more than torch and numpy."""
