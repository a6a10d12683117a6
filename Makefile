# Every target does its own set-up: a Python >= 3.11 and make are enough.
# `make PYTHON=python3.12 ...` chooses the Python; `make help` lists the targets.
PYTHON ?=
VENV := .venv
PEERS := .venv-peers
ACCELERATORS := .venv-accelerators
BIN := $(VENV)/bin
KERNELS := $(wildcard jtconv/_compute/cpu/*.cc jtconv/_compute/cpu/*.h)
# How packages are installed: a line every 10 seconds, and all of pip's own only where it fails.
PIP := -m pip install --disable-pip-version-check --progress-bar off
QUIETLY := @sh tools/quietly.sh
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo check test thorough fuzz faults lint format types peers accelerators accelerators-gpu agreement browser docs notebooks readme wheel clean force

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18

demo: $(VENV)/.experiments ## prove the layers, then train a small FCN-8 on real digits
	$(BIN)/jtconv verify --dtype float64
	$(BIN)/python -m experiments.fcn8 $(ARGS)

# The core: one file per property, and the examples in its docstrings.
CORE := $(patsubst %,tests/test_%.py,sizes conv adjoint methods matrix primitives arguments compat compat_jax layout house) \
	$(wildcard jtconv/_[a-z]*)
# Its longest tests, each of which compiles many programs, are left to `make test`.
LONG := test_dtypes or half_precision or stored_in_planes

check: $(VENV)/.test ## the core's tests with few random examples, in two minutes
	$(BIN)/python -m pytest --quick $(CORE) -k 'not ($(LONG))' $(ARGS)

test: $(VENV)/.test ## the tests (ARGS="-k padding" goes to pytest)
	$(BIN)/python -m pytest $(ARGS)

thorough: $(VENV)/.test ## the tests, with 10,000 random examples of each main property
	$(BIN)/python -m pytest --thorough $(ARGS)

fuzz: $(VENV)/.test ## random and hostile arguments and files: 50,000 and 10,000 cases (half an hour and more)
	$(BIN)/python -m tests.checks.fuzz arguments $(ARGS)
	$(BIN)/python -m tests.checks.fuzz files $(ARGS)

faults: $(VENV)/.test ## train while processes are killed, disks fill up, checkpoints are damaged (half an hour and more)
	$(BIN)/python -m tests.checks.faults $(ARGS)

lint: $(VENV)/.dev ## ruff: rules and formatting; clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(KERNELS)

format: $(VENV)/.dev ## ruff: repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(KERNELS)

types: $(VENV)/.dev ## pyright
	$(BIN)/pyright

peers: $(PEERS)/.peers ## compare with the other frameworks, in .venv-peers
	$(PEERS)/bin/python -m pytest tests/peers $(ARGS)

agreement: $(PEERS)/.peers ## compare jtconv.compat with the frameworks themselves, thousands of layers (half an hour)
	$(PEERS)/bin/python -m tests.checks.agreement --out benchmarks/results/agreement

accelerators: $(ACCELERATORS)/.accelerators ## compile for GPUs and TPUs that are not there, and count (ten minutes)
	JAX_PLATFORMS=cpu $(ACCELERATORS)/bin/python -m pytest tests/accelerators $(ARGS)

accelerators-gpu: $(ACCELERATORS)/.accelerators ## the part of it for GPUs, in a minute
	JAX_PLATFORMS=cpu $(ACCELERATORS)/bin/python -m pytest tests/accelerators/test_gpu.py $(ARGS)

browser: $(VENV)/.browser site/index.html ## the explorer's page and the documentation, in Chromium (apt-get install chromium)
	$(BIN)/python -m pytest --numprocesses=0 tests/browser $(ARGS)

docs: $(VENV)/.docs ## build the documentation into site/, strictly
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

site/index.html:
	$(MAKE) docs

notebooks: $(VENV)/.notebooks ## write notebooks/ from the documentation's pages (ARGS=--check compares and runs them)
	$(BIN)/python tools/notebooks.py $(ARGS)

readme: $(VENV)/.experiments ## run the commands quoted in README.md and put in what they print
	$(BIN)/python tools/quote_outputs.py README.md

wheel: $(VENV)/.dev ## build dist/: the source distribution, and from it a wheel that needs no compiler
	rm -rf dist
	PATH="$(abspath $(BIN)):$$PATH" sh tools/build_wheel.sh

clean: ## remove the environments and everything built
	rm -rf $(VENV) $(PEERS) $(ACCELERATORS) build dist site .hypothesis .pytest_cache .ruff_cache

# It is installed again, and so are its extras, when what it is made of changes or its environment is new.
PACKAGE := pyproject.toml setup.py jtconv/_version.py $(KERNELS)

# By itself, so that the kernels are compiled once, not for every extra.
$(VENV)/.jtconv: $(PACKAGE) $(VENV)/.made
	@echo "Installing jtconv into $(VENV)"
	@rm -f jtconv/_compute/cpu/library*.so # a failed build must not leave an older one
	$(QUIETLY) $(BIN)/python $(PIP) --editable .
	@touch $@

$(VENV)/.%: $(VENV)/.jtconv
	@echo "Installing jtconv[$*] into $(VENV)"
	$(QUIETLY) $(BIN)/python $(PIP) 'jtconv[$*]' # what is installed already, with the extra's own
	@touch $@

$(PEERS)/.peers: $(PACKAGE) $(PEERS)/.made
	@echo "Installing jtconv[peers] into $(PEERS)"
	@rm -f jtconv/_compute/cpu/library*.so
	$(QUIETLY) $(PEERS)/bin/python $(PIP) --editable '.[peers]'
	@touch $@

$(ACCELERATORS)/.accelerators: $(PACKAGE) $(ACCELERATORS)/.made
	@echo "Installing jtconv[accelerators] into $(ACCELERATORS)"
	@rm -f jtconv/_compute/cpu/library*.so
	$(QUIETLY) $(ACCELERATORS)/bin/python $(PIP) --editable '.[accelerators]'
	@touch $@

# Rewritten only when the environment is made, so that nothing is installed twice.
$(VENV)/.made $(PEERS)/.made $(ACCELERATORS)/.made: force
	@sh tools/venv.sh $(@D) $(PYTHON)
