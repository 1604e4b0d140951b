"""Trackers: they get one box in the first frame of a video and find it again in every other.

`protocol` says what a tracker is, `evaluate` runs one over videos and data sets; each tracker has its own file.
"""
