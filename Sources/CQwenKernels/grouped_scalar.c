// The definition of grouped integers and tiled 8-bit floats, in portable C.
#include "levels.h"

#pragma STDC FP_CONTRACT OFF

static inline float scale_at(const void *scales, int type, size_t i) {
    switch (type) {
    case QWEN_TYPE_F16: return qwen_load_f16(scales, i);
    case QWEN_TYPE_BF16: return qwen_load_bf16(scales, i);
    default: return qwen_load_f32(scales, i);
    }
}

static inline unsigned code_at(const uint8_t *row, size_t row_bytes, size_t column, unsigned bits) {
    size_t bit = column * bits, byte = bit / 8;
    unsigned pair = row[byte] | (byte + 1 < row_bytes ? (unsigned)row[byte + 1] << 8 : 0);
    return pair >> bit % 8 & ((1u << bits) - 1);
}

void qwen_grouped_row(const qwen_grouped *m, size_t row, float *dst) {
    const uint8_t *codes = m->codes + row * m->row_bytes;
    for (size_t j = 0; j < m->columns; j++) {
        size_t group = m->groups_of_columns != NULL ? m->groups_of_columns[j] : j / m->group_size;
        size_t at = row * m->groups + group;
        float scale = scale_at(m->scales, m->scale_type, at);
        int q = (int)code_at(codes, m->row_bytes, j, m->bits);
        if (m->offset == QWEN_OFFSET_ZERO_POINT) {
            dst[j] = scale * (float)(q - ((const uint16_t *)m->offsets)[at]);
        } else {
            dst[j] = scale * (float)q + scale_at(m->offsets, m->scale_type, at);
        }
    }
}

/// E4M3 without infinities: bias 7, subnormals, NaN where all bits but the sign are set.
static inline float float_from_e4m3(uint8_t byte) {
    unsigned exponent = byte >> 3 & 15, fraction = byte & 7;
    float magnitude;
    if (exponent == 15 && fraction == 7) {
        magnitude = NAN;
    } else if (exponent == 0) {
        magnitude = (float)fraction * 0x1p-9f;
    } else {
        magnitude = qwen_float_from_bits((uint32_t)(exponent + 120) << 23 | (uint32_t)fraction << 20);
    }
    return byte & 0x80 ? -magnitude : magnitude;
}

void qwen_float8_row(const qwen_float8 *m, size_t row, float *dst) {
    const uint8_t *bytes = m->bytes + row * m->columns;
    size_t tiles = (m->columns + m->tile - 1) / m->tile;
    for (size_t j = 0; j < m->columns; j++) {
        dst[j] = float_from_e4m3(bytes[j]) * scale_at(m->scales, m->scale_type, row / m->tile * tiles + j / m->tile);
    }
}

void qwen_transpose_words(const uint32_t *src, size_t rows, size_t columns, uint8_t *dst, size_t dst_stride) {
    enum { side = 16 };  // a line of the cache in both directions
    for (size_t r0 = 0; r0 < rows; r0 += side) {
        size_t r1 = r0 + side < rows ? r0 + side : rows;
        for (size_t c0 = 0; c0 < columns; c0 += side) {
            size_t c1 = c0 + side < columns ? c0 + side : columns;
            for (size_t c = c0; c < c1; c++) {
                for (size_t r = r0; r < r1; r++) memcpy(dst + c * dst_stride + 4 * r, &src[r * columns + c], 4);
            }
        }
    }
}

void qwen_repack_awq(const uint32_t *src, size_t columns, size_t rows, uint8_t *dst, size_t dst_stride) {
    static const unsigned order[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    size_t words = rows / 8;
    for (size_t k = 0; k + 1 < columns; k += 2) {
        for (size_t c = 0; c < words; c++) {
            uint32_t first = src[k * words + c], second = src[(k + 1) * words + c];
            for (unsigned i = 0; i < 8; i++) {
                dst[(8 * c + order[i]) * dst_stride + k / 2] =
                    (uint8_t)((first >> 4 * i & 15) | (second >> 4 * i & 15) << 4);
            }
        }
    }
}
