# Two commands matter: `make demo` shows it, `make test` checks it. Both do their own set-up in .venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# Any Python from 3.11 on; say PYTHON=… for another one.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
RUN := .venv/bin/python
PORT ?= 8484

# A KUBECONFIG that is merely exported is not a wish to use that cluster: only `make demo KUBECONFIG=…` is.
DEMO_FLAGS = --port $(PORT)
ifeq ($(origin KUBECONFIG),command line)
DEMO_FLAGS += --kubeconfig $(KUBECONFIG)
endif
ifneq ($(filter-out simulated,$(CLUSTER)),)
DEMO_FLAGS += --cluster $(CLUSTER)
endif
ifneq ($(REGISTRY),)
DEMO_FLAGS += --registry $(REGISTRY)
endif
ifneq ($(filter-out 0,$(AUTO)),)
DEMO_FLAGS += --auto
endif

.PHONY: help demo test lint format lock schema clean setup-demo setup-dev have-python

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'
	@echo
	@echo "  make demo AUTO=1             plays the demo by itself and ends with one JSON line"
	@echo "  make demo CLUSTER=real       a real control plane, built once by the test bed (10 minutes the first time)"
	@echo "  make demo KUBECONFIG=path    your own cluster; REGISTRY=host:port is where its nodes reach the sandbox"
	@echo "  make demo PORT=8080          another address for the page"

demo: setup-demo ## GitHub, a registry, a cluster and the bot on this machine, with a page to click in
	@$(RUN) -m sandbox $(DEMO_FLAGS)

test: setup-dev ## lint, types, architecture, then every test
	@echo "== lint, format, types, architecture"
	@$(MAKE) check
	@echo "== the test bed: a real control plane, node and registry, built once a machine"
	@$(RUN) -m tests.testbed build
	@echo "== tests"
	@$(RUN) -m pytest -n 2 -q $(ARGS)

lint: setup-dev ## lint, types and architecture only
	@$(MAKE) check

.PHONY: check
check:
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-cache

format: setup-dev ## rewrite the code the way the linter wants it
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

COMPILE = $(RUN) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(UPGRADE)
lock: setup-dev ## write the hashed locks anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	printf 'uv\n' | $(COMPILE) - -o requirements/uv.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra sandbox -c requirements/runtime.txt -o requirements/sandbox.txt
	$(COMPILE) pyproject.toml --extra dev -c requirements/sandbox.txt -o requirements/dev.txt

schema: setup-dev ## write the catalog's JSON schema anew
	@$(RUN) -m bot schema > config/greenlane.schema.json.new && mv config/greenlane.schema.json.new config/greenlane.schema.json

clean: ## remove what was made here: .venv, .demo, caches
	rm -rf .venv .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-demo: have-python
	@$(PYTHON) requirements/install.py sandbox

setup-dev: have-python
	@$(PYTHON) requirements/install.py dev

have-python:
	@test -n "$(PYTHON)" || { echo "Greenlane needs Python 3.11 or newer, and there is none on the PATH. Say where it is: make demo PYTHON=/path/to/python3"; exit 2; }
