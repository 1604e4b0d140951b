"""The exercises of lecture 16."""
