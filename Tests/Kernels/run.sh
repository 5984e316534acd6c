#!/usr/bin/env bash
# Check every kernel against its scalar twin: on this machine, and on Linux for arm64 under an emulator, as three processors
# that differ in what they have. Elsewhere than on Debian and its kin without the emulator, the latter is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=.build/kernels
mkdir -p $build
flags=(-O2 -Wall -Wextra -Werror -ISources/CQwenKernels/include)
sources=(Sources/CQwenKernels/*.c Tests/Kernels/*.c)
if command -v swift >/dev/null && [[ $(uname) == Linux ]]; then
    PATH=$(dirname "$(readlink -f "$(command -v swift)")"):$PATH  # with the compiler that SwiftPM uses
fi

clang "${flags[@]}" "${sources[@]}" -lm -lpthread -o $build/levels
$build/levels

[[ $(uname -sm) == "Linux aarch64" ]] && exit
.ci/install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
if ! command -v qemu-aarch64 >/dev/null; then
    echo "No qemu-aarch64: not checked on other processors." >&2
    exit
fi

# What SwiftPM would build; and the other compiler, which has its own header of these instructions. It neither knows clang's
# pragmas nor keeps to the standard's rule for contractions by itself.
aarch64-linux-gnu-gcc "${flags[@]}" -Wno-unknown-pragmas -ffp-contract=off -static "${sources[@]}" -lm -lpthread \
    -o $build/levels-gcc &
for source in "${sources[@]}"; do
    object=$build/$(basename "$source" .c).o
    clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include "${flags[@]}" -c "$source" -o "$object"
    objects+=("$object")
done
aarch64-linux-gnu-gcc -static "${objects[@]}" -lm -lpthread -o $build/levels-clang
wait $!

for program in $build/levels-clang $build/levels-gcc; do
    qemu-aarch64 -cpu max "$program" neon dotprod i8mm
done
if [[ $(qemu-aarch64 -cpu help) == *neoverse-n1* ]]; then  # since QEMU 7.1
    QWEN_KERNELS=neon qemu-aarch64 -cpu neoverse-n1 $build/levels-clang neon dotprod
fi
QWEN_KERNELS=i8mm qemu-aarch64 -cpu cortex-a72 $build/levels-clang neon  # which it cannot
