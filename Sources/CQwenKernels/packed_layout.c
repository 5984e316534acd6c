// Packing of quantised blocks, and the definition of what a packed group holds. Sources of the blocks' layouts: blocks_scalar.c.
#include "packed_layout.h"

#pragma STDC FP_CONTRACT OFF

int qwen_packed_of_block(qwen_block block) {
    switch (block) {
        case QWEN_BLOCK_Q8_0: return QWEN_PACKED_Q8_0;
        case QWEN_BLOCK_Q4_0: return QWEN_PACKED_Q4_0;
        case QWEN_BLOCK_Q4_K: return QWEN_PACKED_Q4_K;
        case QWEN_BLOCK_Q6_K: return QWEN_PACKED_Q6_K;
        default: return -1;
    }
}

size_t qwen_packed_group_bytes(qwen_packed layout, size_t k) {
    switch (layout) {
        case QWEN_PACKED_Q8_0: return qwen_pair_scales((k / 32 + 1) / 2 * 2, 8);
        case QWEN_PACKED_Q4_0: return qwen_pair_scales((k / 32 + 1) / 2 * 2, 4);
        case QWEN_PACKED_Q4_K: return k / 256 * Q4_K_BYTES;
        case QWEN_PACKED_Q6_K: return qwen_packed_heading(k / 256) + k / 256 * Q6_K_BYTES;
    }
    return 0;
}

static inline uint32_t load4(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline void store4(uint8_t *p, uint32_t value) { memcpy(p, &value, sizeof value); }

/// Bits `shift` … shift + 3 of four bytes, and of the four bytes 16 columns on above them: a word like Q4_0's.
static inline uint32_t halves_of(const uint8_t *p, const uint8_t *upper, int shift) {
    return (load4(p) >> shift & 0x0f0f0f0f) | (load4(upper) >> shift & 0x0f0f0f0f) << 4;
}

static inline int half(const uint8_t *words, size_t row, size_t c) {
    return words[c % 16 / 4 * WORD_BYTES + row * 4 + c % 4] >> (c / 16 * 4) & 15;
}

// Four bytes of a row at a time, and a group's rows side by side: the words are written in order.

static void pack_q8_0(const uint8_t *src, size_t row_bytes, size_t rows, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *words = group + qwen_pair_words(b, 8), *scales = group + qwen_pair_scales(b, 8);
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = src + r * row_bytes + b * 34;
            memcpy(scales + r * 2, from, 2);
            for (size_t c = 0; c < 8; c++) store4(words + c * WORD_BYTES + r * 4, load4(from + 2 + 4 * c) ^ 0x80808080);
        }
    }
}

static void pack_q4_0(const uint8_t *src, size_t row_bytes, size_t rows, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *words = group + qwen_pair_words(b, 4), *scales = group + qwen_pair_scales(b, 4);
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = src + r * row_bytes + b * 18;
            memcpy(scales + r * 2, from, 2);
            // Both pair column c with column c + 16.
            for (size_t c = 0; c < 4; c++) store4(words + c * WORD_BYTES + r * 4, load4(from + 2 + 4 * c));
        }
    }
}

static void pack_q4_k(const uint8_t *src, size_t row_bytes, size_t rows, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++, group += Q4_K_BYTES) {
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = src + r * row_bytes + b * 144, *p = from + 4;
            memcpy(group + r * 2, from, 2);
            memcpy(group + 2 * GROUP + r * 2, from + 2, 2);
            for (size_t s = 0; s < 8; s++) {
                int scale = s < 4 ? p[s] & 63 : (p[s + 4] & 15) | (p[s - 4] >> 6) << 4;
                int minimum = s < 4 ? p[s + 4] & 63 : p[s + 4] >> 4 | (p[s] >> 6) << 4;
                group[Q4_K_SCALES + s * GROUP + r] = (uint8_t)scale;
                group[Q4_K_MINIMA + s * GROUP + r] = (uint8_t)minimum;
                const uint8_t *q = from + 16 + s / 2 * 32;
                uint8_t *words = group + Q4_K_WORDS + s * 4 * WORD_BYTES + r * 4;
                for (size_t c = 0; c < 4; c++) {
                    store4(words + c * WORD_BYTES, halves_of(q + 4 * c, q + 16 + 4 * c, s % 2 * 4));
                }
            }
        }
    }
}

static void pack_q6_k(const uint8_t *src, size_t row_bytes, size_t rows, size_t blocks, uint8_t *group) {
    uint8_t *block = group + qwen_packed_heading(blocks);
    for (size_t b = 0; b < blocks; b++, block += Q6_K_BYTES) {
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = src + r * row_bytes + b * 210;
            memcpy(group + (b * GROUP + r) * 2, from + 208, 2);
            for (size_t s = 0; s < 16; s++) block[s * GROUP + r] = from[192 + s];
            for (size_t s = 0; s < 8; s++) {
                uint8_t *words = block + Q6_K_WORDS + s * 6 * WORD_BYTES + r * 4;
                const uint8_t *low = from + s / 4 * 64 + s % 2 * 32, *high = from + 128 + s / 4 * 32;
                for (size_t c = 0; c < 4; c++) {
                    store4(words + c * WORD_BYTES, halves_of(low + 4 * c, low + 16 + 4 * c, s % 4 / 2 * 4));
                }
                for (size_t part = 0; part < 2; part++) {
                    uint32_t bits = 0;
                    for (size_t c = 0; c < 4; c++) {
                        bits |= (load4(high + 16 * part + 4 * c) >> (s % 4 * 2) & 0x03030303) << (2 * c);
                    }
                    store4(words + (4 + part) * WORD_BYTES, bits);
                }
            }
        }
    }
}

void qwen_pack_group(qwen_packed layout, const void *src, size_t row_bytes, size_t rows, size_t k, void *group) {
    static void (*const pack[QWEN_PACKED_COUNT])(const uint8_t *, size_t, size_t, size_t, uint8_t *) = {
        [QWEN_PACKED_Q8_0] = pack_q8_0,
        [QWEN_PACKED_Q4_0] = pack_q4_0,
        [QWEN_PACKED_Q4_K] = pack_q4_k,
        [QWEN_PACKED_Q6_K] = pack_q6_k,
    };
    size_t blocks = k / (layout == QWEN_PACKED_Q8_0 || layout == QWEN_PACKED_Q4_0 ? 32 : 256);
    // What the rows do not fill: missing rows, half a pair of blocks, the end of a heading.
    if (rows < GROUP || blocks % 2 != 0) memset(group, 0, qwen_packed_group_bytes(layout, k));
    pack[layout](src, row_bytes, rows, blocks, group);
}

/// Whether no half is infinite or NaN. Without a branch in it, so that compilers make vectors of it.
static bool halves_are_finite(const uint8_t *p, size_t count) {
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, p + 2 * i, sizeof half);
        found |= (half & 0x7c00) == 0x7c00;
    }
    return found == 0;
}

bool qwen_packed_finite(qwen_packed layout, const void *packed, size_t k) {
    const uint8_t *group = packed;
    size_t words = layout == QWEN_PACKED_Q8_0 ? 8 : 4;
    bool finite = true;
    switch (layout) {
        case QWEN_PACKED_Q8_0:
        case QWEN_PACKED_Q4_0:
            for (size_t b = 0; b < k / 32; b += 2) finite &= halves_are_finite(group + qwen_pair_scales(b, words), 2 * GROUP);
            break;
        case QWEN_PACKED_Q4_K:
            for (size_t b = 0; b < k / 256; b++) finite &= halves_are_finite(group + b * Q4_K_BYTES, 2 * GROUP);
            break;
        case QWEN_PACKED_Q6_K: finite = halves_are_finite(group, k / 256 * GROUP); break;
    }
    return finite;
}

static inline float half_at(const uint8_t *p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

void qwen_packed_row(qwen_packed layout, const void *packed, size_t row, size_t k, float *dst) {
    const uint8_t *group = packed;
    for (size_t j = 0; j < k; j += 32) {
        size_t b = j / 32, s = b % 8;
        float *y = dst + j;
        switch (layout) {
            case QWEN_PACKED_Q8_0: {
                const uint8_t *words = group + qwen_pair_words(b, 8);
                float d = half_at(group + qwen_pair_scales(b, 8) + row * 2);
                for (size_t c = 0; c < 32; c++) {
                    y[c] = d * (float)(words[c / 4 * WORD_BYTES + row * 4 + c % 4] - 128);
                }
                break;
            }
            case QWEN_PACKED_Q4_0: {
                const uint8_t *words = group + qwen_pair_words(b, 4);
                float d = half_at(group + qwen_pair_scales(b, 4) + row * 2);
                for (size_t c = 0; c < 32; c++) y[c] = d * (float)(half(words, row, c) - 8);
                break;
            }
            case QWEN_PACKED_Q4_K: {
                const uint8_t *block = group + j / 256 * Q4_K_BYTES, *words = block + Q4_K_WORDS + s * 4 * WORD_BYTES;
                float scale = half_at(block + row * 2) * (float)block[Q4_K_SCALES + s * GROUP + row];
                float minimum = half_at(block + 2 * GROUP + row * 2) * (float)block[Q4_K_MINIMA + s * GROUP + row];
                for (size_t c = 0; c < 32; c++) y[c] = scale * (float)half(words, row, c) - minimum;
                break;
            }
            case QWEN_PACKED_Q6_K: {
                const uint8_t *block = group + qwen_packed_heading(k / 256) + j / 256 * Q6_K_BYTES;
                const uint8_t *words = block + Q6_K_WORDS + s * 6 * WORD_BYTES;
                float d = half_at(group + (j / 256 * GROUP + row) * 2);
                for (size_t c = 0; c < 32; c++) {
                    float scale = d * (float)(int8_t)block[(2 * s + c / 16) * GROUP + row];
                    int high = words[(4 + c / 16) * WORD_BYTES + row * 4 + c % 4] >> (c % 16 / 4 * 2) & 3;
                    y[c] = scale * (float)((half(words, row, c) | high << 4) - 32);
                }
                break;
            }
        }
    }
}
