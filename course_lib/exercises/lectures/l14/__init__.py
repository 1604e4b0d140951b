"""The exercises of lecture 14."""
