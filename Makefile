# Everything runs in .venv and node_modules of this checkout; nothing else on the machine is changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools that the recipes start find the environment's own programs first, Node among them.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
SOURCES := app.py benchmarks constructs examples lambda local tests tools
RUNS ?= 10000
PORT ?= 0

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev deploy-local local test check format lint types snapshot wheel size simulate mutants \
	bench docs integ test-pythons drift check-release clean

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

deploy-local: setup ## Deploy the app on a local engine with the real CDK CLI, and clean up
	@$(BIN)/python -m appstream_local.cli.deploy_local

local: setup ## Keep a local engine running for cdk and aws in a second terminal (PORT=4566 for a fixed port)
	@$(BIN)/python -m appstream_local.cli.local --port $(PORT)

test: setup-dev ## Run all tests
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

check: setup-dev ## Run what CI runs: format, lint, types, tests
	@$(BIN)/ruff format --check $(SOURCES)
	@$(MAKE) --no-print-directory lint types test

format: setup-dev ## Format the code
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lint: setup-dev ## Lint the code, its layers and its spelling
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/lint-imports
	@git ls-files -z | xargs -0 $(BIN)/codespell

types: setup-dev
	@$(BIN)/mypy
	@$(BIN)/pyright

snapshot: setup-dev ## Renew the committed templates
	@PYTHONPATH=tests $(BIN)/python -m synth.snapshots

wheel: setup-dev ## Build sdist and wheel into dist
	@$(BIN)/python -m hatchling build -t sdist -t wheel -d dist
	@$(BIN)/python tools/asset_size.py | tail -n 1

size: setup-dev ## List the function's package and its zipped size
	@$(BIN)/python tools/asset_size.py

simulate: setup-dev ## Run random schedules of faults (RUNS=10000, FIRST=... instead of the day's, SEED=... to replay one)
	@PYTHONPATH=tests $(BIN)/python -m simulation --runs $(RUNS) $(if $(FIRST),--first $(FIRST)) $(if $(SEED),--seed $(SEED))

mutants: setup-dev ## Break the deciding modules in many ways and count what the unit tests notice
	@$(BIN)/python tools/mutation_score.py

bench: setup-dev $(VENV)/.installed-bench $(VENV)/awscli/.installed benchmarks/node_modules/.installed ## Measure this project beside other ways, in half an hour (ONLY=deploys for one part)
	@PYTHONPATH=benchmarks:tests $(BIN)/python -m appstream_benchmarks $(if $(ONLY),--only $(ONLY))

docs: setup-dev $(VENV)/docs/.installed ## Renew what is generated in docs, build the site into build/docs, check its links
	@PYTHONPATH=tests $(BIN)/python tools/docs_blocks.py
	@$(BIN)/python tools/draw_pictures.py
	@$(VENV)/docs/bin/python -m sphinx -q -W --keep-going -E -c docs -b html . build/docs
	@$(BIN)/pytest -q tests/docs/test_links.py
	@$(BIN)/python -c 'import urllib.request as web; web.urlopen("https://docs.aws.amazon.com", timeout=5)' 2>/dev/null \
		&& $(VENV)/docs/bin/python -m sphinx -q -c docs -b linkcheck . build/links \
		|| echo "No way to the internet: external links were not checked"
	@echo "The site: build/docs/index.html"

integ: setup-dev ## Run tests/integ in a real account; it bills (ACCOUNT_CONFIRMED=<number> REGION=<region>)
	@$(BIN)/python tools/run_integ.py --account-confirmed "$(ACCOUNT_CONFIRMED)" --region "$(REGION)" \
		--image-name "$(IMAGE_NAME)" --case "$(CASE)"

test-pythons: setup-dev ## Run unit tests and the wheel under every Python here (PYTHONS="3.10 3.14" to choose)
	@PYTHONPATH=tests $(BIN)/python tools/test_pythons.py $(PYTHONS)
	@$(BIN)/pytest -q tests/packaging/test_wheel.py

drift: setup ## Compare the function with the AppStream API of the newest botocore
	@PYTHONPATH=tests $(BIN)/python tools/drift.py

check-release: setup-dev
	@$(BIN)/python tools/check_release.py "$(TAG)"

clean: ## Remove what the commands above made
	rm -rf $(VENV) node_modules benchmarks/node_modules cdk.out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

setup: $(VENV)/.installed node_modules/.installed
setup-dev: setup $(VENV)/.installed-dev $(VENV)/checkov/.installed

$(VENV)/.installed: requirements.txt requirements-local.txt pyproject.toml local/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed, $(PYTHON) is " + sys.version.split()[0] if sys.version_info < (3, 10) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "error: no virtual environment could be made: install Python's venv module" >&2; exit 1; }
	@echo "Installing Python packages into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-local.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing the test tools into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev requirements-bench.txt
	@echo "Installing what the benchmarks need into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

$(VENV)/awscli/.installed: requirements-awscli.txt | $(VENV)/.installed
	@echo "Installing the AWS CLI into $(VENV)/awscli (once)"
	@$(PYTHON) -m venv $(VENV)/awscli
	@$(VENV)/awscli/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-awscli.txt
	@touch $@

$(VENV)/checkov/.installed: requirements-checkov.txt | $(VENV)/.installed
	@echo "Installing checkov into $(VENV)/checkov (once)"
	@$(PYTHON) -m venv $(VENV)/checkov
	@$(VENV)/checkov/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-checkov.txt
	@touch $@

$(VENV)/docs/.installed: requirements-docs.txt | $(VENV)/.installed
	@echo "Installing Sphinx into $(VENV)/docs (once)"
	@$(PYTHON) -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@echo "Installing the CDK CLI into node_modules (once)"
	@$(BIN)/npm ci --silent
	@touch $@

benchmarks/node_modules/.installed: benchmarks/package.json benchmarks/package-lock.json | $(VENV)/.installed
	@echo "Installing the AWS SDK for JavaScript into benchmarks/node_modules (once)"
	@$(BIN)/npm ci --silent --prefix benchmarks
	@touch $@
