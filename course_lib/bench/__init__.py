"""Benchmarks: `course bench` runs every row of the modules beside this file against a peer."""
