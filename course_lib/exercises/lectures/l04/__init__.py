"""The exercises of lecture 04."""
