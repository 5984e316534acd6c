// Where things lie in a packed group; shared by the kernels of all levels.
#ifndef QWEN_PACKED_LAYOUT_H
#define QWEN_PACKED_LAYOUT_H

#include <stddef.h>

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

/// The parts of a block of 16-bit integers but for their places, and q in order.
static inline __attribute__((always_inline, unused)) void
quantize16_block(const float *x, int16_t q[32], qwen_quantized16 *to) {
    uint32_t largest = 0;  // magnitudes compare like their bits, and NaN is the largest
    for (int i = 0; i < 32; i++) {
        uint32_t bits = qwen_bits_of_float(x[i]) & 0x7fffffff;
        largest = bits > largest ? bits : largest;
    }
    float top = qwen_float_from_bits(largest);
    bool usable = largest < 0x7f800000 && top >= 0x1p-100f;
    float factor = usable ? QWEN_LARGEST16 / top : 0;
    int32_t low = 0, high = 0;
    for (int i = 0; i < 16; i++) {
        // What is not finite is not read: a conversion of it would not be defined.
        int32_t first = usable ? (int32_t)rintf(x[i] * factor) : 0, second = usable ? (int32_t)rintf(x[16 + i] * factor) : 0;
        q[i] = (int16_t)first;
        q[16 + i] = (int16_t)second;
        low += first;
        high += second;
    }
    to->d = usable ? top / QWEN_LARGEST16 : largest >= 0x7f800000 ? top : 0;
    to->sum = to->d * (float)(low + high);
    to->bias = -128 * (low + high);
    to->bias_low = -128 * low;
}

/// A level's quantize16 where its kernels read bytes.
#define QUANTIZE16_SPLIT(TARGET)                                                                                       \
    TARGET static void quantize16(const float *x, size_t n, qwen_quantized16 *dst) {                                   \
        for (size_t b = 0; b < n / 32; b++, x += 32) {                                                                 \
            int16_t q[32];                                                                                             \
            quantize16_block(x, q, dst + b);                                                                           \
            for (int i = 0; i < 32; i++) {                                                                             \
                dst[b].q[i] = (int8_t)q[i];                                                                            \
                dst[b].q[32 + i] = (int8_t)((q[i] + 128) >> 8);                                                        \
            }                                                                                                          \
        }                                                                                                              \
    }

/// A block of either kind begins like this, and its integers follow; with P bytes of each number, in as many planes.
#define BLOCK_BYTES(P) ((P) == 1 ? sizeof(qwen_quantized) : sizeof(qwen_quantized16))
#define BLOCK_PLANE(block, p) ((const int8_t *)(block) + offsetof(qwen_quantized, q) + 32 * (p))
_Static_assert(offsetof(qwen_quantized, q) == offsetof(qwen_quantized16, q), "the parts before q are the same");
_Static_assert(sizeof(qwen_quantized16) == 80, "without padding");

/// The most rows of x that a kernel takes at a time.
#define PACKED_TILE 8

/// A product of one or two groups, `distance` bytes apart, with 1 to PACKED_TILE rows of x, `x_bytes` apart; the second group's
/// outputs lie `y_distance` floats after the first's.
typedef void (*packed_tile)(const uint8_t *group, size_t distance, size_t k, const char *x, size_t x_bytes, float *y,
                            size_t y_distance, size_t ldy);

/// A product out of tiles. single[m - 1] and twofold[m - 1] are for m rows of x and one or two groups; twofold may be NULL.
/// Two groups at a time share the loads of x, and lie far apart so that each is a stream of its own for the prefetchers. A
/// group of which only some rows are wanted is computed into a buffer.
static inline __attribute__((always_inline, unused)) void
packed_multiply(const packed_tile *single, const packed_tile *twofold, size_t group_bytes, const void *w, size_t k,
                size_t first, size_t last, const void *x, size_t x_bytes, size_t m, float *y, size_t ldy) {
    for (size_t i = 0; i < m; i += PACKED_TILE) {
        size_t count = m - i < PACKED_TILE ? m - i : PACKED_TILE;
        const char *from = (const char *)x + i * x_bytes;
        float *to = y + i * ldy;
        size_t row = first;
        while (row < last) {
            size_t base = row / GROUP * GROUP, end = last < base + GROUP ? last : base + GROUP;
            const uint8_t *group = (const uint8_t *)w + base / GROUP * group_bytes;
            if (row > base || end < base + GROUP) {
                float whole[PACKED_TILE * GROUP];
                single[count - 1](group, 0, k, from, x_bytes, whole, 0, GROUP);
                for (size_t j = 0; j < count; j++) {
                    for (size_t r = row; r < end; r++) to[j * ldy + r] = whole[j * GROUP + r - base];
                }
                row = end;
                continue;
            }
            size_t pairs = twofold != NULL && twofold[count - 1] != NULL ? (last - row) / GROUP / 2 : 0;
            for (size_t p = 0; p < pairs; p++) {
                twofold[count - 1](group + p * group_bytes, pairs * group_bytes, k, from, x_bytes, to + row + p * GROUP,
                                   pairs * GROUP, ldy);
            }
            row += 2 * pairs * GROUP;
            if (pairs > 0) continue;
            single[count - 1](group, 0, k, from, x_bytes, to + row, 0, ldy);
            row += GROUP;
        }
    }
}

/// A product out of the tiles TILES_1 … TILES_8 and those of TWOFOLD, which may be NULL.
#define TILES_OF(T) {T##_1, T##_2, T##_3, T##_4, T##_5, T##_6, T##_7, T##_8}
#define MULTIPLY_BY(NAME, BLOCK, TILES, TWOFOLD, LAYOUT)                                                               \
    static void NAME(const void *w, size_t k, size_t first, size_t last, const BLOCK *x, size_t x_stride, size_t m,    \
                     float *y, size_t ldy) {                                                                           \
        static const packed_tile tiles[PACKED_TILE] = TILES_OF(TILES);                                                 \
        packed_multiply(tiles, TWOFOLD, qwen_packed_group_bytes(LAYOUT, k), w, k, first, last, x,                      \
                        x_stride * sizeof *x, m, y, ldy);                                                              \
    }

#endif
