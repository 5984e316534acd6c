// From floats to quantised blocks.
#ifndef QWEN_QUANTIZE_H
#define QWEN_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "qwen_blocks.h"

/// Whether qwen_quantize writes a layout: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K.
bool qwen_can_quantize(qwen_block block);

/// Writes n finite floats as blocks; n is a multiple of the block's elements. Nothing happens for a layout that
/// qwen_can_quantize denies.
void qwen_quantize(qwen_block block, const float *src, void *dst, size_t n);

#endif
