"""Grading as pytest runs it: `pytest --nbval-lax --course-grade`."""
