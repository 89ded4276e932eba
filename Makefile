# Two commands matter: `make demo` and `make test`. Each installs what it needs or says plainly what is missing.

PORT ?= 8080
PATIENTS ?= 60
SEED ?= 1
export CARGO_TERM_COLOR ?= auto

.PHONY: demo test lint format smart-apps bench oracle timing sweep fuzz soak screenshots setup-demo setup-test clean

# The demo runs the quick build, which is also the tests': `make demo PROFILE=release` takes minutes longer to compile.
PROFILE ?= dev
BUILT = $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

demo: setup-demo smart-apps ## Builds and runs the whole system on this machine; prints where to go and as whom.
	@echo "Building (a few minutes the first time)"
	cargo build --profile $(PROFILE) --locked --quiet --bin chartgate
	$(BUILT)/chartgate demo --port $(PORT) --patients $(PATIENTS) --seed $(SEED)

test: ## Every test: lint, units, both databases, real peers, browser.
	bash tests/run.sh

lint: ## Format, clippy, licences and sources, type check of the SMART apps.
	bash tests/run.sh lint

format:
	cargo fmt --all

smart-apps: smart-apps/dist/record-viewer/index.html

smart-apps/dist/record-viewer/index.html: smart-apps/package-lock.json $(shell find smart-apps -path '*/node_modules' -prune -o -path 'smart-apps/dist' -prune -o -type f -print 2>/dev/null)
	cd smart-apps && npm ci --no-audit --no-fund --loglevel=error && npm run build
	touch $@

bench: setup-test smart-apps ## The rows of docs/BENCHMARKS.md, nginx and HAProxy beside us in the same run.
	bash benches/run.sh

# How many requests the long run sends; the tests send some thousands.
REQUESTS ?= 300000

oracle: ## The oracle over the running server, long: random hospitals and requests, against a second policy.
	CHARTGATE_ORACLE_REQUESTS=$(REQUESTS) cargo test --quiet --locked --test it oracle_what_the_running -- --nocapture

# Folders with NDJSON, Bundles or single resources; none: the demo hospital's records.
RECORDS ?=

sweep: setup-test ## An EHR of others' making with RECORDS in it, a proxy that makes trouble, others' clients: no leak, no hang.
	cargo build --locked --quiet --bin chartgate --example demo_ehr --example fault_proxy
	tests/.venv/bin/python -W ignore tests/peers/sweep.py $(BUILT)/chartgate $(BUILT)/examples/demo_ehr $(BUILT)/examples/fault_proxy $(RECORDS)

fuzz: ## Coverage-guided fuzzing: FUZZ_MINUTES (10) for each of FUZZ_TARGETS (all). What `make test` does in seconds, at length.
	bash tests/fuzz/run.sh $(FUZZ_TARGETS)

soak: setup-test ## An hour (SOAK_MINUTES) under a mixed load: nothing may grow, nothing may fail.
	bash benches/soak.sh

timing: ## How long it takes to say that something is hidden, against that it is not there: a table of medians and scores.
	CHARTGATE_TIMING=$(or $(SAMPLES),1000) cargo test --quiet --locked --test it timing_of_what -- --nocapture

screenshots: setup-test smart-apps ## Every page at both sizes, into screenshots/.
	bash tests/run.sh screenshots

setup-demo:
	bash tests/setup.sh demo

setup-test:
	bash tests/setup.sh test

clean:
	cargo clean
	rm -rf smart-apps/dist/record-viewer smart-apps/node_modules tests/.venv tests/browser/node_modules tests/peers/node_modules
