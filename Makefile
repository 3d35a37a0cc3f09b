# install → run, test, check, bench. Needs Python 3.11 or later, Node 20 or later with npm 10 or 11; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then command -v $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# Two processes suit two cores; the embedded database takes its share.
WORKERS ?= 2
PYTEST_ARGS ?=
# A city is a dozen processes: read what Python compiled once, also where the environment says to keep nothing of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test check bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMPS)/python $(STAMPS)/frontend $(STAMPS)/messages ## .venv with hotline and every tool, built pages, compiled messages

run: install ## the whole demo city; Ctrl-C stops it
	@exec $(BIN)/hotline run

test: install ## all tests, journeys in a real Chromium included
	@.ci/chromium
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

check: install ## lint, types, contracts, rules, templates, migrations, messages, docs; then the tests
	$(BIN)/ruff check .
	$(BIN)/mypy hotline softswitch tests
	$(BIN)/lint-imports
	$(BIN)/ast-grep test --config sgconfig.yml --skip-snapshot-tests
	$(BIN)/ast-grep scan --config sgconfig.yml
	$(BIN)/hotline makemigrations --check --dry-run
	HOTLINE_MODE=test $(BIN)/python lint/migrations.py
	$(BIN)/hotline messages check
	$(BIN)/hotline templates
	$(BIN)/hotline reference --check
	cd frontend && npm run check
	$(MAKE) test PYTEST_ARGS="$(PYTEST_ARGS) --cov --cov-report="
	$(BIN)/coverage report

bench: install ## the measured limits, JSON and a table in bench/out
	$(BIN)/python -m bench

clean: ## what was built; the data in var/ stays
	rm -rf $(VENV) frontend/node_modules hotline/ui/static/dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find hotline -name '*.mo' -delete

$(STAMPS)/venv:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later is missing; on Debian: apt-get install python3 python3-venv."; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { echo "The module venv is missing; on Debian: apt-get install python3-venv."; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements/dev.txt pyproject.toml | $(STAMPS)/venv
	@if uv --version >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes -r requirements/dev.txt && VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing; install Node 20 or later."; exit 1; }
	cd frontend && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(STAMPS)/frontend: frontend/node_modules/.package-lock.json $(shell find frontend/src frontend/scripts frontend/vite.config.ts frontend/tsconfig.json -type f 2>/dev/null) | $(STAMPS)/venv
	cd frontend && npm run --silent build
	@touch $@

$(STAMPS)/messages: $(shell find hotline -name 'django.po' 2>/dev/null) $(STAMPS)/python
	@HOTLINE_MODE=test $(BIN)/hotline messages compile >/dev/null
	@touch $@
