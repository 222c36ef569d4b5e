# Two commands matter: `make book` to read, `make test` to check. Both need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
CHAPTERS := $(sort $(wildcard chapters/[0-9]*.ipynb))
FUZZ_SECONDS ?= 60

help:
	@echo "make book       read: installs into .venv and opens the first chapter in JupyterLab"
	@echo "make test       ruff, mypy, spelling and all tests, in under 10 minutes"
	@echo "make test-long  full counts, mutants, oldest and newest dependencies; FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make bench      every speed figure, beside a named peer"
	@echo "make chapters   runs the chapters, stores their outputs, makes the glossary and the RFC map"
	@echo "make pictures   takes the README's pictures of the widgets anew"
	@echo "make html       the book as web pages, to read without Python: build/html/index.html"
	@echo "make clean      removes what the other targets made"

# Trusted chapters show their stored pictures before anything ran.
# JupyterLab refuses to start as root, which is who you are in most containers: hence --allow-root there.
book: .venv/book
	$(BIN)/jupyter trust $(CHAPTERS)
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/$(firstword $(CHAPTERS)) \
	  --ServerApp.kernel_websocket_connection_class=tcpbook.widgets.server.Connection \
	  $(if $(filter 0,$(shell id -u)),--allow-root)

test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-long: lint test-oldest test-newest
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -n auto --dist loadfile -m "" --hypothesis-profile=long

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/python -m benchmarks

chapters: .venv/dev
	$(BIN)/python tools/regenerate.py $(CHAPTERS)
	$(BIN)/python -m tools.make_index
	$(BIN)/jupyter trust $(CHAPTERS)

pictures: .venv/dev
	$(BIN)/python -m tools.make_pictures

html: .venv/docs
	$(BIN)/python -m tools.make_site

clean:
	rm -rf .venv .venv-oldest .venv-newest build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Stamp files: an install is repeated only when what it installs from has changed.
.venv/book: requirements.txt pyproject.toml | .venv/made
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

.venv/dev .venv/docs: .venv/book
	$(BIN)/python -m pip install --quiet -e '.[$(@F)]'
	@touch $@

.venv/made .venv-oldest/made .venv-newest/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tcpbook needs Python 3.11 or newer as $(PYTHON); name another one: make PYTHON=python3.13 book" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing; install it first, on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)
	@touch $@

# The oldest versions that requirements.txt allows, and the newest: each in an environment of its own.
test-oldest: .venv-oldest/made
	sed -E 's/>=([^,]+),.*/==\1/' requirements.txt > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet -c .venv-oldest/constraints.txt -e '.[dev]'
	.venv-oldest/bin/python -m pytest -n auto --dist loadfile

test-newest: .venv-newest/made
	.venv-newest/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager -e '.[dev]'
	.venv-newest/bin/python -m pytest -n auto --dist loadfile

.PHONY: help book test test-long lint bench chapters pictures html clean test-oldest test-newest
