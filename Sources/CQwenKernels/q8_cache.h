// How keys and values become 8-bit integers, and where those lie; for the files with kernels of such a cache.
#ifndef QWEN_Q8_CACHE_INTERNAL_H
#define QWEN_Q8_CACHE_INTERNAL_H

#include "levels.h"

#define Q8_INLINE static inline __attribute__((always_inline, unused))

/// Dimensions that share a scale.
#define Q8_BLOCK 32

/// Queries that are rounded at a time.
#define Q8_QUERIES 16

/// The blocks of the longest head.
#define Q8_BLOCKS (QWEN_MAX_HEAD_DIM / Q8_BLOCK)

Q8_INLINE size_t q8_blocks(size_t head_dim) { return (head_dim + Q8_BLOCK - 1) / Q8_BLOCK; }

/// The dimensions of a block.
Q8_INLINE size_t q8_width(size_t head_dim, size_t block) {
    size_t left = head_dim - block * Q8_BLOCK;
    return left < Q8_BLOCK ? left : Q8_BLOCK;
}

/// The scales of a block of a tile's keys or values.
Q8_INLINE const uint16_t *q8_scales(const char *part, size_t block) {
    return (const uint16_t *)(const void *)part + block * QWEN_TILE_POSITIONS;
}

/// The integers of a block of a tile's keys or values.
Q8_INLINE const char *q8_integers(const char *part, size_t head_dim, size_t block) {
    return part + (q8_blocks(head_dim) + block * (Q8_BLOCK / 2)) * 2 * QWEN_TILE_POSITIONS;
}

/// The largest magnitude; NaN or infinite where a number is.
Q8_INLINE float q8_magnitude(const float *x, size_t n) {
    uint32_t largest = 0;  // The bits of numbers without signs are in the order of the numbers, and NaN comes last.
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = qwen_bits_of_float(x[i]) & 0x7fffffff;
        largest = bits > largest ? bits : largest;
    }
    return qwen_float_from_bits(largest);
}

/// roundf, in a form that compilers turn into vector instructions: halves away from zero, for magnitudes below 2^22.
Q8_INLINE int q8_round(float x) {
    // The number before 0.5: what is less than a half must not become one by the sum's rounding.
    float moved = x + copysignf(0x1.fffffep-2f, x);
    return (int)moved;
}

/// Rounds up to 32 numbers to integers, and returns their scale as binary16.
Q8_INLINE uint16_t q8_round_block(const float *x, size_t n, int8_t *integers) {
    float magnitude = q8_magnitude(x, n), d = magnitude / 127, inverse = d != 0 ? 1 / d : 0;
    // Not finite, or so small that the scale is zero anyway.
    if (!(magnitude < INFINITY) || !(inverse < INFINITY)) {
        memset(integers, 0, n);
        return magnitude < INFINITY ? 0 : 0x7e00;
    }
    for (size_t i = 0; i < n; i++) {
        float scaled = x[i] * inverse;
        integers[i] = (int8_t)q8_round(scaled);
    }
    return qwen_f16_from_float(d);
}

/// Up to Q8_QUERIES queries as integers of 14 bits, each in two parts: 128 * high + low, both in [-64, 63]. Neither part's
/// products with bytes, two of them added, leave 16 bits.
typedef struct q8_queries {
    int8_t high[Q8_QUERIES][QWEN_MAX_HEAD_DIM];
    int8_t low[Q8_QUERIES][QWEN_MAX_HEAD_DIM];
    /// What the 128 that keys have too much add to a sum, taken off.
    int32_t offsets[Q8_QUERIES][Q8_BLOCKS];
    /// Scales of the sums, with attention's own.
    float scales[Q8_QUERIES][Q8_BLOCKS];
} q8_queries;

Q8_INLINE void q8_round_query(const float *x, size_t head_dim, float factor, size_t index, q8_queries *queries) {
    for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {
        const float *from = x + block * Q8_BLOCK;
        size_t n = q8_width(head_dim, block);
        int8_t *high = queries->high[index] + block * Q8_BLOCK, *low = queries->low[index] + block * Q8_BLOCK;
        float magnitude = q8_magnitude(from, n), inverse = 8127 / magnitude;
        if (!(magnitude < INFINITY) || !(inverse < INFINITY)) {
            memset(high, 0, n);
            memset(low, 0, n);
            queries->offsets[index][block] = 0;
            queries->scales[index][block] = magnitude < INFINITY ? 0 : NAN;
            continue;
        }
        int32_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            float scaled = from[i] * inverse;
            int integer = q8_round(scaled), upper = (integer + 64) >> 7;
            high[i] = (int8_t)upper;
            low[i] = (int8_t)(integer - upper * 128);
            sum += integer;
        }
        queries->offsets[index][block] = -128 * sum;
        queries->scales[index][block] = magnitude / 8127 * factor;
    }
}

/// Puts a block's integers and scale into a tile's keys, which hold 128 more, or values.
Q8_INLINE void q8_put(const int8_t *integers, uint16_t scale, bool is_key, char *part, size_t head_dim, size_t block,
                      size_t index) {
    size_t n = q8_width(head_dim, block);
    char *to = (char *)(uintptr_t)q8_integers(part, head_dim, block);
    memcpy(part + (block * QWEN_TILE_POSITIONS + index) * sizeof scale, &scale, sizeof scale);
    if (!is_key) {
        memcpy(to + index * n, integers, n);
        return;
    }
    for (size_t i = 0; i < n; i += 4) {
        uint32_t four;
        memcpy(&four, integers + i, sizeof four);
        four ^= 0x80808080;
        memcpy(to + i * QWEN_TILE_POSITIONS + index * sizeof four, &four, sizeof four);
    }
}

Q8_INLINE void q8_store(const float *x, bool is_key, size_t head_dim, char *part, size_t index) {
    int8_t integers[Q8_BLOCK];
    for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {
        const float *from = x + block * Q8_BLOCK;
        size_t n = q8_width(head_dim, block);
        uint16_t scale = n == Q8_BLOCK ? q8_round_block(from, Q8_BLOCK, integers) : q8_round_block(from, n, integers);
        q8_put(integers, scale, is_key, part, head_dim, block, index);
    }
}

#endif
