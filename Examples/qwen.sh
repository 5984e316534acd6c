#!/usr/bin/env bash
# Run `qwen`: build the command, start it with the arguments given.
#
#   Examples/qwen.sh chat "Start with 47. Add 38. Subtract 9."
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
swift build --quiet --configuration release --package-path "$root/Examples" --product qwen >&2
exec "$root/Examples/.build/release/qwen" "$@"
