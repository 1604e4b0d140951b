# Seven commands. Each makes the environment .venv first when it is missing, out of date or broken.
#
#   make lab         open JupyterLab on lecture 00, on your own copies in work/ (options: make lab LAB_ARGS="--port 9000")
#   make test        ruff, unit tests, every notebook in both editions, the widgets in a browser; what CI runs
#   make test-all    the same and what is slow and seldom breaks (about 50 minutes); every night and before a release
#   make notebooks   rebuild the lectures whose source or code changed
#   make mutants     change every solution in the standard ways; list the wrong ones that a check accepts (minutes)
#   make claims      run the lectures with seeds 0, 1, 2: do their claims hold, by what margin? (docs/claims.md)
#   make env         the environment alone
#
# PYTHON=python3.12 chooses another interpreter; TEST_ARGS="-k flow" passes options on to pytest.

.DEFAULT_GOAL := help
.PHONY: help env lab test test-all notebooks mutants claims

PYTHON ?=
LAB_ARGS ?=
TEST_ARGS ?=
WORKERS ?= 2
# Two test workers share the cores: one thread each for torch, or they fight for them.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

help:
	@sed -n 's/^#  *make /make /p' Makefile

# Returns in a few hundredths of a second when .venv is up to date (a stamp over pyproject.toml and constraints.txt).
env:
	@PYTHON="$(PYTHON)" sh .ci/environment

lab: env
	@.venv/bin/course lab $(LAB_ARGS)

notebooks: env
	@.venv/bin/course build

# tests/tiers.py says what --quick leaves, tests/groups.py which tests share a worker.
test: TIER := --quick
test test-all: env
	@sh .ci/timed "ruff" .venv/bin/ruff check .
	@$(TEST_ENV) sh .ci/timed "pytest" .venv/bin/python -m pytest -n $(WORKERS) --durations=10 -rs $(TIER) $(TEST_ARGS)

# MUTANTS="02 03" chooses lectures.
mutants: env
	@OMP_NUM_THREADS=1 .venv/bin/python tests/mutation/mutants.py $(MUTANTS)

# CLAIMS="04 --seeds 0 1" chooses lectures and seeds.
claims: env
	@.venv/bin/course claims $(CLAIMS)
