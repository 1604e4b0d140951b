"""The exercises themselves, a folder per lecture. No copy of this folder reaches a learner's sandbox."""
