PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMMA := ,
MINIMA := build/minima
# What a library of another version breaks: files of every kind, fusion, sweeps.
CORE := tests/store tests/observations tests/fusion tests/sweep tests/cli
# All of them; "cluster and not drill" leaves out those that take minutes each.
SLURM_TESTS ?= cluster

# The documentation compiles what it imports, which must then be kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: benchmark dist docs help install quickstart test test-browser test-dist test-drills test-minima test-slurm notebooks workflows lint slurm-up slurm-down

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# uv takes seconds where pip takes minutes; pip knows indexes that uv is not told of.
define install
	test -x $(BIN)/uv || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet $(2) --python $(BIN)/python -e '.[$(1)]' || \
	  $(BIN)/python -m pip install --quiet -e '.[$(1)]'
	touch $@
endef

$(STAMP): pyproject.toml
	$(call install,explore,--compile-bytecode)

$(VENV)/.test: pyproject.toml
	$(call install,explore$(COMMA)test$(COMMA)dev,--compile-bytecode)

$(VENV)/.docs: pyproject.toml
	$(call install,explore$(COMMA)docs)

install: $(STAMP)  ## install hifred into .venv

quickstart: $(STAMP)  ## simulate, fuse 26 times, compare; leaves quickstart/
	$(BIN)/python workflows/quickstart/compare.py quickstart
	@echo "next: $(BIN)/hifred report quickstart   or   $(BIN)/hifred explore quickstart"

test: $(VENV)/.test  ## install and run the whole suite
	$(BIN)/python -m pytest -n 2 -m "not drill and not cluster and not browser and not notebook"

$(MINIMA)/.installed: $(VENV)/.test
	$(PYTHON) -m venv --clear --without-pip $(MINIMA)
	$(BIN)/uv pip install --quiet --resolution lowest-direct \
	  --python $(MINIMA)/bin/python -e '.[explore,test]'
	touch $@

test-minima: $(MINIMA)/.installed  ## run the suite's core on the lowest versions declared
	$(MINIMA)/bin/python -m pytest -n 2 -m "not drill and not slow" $(CORE)

test-drills: $(VENV)/.test  ## cause faults for minutes and check that nothing is lost
	$(BIN)/python -m pytest -m "drill and not cluster"

test-browser: $(VENV)/.test  ## look at every page in a real Chromium
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends \
	      chromium chromium-driver fonts-dejavu-core; \
	  else echo "SKIPPED: needs chromium and chromium-driver, and root to install"; \
	  fi; }
	@test -f build/npm/node_modules/vnu-jar/build/dist/vnu.jar || { \
	  command -v npm >/dev/null && mkdir -p build/npm && \
	  npm install --silent --no-audit --prefix build/npm vnu-jar; } || \
	  echo "SKIPPED: the HTML validator needs npm and java"
	$(BIN)/python -m pytest -m browser --reruns 1

notebooks: $(VENV)/.test  ## run every notebook at toy size
	$(BIN)/python -m pytest tests/notebooks -m notebook

workflows: $(VENV)/.test  ## run every workflow at toy size
	$(BIN)/python -m pytest tests/workflows -m "not drill"

slurm-up:  ## bring up a real SLURM of two nodes on this host (Debian, root)
	tests/cluster/local_slurm.sh up
	@echo 'now, in your shell: eval "$$(tests/cluster/local_slurm.sh env)"'

slurm-down:  ## end it
	tests/cluster/local_slurm.sh down

test-slurm: $(VENV)/.test  ## drills on a real SLURM, which it brings up and ends
	tests/cluster/local_slurm.sh up || [ $$? = 77 ]
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "$(SLURM_TESTS)" --reruns 1 tests/cluster; \
		code=$$?; tests/cluster/local_slurm.sh down; exit $$code

docs: $(VENV)/.docs  ## build the documentation into build/docs/html and follow its links
	$(BIN)/python -m sphinx -q -W --keep-going -d build/docs/cache docs build/docs/html
	$(BIN)/linkchecker --threads 1 --no-status --no-warnings build/docs/html/index.html

dist: $(VENV)/.test  ## build wheel and sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

# Python there is isolated (-I), so that nothing but the wheel can be found.
test-dist: dist  ## install the wheel into a fresh environment and use it
	$(PYTHON) -m venv --clear build/wheel
	build/wheel/bin/python -m pip install --quiet "$$(ls dist/*.whl)[explore]"
	build/wheel/bin/python -I tests/use_wheel.py

lint: $(VENV)/.test  ## check format, style and types
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

benchmark: $(VENV)/.test  ## time every regulariser and solver beside this machine's best
	$(BIN)/python -m benchmarks
