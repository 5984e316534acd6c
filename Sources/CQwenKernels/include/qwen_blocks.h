// Quantised blocks as GGUF files hold them: consecutive elements of a row that share scales.
#ifndef QWEN_BLOCKS_H
#define QWEN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The block layouts, by the names of the format's specification.
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, ggml_type.
typedef enum qwen_block {
    QWEN_BLOCK_Q8_0,
    QWEN_BLOCK_Q4_0,
    QWEN_BLOCK_Q4_1,
    QWEN_BLOCK_Q5_0,
    QWEN_BLOCK_Q5_1,
    QWEN_BLOCK_Q2_K,
    QWEN_BLOCK_Q3_K,
    QWEN_BLOCK_Q4_K,
    QWEN_BLOCK_Q5_K,
    QWEN_BLOCK_Q6_K,
    QWEN_BLOCK_IQ4_NL,
    QWEN_BLOCK_IQ4_XS,
    QWEN_BLOCK_MXFP4,
    QWEN_BLOCK_IQ2_XXS,
    QWEN_BLOCK_IQ2_XS,
    QWEN_BLOCK_IQ2_S,
    QWEN_BLOCK_IQ3_XXS,
    QWEN_BLOCK_IQ3_S,
    QWEN_BLOCK_IQ1_S,
    QWEN_BLOCK_IQ1_M,
    QWEN_BLOCK_TQ1_0,
    QWEN_BLOCK_TQ2_0,
} qwen_block;

#define QWEN_BLOCK_COUNT 22

/// The elements of one block: 32 or 256.
size_t qwen_block_elements(qwen_block block);

/// The bytes of one block.
size_t qwen_block_bytes(qwen_block block);

/// dst[i] = the value of element i, for i < n; n is a multiple of the block's elements. The products are rounded one by
/// one, never fused, so that every machine gives the same floats.
typedef void (*qwen_dequantize)(const void *src, float *dst, size_t n);

/// The definition of what a layout's elements are.
qwen_dequantize qwen_dequantize_scalar(qwen_block block);

/// Whether no element of n is NaN or infinite.
bool qwen_blocks_finite(qwen_block block, const void *src, size_t n);

#endif
