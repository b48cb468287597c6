# make app    the page                 make test  lint and the whole test suite
# make venv   only the environment     make unit  the fast tests: no TensorFlow, no browser
# make lock   pin the requirements     make lint  format, lint and types
# make audit  known vulnerabilities    make sbom  list of the page's components (CycloneDX)
# make third-party                     licences of what is installed, as THIRD_PARTY.md

PYTHON ?= python3
PORT ?= 8501
HOST ?= localhost
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .venv-audit
# The locks have hashes: a file that is not the one that was locked is refused.
INSTALL := -m pip install --disable-pip-version-check -q --require-hashes -r

.PHONY: app venv tools test unit lint lock audit sbom third-party

app: $(VENV)/.page
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(HOST) --server.headless true

venv: $(VENV)/.all

# The stamp files make a second call start at once; changed pins install again.
$(VENV)/.page: requirements-page.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) requirements-page.txt
	touch $@

$(VENV)/.all: $(VENV)/.page requirements.txt
	$(BIN)/python $(INSTALL) requirements.txt
	touch $@

$(VENV)/.test: $(VENV)/.all requirements-test.txt pyproject.toml
	$(BIN)/python $(INSTALL) requirements-test.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -e .
	touch $@

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Chromium and coturn: says what is missing, and installs it only as root or with CI=true.
tools:
	sh tests/install_tools.sh

unit: $(VENV)/.test
	$(BIN)/python -m pytest tests/unit

# Two processes, whole files each: while one waits for a browser, the other trains.
test: tools $(VENV)/.test lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

$(TOOLS)/.done: requirements-audit.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python $(INSTALL) requirements-audit.txt
	touch $@

# Asks PyPI for known vulnerabilities. --strict: a package that it cannot ask about is a failure, as
# behind a mirror that serves files alone.
audit: $(TOOLS)/.done
	$(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.txt

sbom: $(TOOLS)/.done
	mkdir -p dist
	$(TOOLS)/bin/cyclonedx-py requirements requirements-page.txt --pyproject pyproject.toml \
	  --mc-type application --output-reproducible -o dist/sbom.cdx.json

third-party: $(TOOLS)/.done $(VENV)/.all
	$(TOOLS)/bin/python tools/third_party.py --python $(BIN)/python

# The locks, compiled from pyproject.toml and never edited: every package with its version and the
# hashes of its files. They hold for every system that the packages support.
LOCK = $(TOOLS)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(TOOLS)/.done
	$(LOCK) pyproject.toml --extra train -o requirements.txt
	$(LOCK) pyproject.toml -c requirements.txt -o requirements-page.txt
	$(LOCK) pyproject.toml --extra train --extra archive --extra test -c requirements.txt \
	  -o requirements-test.txt
	$(LOCK) --group audit -o requirements-audit.txt
