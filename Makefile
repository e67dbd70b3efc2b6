# Short names for what is done often. Each recipe is a script that also runs on its own.
.DEFAULT_GOAL := help
.PHONY: help run test check images bench torture clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set everything up and start the cloud in the background
	@scripts/setup
	@scripts/with-engine .venv/bin/cloud up --detach
	@echo 'The command is .venv/bin/cloud; after `source .venv/bin/activate` it is just `cloud`.' >&2

# The tests of the architecture are part of the check.
test: ## Set up, check, and run every test
	@scripts/setup --dev
	@scripts/check
	@echo 'tests: the real thing, with Postgres and containers; several minutes' >&2
	@scripts/with-engine .venv/bin/python scripts/sweep-tests
	@scripts/with-engine .venv/bin/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder --ignore=tests/architecture

check: ## Format, lint, types, import contracts, architecture
	@scripts/check

images: ## Build every local image
	@scripts/with-engine .venv/bin/python scripts/images all

bench: ## Measure, side by side with what it could be compared to
	@scripts/setup --bench
	@scripts/with-engine .venv/bin/python -m benchmarks

torture: ## Kill everything, a thousand times; look back ten thousand times
	@scripts/setup --dev
	@MINIAWS_TORTURE=1000 scripts/with-engine .venv/bin/pytest --timeout=0 tests/journeys tests/time tests/adapters/test_haproxy.py tests/adapters/test_mariadb_log.py tests/adapters/test_postgres_log.py

clean: ## Remove what was built here; the data directory of a cloud is not touched
	rm -rf .venv build dist miniaws/console frontend/node_modules frontend/.next frontend/out .pytest_cache .ruff_cache .hypothesis .import_linter_cache
