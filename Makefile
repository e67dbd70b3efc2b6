# Short names for what is done often. Each recipe is a script that also runs on its own.
.DEFAULT_GOAL := help
.PHONY: help run test check docs images bench torture clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set everything up and start the cloud in the background
	@scripts/setup
	@scripts/with-engine .venv/bin/cloud up --detach
	@echo 'The command is .venv/bin/cloud; after `source .venv/bin/activate` it is just `cloud`.' >&2

test: ## Set up, check, and run every test
	@scripts/test

check: ## Format, lint, types, import contracts, architecture
	@scripts/check

docs: ## Build the guide, which the API serves at /docs/guide
	@scripts/setup --dev
	@scripts/guide

images: ## Build every local image
	@scripts/with-engine .venv/bin/python scripts/images all

bench: ## Run the benchmarks, side by side with comparable tools
	@scripts/setup --bench
	@scripts/with-engine .venv/bin/python -m benchmarks

torture: ## Run the randomized tests with large samples (tests/samples.py): a thousand kills, ten thousand as-of reads
	@scripts/setup --dev
	@MINIAWS_TORTURE=1000 scripts/with-engine .venv/bin/pytest --timeout=0 $$(grep -rl --include='test_*.py' '^from tests.samples' tests)

clean: ## Remove what was built here; the data directory of a cloud is not touched
	rm -rf .venv build dist miniaws/console miniaws/guide frontend/node_modules frontend/.next frontend/out .pytest_cache .ruff_cache .hypothesis .import_linter_cache
