#!/usr/bin/env bash
# `make bench`: the whole server with nginx beside it, then the parts in process. Prints tables; judges nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
cargo build --release --locked --quiet --bin chartgate --example demo_ehr
target=${CARGO_TARGET_DIR:-target}
python=tests/.venv/bin/python
[ -x "$python" ] || python=python3
"$python" -W ignore benches/server.py "$target/release/chartgate" "$target/release/examples/demo_ehr" "$@"
"$python" -W ignore benches/tokens.py "$target/release/chartgate" "$target/release/examples/demo_ehr" "$@"
if [ "${1:-}" != --server-only ]; then
    cargo bench --locked --quiet
fi
