"""The exercises of lecture 25."""
