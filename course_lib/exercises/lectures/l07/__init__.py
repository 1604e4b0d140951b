"""The exercises of lecture 07."""
