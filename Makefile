# make app   the page          make test  the whole test suite
# make venv  only the environment, with what training needs

PYTHON ?= python3
PORT ?= 8501
HOST ?= localhost
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app venv test lint lock

app: $(VENV)/.page
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(HOST) --server.headless true

venv: $(VENV)/.all

# The stamps make a second call start at once; a change of what is pinned installs again.
$(VENV)/.page: requirements-page.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -r requirements-page.txt
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

# Two processes, whole files each: while one waits for a browser, the other trains.
test: $(VENV)/.test lint
	sh tests/install_tools.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Needs uv (pip install uv). All three files are made from pyproject.toml, never typed; the first is
# for every system, the others are make's.
lock:
	uv pip compile -q pyproject.toml --extra train --python-version 3.11 --universal \
	  --custom-compile-command "make lock" -o requirements.txt
	echo 'tensorflow; sys_platform == "none"' > $(VENV)/.without
	uv pip compile -q pyproject.toml --override $(VENV)/.without --python-version 3.11 \
	  --custom-compile-command "make lock" -c requirements.txt -o requirements-page.txt
	uv pip compile -q pyproject.toml --extra train --extra archive --extra test --python-version 3.11 \
	  --custom-compile-command "make lock" -c requirements.txt -o requirements-test.txt
