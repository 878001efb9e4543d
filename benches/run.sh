#!/usr/bin/env bash
# Orders and segments beside polars and DuckDB, written to benches/RESULTS.md (results.py; about a quarter of an hour).
# BENCH_LARGE=1 adds a stream of 100 million orders. BENCH_ALL=1 adds more cases of segmentation, purchase cycles,
# behaviour, predicted value beside lifetimes and pymc-marketing (in environments of their own), Kaplan-Meier beside
# lifelines, backtests, and what one event and one row cost through the C library. PYTHON names the interpreter that
# crm_core is installed in (`make bench` sets it).
#
#   benches/run.sh [--runs 3] [--quick]
set -euo pipefail
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3}
"$PYTHON" -m pip install --quiet "polars>=1.30" "duckdb>=1.3" "pandas>=2.2" "pyarrow>=20" "numpy>=2"
"$PYTHON" results.py "$@"
if [ "${BENCH_ALL:-}" = 1 ]; then
    "$PYTHON" -m pip install --quiet "lifelines>=0.30"
    "$PYTHON" peers.py "$@"
    "$PYTHON" cycle.py "$@"
    "$PYTHON" events.py "$@"
    "$PYTHON" ltv.py "$@"
    "$PYTHON" kaplan_meier.py
    "$PYTHON" backtest.py
    # The C library: an order at a time on a shop that is held, and rows cell by cell.
    (cd .. && cargo build --quiet --release -p crm-ffi --lib)
    "$PYTHON" per_event.py ../target/release/libcrm.so
    append=$(mktemp)
    ${CC:-cc} -O2 -I../include append.c ../target/release/libcrm.a -lpthread -ldl -lm -o "$append"
    "$append"
    rm -f "$append"
fi
