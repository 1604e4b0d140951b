"""The exercises of lecture 22."""
