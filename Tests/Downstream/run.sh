#!/usr/bin/env bash
# Prove that a package can depend on this one by version: clone HEAD, tag it, build a program against the tag, run it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone --quiet "$here/../.." "$work/swift-qwen"
git -C "$work/swift-qwen" tag --force 0.1.0 >/dev/null
cp -R "$here/Package.swift" "$here/Sources" "$work"

export SWIFT_QWEN_REPOSITORY="$work/swift-qwen"
swift build --quiet --disable-dependency-cache --package-path "$work"
# The traits that are off bring no packages.
[[ $(ls "$work/.build/checkouts") == swift-qwen ]]
# Away from the sources, so that whatever is found is in the program or beside it.
mv "$work/swift-qwen" "$work/moved"
output=$("$work/.build/debug/Downstream")
echo "$output"
[[ $output == $'4 Hello, world!\nThe result is 85.' ]]

# Whoever takes a layer does not carry the demonstration model: the header of its weights is in the first program alone.
header='"data_offsets":\['
grep --quiet --text "$header" "$work/.build/debug/Downstream"
if grep --quiet --text "$header" "$work/.build/debug/OneLayer"; then
    echo "A layer brings the demonstration model along." >&2
    exit 1
fi
