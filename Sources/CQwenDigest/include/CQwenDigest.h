#ifndef CQWENDIGEST_H
#define CQWENDIGEST_H

#include <stddef.h>
#include <stdint.h>

// The compression functions of SHA-256 and SHA-1 (FIPS 180-4): they take whole blocks of 64 bytes. Padding is the
// caller's.

/// Takes blocks into a SHA-256 state, with the CPU's instructions for it where it has them.
///
/// @param state eight words, H0 first.
/// @param bytes 64 · count bytes.
/// @param count the number of blocks.
void qwen_sha256_compress(uint32_t *state, const uint8_t *bytes, size_t count);

/// The same in plain C: what the fast ones must agree with.
void qwen_sha256_compress_scalar(uint32_t *state, const uint8_t *bytes, size_t count);

/// Takes blocks into a SHA-1 state of five words. Git names its objects by SHA-1; nothing here trusts it for more.
void qwen_sha1_compress(uint32_t *state, const uint8_t *bytes, size_t count);

/// Begins to send what was written to a file to the disk, without waiting for it, so that a later fsync has little to do.
/// Only Linux has a call for that; elsewhere this does nothing.
void qwen_start_writeback(int descriptor, int64_t offset, int64_t count);

#endif
