"""The exercises of lecture 19."""
