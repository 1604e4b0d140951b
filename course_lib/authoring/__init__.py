"""From an authored lecture in `notebooks/src` to its two editions. Only authors need this; no lecture imports it."""
