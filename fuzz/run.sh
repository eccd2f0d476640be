#!/usr/bin/env bash
# Runs fuzz targets one after the other: fuzz/run.sh SECONDS [TARGET...]; without a target, all.
# SANITIZER=none runs about twice as fast and looks for broken properties only.
set -euo pipefail
cd "$(dirname "$0")"
seconds=$1
shift
command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }
# Coverage and sanitizers are switches of the compiler that the stable toolchain has, but hides.
export RUSTC_BOOTSTRAP=1
if [ $# -eq 0 ]; then
    mapfile -t targets < <(cargo fuzz list)
    set -- "${targets[@]}"
fi
for target in "$@"; do
    dictionary=dictionaries/${target%%_*}.dict
    options=(-max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=1024)
    [ ! -f "$dictionary" ] || options+=(-dict="$dictionary")
    echo "fuzzing $target for $seconds s"
    cargo fuzz run --sanitizer "${SANITIZER:-address}" "$target" -- "${options[@]}"
done
