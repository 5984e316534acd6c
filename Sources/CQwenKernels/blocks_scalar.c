// The definition of the quantised block layouts, in portable C.
//
// Byte by byte, since blocks have odd sizes and lie unaligned. Sources: the GGUF specification and the layouts that it
// refers to. In the comments d is the block's scale, q an element's stored integer.
#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

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

static ROWS_OF(q8_0, 32, 34)
static ROWS_OF(q4_0, 32, 18)
static ROWS_OF(q4_1, 32, 20)
static ROWS_OF(q5_0, 32, 22)
static ROWS_OF(q5_1, 32, 24)
static ROWS_OF(q2_k, 256, 84)
static ROWS_OF(q3_k, 256, 110)
static ROWS_OF(q4_k, 256, 144)
static ROWS_OF(q5_k, 256, 176)
static ROWS_OF(q6_k, 256, 210)
static ROWS_OF(iq4_nl, 32, 18)
static ROWS_OF(iq4_xs, 256, 136)
static ROWS_OF(mxfp4, 32, 17)

/// A layout, and where its scales lie, which alone can make an element infinite or NaN.
typedef struct layout {
    size_t elements, size;
    qwen_dequantize dequantize;
    /// The offsets of scales (f16); the same one twice where there is one; negative where scales are no f16 in one place.
    int scale, minimum;
} layout;

#define LAYOUT(T, elements, size, scale, minimum) {elements, size, qwen_dequantize_##T, scale, minimum}

static const layout layouts[QWEN_BLOCK_COUNT] = {
    [QWEN_BLOCK_Q8_0] = LAYOUT(q8_0, 32, 34, 0, 0),
    [QWEN_BLOCK_Q4_0] = LAYOUT(q4_0, 32, 18, 0, 0),
    [QWEN_BLOCK_Q4_1] = LAYOUT(q4_1, 32, 20, 0, 2),
    [QWEN_BLOCK_Q5_0] = LAYOUT(q5_0, 32, 22, 0, 0),
    [QWEN_BLOCK_Q5_1] = LAYOUT(q5_1, 32, 24, 0, 2),
    [QWEN_BLOCK_Q2_K] = LAYOUT(q2_k, 256, 84, 80, 82),
    [QWEN_BLOCK_Q3_K] = LAYOUT(q3_k, 256, 110, 108, 108),
    [QWEN_BLOCK_Q4_K] = LAYOUT(q4_k, 256, 144, 0, 2),
    [QWEN_BLOCK_Q5_K] = LAYOUT(q5_k, 256, 176, 0, 2),
    [QWEN_BLOCK_Q6_K] = LAYOUT(q6_k, 256, 210, 208, 208),
    [QWEN_BLOCK_IQ4_NL] = LAYOUT(iq4_nl, 32, 18, 0, 0),
    [QWEN_BLOCK_IQ4_XS] = LAYOUT(iq4_xs, 256, 136, 0, 0),
    [QWEN_BLOCK_MXFP4] = LAYOUT(mxfp4, 32, 17, -1, -1),
    [QWEN_BLOCK_IQ2_XXS] = LAYOUT(iq2_xxs, 256, 66, 0, 0),
    [QWEN_BLOCK_IQ2_XS] = LAYOUT(iq2_xs, 256, 74, 0, 0),
    [QWEN_BLOCK_IQ2_S] = LAYOUT(iq2_s, 256, 82, 0, 0),
    [QWEN_BLOCK_IQ3_XXS] = LAYOUT(iq3_xxs, 256, 98, 0, 0),
    [QWEN_BLOCK_IQ3_S] = LAYOUT(iq3_s, 256, 110, 0, 0),
    [QWEN_BLOCK_IQ1_S] = LAYOUT(iq1_s, 256, 50, 0, 0),
    [QWEN_BLOCK_IQ1_M] = LAYOUT(iq1_m, 256, 56, -1, -1),
    [QWEN_BLOCK_TQ1_0] = LAYOUT(tq1_0, 256, 54, 52, 52),
    [QWEN_BLOCK_TQ2_0] = LAYOUT(tq2_0, 256, 66, 64, 64),
};

size_t qwen_block_elements(qwen_block block) { return layouts[block].elements; }
size_t qwen_block_bytes(qwen_block block) { return layouts[block].size; }
qwen_dequantize qwen_dequantize_scalar(qwen_block block) { return layouts[block].dequantize; }

static inline bool half_is_finite(bytes p) { return (p[1] & 0x7c) != 0x7c; }

static bool elements_are_finite(const layout *l, bytes p) {
    float values[256];
    l->dequantize(p, values, l->elements);
    for (size_t j = 0; j < l->elements; j++) {
        if (!isfinite(values[j])) return false;
    }
    return true;
}

bool qwen_blocks_finite(qwen_block block, const void *src, size_t n) {
    const layout *l = &layouts[block];
    for (size_t i = 0; i < n / l->elements; i++) {
        bytes p = (bytes)src + i * l->size;
        // A finite half is at most 65,504, and no layout multiplies it with more than 2^14: far from overflowing.
        bool finite = l->scale < 0 ? elements_are_finite(l, p) : half_is_finite(p + l->scale) && half_is_finite(p + l->minimum);
        if (!finite) return false;
    }
    return true;
}
