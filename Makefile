# make demo: set up, run the quickstart suite, write its report.   make test, make lint: what CI runs.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.installed
DEV := .venv/.installed-dev

.PHONY: help demo gallery test test-all lint format benchmark clean

help:  ## Show the targets.
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# torch first and alone, so that nothing else can choose its version.
$(SETUP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than Python 3.11; use make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch>=2.10,<2.14"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(SETUP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

.venv: $(SETUP)  ## Set up .venv with all that is needed.

demo: $(SETUP)  ## Run suites/quickstart.yaml and write its report (about six minutes on two cores).
	$(BIN)/bench run suites/quickstart.yaml
	$(BIN)/bench report results/quickstart

gallery: $(SETUP)  ## Render the reports of results/reference into gallery/, with a page that links them.
	$(BIN)/bench gallery results/reference gallery

# Files in their order: by default those with few tests come last, and these are the longest.
test: $(DEV)  ## Run the tests, but for the longest that start clusters.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not nightly"

test-all: $(DEV)  ## Run all tests, with more examples of each property.
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(DEV)  ## Check style, types and the import contract.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(DEV)  ## Measure speed (tests/performance).
	$(BIN)/python -m pytest tests/performance --benchmark-only -p no:xdist -o addopts= --benchmark-columns=median,iqr,rounds

clean:  ## Remove the environment and caches.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
