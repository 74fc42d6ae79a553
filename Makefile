# Everything a fresh machine needs: Python >= 3.12 and make.
# The first target that is asked for makes .venv by itself.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell tools/find-python)
MEMBERS := schemas libs/genome libs/refdata libs/vault libs/process libs/chassis libs/desk services/ingest services/annotate services/prs services/report cli
STAMP := .venv/.installed
BIN := .venv/bin

.PHONY: help install demo test test-faults check audit measures generate demo-bundle format lock bench bench-stream clean

help: ## what can be asked for
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## make .venv with everything, .venv/bin/canheal included

$(STAMP): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@test -n "$(PYTHON)" || { echo "No Python >= 3.12 found. Install one (python3.13 is best) or say: make install PYTHON=/path/to/python3.13" >&2; exit 1; }
	@echo "Installing into .venv what requirements.lock names, and the embedded broker: about a minute, longer on a busy machine."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(addprefix -e ./,$(MEMBERS))
	$(BIN)/python -m canheal_cli.embedded.fetch
	@touch $(STAMP)
	@echo "Installed: try $(BIN)/canheal demo"

demo: $(STAMP) ## three samples through the whole platform; ONCE=1 stops it again
	$(BIN)/canheal demo $(if $(ONCE),--once)

test: $(STAMP) ## unit, contract and pipeline tests on a real broker and database
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

test-faults: $(STAMP) ## ten minutes of faults while samples are sent; CANHEAL_STORM_SEED=N repeats one; ARGS="--seconds 90"
	PYTHONPATH=tools $(BIN)/python tests/faults/run_storm.py $(ARGS)

check: $(STAMP) ## format, lint, types, import contracts, measures, generated files
	@failed=; run() { echo "== $$*"; "$$@" || failed="$$failed $$(basename $$1):$$2"; }; \
	run $(BIN)/ruff format --check .; \
	run $(BIN)/ruff check .; \
	run $(BIN)/mypy $(addsuffix /src,$(MEMBERS)) tools; \
	run $(BIN)/python tools/bandit_check.py; \
	run $(BIN)/python tools/measures.py --check; \
	run $(BIN)/python tools/generate.py --check; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

audit: $(STAMP) ## known vulnerabilities of what requirements.lock names (asks PyPI; SERVICE=osv asks OSV)
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict --vulnerability-service $(or $(SERVICE),pypi)

measures: $(STAMP) ## the figures of the code beside their limits
	$(BIN)/python tools/measures.py

generate: $(STAMP) ## write schemas/generated and the generated pages of docs
	$(BIN)/python tools/generate.py

demo-bundle: $(STAMP) ## rebuild the demo reference bundle from the shared data, byte for byte
	$(BIN)/python tools/demo_bundle.py

format: $(STAMP) ## put the code in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(STAMP) ## make requirements.lock from requirements.in (maintainers; needs uv)
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements.in -o requirements.lock

bench: $(STAMP) ## seconds a stage, rate and memory on this machine; PARTS="exome panel cohort memory"
	$(BIN)/python tools/bench_stages.py $(PARTS)

bench-stream: $(STAMP) ## latency, rate, CPU and memory of the whole stream; PARTS="panel exome genome growth memory"
	$(BIN)/python tools/bench_stream.py $(PARTS)

clean: ## remove what the demo left behind
	rm -rf .canheal
