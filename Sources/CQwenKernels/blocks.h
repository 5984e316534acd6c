// The rows of blocks that are defined in a file of their own, and how elements are read from bytes.
#ifndef QWEN_BLOCKS_SCALAR_H
#define QWEN_BLOCKS_SCALAR_H

#include "levels.h"

typedef const uint8_t *bytes;

static inline float half_at(bytes p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

static inline uint32_t word_at(bytes p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/// A function over rows from the function T over one block.
#define ROWS_OF(T, elements, size)                                                                                     \
    void qwen_dequantize_##T(const void *src, float *dst, size_t n) {                                                  \
        for (size_t i = 0; i < n / (elements); i++) T((bytes)src + i * (size), dst + i * (elements));                  \
    }

// blocks_codebook_scalar.c
void qwen_dequantize_iq2_xxs(const void *src, float *dst, size_t n);
void qwen_dequantize_iq2_xs(const void *src, float *dst, size_t n);
void qwen_dequantize_iq2_s(const void *src, float *dst, size_t n);
void qwen_dequantize_iq3_xxs(const void *src, float *dst, size_t n);
void qwen_dequantize_iq3_s(const void *src, float *dst, size_t n);
void qwen_dequantize_iq1_s(const void *src, float *dst, size_t n);
void qwen_dequantize_iq1_m(const void *src, float *dst, size_t n);
void qwen_dequantize_tq1_0(const void *src, float *dst, size_t n);
void qwen_dequantize_tq2_0(const void *src, float *dst, size_t n);

#endif
