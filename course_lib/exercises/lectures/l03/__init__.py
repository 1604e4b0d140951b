"""The exercises of lecture 03."""
