"""The exercises of lecture 20."""
