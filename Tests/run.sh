#!/usr/bin/env bash
# Install what is missing and run the tests; arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/install libopenblas0

# Optimised: unoptimised kernels take minutes over what takes seconds.
swift test --configuration release "$@"
