#!/usr/bin/env bash
# Hostile input for SECONDS_EACH seconds a target: any request, any columns, any saved state. A crash leaves the input
# in fuzz/artifacts and fails. Needs `cargo install cargo-fuzz` and a nightly compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-120}

# The words that requests are made of, and a first request of every analysis.
grep -ohE '`[a-z_]+`' docs/reference.md | sort -u | tr '`' '"' >fuzz/words.dict
mkdir -p fuzz/corpus/requests
grep -oE '^## [a-z][a-z_]+$' docs/reference.md | cut -c4- | while read -r name; do
    printf '%s {"as_of": "2025-06-30"}' "$name" >"fuzz/corpus/requests/$name"
done

for target in requests columns states; do
    echo "== $target, $seconds s"
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4096 \
        -dict=fuzz/words.dict -print_final_stats=1 -verbosity=0
done
