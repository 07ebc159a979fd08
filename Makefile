# Two commands for a fresh machine: `make demo` and `make test`. Both make .venv first; see build/venv.sh.
.DEFAULT_GOAL := help
.PHONY: help venv demo test test-slow test-vllm check format constraints record-demo record-incidents picture screens docs dist-docs
.PHONY: incidents incidents-live incidents-shared read-only-proof lab images clean
.PHONY: bench-startup bench-policy bench-text bench-inspect bench-calibration bench-condense bench-ssh bench-hosts bench-keys bench-llm bench-gpu

PY := .venv/bin
# The tests start tai some hundred times; compiled anew each time, that is most of what they do.
unexport PYTHONDONTWRITEBYTECODE
# Two to a processor: while one waits for a host or a time limit, the other works.
WORKERS = $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## make the virtual environment, when it is missing or its pins changed
	@sh build/venv.sh

demo: venv  ## diagnose a recorded real incident over real SSH on loopback
	@$(PY)/tai demo

test: venv  ## run the tests; installs OpenSSH's server and the shells they need where it may
	@sh build/test-tools.sh
	@$(PY)/pytest -q -n $(WORKERS) --dist loadfile

test-slow: venv  ## run the slow tier: networks of namespaces, labs, long outputs, whole runs of attack, every command under strace
	@sh build/test-tools.sh hosts
	@$(PY)/pytest -q -n $(WORKERS) --dist loadfile -m slow

test-vllm: venv  ## run the model side against a real vLLM on the processor; the first time it makes one (ten minutes, 2.4 GB)
	@build/vllm-cpu.sh >/dev/null; made=$$?; \
	if [ $$made -eq 69 ]; then echo "test-vllm: this machine cannot run it, for the reason above"; exit 0; fi; \
	[ $$made -eq 0 ] && $(PY)/pytest -q -m vllm tests/vllm tests/serving/test_real_server.py

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

record-incidents: venv  ## break every incident's host and record it anew (root)
	@sh build/test-tools.sh machines
	$(PY)/python vm-fixtures/record.py

record-demo: venv  ## break a real host and record it anew for the demo (root)
	@sh build/test-tools.sh hosts
	$(PY)/python vm-fixtures/record.py disk-full-database

read-only-proof: venv  ## do all that tai can on real hosts, watched; writes docs/read-only-proof.md (root)
	@sh build/test-tools.sh hosts
	@mkdir -p .cache; PYTHONPATH=. $(PY)/python vm-fixtures/read_only_proof.py > .cache/read-only-proof.md; said=$$?; \
	  [ -s .cache/read-only-proof.md ] && cp .cache/read-only-proof.md docs/read-only-proof.md; exit $$said

lab: venv  ## start a lab of real hosts until Ctrl-C: make lab LAB=bastion (root)
	@sh build/test-tools.sh hosts
	@$(PY)/python vm-fixtures/labs.py $(or $(LAB),single)

images: venv  ## build the images of the healthy hosts and the labs, each once (root)
	@sh build/test-tools.sh hosts
	@$(PY)/python vm-fixtures/healthy.py
	@$(PY)/python vm-fixtures/image.py debian-12

picture: venv  ## draw docs/demo.svg anew from a real run of the demo
	$(PY)/python build/picture.py

screens: venv  ## draw docs/screens/ anew from real runs in a pseudo-terminal
	$(PY)/python -m tests.frontends.screens

docs: venv  ## write the generated pages anew: policy, collectors, repl, config, lists in writing-collectors, tables in models
	$(PY)/python -m tai.policy.listing > docs/policy.md
	$(PY)/python -m tai.catalog.listing > docs/collectors.md
	$(PY)/python -m tai.commands.listing > docs/repl.md
	$(PY)/python -m tai.catalog.guide docs/writing-collectors.md
	$(PY)/python -m tai.frontends.config_page > docs/config.md
	$(PY)/python -m tai.serving.listing docs/models.md

dist-docs: venv  ## write the man page and the shell completions into dist/
	$(PY)/python build/manual.py dist

bench-startup: venv  ## time --help and the first prompt
	$(PY)/python tests/bench/startup.py

bench-llm: venv  ## tai's client beside curl against the real CPU vLLM; first text cold and in a follow-up
	@$(PY)/python -m tests.bench.llm

bench-gpu: venv  ## speeds of Gemma 4 26B-A4B's shape with dummy weights; needs an accelerator and vllm, says so without
	@$(PY)/python -m tests.bench.gpu

bench-keys: venv  ## a key's echo while output streams, the first sign of life after Enter, the prompt after Ctrl-C
	$(PY)/python -m tests.bench.keystroke

bench-policy: venv  ## decisions a second
	$(PY)/python -m tests.bench.policy

bench-text: venv  ## sanitising and redacting, MB/s
	$(PY)/python -m tests.bench.text

incidents: incidents-shared  ## diagnose shared and recorded incidents without a model, and judge: lines kept, causes named, steps that lost
	@$(PY)/python vm-fixtures/replay.py

incidents-live: venv  ## break real hosts, ask tai as diag and as root, judge, undo (root)
	@sh build/test-tools.sh machines
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

bench-hosts: venv  ## commands and seconds of a default run on healthy Debian 11, 12, 13 and busybox (root)
	@sh build/test-tools.sh hosts
	$(PY)/python -m tests.bench.healthy_hosts

clean:  ## remove what the targets above made
	rm -rf .venv .cache dist
