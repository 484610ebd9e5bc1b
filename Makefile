# make demo   from a bare clone to a finished graph on the sample library
# make test   from a bare clone to a green suite
# make ui     the Dagster UI on http://127.0.0.1:3000
# make lint   ruff and pyright
# make bench  benchmarks, as ratios measured in one run
# make setup  only the environment (.venv)

# The first of these that runs.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do $$p -c 'import ensurepip' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 3000
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home
export PYTHONUNBUFFERED = 1

.PHONY: demo test ui lint bench setup clean
.DELETE_ON_ERROR:

setup: $(VENV)/.ready

# Two wheels (opencv-python, opencv-contrib-python) write the same cv2 folder: exactly one is kept, the larger.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v in {(3, 11), (3, 12)} else f"Python 3.11 or 3.12 is needed, {sys.executable} is {sys.version.split()[0]}: run make PYTHON=/path/to/python3.11")'
	@echo "== creating $(VENV) with $$($(PYTHON) --version) and installing (a few minutes, about 3 GB) =="
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,simulator,postgres,robot,sfm]'
	@$(BIN)/python -m pip uninstall --quiet --yes opencv-python opencv-contrib-python
	@$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt opencv-contrib-python
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: dagster.yaml
	@mkdir -p $(DAGSTER_HOME)
	@cp dagster.yaml $@

demo: $(VENV)/.ready $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/humannet demo

# Files in the order of their names, which begins with the longest: reordered by number of tests, those would run last and alone.
test: $(VENV)/.ready
	@echo "== ruff, then pytest on $$(nproc) workers =="
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@env -u DAGSTER_HOME $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -q $(PYTEST_ARGS)

lint: $(VENV)/.ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright --pythonpath $(BIN)/python

ui: $(VENV)/.ready $(DAGSTER_HOME)/dagster.yaml
	@echo "== Dagster UI on http://127.0.0.1:$(PORT) (Ctrl-C stops it) =="
	@$(BIN)/dg dev --port $(PORT)

bench: $(VENV)/.ready
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

clean:
	rm -rf $(VENV) .dagster_home data .pytest_cache .ruff_cache
