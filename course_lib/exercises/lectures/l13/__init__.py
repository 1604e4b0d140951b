"""The exercises of lecture 13."""
