// The definition of products with packed matrices, in portable C.
#include "packed_layout.h"

#pragma STDC FP_CONTRACT OFF

static void quantize(const float *x, size_t n, qwen_quantized *dst) {
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        uint32_t largest = 0;  // magnitudes compare like their bits, and NaN is the largest
        for (int i = 0; i < 32; i++) {
            uint32_t bits = qwen_bits_of_float(x[i]) & 0x7fffffff;
            largest = bits > largest ? bits : largest;
        }
        float top = qwen_float_from_bits(largest);
        qwen_quantized *to = dst + b;
        *to = (qwen_quantized){.d = top};
        if (largest >= 0x7f800000 || top < 0x1p-100f) {
            to->d = largest >= 0x7f800000 ? top : 0;
            to->sum = to->d * 0;
            continue;
        }
        float factor = 127 / top;
        int32_t sum = 0, low = 0;
        for (int i = 0; i < 32; i++) {
            to->q[i] = (int8_t)rintf(x[i] * factor);
            sum += to->q[i];
            if (i == 15) low = sum;
        }
        to->d = top / 127;
        to->sum = to->d * (float)sum;
        to->bias = -128 * sum;
        to->bias_low = -128 * low;
    }
}

QUANTIZE_RESIDUAL()

static inline float half_at(const uint8_t *p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

static inline int half(const uint8_t *words, size_t row, size_t c) {
    return words[c % 16 / 4 * WORD_BYTES + row * 4 + c % 4] >> (c / 16 * 4) & 15;
}

static float q8_0(const uint8_t *group, size_t row, size_t k, const qwen_quantized *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8);
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += (words[c / 4 * WORD_BYTES + row * 4 + c % 4] - 128) * x[b].q[c];
        total = fmaf((float)sum, half_at(group + qwen_pair_scales(b, 8) + row * 2) * x[b].d, total);
    }
    return total;
}

static float q4_0(const uint8_t *group, size_t row, size_t k, const qwen_quantized *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4);
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += (half(words, row, c) - 8) * x[b].q[c];
        total = fmaf((float)sum, half_at(group + qwen_pair_scales(b, 4) + row * 2) * x[b].d, total);
    }
    return total;
}

static float q4_k(const uint8_t *group, size_t row, size_t k, const qwen_quantized *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *block = group + b / 8 * Q4_K_BYTES, *words = block + Q4_K_WORDS + b % 8 * 4 * WORD_BYTES;
        float scale = half_at(block + row * 2) * (float)block[Q4_K_SCALES + b % 8 * GROUP + row];
        float minimum = half_at(block + 2 * GROUP + row * 2) * (float)block[Q4_K_MINIMA + b % 8 * GROUP + row];
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += half(words, row, c) * x[b].q[c];
        total = fmaf((float)sum, scale * x[b].d, total);
        total = fmaf(-minimum, x[b].sum, total);
    }
    return total;
}

static float q6_k(const uint8_t *group, size_t row, size_t k, const qwen_quantized *x) {
    const uint8_t *blocks = group + qwen_packed_heading(k / 256);
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *block = blocks + b / 8 * Q6_K_BYTES, *words = block + Q6_K_WORDS + b % 8 * 6 * WORD_BYTES;
        float d = half_at(group + (b / 8 * GROUP + row) * 2);
        for (size_t part = 0; part < 2; part++) {  // 16 columns
            int32_t sum = 0;
            for (size_t c = part * 16; c < part * 16 + 16; c++) {
                int high = words[(4 + part) * WORD_BYTES + row * 4 + c % 4] >> (c % 16 / 4 * 2) & 3;
                sum += ((half(words, row, c) | high << 4) - 32) * x[b].q[c];
            }
            float scale = d * (float)(int8_t)block[(b % 8 * 2 + part) * GROUP + row];
            total = fmaf((float)sum, scale * x[b].d, total);
        }
    }
    return total;
}

#define MULTIPLY(T, LAYOUT)                                                                                            \
    static void multiply_##T(const void *w, size_t k, size_t first, size_t last, const qwen_quantized *x,              \
                             size_t x_stride, size_t m, float *y, size_t ldy) {                                        \
        size_t bytes = qwen_packed_group_bytes(LAYOUT, k);                                                             \
        for (size_t i = 0; i < m; i++) {                                                                               \
            for (size_t r = first; r < last; r++) {                                                                    \
                y[i * ldy + r] = T((const uint8_t *)w + r / GROUP * bytes, r % GROUP, k, x + i * x_stride);            \
            }                                                                                                          \
        }                                                                                                              \
    }

MULTIPLY(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY(q6_k, QWEN_PACKED_Q6_K)

void qwen_fill_packed_scalar(qwen_packed_kernels *table) {
    *table = (qwen_packed_kernels){
        quantize, quantize_residual, {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k}};
}
