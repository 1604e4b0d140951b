"""The exercises of lecture 00."""
