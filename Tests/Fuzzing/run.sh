#!/usr/bin/env bash
# Fuzz one target under the address sanitizer: run.sh TARGET SECONDS [libFuzzer's arguments].
# Inputs that reach something new gather in .corpus/TARGET; one that crashes, hangs or takes too much memory is left in .findings.
set -euo pipefail
cd "$(dirname "$0")"

target=${1:?TARGET} seconds=${2:?SECONDS}
shift 2

# Options of the command line: in a manifest they would forbid others to depend on the package. Of several -sanitize Swift's
# compiler hears the last one, and without "fuzzer" it would not count what is covered.
swift build --quiet --configuration release --sanitize fuzzer --sanitize address -Xswiftc -sanitize=fuzzer,address
python3 make_seeds.py .seeds

# What an input may take grows with its size. One allocation gets 16 MiB, whatever the inputs: no header of a few KiB may ask
# for more. Leaks are looked for at the end.
length=16384
case $target in
    template | output) length=8192 ;;
    constraint) length=1024 ;;
esac
arguments=(-max_len=$length -malloc_limit_mb=16 -rss_limit_mb=768 -timeout=10 -max_total_time="$seconds" -print_final_stats=1)
[[ -f Dictionaries/$target.dict ]] && arguments+=(-dict="Dictionaries/$target.dict")

# The fuzzer reports traps and keeps their inputs, where Swift's own report would come first.
export SWIFT_BACKTRACE=enable=no
mkdir -p ".corpus/$target" .findings ".seeds/$target"
QWEN_FUZZ_TARGET=$target exec .build/release/Fuzz "${arguments[@]}" -artifact_prefix=".findings/$target-" "$@" \
    ".corpus/$target" ".seeds/$target"
