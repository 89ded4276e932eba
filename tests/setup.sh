#!/usr/bin/env bash
# Installs what the demo ($1 = demo) or the tests ($1 = test) need on a Debian machine with Rust, Node and Python;
# says plainly what is missing where it cannot. Does nothing when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

missing=()
for tool in cargo:Rust node:Node.js npm:npm cc:"a C compiler"; do
    have "${tool%%:*}" || missing+=("${tool#*:}")
done
[ "$1" = demo ] || have python3 || missing+=(Python)
if [ "${#missing[@]}" -gt 0 ]; then
    say "Missing: ${missing[*]}. Chartgate needs Rust 1.95 or later, Node.js 20 or later, a C compiler and, for the tests, Python 3.11 or later."
    exit 1
fi
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || {
    say "Node.js $(node --version) is too old: the SMART apps need 20 or later."
    exit 1
}

# Debian packages: package and the command that shows it is there.
wanted=(make:make)
if ! have cmake; then wanted+=(cmake:cmake); fi
if [ "$1" = test ]; then
    wanted+=(chromium:chromium nginx-light:nginx wrk:wrk curl:curl)
    if ! have postgres && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
        wanted+=(postgresql:/nothing)
    fi
fi
packages=()
for entry in "${wanted[@]}"; do
    have "${entry#*:}" || [ -x "/usr/sbin/${entry#*:}" ] || packages+=("${entry%%:*}")
done
if [ "${#packages[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then run=(); elif have sudo; then run=(sudo); else
        say "Missing Debian packages: ${packages[*]}. Install them (as root): apt-get install ${packages[*]}"
        exit 1
    fi
    say "Installing Debian packages: ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${run[@]}" apt-get update -qq
    # policy-rc.d keeps Debian from starting the servers: the tests start their own.
    "${run[@]}" env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

[ "$1" = test ] || exit 0

# Python peers, each pinned in tests/peers/requirements.txt, in an environment of their own.
stamp=tests/.venv/.installed
if ! cmp -s tests/peers/requirements.txt "$stamp"; then
    say "Installing Python peers (two minutes)"
    python3 -m venv tests/.venv
    tests/.venv/bin/pip install --quiet --disable-pip-version-check -r tests/peers/requirements.txt
    cp tests/peers/requirements.txt "$stamp"
fi

# Node peers and the browser driver.
for place in tests/peers tests/browser; do
    [ -f "$place/package-lock.json" ] || continue
    if ! cmp -s "$place/package-lock.json" "$place/node_modules/.installed"; then
        (cd "$place" && npm ci --no-audit --no-fund --loglevel=error)
        cp "$place/package-lock.json" "$place/node_modules/.installed"
    fi
done
