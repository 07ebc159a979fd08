# Two commands for a fresh machine: `make demo` and `make test`. Both make .venv first; see build/venv.sh.
.DEFAULT_GOAL := help
.PHONY: help venv demo test test-slow test-vllm check format constraints record-demo record-incidents picture screens docs dist-docs
.PHONY: incidents incidents-live incidents-shared read-only-proof lab images clean
.PHONY: bench-startup bench-policy bench-text bench-inspect bench-calibration bench-condense bench-ssh bench-hosts bench-keys

PY := .venv/bin

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## make the virtual environment, when it is missing or its pins changed
	@sh build/venv.sh

demo: venv  ## diagnose a recorded real incident over real SSH on loopback
	@$(PY)/tai demo

test: venv  ## run the tests; installs OpenSSH's server and the shells they need where it may
	@sh build/test-tools.sh
	@$(PY)/pytest -q -n auto --dist loadfile

test-slow: venv  ## run the slow tier: networks of namespaces, long outputs, many hosts
	@sh build/test-tools.sh
	@$(PY)/pytest -q -n auto --dist loadfile -m slow

test-vllm: venv  ## run the model side against a real vLLM on the processor; the first time it makes one (ten minutes, 2.4 GB)
	@$(PY)/pytest -q -m vllm tests/vllm

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

record-incidents: incidents-shared  ## diagnose shared and recorded incidents without a model, and judge: lines kept, causes named, steps that lost
	@$(PY)/python vm-fixtures/replay.py

incidents-live: venv  ## break real hosts, ask tai as diag and as root, judge, undo (root; mmdebstrap, systemd-container)
	$(PY)/python vm-fixtures/live.py

incidents-shared: venv  ## the same for the shared incidents, which are only texts: lines kept, causes named
	$(PY)/python -m tests.bench.incidents

bench-inspect: venv  ## inspect 50 MB of journal with all signatures, MB/s
	$(PY)/python -m tests.bench.inspect

bench-condense: venv  ## survival of proving lines in long logs, beside tail, grep and drain3 (ten minutes)
	@[ -d .cache/drain3 ] || $(PY)/pip install -q --disable-pip-version-check --target .cache/drain3 drain3==0.9.11
	PYTHONPATH=.cache/drain3 $(PY)/python -m tests.bench.condense

bench-calibration: venv  ## confidence against the truth over the shared incidents: reliability table and Brier score
	$(PY)/python -m tests.bench.calibration

bench-ssh: venv  ## beside OpenSSH, ansible-core and pyinfra on one host, on fifty, and in bulk (root; ten minutes)
	$(PY)/python -m tests.bench.ssh

bench-hosts: venv  ## commands and seconds of a default run on healthy Debian 11, 12, 13 and busybox (root; mmdebstrap)
	$(PY)/python -m tests.bench.healthy_hosts

clean:  ## remove what the targets above made
	rm -rf .venv .cache dist
