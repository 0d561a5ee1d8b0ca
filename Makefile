# Campaigns. `make` alone lists what can be done. All set-up happens by itself: a machine
# needs Python 3.11 or newer, git and make.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
UV_VERSION := 0.13.9
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run demo test controls bench crash matrix seeded check format lock screens clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment here (Debian: apt install python3-venv)."; exit 1; }

$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/uv
	@echo "Installing what the service needs"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what the tests need"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

static/vendor/.installed: package-lock.json $(VENV)/.runtime
	@echo "Installing the pages' scripts and styles"
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m campaigns.web.assets
	@touch $@

setup: $(VENV)/.runtime static/vendor/.installed ## install everything that running needs

run: setup ## serve http://127.0.0.1:8000 with the demonstration clinic (PORT= to change)
	@exec $(BIN)/campaigns run --demo --no-second-factor --port $(PORT)

demo: setup ## the main job from import to report, headless, against stand-in providers
	@$(BIN)/campaigns demo

test: $(VENV)/.dev static/vendor/.installed ## run the whole test suite
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

controls: $(VENV)/.dev static/vendor/.installed ## activate every control of every staff page in Chromium (some minutes)
	@$(BIN)/python -m pytest -m controls tests/browser $(ARGS)

bench: $(VENV)/.dev static/vendor/.installed ## measure every figure of docs/benchmarks.md (QUICK=1: smaller, in five minutes)
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(ARGS)

crash: $(VENV)/.dev static/vendor/.installed ## kill workers 1,000 times while 50,000 messages go out (KILLS=, MESSAGES=, DATABASE=postgres)
	@$(BIN)/python -m tests.crash.long --kills $(or $(KILLS),1000) --messages $(or $(MESSAGES),50000) --database $(or $(DATABASE),sqlite) $(ARGS)

matrix: $(VENV)/.dev static/vendor/.installed ## fail at every named point in every way, and let providers misbehave in every way (some minutes)
	@$(BIN)/python -m pytest -q -m long tests/crash tests/providers $(ARGS)

seeded: $(VENV)/.dev static/vendor/.installed ## plant twelve bugs in a copy and show that the tests find each
	@$(BIN)/python -m tests.crash.seeded

check: $(VENV)/.dev ## formatting, lint, types, import order
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code into shape
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

lock: | $(BIN)/uv ## pin all dependencies anew, with hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" --upgrade pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

screens: $(VENV)/.dev static/vendor/.installed ## photograph every screen into docs/screens
	@$(BIN)/python -m tests.browser.screens

clean: ## remove what was installed (data/ stays)
	@rm -rf $(VENV) node_modules static/vendor
