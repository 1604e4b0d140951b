"""Data sets: readers of their layouts on disk, the catalogue and its downloads, and the small files that ship."""
