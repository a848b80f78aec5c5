# `make help` says what there is to do. Each target first sets up what is missing.

APE := .venv/bin/ape
FORGE := FOUNDRY_CONFIG=toolchain/foundry.toml node_modules/@foundry-rs/forge-*/bin/forge
SOLHINT := node_modules/.bin/solhint --disc --noPoster --max-warnings 0
SOURCES := contracts tests/contracts
# Parallel test workers: each has its own Anvil, and one file stays on one worker. Tests wait for part
# of their time, so there is one worker more than cores. Files go out in the order of their names:
# by the number of their tests, the long stories of one test each would come last.
WORKERS ?= 3
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Folder that keeps the chain of `make chain` between two runs; empty: it is not kept.
STATE ?=
# 1: a chain that is new there plays its first minutes fast.
DEMO ?=

# Whatever the user's environment says: tests start hundreds of processes, and without the bytecode
# that the first of them wrote, each would compile all of Keel again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test check chain crosscheck lint format types gas bench wheel clean market market-setup market-test

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Install the locked packages and the compiler, where missing
	@sh toolchain/setup.sh

browser: ## Find Chromium for the page's tests, or install Debian's
	@sh toolchain/browser.sh

demo: setup ## Show and explain the whole life of Keel (2 to 3 minutes)
	@$(APE) run demo

test: setup browser ## Run all tests in parallel workers, but those of market-test
	@$(APE) test $(PARALLEL) --durations 10 --ignore tests/market

chain: setup ## Run a local chain with Keel and a page until Ctrl-C
	@$(APE) run chain $(if $(STATE),--state '$(STATE)') $(if $(DEMO),--demo)

crosscheck: setup ## Let Lodestar replay a beacon chain with all operations
	@$(APE) run crosscheck

market-setup: setup ## Install the packages of real markets, where missing
	@.venv/bin/python -m toolchain.market_setup

market: market-setup ## Live all stories of wkETH in real markets; write the page
	@$(APE) run market story

market-test: market-setup ## Run the tests with real markets (first compiles them)
	@$(APE) test tests/market --durations 5

check: setup ## Lint and run the unit tests, for the daily loop
	@$(MAKE) --no-print-directory -j 2 lint units

.PHONY: units
units: setup
	@$(APE) test tests/unit -q $(PARALLEL)

lint: setup ## Check style, types and the compiler's warnings
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@$(FORGE) fmt --check $(SOURCES)
	@$(SOLHINT) --config .solhint.json 'contracts/**/*.sol'
	@$(SOLHINT) --config tests/contracts/.solhint.json 'tests/contracts/**/*.sol'
	@.venv/bin/python -m toolchain.compile_check

format: setup ## Rewrite Python and Solidity in the project's format
	@.venv/bin/ruff check --fix-only --quiet
	@.venv/bin/ruff format
	@$(FORGE) fmt $(SOURCES)

types: setup ## Write the contracts' functions as Python types
	@$(APE) compile
	@.venv/bin/python -m toolchain.contract_types

gas: setup ## Measure all gas and write gas/snapshot.json
	@$(APE) run gas

bench: setup ## Measure states of a million validators, write docs/scale.md
	@$(APE) run bench

wheel: setup ## Build the wheel for other projects into dist/
	@.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Remove everything that set-up and builds have made
	rm -rf .venv node_modules toolchain/lodestar/node_modules toolchain/market/node_modules tests/foreign/hardhat_project/node_modules .build .cache .keel .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
