"""Rows of `course bench`, one file per theme: each compares ours with a peer in the same run."""
