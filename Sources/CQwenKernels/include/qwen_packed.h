// Quantised matrices packed for integer products: sixteen rows side by side, so that one vector holds what sixteen outputs need
// of four columns.
#ifndef QWEN_PACKED_H
#define QWEN_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qwen_blocks.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#elif !defined(_Nonnull)
#define _Nonnull
#endif

/// What can be packed. Packing loses nothing: the numbers of the blocks are kept as they are, in another order.
///
/// A group is 16 rows. "Words" below are [16 rows][4 columns] bytes for four consecutive columns.
typedef enum qwen_packed {
    /// A group, for each 64 columns: 2 × 16 scales (f16), then for each 32 of them 8 words of q + 128. Where the columns end
    /// with 32, the rest is zero.
    QWEN_PACKED_Q8_0,
    /// A group: like Q8_0 with 4 words, word i in the low halves, word i + 4 in the high ones.
    QWEN_PACKED_Q4_0,
    /// A group, for each 256 columns: 16 d and 16 dmin (f16), 8 × 16 scales, 8 × 16 minima (bytes), then for each 32 of them
    /// 4 words like Q4_0.
    QWEN_PACKED_Q4_K,
    /// A group: 16 d (f16) for each 256 columns, filled up to 64 bytes; then for each 256 columns 16 × 16 scales (int8) and for
    /// each 32 of them 4 words of low halves like Q4_0 and 2 words of upper bits: word i in bits 2 (i % 4) of word i / 4.
    QWEN_PACKED_Q6_K,
} qwen_packed;

#define QWEN_PACKED_COUNT 4
#define QWEN_PACKED_ROWS 16

/// 32 numbers of an input as integers: x = d q within half of d.
typedef struct qwen_quantized {
    /// The largest magnitude over 127. Not finite if a number is not.
    float d;
    /// d times the sum of q.
    float sum;
    /// -128 times the sum of q, and of the first 16 alone: products with integers stored less their offset begin here.
    int32_t bias, bias_low;
    int8_t q[32];
} qwen_quantized;

/// The layout that a block format is packed into; -1 if there is none.
int qwen_packed_of_block(qwen_block block);

/// The bytes of one group of 16 rows with k columns, a multiple of 64.
size_t qwen_packed_group_bytes(qwen_packed layout, size_t k);

/// Packs up to 16 rows of blocks into a group; the rows that are missing become zero.
void qwen_pack_group(qwen_packed layout, const void *src, size_t row_bytes, size_t rows, size_t k, void *group);

/// Whether every number of a group is finite: whether its scales are.
bool qwen_packed_finite(qwen_packed layout, const void *group, size_t k);

/// dst[j] = the number in column j of a row of a group: what the block format defines.
void qwen_packed_row(qwen_packed layout, const void *group, size_t row, size_t k, float *dst);

/// dst[b] = 32 numbers of x, for n / 32 blocks.
typedef void (*qwen_quantize_input)(const float *x, size_t n, qwen_quantized *dst);

/// The same as 16-bit integers, up to 127 * 257, whose halves fit signed bytes.
#define QWEN_LARGEST16 32639

/// 32 numbers of an input as 16-bit integers: x = d q within half of d.
typedef struct qwen_quantized16 {
    /// The largest magnitude over QWEN_LARGEST16, and the rest as for 8 bits.
    float d;
    float sum;
    int32_t bias, bias_low;
    /// q as the level's kernels read it. Where qwen_packed_kernels' splits16 is set, its low bytes and then its high bytes, with
    /// q = 256 high + low and low >= -128; else 16-bit integers, of each four the first, the third, the second and the fourth.
    int8_t q[64];
} qwen_quantized16;

/// dst[b] = 32 numbers of x, for n / 32 blocks.
typedef void (*qwen_quantize16_input)(const float *x, size_t n, qwen_quantized16 *dst);

/// y[i * ldy + r] = sum over blocks of (x's d * w's scale) * (integer product), for i < m and first <= r < last, in the order of
/// the columns, each step one fused multiply-add: every level gives the same floats, for any m. Groups lie one after another
/// from w on; row i of x begins `i * x_stride` blocks after x.
typedef void (*qwen_packed_multiply)(const void *w, size_t k, size_t first, size_t last, const qwen_quantized *x,
                                     size_t x_stride, size_t m, float *y, size_t ldy);

/// The same for 16-bit integers, with integer products that are as exact: below 2^28, and rounded once when they become floats.
typedef void (*qwen_packed_multiply16)(const void *w, size_t k, size_t first, size_t last, const qwen_quantized16 *x,
                                       size_t x_stride, size_t m, float *y, size_t ldy);

/// One level's kernels for packed matrices.
typedef struct qwen_packed_kernels {
    qwen_quantize_input quantize;
    qwen_quantize16_input quantize16;
    /// Whether 16-bit integers are kept as bytes.
    bool splits16;
    /// Indexed by qwen_packed.
    qwen_packed_multiply _Nonnull multiply[QWEN_PACKED_COUNT];
    qwen_packed_multiply16 _Nonnull multiply16[QWEN_PACKED_COUNT];
} qwen_packed_kernels;

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
