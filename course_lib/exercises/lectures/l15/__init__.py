"""The exercises of lecture 15."""
