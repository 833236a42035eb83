# make run    set up, then open the console on this machine (without a terminal: run the example race, line by line)
# make test   set up, then every check and every test
# make check  style, types, import contracts
# make bench  published figures, each beside its opponent      make soak  long proofs
.PHONY: run test check bench soak format clean
.DEFAULT_GOAL := help

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

help:
	@sed -n 's/^# //p' Makefile

run:
	@scripts/setup.sh run
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/trajconsole; else exec $(BIN)/trajconsole race persistence; fi

test: check
	@scripts/test.sh

check:
	@scripts/setup.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@scripts/setup.sh dev
	@for script in bench/*.py $$(ls bench/console/*.py | grep -v terminal.py); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

soak:
	@scripts/setup.sh dev
	$(PYTEST) -m soak --timeout 3600 tests

format:
	@scripts/setup.sh dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
