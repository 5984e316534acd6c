// The system's matrix product on Apple's platforms.
#ifndef QWEN_ACCELERATE_H
#define QWEN_ACCELERATE_H

#include <stddef.h>

#if defined(__APPLE__)
/// y = x wᵀ: x [m, k], w [n, k], y [m, n], rows ldx, ldw and ldy floats apart.
void qwen_accelerate_sgemm(size_t m, size_t n, size_t k, const float *_Nonnull x, size_t ldx, const float *_Nonnull w,
                           size_t ldw, float *_Nonnull y, size_t ldy);
#endif

#endif
