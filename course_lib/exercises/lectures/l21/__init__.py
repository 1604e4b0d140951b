"""The exercises of lecture 21."""
