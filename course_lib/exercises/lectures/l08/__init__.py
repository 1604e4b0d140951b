"""The exercises of lecture 08."""
