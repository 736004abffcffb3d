PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: benchmark help install quickstart test test-drills lint types

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[explore]'
	touch $@

$(VENV)/.test: $(STAMP)
	$(BIN)/python -m pip install --quiet -e '.[explore,test,dev]'
	touch $@

install: $(STAMP)  ## install hifred into .venv

test: $(VENV)/.test  ## install and run the whole suite
	$(BIN)/python -m pytest -n 2 -m "not drill and not cluster and not browser"

test-drills: $(VENV)/.test  ## cause faults for minutes and check that nothing is lost
	$(BIN)/python -m pytest -m drill

lint: $(VENV)/.test  ## check format, style and types
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

benchmark: $(VENV)/.test  ## time every regulariser and solver beside this machine's best
	$(BIN)/python -m benchmarks
