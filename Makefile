# Everything a person or a machine runs here. `make demo` and `make test` need Python 3.11+ and make, nothing else.

PYTHON ?= python3
VENV ?= .venv
BUILD ?= build
# Kernels that people have beside the newest one, for their tests: the last of the sixth series, and Binder's.
KERNELS := 6.29.5 7.0.1
# More processes than two cores have: the tests wait more than they compute. `make pytest WORKERS=0` is one after the other.
WORKERS ?= 4
PYTEST_ARGS ?=

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# A stamp says what was installed for which pyproject.toml; a change there installs again.
DEMO_READY := $(VENV)/.ready-demo
TEST_READY := $(VENV)/.ready-test
BENCH_READY := $(VENV)/.ready-bench

export PYTHONUTF8 := 1
# The tests start many processes: each would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo lab test check lint format types layers docs pytest chromium bench screenshots clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1	\2/p' Makefile | expand -t 18

setup: $(TEST_READY)  ## the virtual environment with everything in it

demo: $(DEMO_READY)  ## run the quickstart on the sandbox, no key needed, and show the page
	@$(BIN)/notebookgen demo --to $(BUILD)/demo

lab: $(DEMO_READY)  ## open a copy of the notebooks in JupyterLab, at the quickstart
	@mkdir -p $(BUILD)/lab
	@for name in quickstart bulk; do test -f $(BUILD)/lab/$$name.ipynb || cp notebooks/$$name.ipynb $(BUILD)/lab/; done
	@$(BIN)/python -m jupyterlab $(BUILD)/lab --LabApp.default_url=/lab/tree/quickstart.ipynb \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root)

test: $(TEST_READY) chromium  ## lint, types, layers, documentation and every test, the browser's too
	@$(MAKE) --no-print-directory -j2 docs types lint layers  # the first two take long, and one core each
	@$(MAKE) --no-print-directory pytest

check: $(TEST_READY) lint types layers  ## what takes less than two minutes
	@$(PYTEST) --dist worksteal --hypothesis-profile=hurried -m "not slow and not browser" $(PYTEST_ARGS)

lint: $(TEST_READY)  ## style of the code, checked
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

format: $(TEST_READY)  ## style of the code, mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(TEST_READY)  ## mypy, strict
	@$(BIN)/mypy

layers: $(TEST_READY)  ## who may import whom
	@$(BIN)/lint-imports

docs: $(TEST_READY)  ## build the documentation; a warning is an error
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

pytest: $(TEST_READY) chromium
	@$(PYTEST) $(PYTEST_ARGS)

chromium: $(TEST_READY)  ## find Chromium, or install Debian's
	@$(BIN)/python tests/browser/chromium.py --install

bench: $(BENCH_READY)  ## measure everything, and write docs/performance.md; QUICK=1 measures less
	@$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick)

screenshots: $(TEST_READY) chromium  ## take the pictures of the documentation again
	@cd tests && "$(abspath $(BIN))/python" -m browser.screenshots ../docs/images

clean:  ## remove what was built, not the environment
	@rm -rf $(BUILD) dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("notebookgen needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made. On Debian: apt-get install python3-venv" >&2; exit 1; }

$(DEMO_READY): pyproject.toml | $(BIN)/python
	@echo "installing notebookgen and JupyterLab into $(VENV)"
	@$(PIP) install --editable '.[all]'
	@touch $@

$(TEST_READY): pyproject.toml | $(BIN)/python
	@echo "installing notebookgen with everything its tests need into $(VENV)"
	@$(PIP) install --editable '.[test,docs]'
	@set -e; for version in $(KERNELS); do rm -rf "$(VENV)/kernels/$$version"; \
		$(PIP) install --no-deps --target "$(VENV)/kernels/$$version" "ipykernel==$$version"; done
	@touch $@ $(DEMO_READY)

$(BENCH_READY): $(TEST_READY)
	@echo "installing what notebookgen is compared with"
	@$(PIP) install --editable '.[bench]'
	@touch $@
