"""The exercises of lecture 12."""
