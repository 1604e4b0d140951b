"""The exercises of lecture 05."""
