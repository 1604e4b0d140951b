"""The exercises of lecture 06."""
