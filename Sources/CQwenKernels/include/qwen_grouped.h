// Quantised matrices as safetensors files hold them: integers whose groups of columns share a scale and an offset, and
// 8-bit floats whose tiles share a scale.
#ifndef QWEN_GROUPED_H
#define QWEN_GROUPED_H

#include <stddef.h>
#include <stdint.h>

/// What turns an integer q of a group into a number.
typedef enum qwen_group_offset {
    QWEN_OFFSET_ZERO_POINT,  // scale (q - zero), the zero points as uint16
    QWEN_OFFSET_BIAS,        // scale q + bias, the biases stored like the scales
} qwen_group_offset;

/// A matrix of integers. A row is a stream of bits, the first column in the lowest bits of the first byte; rows begin at whole
/// bytes. Scales and offsets are [rows, groups].
typedef struct qwen_grouped {
    const uint8_t *codes;
    /// A plain element type (0 f32, 1 f16, 2 bf16).
    int scale_type;
    const void *scales;
    const void *offsets;
    /// The group of each column, or NULL where each `group_size` columns are one.
    const uint32_t *groups_of_columns;
    size_t columns, row_bytes, groups, group_size;
    /// 1 to 8.
    unsigned bits;
    qwen_group_offset offset;
} qwen_grouped;

/// dst[j] = the number in column j of a row, its products and sums rounded one by one.
void qwen_grouped_row(const qwen_grouped *matrix, size_t row, float *dst);

/// A matrix of bytes E4M3 (no infinities) with a scale for each tile of `tile` rows and columns: scales are
/// [ceil(rows / tile), ceil(columns / tile)].
typedef struct qwen_float8 {
    const uint8_t *bytes;
    int scale_type;
    const void *scales;
    size_t columns, tile;
} qwen_float8;

/// dst[j] = E4M3(byte j) times the tile's scale. Source: Micikevicius et al. 2022, FP8 Formats for Deep Learning.
void qwen_float8_row(const qwen_float8 *matrix, size_t row, float *dst);

/// dst[n][k] = src[k][n], in words of 32 bits; dst's rows are `dst_stride` bytes apart.
void qwen_transpose_words(const uint32_t *src, size_t rows, size_t columns, uint8_t *dst, size_t dst_stride);

/// AWQ's packing: nibble i of src[k][c] is row 8c + (0, 2, 4, 6, 1, 3, 5, 7)[i] of dst, column k. src is [columns, rows / 8].
void qwen_repack_awq(const uint32_t *src, size_t columns, size_t rows, uint8_t *dst, size_t dst_stride);

#endif
