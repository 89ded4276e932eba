#!/usr/bin/env bash
# `make soak`: an hour, or SOAK_MINUTES, under a mixed load. SOAK_PROFILE=dev soaks the quick build.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${SOAK_PROFILE:-release}
cargo build --profile "$profile" --locked --quiet --bin chartgate --example demo_ehr
built=${CARGO_TARGET_DIR:-target}/$([ "$profile" = dev ] && echo debug || echo "$profile")
python=tests/.venv/bin/python
[ -x "$python" ] || python=python3
exec "$python" -W ignore benches/soak.py "$built/chartgate" "$built/examples/demo_ehr"
