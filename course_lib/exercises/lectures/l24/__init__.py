"""The exercises of lecture 24."""
