#!/usr/bin/env bash
# Counts what a decoded token costs in heap allocations, from the engine to the reader of its stream: about three, all of them
# the Swift runtime's when it wakes the reader, and a share of each new context. The engine's own loop has none; one more per
# token is over the limit.
#
#     Tests/Allocations/run.sh QWEN
set -euo pipefail
cd "$(dirname "$0")"
qwen=$1
limit=3.9

library=$(mktemp --suffix=.so)
trap 'rm -f "$library"' EXIT
clang -shared -fPIC -O2 -Wall -Werror -o "$library" count.c

# Each further run generates 512 tokens in a new context, which costs some allocations too.
count() { LD_PRELOAD=$library "$qwen" bench -p 0 -n 512 -r "$1" 2>&1 >/dev/null | awk '/^allocations:/ { print $2 }'; }
few=$(count 1)
many=$(count 9)
awk -v few="$few" -v many="$many" -v limit=$limit 'BEGIN {
    each = (many - few) / (8 * 512)
    printf "%.2f allocations a token\n", each
    exit !(few > 0 && each < limit)
}'
