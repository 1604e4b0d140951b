"""The exercises of lecture 01."""
