# Works with git, make and Python 3.11 or later with venv; everything else goes into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
PACKAGES := schemas aggregates gateways projections streams creatorflow
CODE = $(PACKAGES) tests $(wildcard proof bench)
UV := 0.13.9

ORDERS ?= 10000
RATE ?= 100
NAME ?=

.PHONY: help setup demo up down test test-all lint types format prove bench audit clean lock

help: ## Print every target with one line
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Each worker has a stack of its own. They wait more than they work: three on two cores take half the time of one.
SIDE_BY_SIDE = -n 3 --dist loadfile

setup: $(INSTALLED) ## Make .venv and install the locked dependencies into it

$(INSTALLED): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later with venv was found. Install one (Debian: python3-venv), or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## Start everything and send real purchases through it (ORDERS=10000 RATE=100); the stack stays up
	$(BIN)/creatorflow demo --orders $(ORDERS) --rate $(RATE)

up: $(INSTALLED) ## Start the local stack: Kafka, PostgreSQL, Valkey and the processes
	$(BIN)/creatorflow up

down: $(INSTALLED) ## Stop the local stack; its data stays
	$(BIN)/creatorflow down

test: $(INSTALLED) ## Unit, contract, integration and end to end tests, on a stack of their own
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not browser and not simulation and not chaos"

test-all: $(INSTALLED) ## The same plus browser, simulation and chaos in their short form; property tests look further
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --hypothesis-profile=search

lint: $(INSTALLED) ## Style, import contracts, compose file
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.kafka.yml

types: $(INSTALLED) ## Strict types
	$(BIN)/mypy $(CODE)

format: $(INSTALLED) ## Put the code into its one layout
	$(BIN)/ruff check --fix --exit-zero --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

prove: $(INSTALLED) ## Prove the claims and write docs/proof.md (NAME= proves one)
	$(BIN)/python -m proof $(NAME)

bench: $(INSTALLED) ## Measure speed against a baseline in the same run
	$(BIN)/python -m bench

audit: $(INSTALLED) ## Replay the whole log and compare it with the read models
	$(BIN)/creatorflow audit verify

clean: ## Delete .venv, builds and caches; the stack's data stays
	@test ! -x $(BIN)/creatorflow || $(BIN)/creatorflow down >/dev/null 2>&1 || true
	rm -rf .venv .lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find $(wildcard $(CODE)) -name __pycache__ -type d -prune -exec rm -rf {} +

COMPILE = .lock/bin/uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 --python-platform x86_64-manylinux_2_28

lock: ## Resolve the dependencies again and write both lock files (UPGRADE=--upgrade takes newer versions)
	@test -x .lock/bin/uv || { $(PYTHON) -m venv .lock && .lock/bin/python -m pip install --quiet uv==$(UV); }
	$(COMPILE) $(UPGRADE) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(UPGRADE) --output-file requirements-dev.lock --group dev --constraint requirements.lock pyproject.toml
