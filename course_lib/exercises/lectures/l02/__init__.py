"""The exercises of lecture 02."""
