// The definition of the quantised block layouts, in portable C.
//
// Byte by byte, since blocks have odd sizes and lie unaligned. Sources: the GGUF specification and the layouts that it
// refers to. In the comments d is the block's scale, q an element's stored integer.
#include "levels.h"

#pragma STDC FP_CONTRACT OFF

typedef const uint8_t *bytes;

static inline float half_at(bytes p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

// ---- 32 elements, one scale

/// d (f16), 32 × int8: d q.
static void q8_0(bytes p, float *y) {
    float d = half_at(p);
    for (int i = 0; i < 32; i++) y[i] = d * (float)(int8_t)p[2 + i];
}

/// d (f16), 16 bytes: element i in the low half of byte i, element i + 16 in the high half: d (q - 8).
static void q4_0(bytes p, float *y) {
    float d = half_at(p);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)((p[2 + i] & 15) - 8);
        y[i + 16] = d * (float)((p[2 + i] >> 4) - 8);
    }
}

/// d, m (f16), 16 bytes as in q4_0: d q + m.
static void q4_1(bytes p, float *y) {
    float d = half_at(p), m = half_at(p + 2);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)(p[4 + i] & 15) + m;
        y[i + 16] = d * (float)(p[4 + i] >> 4) + m;
    }
}

static inline uint32_t word_at(bytes p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/// d (f16), 32 fifth bits, 16 bytes as in q4_0: d (q - 16).
static void q5_0(bytes p, float *y) {
    float d = half_at(p);
    uint32_t high = word_at(p + 2);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)((int)((p[6 + i] & 15) | (high >> i & 1) << 4) - 16);
        y[i + 16] = d * (float)((int)(p[6 + i] >> 4 | (high >> (i + 16) & 1) << 4) - 16);
    }
}

/// d, m (f16), 32 fifth bits, 16 bytes as in q4_0: d q + m.
static void q5_1(bytes p, float *y) {
    float d = half_at(p), m = half_at(p + 2);
    uint32_t high = word_at(p + 4);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)((p[8 + i] & 15) | (high >> i & 1) << 4) + m;
        y[i + 16] = d * (float)(p[8 + i] >> 4 | (high >> (i + 16) & 1) << 4) + m;
    }
}

static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// d (f16), 16 bytes as in q4_0, each an index of a table: d table[q].
static void iq4_nl(bytes p, float *y) {
    float d = half_at(p);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)iq4_values[p[2 + i] & 15];
        y[i + 16] = d * (float)iq4_values[p[2 + i] >> 4];
    }
}

/// Twice the values of E2M1.
static const int8_t e2m1_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// An exponent e, 16 bytes as in q4_0: 2^(e - 127) E2M1(q). Source: OCP Microscaling Formats 1.0.
static void mxfp4(bytes p, float *y) {
    // Half of 2^(e - 127), a subnormal at e = 0 and 1.
    float d = qwen_float_from_bits(p[0] < 2 ? 0x00200000u << p[0] : (uint32_t)(p[0] - 1) << 23);
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)e2m1_doubled[p[1 + i] & 15];
        y[i + 16] = d * (float)e2m1_doubled[p[1 + i] >> 4];
    }
}

// ---- 256 elements, scales of scales

/// 16 bytes: scale in the low half, minimum in the high half, for 16 elements each; 64 bytes of four elements each; d, dmin
/// (f16): d scale q - dmin minimum.
static void q2_k(bytes p, float *y) {
    float d = half_at(p + 80), dmin = half_at(p + 82);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, shift = i % 128 / 32 * 2, scale = p[i / 16];
        float q = (float)(p[16 + half * 32 + i % 32] >> shift & 3);
        y[i] = d * (float)(scale & 15) * q - dmin * (float)(scale >> 4);
    }
}

/// Scale s of 16 elements in Q3_K: six bits, less 32. The low four bits lie in bytes 0 … 7, the high two in bytes 8 … 11.
static inline int q3_scale(bytes scales, int s) {
    int low = scales[s % 8] >> (s / 8 * 4) & 15, high = scales[8 + s % 4] >> (s / 4 * 2) & 3;
    return (low | high << 4) - 32;
}

/// 32 bytes of third bits, 64 bytes of four elements each, 12 bytes of scales, d (f16): d scale (q - 4).
static void q3_k(bytes p, float *y) {
    float d = half_at(p + 108);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, shift = i % 128 / 32 * 2;
        int low = p[32 + half * 32 + i % 32] >> shift & 3, high = p[i % 32] >> (i / 32) & 1;
        y[i] = d * (float)q3_scale(p + 96, i / 16) * (float)(low - (high ? 0 : 4));
    }
}

/// Scale and minimum s of 32 elements in Q4_K and Q5_K, six bits each, packed into 12 bytes.
static inline int k_scale(bytes p, int s) { return s < 4 ? p[s] & 63 : (p[s + 4] & 15) | (p[s - 4] >> 6) << 4; }
static inline int k_minimum(bytes p, int s) { return s < 4 ? p[s + 4] & 63 : p[s + 4] >> 4 | (p[s] >> 6) << 4; }

/// d, dmin (f16), 12 bytes of scales and minima, 128 bytes: of each 32 bytes the low halves are 32 elements, the high halves
/// the next 32: d scale q - dmin minimum.
static void q4_k(bytes p, float *y) {
    float d = half_at(p), dmin = half_at(p + 2);
    for (int i = 0; i < 256; i++) {
        int s = i / 32, q = p[16 + i / 64 * 32 + i % 32] >> (s % 2 * 4) & 15;
        y[i] = d * (float)k_scale(p + 4, s) * (float)q - dmin * (float)k_minimum(p + 4, s);
    }
}

/// Like q4_k with 32 bytes of fifth bits before the 128.
static void q5_k(bytes p, float *y) {
    float d = half_at(p), dmin = half_at(p + 2);
    for (int i = 0; i < 256; i++) {
        int s = i / 32, low = p[48 + i / 64 * 32 + i % 32] >> (s % 2 * 4) & 15, high = p[16 + i % 32] >> s & 1;
        y[i] = d * (float)k_scale(p + 4, s) * (float)(low | high << 4) - dmin * (float)k_minimum(p + 4, s);
    }
}

/// 128 bytes of low halves, 64 bytes of upper two bits, 16 × int8 scales for 16 elements each, d (f16): d scale (q - 32).
static void q6_k(bytes p, float *y) {
    float d = half_at(p + 208);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, within = i % 128;
        int low = p[half * 64 + within % 64] >> (within / 64 * 4) & 15;
        int high = p[128 + half * 32 + within % 32] >> (within / 32 * 2) & 3;
        y[i] = d * (float)(int8_t)p[192 + i / 16] * (float)((low | high << 4) - 32);
    }
}

/// d (f16), the upper bits of eight scales (u16), their low halves (4 bytes), 128 bytes in eight groups as in iq4_nl:
/// d (scale - 32) table[q].
static void iq4_xs(bytes p, float *y) {
    float d = half_at(p);
    int high = p[2] | p[3] << 8;
    for (int s = 0; s < 8; s++) {
        int scale = (p[4 + s / 2] >> (s % 2 * 4) & 15) | (high >> (2 * s) & 3) << 4;
        float ds = d * (float)(scale - 32);
        for (int i = 0; i < 16; i++) {
            y[s * 32 + i] = ds * (float)iq4_values[p[8 + s * 16 + i] & 15];
            y[s * 32 + i + 16] = ds * (float)iq4_values[p[8 + s * 16 + i] >> 4];
        }
    }
}

#define ROWS_OF(T, elements, size)                                                                                     \
    static void dequantize_##T(const void *src, float *dst, size_t n) {                                                \
        for (size_t i = 0; i < n / (elements); i++) T((bytes)src + i * (size), dst + i * (elements));                  \
    }

ROWS_OF(q8_0, 32, 34)
ROWS_OF(q4_0, 32, 18)
ROWS_OF(q4_1, 32, 20)
ROWS_OF(q5_0, 32, 22)
ROWS_OF(q5_1, 32, 24)
ROWS_OF(q2_k, 256, 84)
ROWS_OF(q3_k, 256, 110)
ROWS_OF(q4_k, 256, 144)
ROWS_OF(q5_k, 256, 176)
ROWS_OF(q6_k, 256, 210)
ROWS_OF(iq4_nl, 32, 18)
ROWS_OF(iq4_xs, 256, 136)
ROWS_OF(mxfp4, 32, 17)

typedef struct layout {
    size_t elements, size;
    qwen_dequantize dequantize;
} layout;

static const layout layouts[QWEN_BLOCK_COUNT] = {
    [QWEN_BLOCK_Q8_0] = {32, 34, dequantize_q8_0},     [QWEN_BLOCK_Q4_0] = {32, 18, dequantize_q4_0},
    [QWEN_BLOCK_Q4_1] = {32, 20, dequantize_q4_1},     [QWEN_BLOCK_Q5_0] = {32, 22, dequantize_q5_0},
    [QWEN_BLOCK_Q5_1] = {32, 24, dequantize_q5_1},     [QWEN_BLOCK_Q2_K] = {256, 84, dequantize_q2_k},
    [QWEN_BLOCK_Q3_K] = {256, 110, dequantize_q3_k},   [QWEN_BLOCK_Q4_K] = {256, 144, dequantize_q4_k},
    [QWEN_BLOCK_Q5_K] = {256, 176, dequantize_q5_k},   [QWEN_BLOCK_Q6_K] = {256, 210, dequantize_q6_k},
    [QWEN_BLOCK_IQ4_NL] = {32, 18, dequantize_iq4_nl}, [QWEN_BLOCK_IQ4_XS] = {256, 136, dequantize_iq4_xs},
    [QWEN_BLOCK_MXFP4] = {32, 17, dequantize_mxfp4},
};

size_t qwen_block_elements(qwen_block block) { return layouts[block].elements; }
size_t qwen_block_bytes(qwen_block block) { return layouts[block].size; }
qwen_dequantize qwen_dequantize_scalar(qwen_block block) { return layouts[block].dequantize; }

bool qwen_blocks_finite(qwen_block block, const void *src, size_t n) {
    float values[256];
    const layout *l = &layouts[block];
    for (size_t i = 0; i < n / l->elements; i++) {
        l->dequantize((bytes)src + i * l->size, values, l->elements);
        for (size_t j = 0; j < l->elements; j++) {
            if (!isfinite(values[j])) return false;
        }
    }
    return true;
}
