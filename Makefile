# Everything that is done with a checkout. Needs a python3 (3.11 to 3.14) and make; all else comes into .venv.

PYTHON ?= python3
# What to hand on to the command that a target runs: make test ARGS='-k closing', make lock ARGS=--upgrade
ARGS ?=

BIN := .venv/bin
# Written last, and named after this folder: an environment that was copied here with its folder's name in it is remade.
READY := .venv/.ready-$(shell pwd | cksum | cut -d' ' -f1)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --system-certs --custom-compile-command 'make lock' $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup demo test stack check bench soak chaos lock clean

help: ## what there is to do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: $(READY) ## .venv with everything locked in requirements/, and the command .venv/bin/stilldown

$(READY): pyproject.toml requirements/dev.txt tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $@

demo: $(READY) ## 2,000 real incidents, and what their tickets did not say
	$(BIN)/stilldown demo $(ARGS)

# A file's tests stay in one process: they share its servers and stores.
test: $(READY) ## all tests but the soak; ARGS goes to pytest
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

check: $(READY) ## lint, format, types, the arrows between the rooms, generated files, locks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m contracts.publish --check
	$(BIN)/uv pip check --quiet --python $(BIN)/python

stack: $(READY) ## PostgreSQL, Kafka and the workers on this machine, until Ctrl-C; ARGS='--keep FOLDER' keeps the data
	$(BIN)/python -m tools.stack $(ARGS)

bench: $(READY) ## speed, measured on this machine; ARGS goes to bench
	$(BIN)/python -m bench $(ARGS)

soak: $(READY) ## the long test of everything together, apart from `make test`
	$(BIN)/python -m tests.soak $(ARGS)

chaos: $(READY) ## workers killed, servers restarted, connections cut, for ten minutes; ARGS='MINUTES SEED'
	$(BIN)/python -m tests.chaos $(ARGS)

lock: | $(READY) ## writes requirements/ from pyproject.toml; ARGS=--upgrade takes newer versions
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) --group build -c requirements/dev.txt -o requirements/build.txt

clean: ## removes .venv, caches and builds; never a store
	rm -rf .venv .cache dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
