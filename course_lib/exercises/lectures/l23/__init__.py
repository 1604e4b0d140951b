"""The exercises of lecture 23."""
