// What the tests of the kernels in C share: random numbers, memory that ends where it may be read, and comparisons.
#ifndef CHECK_H
#define CHECK_H

#include <CQwenKernels.h>

/// A number that looks random, of 32 bits; the same ones in every run.
uint32_t random_bits(void);

/// Less than n.
static inline size_t random_below(size_t n) { return random_bits() % n; }

/// In [-1, 1).
static inline float random_float(void) { return (float)(int32_t)random_bits() * 0x1p-31f; }

/// Memory that ends with a page that nobody may touch; never freed before `release_all`. Aligned like its size.
void *allocate(size_t bytes);
float *random_floats(size_t n);
void release_all(void);

/// Counts a failure and says where, for the first ones.
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern size_t failures;

/// Whether two numbers have the same bits or are both NaN.
bool same_float(float a, float b);

void check_packed(const qwen_kernels *kernels, const qwen_kernels *twin);
void check_floats(const qwen_kernels *kernels, const qwen_kernels *twin);
void check_attention(const qwen_kernels *kernels, const qwen_kernels *twin);
void check_bf16(const qwen_kernels *kernels, const qwen_kernels *twin);

#endif
