"""The exercises of lecture 10."""
