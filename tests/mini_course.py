"""A checkout of the course in miniature: one lecture that runs as it is, and the text of one with an exercise."""

LECTURE = '''\
# %% [markdown]
# # 02 · How does a tiny lecture look?
# Twice is the idea.

# %% tags=["setup"]
course = start("02")

# %%
from math import prod

# %% [markdown]
# ## Exercise 02.1: Twice
# Write $2x$.

# %% tags=["exercise"] exercise="02.1" points=2
def twice(x):
    """Two times `x`."""
    # BEGIN SOLUTION
    doubled = 2 * x
    return doubled
    # END SOLUTION

# %% tags=["check"]
twice = check("02.1", twice)

# %% [markdown] tags=["hint"]
# <details>02.1</details>

# %% [markdown] tags=["solution"]
# Only those who teach read this.

# %%
print(prod([2, 3]))

# %%
print(prod([2, 3]))
'''

PLAIN = """\
# %% [markdown]
# # 90 · Does it run?

# %% tags=["setup"]
course = start("90")

# %% tags=["nbval-check-output"]
print(1 + 1)
"""


def make_checkout(folder):
    """Write the miniature with lecture 90 (a number that no real lecture has) into a folder; returns its root."""
    root = folder / "checkout"
    (root / "notebooks" / "src").mkdir(parents=True)
    (root / "data").mkdir()
    project = '[tool.course]\nrepository = "https://github.com/owner/name"\n'
    (root / "pyproject.toml").write_text(project, encoding="utf-8")
    (root / "notebooks" / "src" / "90_plain.py").write_text(PLAIN, encoding="utf-8")
    return root
