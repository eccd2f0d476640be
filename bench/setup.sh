#!/usr/bin/env bash
# Installs the peers of the comparison from the package registries, into .cache/bench.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/.cache/bench
mkdir -p "$cache"
python=${PYTHON:-$root/.venv/bin/python}

echo "bench: wrk and h2load make the load"
{ command -v wrk && command -v h2load; } >/dev/null || { apt-get update -qq && apt-get install -y -qq wrk nghttp2-client; }

echo "bench: FastAPI, uvicorn, Granian, Robyn and the Go toolchain, from PyPI"
[ -x "$cache/venv/bin/python" ] || "$python" -m venv "$cache/venv"
"$cache/venv/bin/pip" install --quiet -r "$root/bench/requirements.txt"

echo "bench: uvloop and rloop, from PyPI, apart: uvicorn asks for a uvloop of its own"
[ -x "$cache/loop/bin/python" ] || "$python" -m venv "$cache/loop"
"$cache/loop/bin/pip" install --quiet -r "$root/bench/loop/requirements.txt"

echo "bench: the Go server"
(cd "$root/bench/peers/go" && PATH="$cache/venv/bin:$PATH" go build -o "$cache/go-peer" .)

echo "bench: axum, the canned answer and the load on echo servers"
(cd "$root/bench/peers/rust" && CARGO_TARGET_DIR="$cache/rust" cargo build --release)

echo "bench: fastify"
if command -v npm >/dev/null; then
  (cd "$root/bench/peers/node" && npm install --no-audit --no-fund --loglevel=error)
else
  echo "bench: no npm here, so Node and fastify are left out"
fi
