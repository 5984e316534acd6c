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

/// Sets 4 bits of column c (of 32) in words that hold column c in the low halves and c + 16 in the high ones.
static inline void set_half(uint8_t *words, size_t row, size_t c, int value) {
    words[c % 16 / 4 * WORD_BYTES + row * 4 + c % 4] |= (uint8_t)(value << (c / 16 * 4));
}

static inline int half(const uint8_t *words, size_t row, size_t c) {
    return words[c % 16 / 4 * WORD_BYTES + row * 4 + c % 4] >> (c / 16 * 4) & 15;
}

static void pack_q8_0(const uint8_t *src, size_t row, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++, src += 34) {
        uint8_t *words = group + qwen_pair_words(b, 8);
        memcpy(group + qwen_pair_scales(b, 8) + row * 2, src, 2);
        for (size_t c = 0; c < 32; c++) words[c / 4 * WORD_BYTES + row * 4 + c % 4] = src[2 + c] ^ 0x80;
    }
}

static void pack_q4_0(const uint8_t *src, size_t row, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++, src += 18) {
        uint8_t *words = group + qwen_pair_words(b, 4);
        memcpy(group + qwen_pair_scales(b, 4) + row * 2, src, 2);
        // Both pair column c with column c + 16.
        for (size_t c = 0; c < 16; c++) words[c / 4 * WORD_BYTES + row * 4 + c % 4] = src[2 + c];
    }
}

static void pack_q4_k(const uint8_t *src, size_t row, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++, src += 144, group += Q4_K_BYTES) {
        memcpy(group + row * 2, src, 2);
        memcpy(group + 2 * GROUP + row * 2, src + 2, 2);
        const uint8_t *p = src + 4;
        for (size_t s = 0; s < 8; s++) {
            int scale = s < 4 ? p[s] & 63 : (p[s + 4] & 15) | (p[s - 4] >> 6) << 4;
            int minimum = s < 4 ? p[s + 4] & 63 : p[s + 4] >> 4 | (p[s] >> 6) << 4;
            group[Q4_K_SCALES + s * GROUP + row] = (uint8_t)scale;
            group[Q4_K_MINIMA + s * GROUP + row] = (uint8_t)minimum;
            for (size_t c = 0; c < 32; c++) {
                set_half(group + Q4_K_WORDS + s * 4 * WORD_BYTES, row, c, src[16 + s / 2 * 32 + c] >> (s % 2 * 4) & 15);
            }
        }
    }
}

static void pack_q6_k(const uint8_t *src, size_t row, size_t blocks, uint8_t *group) {
    uint8_t *block = group + qwen_packed_heading(blocks);
    for (size_t b = 0; b < blocks; b++, src += 210, block += Q6_K_BYTES) {
        memcpy(group + (b * GROUP + row) * 2, src + 208, 2);
        for (size_t s = 0; s < 16; s++) block[s * GROUP + row] = src[192 + s];
        for (size_t s = 0; s < 8; s++) {
            uint8_t *words = block + Q6_K_WORDS + s * 6 * WORD_BYTES;
            for (size_t c = 0; c < 32; c++) {
                size_t within = s % 4 * 32 + c;
                int low = src[s / 4 * 64 + within % 64] >> (within / 64 * 4) & 15;
                int high = src[128 + s / 4 * 32 + within % 32] >> (within / 32 * 2) & 3;
                set_half(words, row, c, low);
                words[(4 + c / 16) * WORD_BYTES + row * 4 + c % 4] |= (uint8_t)(high << (c % 16 / 4 * 2));
            }
        }
    }
}

void qwen_pack_group(qwen_packed layout, const void *src, size_t row_bytes, size_t rows, size_t k, void *group) {
    static void (*const pack[QWEN_PACKED_COUNT])(const uint8_t *, size_t, size_t, uint8_t *) = {
        [QWEN_PACKED_Q8_0] = pack_q8_0,
        [QWEN_PACKED_Q4_0] = pack_q4_0,
        [QWEN_PACKED_Q4_K] = pack_q4_k,
        [QWEN_PACKED_Q6_K] = pack_q6_k,
    };
    size_t blocks = k / (layout == QWEN_PACKED_Q8_0 || layout == QWEN_PACKED_Q4_0 ? 32 : 256);
    memset(group, 0, qwen_packed_group_bytes(layout, k));
    for (size_t r = 0; r < rows; r++) pack[layout]((const uint8_t *)src + r * row_bytes, r, blocks, group);
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
