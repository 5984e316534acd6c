// The kernels of swift-qwen: plain functions over pointers and sizes.
//
// Every kernel exists once as portable C (scalar.c, which *defines* what it computes) and again for the instruction
// sets that are worth it. A table of function pointers holds the best set this process may use; it is chosen once,
// from CPUID and XGETBV on x86 and by what the operating system tells on arm64. Nothing here allocates, locks or fails:
// sizes and pointers are the caller's promise, checked one layer up (QwenTensor).
#ifndef CQWENKERNELS_H
#define CQWENKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qwen_accelerate.h"
#include "qwen_blocks.h"
#include "qwen_grouped.h"
#include "qwen_machine.h"
#include "qwen_packed.h"
#include "qwen_paged_head.h"
#include "qwen_pool.h"
#include "qwen_q8_cache.h"
#include "qwen_quantize.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nullable
#endif

/// How the elements of weights and caches are stored.
typedef enum qwen_type {
    QWEN_TYPE_F32 = 0,
    QWEN_TYPE_F16 = 1,
    QWEN_TYPE_BF16 = 2,
} qwen_type;

#define QWEN_TYPE_COUNT 3

/// The instruction sets that have kernels of their own.
typedef enum qwen_level {
    QWEN_LEVEL_SCALAR = 0,
    QWEN_LEVEL_AVX2 = 1,    // AVX2, FMA, F16C
    QWEN_LEVEL_AVX512 = 2,  // AVX-512 F, BW, VL, DQ
    QWEN_LEVEL_NEON = 3,    // arm64's baseline
    QWEN_LEVEL_DOTPROD = 4, // NEON with FEAT_DotProd
    QWEN_LEVEL_I8MM = 5,    // and with FEAT_I8MM
} qwen_level;

#define QWEN_LEVEL_COUNT 6

/// The kernels that depend on how elements are stored. All sizes count elements unless the name says bytes.
typedef struct qwen_type_kernels {
    /// y[r] = sum over j < k of x[j] * w[r][j], for r < rows. Row r of w starts `r * row_bytes` bytes after `w`.
    /// Reads memory as fast as anything can: the kernel of decoding.
    void (*multiply_vector)(const void *w, size_t row_bytes, size_t rows, size_t k, const float *x, float *y);

    /// y[i * ldy + r] = sum over j < k of x[i * ldx + j] * w[r][j], for i < m and r < rows.
    /// Reads w once for every four rows of x, with AVX2 for every eight; a caller that hands over as much of w as the
    /// second-level cache holds reads it from memory once in all. A multiple of 48 rows is best.
    void (*matmul_rows)(const void *w, size_t row_bytes, size_t rows, size_t k, const float *x, size_t ldx, size_t m,
                        float *y, size_t ldy);

    /// dst[i] = src[i]; exact. A signalling f16 NaN becomes quiet, as the hardware does it.
    void (*to_f32)(const void *src, float *dst, size_t n);

    /// dst[i] = src[i] rounded to nearest, ties to even; overflow gives infinity, NaN stays NaN (quiet).
    void (*from_f32)(const float *src, void *dst, size_t n);

    /// Whether no element is NaN or infinite.
    bool (*all_finite)(const void *src, size_t n);

    /// Attention of the `group` query heads that share one key-value head, at one position, over the cached positions
    /// first ..< first + count: softmax(scale * q·k) · v, left unnormalised so that parts of the cache can be merged.
    /// q: [group, head_dim].
    /// partial: [group] maxima, then [group] sums, then [group, head_dim] weighted values. With count = 0 the
    /// maxima are -infinity and the rest zero.
    void (*attention_partial)(const float *q, size_t group, size_t head_dim, const qwen_paged_head *cache, size_t first,
                              size_t count, float scale, float *partial);

    /// Causal attention of `rows` consecutive positions, the first of which is position `start` of the cache, for
    /// the `group` query heads that share one key-value head: row i sees the cached positions 0 … start + i.
    /// Row i of q holds group * head_dim floats from q + i * q_stride on, and so does row i of out. out may be q itself, with
    /// the same stride: nothing of q is read once its place in out is written.
    /// scratch: qwen_attention_scratch(head_dim) floats, 64-byte aligned.
    void (*attention_rows)(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim, size_t start,
                           const qwen_paged_head *cache, float scale, float *out, size_t out_stride, float *scratch);
} qwen_type_kernels;

/// One instruction set's kernels.
typedef struct qwen_kernels {
    qwen_level level;
    const char *name;

    /// Indexed by qwen_type.
    qwen_type_kernels types[QWEN_TYPE_COUNT];

    /// y[i] = weight[i] * x[i] / sqrt(mean of x² + epsilon). y may be x.
    void (*rms_norm)(const float *x, const float *weight, float epsilon, size_t n, float *y);

    /// The sum of the squares of x.
    float (*sum_of_squares)(const float *x, size_t n);

    /// The rotary embedding in NeoX's half-split form, in place, on `heads` vectors of `dim` floats that lie `stride`
    /// floats apart: for i < dim / 2, (a, b) = (x[i], x[i + dim / 2]) becomes
    /// (a cos[i] - b sin[i], b cos[i] + a sin[i]).
    void (*rotary)(float *x, size_t heads, size_t stride, size_t dim, const float *cosines, const float *sines);

    /// y[i] = gate[i] / (1 + exp(-gate[i])) * up[i]. y may be gate or up.
    void (*silu_multiply)(const float *gate, const float *up, float *y, size_t n);

    /// y[i] += x[i].
    void (*add)(const float *x, float *y, size_t n);

    /// y[i] += a * x[i].
    void (*add_scaled)(float a, const float *x, float *y, size_t n);

    /// x[i] *= a.
    void (*scale)(float a, float *x, size_t n);

    /// x becomes softmax(x), in place; -infinity gives 0. If every x is -infinity, every x becomes 0.
    void (*softmax)(float *x, size_t n);

    /// The largest element; -infinity when n is 0. NaN is passed over.
    float (*maximum)(const float *x, size_t n);

    /// The index of the largest element, the first one on a tie; 0 when n is 0. NaN is passed over.
    size_t (*index_of_maximum)(const float *x, size_t n);

    /// log(sum of exp(x[i])), summed in double; -infinity when n is 0 or all are -infinity.
    double (*log_sum_exp)(const float *x, size_t n);

    /// Joins `parts` results of attention_partial, each `stride` floats after the one before:
    /// out[h * out_stride + i], for h < group and i < head_dim. All zero if no part saw a position.
    void (*attention_merge)(const float *partials, size_t stride, size_t parts, size_t group, size_t head_dim,
                            float *out, size_t out_stride);

    /// Keys and values as 8-bit integers.
    qwen_q8_cache_kernels q8_cache;

    /// y[i * ldy + r] = sum over j < k of x[i * ldx + j] * w[r][j], both BF16, summed in float in any order. Row r of w starts
    /// `r * row_bytes` bytes after w. Levels with an instruction for it may take subnormal numbers for zero.
    void (*multiply_bf16)(const void *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, size_t m,
                          float *y, size_t ldy);

    /// Whether multiply_bf16 is faster than matmul_rows.
    bool has_fast_bf16;

    /// Products with packed matrices.
    qwen_packed_kernels packed;

    /// qwen_pack_group.
    void (*pack_group)(qwen_packed layout, const void *src, size_t row_bytes, size_t rows, size_t k, void *group);
} qwen_kernels;

/// The best kernels that this process may use. QWEN_KERNELS=scalar, avx2, avx512, neon, dotprod or i8mm in the
/// environment asks for less; a name that this machine cannot run is ignored. The answer never changes during a process.
const qwen_kernels *qwen_kernels_get(void);

/// One level's kernels, or NULL if this machine cannot run them. A level takes what it lacks from scalar.
const qwen_kernels *_Nullable qwen_kernels_at_level(qwen_level level);

/// Head dimensions that the attention kernels accept: multiples of 8 up to this.
#define QWEN_MAX_HEAD_DIM 256

/// The floats that attention_rows needs as scratch.
static inline size_t qwen_attention_scratch(size_t head_dim) {
    return (head_dim + 15) / 16 * 16 * 4 * 64 + 64 * 64 + 2 * 64;
}

/// The floats of one result of attention_partial.
static inline size_t qwen_attention_partial_size(size_t group, size_t head_dim) { return group * (head_dim + 2); }

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
