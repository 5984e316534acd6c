// Keys and values as 8-bit integers: each 32 dimensions of a head's key or value share a binary16 scale, as in Q8_0, and a
// last block is shorter where 32 does not divide the head dimension.
//
// The keys of a tile of 16 positions, and then their values, take 16 * head_dim + 32 * blocks bytes each:
//
//   scales    [blocks][16 positions], binary16
//   integers  of keys    [blocks][dimensions of the block / 4][16 positions][4], 128 more than they are
//             of values  [blocks][16 positions][dimensions of the block]
//
// So one instruction takes four dimensions of 16 keys at a time, and what attention reads lies in its order.
#ifndef QWEN_Q8_CACHE_H
#define QWEN_Q8_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qwen_paged_head.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// Bytes of a position's key or value: also of its row in files, where each block is its scale and then its integers.
static inline size_t qwen_q8_row_bytes(size_t head_dim) { return head_dim + (head_dim + 31) / 32 * 2; }

/// The kernels of such a cache. The arguments are those of the kernels in qwen_type_kernels with the same names.
typedef struct qwen_q8_cache_kernels {
    /// Rounds a key and a value, of head_dim floats each, into a tile's place for position `index`. The scale is the largest
    /// magnitude over 127, and halves are rounded away from zero: gguf's Q8_0 to the bit. A block with a number that is
    /// not finite becomes NaN as a whole.
    void (*store)(const float *key, const float *value, size_t head_dim, void *tile, size_t tile_bytes, size_t index);

    /// Scores keys by integers: the query is rounded to 14 bits for each 32 dimensions, its largest magnitude to 8,127.
    /// The integers' products are exact. Reads whole tiles; what is stored for other positions does not matter.
    void (*attention_partial)(const float *q, size_t group, size_t head_dim, const qwen_paged_head *cache, size_t first,
                              size_t count, float scale, float *partial);

    /// Attends with floats.
    void (*attention_rows)(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim, size_t start,
                           const qwen_paged_head *cache, float scale, float *out, size_t out_stride, float *scratch);
} qwen_q8_cache_kernels;

/// Copies a position's key (or value) out of a tile's part: for each block its scale, then its integers.
void qwen_q8_read_row(const void *part, bool is_key, size_t head_dim, size_t index, uint8_t *row);

/// Copies such a row into a tile's part.
void qwen_q8_write_row(void *part, bool is_key, size_t head_dim, size_t index, const uint8_t *row);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
