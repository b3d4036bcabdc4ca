# Everything runs in .venv and node_modules of this checkout; nothing else on the machine is changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools that the recipes start find the environment's own programs first, Node among them.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
SOURCES := app.py benchmarks constructs examples lambda local tests tools
RUNS ?= 10000
PORT ?= 0
STEP := $(BIN)/python tools/setup_step.py
PIP_INSTALL := $(BIN)/python -m pip install --quiet
# Without a way to a registry the set-up fails in seconds. Your own settings count more.
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
export PIP_RETRIES ?= 1
export npm_config_fetch_retries ?= 1
export npm_config_fetch_retry_mintimeout ?= 1000
export npm_config_fetch_timeout ?= 60000

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev deploy-local local test check format lint types snapshot wheel size sbom simulate mutants \
	bench docs integ test-machines drift release-files check-release clean

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo "Python 3.10 or newer is needed. Where python3 is older: make PYTHON=python3.12 COMMAND"

deploy-local: setup ## Deploy the app on a local engine with the real CDK CLI, and clean up
	@$(BIN)/python -m appstream_local.cli.deploy_local

local: setup ## Keep a local engine running for cdk and aws in a second terminal (PORT=4566 for a fixed port)
	@$(BIN)/python -m appstream_local.cli.local --port $(PORT)

test: setup-dev ## Run all tests, or some (TESTS=tests/function)
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup-dev ## Run what CI runs: format, lint, types, tests
	@$(BIN)/ruff format --check $(SOURCES)
	@$(MAKE) --no-print-directory lint types test

format: setup-dev ## Format the code
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lint: setup-dev $(VENV)/workflows/.installed ## Lint the code, its layers, its spelling and the workflows
	@$(BIN)/ruff check $(SOURCES)
	@PYTHONPATH=benchmarks:tests $(BIN)/lint-imports
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@$(VENV)/workflows/bin/zizmor --offline --quiet .github
	@$(VENV)/workflows/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(VENV)/workflows/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(VENV)/workflows/bin/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(VENV)/workflows/bin/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
		$(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

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

sbom: setup ## Write the bill of materials of the function's zip into build
	@$(BIN)/python tools/function_sbom.py

simulate: setup-dev ## Run random scenarios with faults (RUNS=10000, FIRST=<first seed>, SEED=<seed> to replay one)
	@PYTHONPATH=tests $(BIN)/python -m simulation --runs $(RUNS) $(if $(FIRST),--first $(FIRST)) $(if $(SEED),--seed $(SEED))

mutants: setup-dev ## Break the deciding modules in many ways and count what the unit tests notice
	@$(BIN)/python tools/mutation_score.py

bench: setup-dev benchmarks/node_modules/.installed ## Measure this project and its baselines in 25 minutes (ONLY=deploys, footprint or virtual_time for one part)
	@PYTHONPATH=benchmarks:tests $(BIN)/python -m appstream_benchmarks $(if $(ONLY),--only $(ONLY))

docs: setup-dev $(VENV)/docs/.installed ## Renew what is generated in docs, build the site into build/docs, check its links
	@PYTHONPATH=tests $(BIN)/python tools/docs_blocks.py
	@$(VENV)/docs/bin/python -m sphinx -q -W --keep-going -E -c docs -b html . build/docs
	@$(BIN)/pytest -q tests/docs/test_links.py
	@$(BIN)/python -c 'import urllib.request as web; web.urlopen("https://docs.aws.amazon.com", timeout=5)' 2>/dev/null \
		&& $(VENV)/docs/bin/python -m sphinx -q -c docs -b linkcheck . build/links \
		|| echo "No way to the internet: external links were not checked"
	@echo "The site: build/docs/index.html"

integ: setup-dev ## Run tests/integ in a real account; it bills (ACCOUNT_CONFIRMED=<number> REGION=<region>)
	@$(BIN)/python tools/run_integ.py --account-confirmed "$(ACCOUNT_CONFIRMED)" --region "$(REGION)" \
		--image-name "$(IMAGE_NAME)" --case "$(CASE)"

test-machines: ## Run the README's commands in fresh clones, under every Python here and more (MACHINES="3.12 user")
	@"$(PYTHON)" tools/test_machines.py $(if $(TESTS),--tests "$(TESTS)") $(MACHINES)

drift: setup ## Compare the function with the AppStream API of the newest botocore
	@$(BIN)/python tools/drift.py

release-files: setup ## Write the templates without CDK, the function's zip and their SHA-256 sums into build/release
	@rm -rf build/release
	@$(BIN)/python tools/release_files.py build/release

check-release: setup-dev
	@$(BIN)/python tools/check_release.py "$(TAG)"

clean: ## Remove what the commands above made
	rm -rf $(VENV) node_modules benchmarks/node_modules cdk.out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

setup: $(VENV)/.installed node_modules/.installed
setup-dev: setup $(VENV)/.installed-dev $(VENV)/checkov/.installed $(VENV)/awscli/.installed

$(VENV)/.created:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		found=$$("$(PYTHON)" -V 2>&1) || found="not found"; \
		echo "error: Python 3.10 or newer is needed, and '$(PYTHON)' is $$found: name another, such as make PYTHON=python3.12" >&2; \
		exit 1; }
	@"$(PYTHON)" tools/setup_step.py "Making the virtual environment $(VENV)" "$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements-pip.txt requirements.txt requirements-local.txt pyproject.toml local/pyproject.toml | $(VENV)/.created
	@$(STEP) "Installing pip into $(VENV)" $(PIP_INSTALL) -r requirements-pip.txt
	@$(STEP) "Installing Python packages into $(VENV)" $(PIP_INSTALL) -r requirements.txt -r requirements-local.txt
	@touch $@

$(VENV)/.installed-%: requirements-%.txt | $(VENV)/.installed
	@$(STEP) "Installing $< into $(VENV)" $(PIP_INSTALL) -r $<
	@touch $@

# What pins other versions than the project has an environment of its own.
$(VENV)/%/.installed: requirements-%.txt | $(VENV)/.installed
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(STEP) "Installing $< into $(@D)" $(BIN)/python -m pip --python $(@D)/bin/python install --quiet -r $<
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@$(STEP) "Installing the CDK CLI into node_modules" $(BIN)/npm ci
	@touch $@

benchmarks/node_modules/.installed: benchmarks/package.json benchmarks/package-lock.json | $(VENV)/.installed
	@$(STEP) "Installing the AWS SDK for JavaScript into benchmarks/node_modules" $(BIN)/npm ci --prefix benchmarks
	@touch $@
