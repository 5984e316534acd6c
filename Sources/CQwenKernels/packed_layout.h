// Where things lie in a packed group; shared by the kernels of all levels.
#ifndef QWEN_PACKED_LAYOUT_H
#define QWEN_PACKED_LAYOUT_H

#include "levels.h"

#define GROUP QWEN_PACKED_ROWS
#define WORD_BYTES (4 * GROUP)

/// Bytes of a superblock of Q4_K: d, dmin, scales, minima, words.
#define Q4_K_SCALES (4 * GROUP)
#define Q4_K_MINIMA (Q4_K_SCALES + 8 * GROUP)
#define Q4_K_WORDS (Q4_K_MINIMA + 8 * GROUP)
#define Q4_K_BYTES (Q4_K_WORDS + 32 * WORD_BYTES)

/// Bytes of a superblock of Q6_K: scales, then for each 32 columns low halves and upper bits.
#define Q6_K_WORDS (16 * GROUP)
#define Q6_K_BYTES (Q6_K_WORDS + 8 * 6 * WORD_BYTES)

/// Where block b's scales and words begin, of blocks with so many words that lie in pairs after their scales: one stream for
/// the prefetchers, and every word a cache line.
static inline size_t qwen_pair_scales(size_t b, size_t words) {
    return b / 2 * (2 * words + 1) * WORD_BYTES + b % 2 * 2 * GROUP;
}
static inline size_t qwen_pair_words(size_t b, size_t words) {
    return (b / 2 * (2 * words + 1) + 1 + b % 2 * words) * WORD_BYTES;
}

/// The bytes of the scales before the words of Q6_K, a multiple of 64.
static inline size_t qwen_packed_heading(size_t blocks) { return (blocks * 2 * GROUP + 63) / 64 * 64; }

/// A level's qwen_quantize_residual, by its `quantize`.
#define QUANTIZE_RESIDUAL(TARGET)                                                                                      \
    TARGET static void quantize_residual(const float *x, size_t n, const qwen_quantized *first, qwen_quantized *dst) { \
        for (size_t b = 0; b < n / 32; b++, x += 32) {                                                                 \
            float rest[32] = {0}, d = first[b].d;                                                                      \
            if (isfinite(d)) {                                                                                         \
                for (int i = 0; i < 32; i++) rest[i] = fmaf(-d, first[b].q[i], x[i]);                                  \
            }                                                                                                          \
            quantize(rest, 32, dst + b);                                                                               \
        }                                                                                                              \
    }

/// The most rows of x that a kernel takes at a time.
#define PACKED_TILE 8

/// A product of one or two groups, `distance` bytes apart, with 1 to PACKED_TILE rows of x; the second group's outputs lie
/// `y_distance` floats after the first's.
typedef void (*packed_tile)(const uint8_t *group, size_t distance, size_t k, const qwen_quantized *x, size_t x_stride,
                            float *y, size_t y_distance, size_t ldy);

/// A product out of tiles. single[m - 1] and twofold[m - 1] are for m rows of x and one or two groups; twofold may be NULL.
/// Two groups at a time share the loads of x, and lie far apart so that each is a stream of its own for the prefetchers. A
/// group of which only some rows are wanted is computed into a buffer.
static inline __attribute__((always_inline, unused)) void
packed_multiply(const packed_tile *single, const packed_tile *twofold, size_t group_bytes, const void *w, size_t k,
                size_t first, size_t last, const qwen_quantized *x, size_t x_stride, size_t m, float *y, size_t ldy) {
    for (size_t i = 0; i < m; i += PACKED_TILE) {
        size_t count = m - i < PACKED_TILE ? m - i : PACKED_TILE;
        const qwen_quantized *from = x + i * x_stride;
        float *to = y + i * ldy;
        size_t row = first;
        while (row < last) {
            size_t base = row / GROUP * GROUP, end = last < base + GROUP ? last : base + GROUP;
            const uint8_t *group = (const uint8_t *)w + base / GROUP * group_bytes;
            if (row > base || end < base + GROUP) {
                float whole[PACKED_TILE * GROUP];
                single[count - 1](group, 0, k, from, x_stride, whole, 0, GROUP);
                for (size_t j = 0; j < count; j++) {
                    for (size_t r = row; r < end; r++) to[j * ldy + r] = whole[j * GROUP + r - base];
                }
                row = end;
                continue;
            }
            size_t pairs = twofold != NULL && twofold[count - 1] != NULL ? (last - row) / GROUP / 2 : 0;
            for (size_t p = 0; p < pairs; p++) {
                twofold[count - 1](group + p * group_bytes, pairs * group_bytes, k, from, x_stride, to + row + p * GROUP,
                                   pairs * GROUP, ldy);
            }
            row += 2 * pairs * GROUP;
            if (pairs > 0) continue;
            single[count - 1](group, 0, k, from, x_stride, to + row, 0, ldy);
            row += GROUP;
        }
    }
}

#endif
