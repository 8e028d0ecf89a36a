# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
VENV ?= .venv
# Handed on by test, bench and lock, e.g. make test ARGS="-k dates"
ARGS ?=

BIN := $(VENV)/bin
# Twice quiet: errors only. Warnings here are about each machine's own pip settings
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench lock clean

help: ## say what there is (this)
	@echo "make …"
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-6s %s\n", $$1, $$2 }'
	@echo "With another Python than $(PYTHON): make … PYTHON=python3.12"

demo: $(INSTALLED) ## crawl all papers offline, from the saved pages in fixtures/ into corpus/
	@$(BIN)/python -m scrapy crawl news -a since=2000-01-01 -s REPLAY=fixtures -s CORPUS_DIR=corpus -L WARNING

test: $(INSTALLED) ## run the tests
	@$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(INSTALLED) ## check style and types; runs all three checks, fails if one does
	@status=0; \
	$(BIN)/python -m ruff check . || status=1; \
	$(BIN)/python -m ruff format --check . || status=1; \
	$(BIN)/python -m mypy newscrawl tests benchmarks || status=1; \
	exit $$status

bench: $(BENCH_INSTALLED) ## run the benchmarks; installs the tools compared with
	@$(BIN)/python -m benchmarks.cleaning $(ARGS)

lock: $(INSTALLED) ## make requirements.lock anew; ARGS=--upgrade for the newest of everything
	@$(PIP) install uv
	@$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra test --output-file requirements.lock $(ARGS) pyproject.toml

clean: ## remove .venv, caches and builds; corpus/ stays
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find newscrawl tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The build backend is pinned in the lock like the rest, hence no build isolation.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "newscrawl needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Name one that is: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV) (about a minute) …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu, install python3-venv." >&2; exit 1; }
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_INSTALLED): $(INSTALLED)
	@echo "Installing what the benchmarks compare with …"
	@$(PIP) install --upgrade pip  # the one that comes with Python 3.11 stumbles over lxml's extras
	@$(PIP) freeze --exclude-editable > $(VENV)/constraints.txt
	@$(PIP) install --constraint $(VENV)/constraints.txt --editable '.[bench]'
	@touch $@
