#!/usr/bin/env bash
# The speed of a download of 500 MB from this machine, checked and written, against curl's, which only writes; and its memory.
#
#   Tests/hub_throughput.sh        after: swift build -c release --build-tests --traits default,Hub --scratch-path .build-hub
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
python3 Tests/QwenHubTests/Fixtures/serve_large.py "$work/port" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
while [[ ! -s $work/port ]]; do sleep 0.2; done
url=http://127.0.0.1:$(<"$work/port")
export TMPDIR=$work
for _ in 1 2 3; do
    curl --silent --show-error --output "$work/curl" --write-out 'curl: %{time_total} s\n' "$url/Qwen/Large/resolve/$(printf 'd4%.0s' {1..20})/large-Q8_0.gguf"
    rm "$work/curl"
    QWEN_HUB_THROUGHPUT=$url swift test --skip-build --configuration release --traits default,Hub --scratch-path .build-hub \
        --filter ThroughputTests 2>&1 | grep '^qwen:'
done
