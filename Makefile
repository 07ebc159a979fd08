# Two commands for a fresh machine: `make demo` and `make test`. Both make .venv first; see build/venv.sh.
.DEFAULT_GOAL := help
.PHONY: help venv demo test check format constraints record-demo picture bench clean

PY := .venv/bin

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## make the virtual environment, when it is missing or its pins changed
	@sh build/venv.sh

demo: venv  ## diagnose a recorded real incident over real SSH on loopback
	@$(PY)/tai demo

test: venv  ## run the tests; installs OpenSSH's server and the shells they need where it may
	@sh build/test-tools.sh
	@$(PY)/pytest -q

check: venv  ## lint, types, import contracts, generated docs
	$(PY)/ruff check .
	$(PY)/ruff format --check .
	$(PY)/mypy
	$(PY)/lint-imports --no-cache

format: venv  ## put the code in its one format
	$(PY)/ruff format .
	$(PY)/ruff check --fix .

constraints:  ## pin and hash the dependencies anew, from the index that pip is set up for (needs uv)
	uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header -o constraints.txt

clean:  ## remove what the targets above made
	rm -rf .venv .cache dist
