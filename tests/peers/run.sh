#!/usr/bin/env bash
# Runs the clients that others wrote against `chartgate demo`. CHARTGATE is the program; CHARTGATE_DEMO, if set, is a file with what
# a running demo printed, and no other is started.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
work=$(mktemp -d)
demo=
stop() {
    [ -z "$demo" ] || { kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; }
    rm -rf "$work"
}
trap stop EXIT

if [ -z "${CHARTGATE_DEMO:-}" ]; then
    program=${CHARTGATE:-$root/target/debug/chartgate}
    case $program in /*) ;; *) program=$root/$program ;; esac
    "$program" demo --json --port 0 --patients 40 --data "$work/demo" >"$work/demo.json" 2>"$work/demo.log" &
    demo=$!
    for _ in $(seq 240); do
        [ ! -s "$work/demo.json" ] || break
        kill -0 "$demo" 2>/dev/null || { cat "$work/demo.log" >&2; echo "the demo did not start" >&2; exit 1; }
        sleep 0.5
    done
    export CHARTGATE_DEMO=$work/demo.json CHARTGATE_DEMO_DATA=$work/demo
fi

failed=0
run() {
    printf -- '-- %s\n' "$*"
    "$@" || failed=1
}
run node --test --test-concurrency=1 openid-client.test.mjs fhirclient.test.mjs fhir-kit-client.test.mjs
[ -z "${CHARTGATE_DEMO_DATA:-}" ] || run node --test --test-concurrency=1 vendor.test.mjs
python=$root/tests/.venv/bin/python
[ -x "$python" ] || python=python3
run "$python" test_fhirclient.py
run "$python" test_authlib.py
run "$python" test_smart_fetch.py
run node --test sequences.mjs
run "$python" test_brands.py
if [ -n "${DEMO_EHR:-}" ]; then
    case $DEMO_EHR in /*) ;; *) DEMO_EHR=$root/$DEMO_EHR ;; esac
    run "$python" -W ignore sekmet.py "${program:-$root/target/debug/chartgate}" "$DEMO_EHR"
    if [ -n "${FAULT_PROXY:-}" ]; then
        case $FAULT_PROXY in /*) ;; *) FAULT_PROXY=$root/$FAULT_PROXY ;; esac
        run "$python" -W ignore sweep.py "${program:-$root/target/debug/chartgate}" "$DEMO_EHR" "$FAULT_PROXY"
    fi
fi
if [ "$failed" != 0 ] && [ -s "$work/demo.log" ]; then tail -40 "$work/demo.log" >&2; fi
exit "$failed"
