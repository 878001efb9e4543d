#!/usr/bin/env bash
# Orders and RFM from the shapes that analysts hold, and segmentation, beside polars and DuckDB; then purchase cycles,
# behaviour, predicted value beside lifetimes and pymc-marketing (in environments of their own),
# Kaplan-Meier beside lifelines, and backtests. PYTHON names the interpreter that crm_core is
# installed in (`make bench` sets it).
#
#   benches/run.sh [--orders 20000000] [--customers 1000000] [--runs 5] [--quick]
set -euo pipefail
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3}
"$PYTHON" -m pip install --quiet "polars>=1.30" "duckdb>=1.3" "pandas>=2.2" "pyarrow>=20" "numpy>=2" "lifelines>=0.30"
"$PYTHON" shapes.py "$@"
"$PYTHON" peers.py "$@"
"$PYTHON" cycle.py "$@"
"$PYTHON" events.py "$@"
"$PYTHON" ltv.py "$@"
"$PYTHON" kaplan_meier.py
"$PYTHON" backtest.py
