# make app    the page                 make test  lint and the whole test suite
# make venv   only the environment     make unit  the fast tests: no TensorFlow, no browser
# make lock   pin the requirements     make lint  format, lint and types

PYTHON ?= python3
PORT ?= 8501
HOST ?= localhost
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app venv tools test unit lint lock

app: $(VENV)/.page
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(HOST) --server.headless true

venv: $(VENV)/.all

# The stamp files make a second call start at once; changed pins install again.
$(VENV)/.page: requirements-page.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-page.txt
	touch $@

$(VENV)/.all: $(VENV)/.page requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

$(VENV)/.test: $(VENV)/.all requirements-test.txt pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-test.txt
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

# Needs uv (pip install uv). All three files are compiled from pyproject.toml, never edited; the first
# is for every system, the other two are for this Makefile.
lock:
	uv pip compile -q pyproject.toml --extra train --python-version 3.11 --universal \
	  --custom-compile-command "make lock" -o requirements.txt
	echo 'tensorflow; sys_platform == "none"' > $(VENV)/.without
	uv pip compile -q pyproject.toml --override $(VENV)/.without --python-version 3.11 \
	  --custom-compile-command "make lock" -c requirements.txt -o requirements-page.txt
	uv pip compile -q pyproject.toml --extra train --extra archive --extra test --python-version 3.11 \
	  --custom-compile-command "make lock" -c requirements.txt -o requirements-test.txt
