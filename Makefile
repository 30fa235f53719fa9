# `make run` opens the studio on a sample photo; `make test` runs everything. Both need only Python 3.11+.
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
# Whole files, the long ones first: they are the first folder.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder
BENCH_FLAGS := $(if $(filter-out 0,$(QUICK)),--quick,) $(if $(ONLY),$(ONLY) --page,)

.PHONY: help setup run test lint format bench wheel clean

help:
	@echo 'make run     open the studio on a sample photo (without a display: fill it and print the result)'
	@echo 'make test    run the whole test suite'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   measure, into docs/benchmarks.md (QUICK=1: fewer repetitions, ONLY=scene: one section)'
	@echo 'make setup   only install what the others need'
	@echo 'make wheel   build the wheel and the source archive into dist/'
	@echo 'make clean   remove everything that was made here'

setup:
	@sh packaging/setup.sh

run: setup
	@$(PYTHON) -m maskstudio.sample out

test: setup
	@$(PYTHON) -m pytest $(or $(TESTS),$(SIDE_BY_SIDE))

lint: setup
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m mypy

format: setup
	@$(PYTHON) -m ruff check --fix
	@$(PYTHON) -m ruff format

bench: setup
	@$(PYTHON) -m tests.benchmarks $(BENCH_FLAGS)

wheel: setup
	@$(PYTHON) -m hatchling build -d dist

clean:
	rm -rf .venv build dist out .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find app engines tests packaging -name __pycache__ -type d -prune -exec rm -rf {} +
