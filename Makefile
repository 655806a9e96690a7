# `make help` lists what there is. ARGS are passed on: make demo ARGS="--headless --json"
.DEFAULT_GOAL := help
ARGS ?=
BIN := .venv/bin
# Recipes are silent and set-up speaks on standard error, so that standard output is the command's alone.
SETUP := @scripts/setup.sh

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: ## Run a whole training job on this machine: five owners, real chain, everybody paid
	$(SETUP) run
	@exec $(BIN)/deltaml demo $(ARGS)

# Three workers on two cores: those that wait for a chain or a browser leave time for one more.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: ## Run the tests that decide: ten minutes on two cores at most
	$(SETUP) dev
	@exec $(PYTEST) -m "not soak" $(ARGS)

.PHONY: soak
# After the session's time no test begins; each has a time of its own.
soak: ## Run the tests that take long: kill series, campaigns, whole jobs; 45 minutes at most
	$(SETUP) dev
	@exec $(PYTEST) -m soak --session-timeout 2400 $(ARGS)

.PHONY: fuzz
fuzz: ## Call the contract five million times at random and compare it with a model
	$(SETUP) dev
	@exec $(BIN)/python contracts/test/invariant/campaign.py $(ARGS)

.PHONY: fuzzapi
fuzzapi: ## Send each service ten thousand requests at random and compare the answers with its OpenAPI document
	$(SETUP) dev
	@exec $(BIN)/python -m tests.fuzz_api.campaign $(ARGS)

.PHONY: check
check: ## Lint, formatting, types
	$(SETUP) dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@exec $(BIN)/mypy

.PHONY: bench
bench: ## Compare the encrypted kernels with the straightforward expression
	$(SETUP) run
	@exec $(BIN)/deltaml bench kernels $(ARGS)

.PHONY: setup
setup: ## Install what the other targets need, without running anything
	$(SETUP) dev

.PHONY: contracts
contracts: ## Compile the contract anew into contracts/artifacts
	$(SETUP) dev
	@exec $(BIN)/python contracts/compile.py

.PHONY: gas
gas: ## Measure the contract's gas anew into contracts/snapshots
	$(SETUP) dev
	@cd contracts && exec ../$(BIN)/python ../deltaml/nodejs.py \
		node_modules/@foundry-rs/forge-*/bin/forge test --match-contract MarketplaceGas --gas-snapshot-emit true

.PHONY: ui
ui: ## Build the web pages into ui/dist
	$(SETUP) run

.PHONY: lock
lock: ## Pin the Python packages anew from pyproject.toml
	@scripts/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove everything that set-up and tests made; var/ with the services' state stays
	@rm -rf .venv contracts/node_modules ui/node_modules ui/dist contracts/cache contracts/out contracts/broadcast build dist *.egg-info
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage htmlcov test-artifacts .setup-stamp*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
