# One command each; `make help` lists them. Needs Python 3.11 or newer, nothing else by hand.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-input
TESTS ?=

.PHONY: run test check bench fuzz lighthouse translations pictures help
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

run: $(VENV)/.runtime  ## everything in one terminal: http://127.0.0.1:8000 (PORT)
	@exec $(PY) -m broadcaster serve

check: $(VENV)/.dev  ## format, lint, strict types, import contracts, configuration
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m broadcaster check

test: $(VENV)/.dev  ## everything the tests need, browser and PostgreSQL included, then all tests
	@$(PY) -m tests.install
	@$(PY) -m pytest -q -n 3 $(TESTS)

bench: $(VENV)/.dev  ## benchmarks: a table of ratios, JSON beside it
	@$(PY) -m tests.install --postgres
	@$(PY) -m tests.bench

SECONDS_EACH ?= 60
fuzz: $(VENV)/.dev  ## coverage-guided fuzzing of the parsers, SECONDS_EACH of them; fails where one is broken
	@$(PIP) --target $(VENV)/fuzz --upgrade 'atheris>=3.0.0,<4'
	@PYTHONPATH=$(VENV)/fuzz $(PY) -m tests.fuzz $(SECONDS_EACH)

lighthouse: $(VENV)/.dev  ## the public page as Lighthouse sees it on a phone; needs Node, fails below 98/100/100
	@$(PY) -m tests.lighthouse

CATALOGUE := broadcaster/console/translations
translations: $(VENV)/.dev  ## the console's words: collect them, then fill in *.po and run it again
	@$(VENV)/bin/pybabel -q extract -F babel.cfg -k _l -k _s --no-location --omit-header --sort-output -o $(VENV)/console.pot .
	@for language in es; do $(VENV)/bin/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -N -w 120 -i $(VENV)/console.pot -d $(CATALOGUE) -l $$language; done
	@$(VENV)/bin/pybabel -q compile -d $(CATALOGUE)

pictures: $(VENV)/.dev  ## the README's pictures, from one night in a real browser
	@mkdir -p docs/pictures
	@BROADCASTER_SHOTS=$(CURDIR)/docs/pictures $(PY) -m pytest -q tests/journey/test_the_night.py

$(PY):
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed: install it, or give make PYTHON=/path/to/python3" >&2; exit 1; fi
	@sh tests/make_venv.sh "$(PYTHON)" $(VENV)

$(VENV)/.runtime: requirements.txt | $(PY)
	@echo "installing packages into $(VENV) ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "installing test packages into $(VENV) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
