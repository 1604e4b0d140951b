"""The exercises of lecture 11."""
