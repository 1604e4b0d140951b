"""The exercises of lecture 09."""
