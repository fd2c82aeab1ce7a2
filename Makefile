# Two commands matter: `make lab` and `make test`. All that is installed goes into .venv.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(RUN) -m pip install --quiet --compile --constraint constraints.txt
NOTEBOOKS = $(wildcard notebooks solutions)

# Some shells ask Python to keep no byte code, and then every import is slow for ever.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lab test soak bench pages environment nbgrader scale format constraints clean

help:
	@echo "make lab       open the course in JupyterLab"
	@echo "make test      lint, types, tests, and every notebook against its outputs"
	@echo "make soak      the long sweeps over seeds"
	@echo "make bench     speed and scale, each figure beside a named peer"
	@echo "make pages     sheets, the index, README and PROTOCOLS anew, from their sources"
	@echo "make format    put the code into its one format"
	@echo "make clean     take away all that make has made"
	@echo "make nbgrader  install the nbgrader extra (make scale: the Dask extra)"

lab: $(VENV)/.course
	@$(RUN) -m distlab lab

environment: $(VENV)/.test

test: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
	    --nbval --nbval-current-env --nbval-cell-timeout=60 tests distlab $(NOTEBOOKS)

soak: $(VENV)/.test
	$(RUN) -m pytest -n 2 -m soak tests

bench: $(VENV)/.test
	for file in benchmarks/bench_*.py; do $(RUN) $$file || exit 1; done

# Whatever is made from something else: sheets, the index, the README and its picture.
pages: $(VENV)/.test
	$(RUN) -m distlab sheets
	$(RUN) -m distlab.show.cover
	$(RUN) -m distlab readme

format: $(VENV)/.test
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

nbgrader scale: %: $(VENV)/.%

# The newest that pyproject.toml admits, written down once `pip check` has no complaint.
constraints: clean
	$(MAKE) $(RUN)
	$(RUN) -m pip install --quiet --compile --editable '.[test,bench,nbgrader,scale]'
	$(RUN) -m pip check
	grep '^#' constraints.txt > constraints.new
	( $(RUN) -m pip freeze --exclude-editable; \
	  echo 'appnope==0.1.4  # macOS'; \
	  echo 'colorama==0.4.6  # Windows' ) | sort -f >> constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	rm -rf tests/screenshots tests/reports
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
	        2>/dev/null; then exec $$python -m venv --clear $(VENV); fi; \
	done; \
	echo "make: no Python 3.11 or newer with venv was found; install one" \
	    "(apt install python3-venv, brew install python) or say PYTHON=/path/to/it" >&2; \
	exit 1

$(VENV)/.course: pyproject.toml constraints.txt | $(RUN)
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(RUN)
	$(INSTALL) --editable '.[test,bench]'
	@touch $(VENV)/.course $@

$(VENV)/.nbgrader $(VENV)/.scale: $(VENV)/.%: pyproject.toml constraints.txt | $(RUN)
	$(INSTALL) --editable '.[$*]'
	@touch $(VENV)/.course $@
