#!/usr/bin/env bash
# `make fuzz`: the targets under libFuzzer, by cargo-fuzz, one after the other. Needs a C++ compiler (libFuzzer is built from source)
# and cargo-fuzz, which is installed into tests/.cache when it is not there; stable Rust is enough.
#
#   FUZZ_MINUTES=1 tests/fuzz/run.sh scope search     these targets, a minute each
#
# What is found new goes to tests/.cache/fuzz; at the end the kept corpus takes over what covers more (libFuzzer's merge). An input that
# fails is printed with the command that repeats it.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/fuzz
minutes=${FUZZ_MINUTES:-10}
cache=$PWD/tests/.cache/fuzz
mkdir -p "$cache"

if ! command -v c++ >/dev/null 2>&1 && ! command -v clang++ >/dev/null 2>&1; then
    echo "make fuzz needs a C++ compiler: install g++ or clang" >&2
    exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    if [ ! -x "$cache/tools/bin/cargo-fuzz" ]; then
        echo "Installing cargo-fuzz into tests/.cache (once)"
        cargo install cargo-fuzz --locked --quiet --root "$cache/tools" || {
            echo "cargo-fuzz could not be installed; with network: cargo install cargo-fuzz" >&2
            exit 1
        }
    fi
    PATH=$cache/tools/bin:$PATH
fi

# The same versions as the product's.
cp Cargo.lock $here/Cargo.lock
targets=("$@")
[ "$#" -gt 0 ] || targets=($(basename -s .rs -a $here/fuzz_targets/*.rs))

status=0
for target in "${targets[@]}"; do
    echo "== $target, $minutes min"
    found=$cache/$target
    mkdir -p "$found" "$here/corpus/$target"
    # Without a sanitizer: the code is safe Rust, and so stable Rust will do.
    cargo fuzz build --fuzz-dir $here -s none "$target"
    seconds=$(awk "BEGIN { print int($minutes * 60) }")
    if ! cargo fuzz run --fuzz-dir $here -s none "$target" "$found" "$here/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -close_fd_mask=0; then
        status=1
        continue
    fi
    cargo fuzz run --fuzz-dir $here -s none "$target" "$here/corpus/$target" "$found" -- -merge=1 -max_len=4096 2>/dev/null
done
exit $status
