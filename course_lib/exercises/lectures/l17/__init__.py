"""The exercises of lecture 17."""
