// The definition of products with packed matrices, in portable C.
#include "packed_layout.h"

#pragma STDC FP_CONTRACT OFF

/// Where the i-th of 16-bit integers lies, and the other way round: of each four the second and the third change places.
static inline int place16(int i) { return i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i; }

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

static void quantize16(const float *x, size_t n, qwen_quantized16 *dst) {
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        int16_t q[32], ordered[32];
        quantize16_block(x, q, dst + b);
        for (int i = 0; i < 32; i++) ordered[i] = q[place16(i)];
        memcpy(dst[b].q, ordered, sizeof ordered);
    }
}

static inline float half_at(const uint8_t *p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

static inline int half(const uint8_t *words, size_t row, size_t c) {
    return words[c % 16 / 4 * WORD_BYTES + row * 4 + c % 4] >> (c / 16 * 4) & 15;
}

// Both kinds of integers: the same sums of other numbers.
#define TYPE qwen_quantized
#define NAMED(T) T
#define Q(b, c) x[b].q[c]
#include "packed_scalar.h"

static inline int16_t q16(const int8_t *q, size_t c) {
    int16_t value;
    memcpy(&value, q + 2 * place16((int)c), sizeof value);
    return value;
}

#define TYPE qwen_quantized16
#define NAMED(T) T##_16
#define Q(b, c) q16(x[b].q, c)
#include "packed_scalar.h"

void qwen_fill_packed_scalar(qwen_packed_kernels *table) {
    *table = (qwen_packed_kernels){
        .quantize = quantize,
        .quantize16 = quantize16,
        .multiply = {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
        .multiply16 = {multiply_q8_0_16, multiply_q4_0_16, multiply_q4_k_16, multiply_q6_k_16},
    };
}
