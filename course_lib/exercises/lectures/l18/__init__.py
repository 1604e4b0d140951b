"""The exercises of lecture 18."""
