// The definition of the block layouts below three bits: most choose eight or four elements at once from a codebook.
//
// Source: the GGUF specification and the layouts that it refers to. All have 256 elements; d is the block's scale.
#include "blocks.h"
#include "codebooks.h"

#pragma STDC FP_CONTRACT OFF

static const float values_2_bits[4] = {8, 25, 43, 0};
static const float values_3_bits[8] = {4, 12, 20, 28, 36, 44, 52, 62};

static inline unsigned u16_at(bytes p) { return (unsigned)p[0] | (unsigned)p[1] << 8; }

/// The eighth sign of a group, which is not stored: the number of minus signs is even.
static inline unsigned eight_signs(unsigned seven) { return seven | (unsigned)(__builtin_popcount(seven) & 1) << 7; }

/// scale × value × sign for the eight elements of an entry.
static inline void eight(uint16_t entry, unsigned signs, float scale, float *y) {
    for (int i = 0; i < 8; i++) {
        float value = scale * values_2_bits[entry >> (2 * i) & 3];
        y[i] = signs >> i & 1 ? -value : value;
    }
}

/// For each 32 elements four indices of a byte, and a word: four times seven signs, a scale s: d (s + ½) / 4.
static void iq2_xxs(bytes p, float *y) {
    float d = half_at(p);
    for (int s = 0; s < 8; s++) {
        bytes indices = p + 2 + 8 * s;
        uint32_t word = word_at(indices + 4);
        float scale = d * (0.5f + (float)(word >> 28)) * 0.25f;
        for (int g = 0; g < 4; g++) {
            eight(codebook_iq2_xxs[indices[g]], eight_signs(word >> (7 * g) & 127), scale, y + 32 * s + 8 * g);
        }
    }
}

/// 32 times an index of nine bits and seven signs (u16), a scale s for each 16 elements in half a byte: d (s + ½) / 4.
static void iq2_xs(bytes p, float *y) {
    float d = half_at(p);
    for (int g = 0; g < 32; g++) {
        unsigned code = u16_at(p + 2 + 2 * g), s = p[66 + g / 4] >> (g / 2 % 2 * 4) & 15u;
        eight(codebook_iq2_xs[code & 511], eight_signs(code >> 9), d * (0.5f + (float)s) * 0.25f, y + 8 * g);
    }
}

/// 32 low bytes of indices, 32 bytes of signs, 8 bytes of the indices' upper two bits, scales as in iq2_xs.
static void iq2_s(bytes p, float *y) {
    float d = half_at(p);
    for (int g = 0; g < 32; g++) {
        unsigned index = p[2 + g] | (p[66 + g / 4] >> (g % 4 * 2) & 3u) << 8;
        unsigned s = p[74 + g / 4] >> (g / 2 % 2 * 4) & 15u;
        eight(codebook_iq2_s[index], p[34 + g], d * (0.5f + (float)s) * 0.25f, y + 8 * g);
    }
}

/// 64 indices of a byte, for four elements each; for each 32 elements a word as in iq2_xxs: d (s + ½) / 2.
static void iq3_xxs(bytes p, float *y) {
    float d = half_at(p);
    for (int i = 0; i < 256; i++) {
        uint32_t word = word_at(p + 66 + i / 32 * 4);
        float scale = d * (0.5f + (float)(word >> 28)) * 0.5f;
        float value = scale * values_3_bits[codebook_iq3_xxs[p[2 + i / 4]] >> (i % 4 * 4) & 15];
        y[i] = eight_signs(word >> (i % 32 / 8 * 7) & 127) >> (i % 8) & 1 ? -value : value;
    }
}

/// 64 low bytes of indices, 8 bytes of their ninth bits, 32 bytes of signs, a scale s for each 32 elements in half a byte:
/// d (1 + 2 s).
static void iq3_s(bytes p, float *y) {
    float d = half_at(p);
    for (int i = 0; i < 256; i++) {
        int g = i / 4;
        unsigned index = p[2 + g] | (p[66 + g / 8] >> (g % 8) & 1u) << 8;
        unsigned s = p[106 + i / 64] >> (i / 32 % 2 * 4) & 15u;
        float value = d * (float)(1 + 2 * s) * (float)(1 + 2 * (codebook_iq3_s[index] >> (i % 4 * 4) & 15));
        y[i] = p[74 + i / 8] >> (i % 8) & 1 ? -value : value;
    }
}

/// scale × (value + delta) for the eight elements of an entry, whose values are -1, 0 and 1.
static inline void eight_shifted(uint16_t entry, float scale, float delta, float *y) {
    for (int i = 0; i < 8; i++) y[i] = scale * ((float)((entry >> (2 * i) & 3) - 1) + delta);
}

/// 32 low bytes of indices; for each 32 elements four times three upper bits, a scale s of three bits and the sign of the
/// shift (u16): d (2 s + 1).
static void iq1_s(bytes p, float *y) {
    float d = half_at(p);
    for (int g = 0; g < 32; g++) {
        unsigned high = u16_at(p + 34 + g / 4 * 2);
        unsigned index = p[2 + g] | (high >> (g % 4 * 3) & 7) << 8;
        eight_shifted(codebook_iq1[index], d * (float)(2 * (high >> 12 & 7) + 1), high & 0x8000 ? -0.125f : 0.125f, y + 8 * g);
    }
}

/// 32 low bytes of indices, 16 bytes of their upper three bits and the sign of the shift, four words of four scales of three
/// bits for 16 elements each; the words' upper four bits are d.
static void iq1_m(bytes p, float *y) {
    bytes words = p + 48;
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) bits |= (u16_at(words + 2 * i) >> 12) << (4 * i);
    float d = qwen_float_from_f16((uint16_t)bits);
    for (int g = 0; g < 32; g++) {
        unsigned high = p[32 + g / 2] >> (g % 2 * 4) & 15u;
        unsigned s = u16_at(words + g / 8 * 2) >> (g / 2 % 4 * 3) & 7;
        float delta = high & 8 ? -0.125f : 0.125f;
        eight_shifted(codebook_iq1[p[g] | (high & 7) << 8], d * (float)(2 * s + 1), delta, y + 8 * g);
    }
}

/// Digit n of the base-3 fraction that a byte holds: 0, 1 or 2.
static inline int ternary_digit(uint8_t byte, int n) {
    static const uint8_t powers[5] = {1, 3, 9, 27, 81};
    return (uint8_t)(byte * powers[n]) * 3 >> 8;
}

/// 48 bytes of five elements (32 bytes are the first 160, 16 the next 80) and 4 bytes of four, d: d (q - 1).
static void tq1_0(bytes p, float *y) {
    float d = half_at(p + 52);
    for (int i = 0; i < 256; i++) {
        int q = i < 160   ? ternary_digit(p[i % 32], i / 32)
                : i < 240 ? ternary_digit(p[32 + (i - 160) % 16], (i - 160) / 16)
                          : ternary_digit(p[48 + (i - 240) % 4], (i - 240) / 4);
        y[i] = d * (float)(q - 1);
    }
}

/// 64 bytes of four elements, d: d (q - 1).
static void tq2_0(bytes p, float *y) {
    float d = half_at(p + 64);
    for (int i = 0; i < 256; i++) {
        int q = p[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
        y[i] = d * (float)(q - 1);
    }
}

ROWS_OF(iq2_xxs, 256, 66)
ROWS_OF(iq2_xs, 256, 74)
ROWS_OF(iq2_s, 256, 82)
ROWS_OF(iq3_xxs, 256, 98)
ROWS_OF(iq3_s, 256, 110)
ROWS_OF(iq1_s, 256, 50)
ROWS_OF(iq1_m, 256, 56)
ROWS_OF(tq1_0, 256, 54)
ROWS_OF(tq2_0, 256, 66)
