// The kernels in terms of one vector type. avx2.c, avx512.c and neon.c each define that type and include this file:
//
//   TARGET              the function attribute that permits the instructions
//   vf, LANES           a vector of LANES floats
//   MICRO_VECTORS       vectors side by side in the attention micro-kernels (6 * MICRO_VECTORS accumulators)
//   v_zero v_set v_load v_store v_load_first v_store_first
//   v_add v_sub v_mul v_div v_max v_fma (a * b + c) v_fnma (c - a * b) v_sum v_sum4 v_largest
//   v_round v_power_of_two v_zero_below
//   v_load_T v_load_first_T v_store_T v_store_first_T for T = f16, bf16
//
// "First" forms touch only the first n < LANES elements; the loads fill up with zeros.
// This is a template, included once per file: everything in it is static.

#define INLINE TARGET static inline __attribute__((always_inline))

INLINE vf v_load_f32(const void *p) { return v_load(p); }
INLINE vf v_load_first_f32(const void *p, size_t n) { return v_load_first(p, n); }
INLINE void v_store_f32(void *p, vf v) { v_store(p, v); }
INLINE void v_store_first_f32(void *p, vf v, size_t n) { v_store_first(p, v, n); }

#define SIZE_f32 4
#define SIZE_f16 2
#define SIZE_bf16 2

// MARK: Elements

#define CONVERSIONS(T)                                                                                                 \
    TARGET static void to_f32_##T(const void *src, float *dst, size_t n) {                                             \
        const char *p = src;                                                                                           \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= n; i += LANES) v_store(dst + i, v_load_##T(p + i * SIZE_##T));                             \
        if (i < n) v_store_first(dst + i, v_load_first_##T(p + i * SIZE_##T, n - i), n - i);                           \
    }                                                                                                                  \
    TARGET static void from_f32_##T(const float *src, void *dst, size_t n) {                                           \
        char *p = dst;                                                                                                 \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= n; i += LANES) v_store_##T(p + i * SIZE_##T, v_load(src + i));                             \
        if (i < n) v_store_first_##T(p + i * SIZE_##T, v_load_first(src + i, n - i), n - i);                           \
    }

CONVERSIONS(f32)
CONVERSIONS(f16)
CONVERSIONS(bf16)

/// Exponents of all ones, looked for in blocks whose loop the compiler turns into vectors.
#define ALL_FINITE(T, WORD, EXPONENT)                                                                                  \
    TARGET static bool all_finite_##T(const void *src, size_t n) {                                                     \
        const WORD *x = src;                                                                                           \
        for (size_t i = 0; i < n;) {                                                                                   \
            size_t end = n - i > 4096 ? i + 4096 : n;                                                                  \
            WORD bad = 0;                                                                                              \
            for (; i < end; i++) bad |= (WORD)((x[i] & EXPONENT) == EXPONENT);                                         \
            if (bad) return false;                                                                                     \
        }                                                                                                              \
        return true;                                                                                                   \
    }

ALL_FINITE(f32, uint32_t, 0x7f800000)
ALL_FINITE(f16, uint16_t, 0x7c00)
ALL_FINITE(bf16, uint16_t, 0x7f80)

// MARK: Vectors

/// exp(x) within 1e-7 of its value for x in [-87.3, 88]; 0 below, exp(88) above; NaN stays NaN.
/// Source: the polynomial of S. L. Moshier's Cephes library (expf).
INLINE vf v_exp(vf argument) {
    // v_max(a, b) is b when either is NaN. The upper limit keeps 2^n within the exponents of float.
    vf x = v_sub(v_zero(), v_max(v_set(-88), v_sub(v_zero(), argument)));
    x = v_max(v_set(-87.3f), x);
    vf n = v_round(v_mul(x, v_set(1.44269504088896341f)));
    vf r = v_fnma(n, v_set(-2.12194440e-4f), v_fnma(n, v_set(0.693359375f), x));
    vf p = v_fma(v_set(1.9875691500e-4f), r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    vf y = v_add(v_fma(p, v_mul(r, r), r), v_set(1));
    return v_zero_below(v_mul(y, v_power_of_two(n)), argument, v_set(-87.3f));
}

TARGET static float sum_of_squares(const float *x, size_t n) {
    vf a = v_zero(), b = v_zero(), c = v_zero(), d = v_zero();
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        vf x0 = v_load(x + i), x1 = v_load(x + i + LANES);
        vf x2 = v_load(x + i + 2 * LANES), x3 = v_load(x + i + 3 * LANES);
        a = v_fma(x0, x0, a);
        b = v_fma(x1, x1, b);
        c = v_fma(x2, x2, c);
        d = v_fma(x3, x3, d);
    }
    for (; i < n; i += LANES) {
        vf x0 = i + LANES <= n ? v_load(x + i) : v_load_first(x + i, n - i);
        a = v_fma(x0, x0, a);
    }
    return v_sum(v_add(v_add(a, b), v_add(c, d)));
}

/// y = F(operands) for whole vectors and the rest.
#define ELEMENTWISE(n, y, LOADS_WHOLE, LOADS_FIRST, F)                                                                 \
    size_t i = 0;                                                                                                      \
    for (; i + LANES <= n; i += LANES) {                                                                               \
        LOADS_WHOLE;                                                                                                   \
        v_store(y + i, F);                                                                                             \
    }                                                                                                                  \
    if (i < n) {                                                                                                       \
        size_t rest = n - i;                                                                                           \
        LOADS_FIRST;                                                                                                   \
        v_store_first(y + i, F, rest);                                                                                 \
    }

TARGET static void rms_norm(const float *x, const float *weight, float epsilon, size_t n, float *y) {
    vf factor = v_set(1 / sqrtf(sum_of_squares(x, n) / (float)n + epsilon));
    ELEMENTWISE(n, y, vf a = v_load(x + i); vf w = v_load(weight + i), vf a = v_load_first(x + i, rest);
                vf w = v_load_first(weight + i, rest), v_mul(w, v_mul(a, factor)))
}

TARGET static void rotary(float *x, size_t heads, size_t stride, size_t dim, const float *cosines, const float *sines) {
    size_t half = dim / 2;
    for (size_t h = 0; h < heads; h++) {
        float *first = x + h * stride, *second = first + half;
        size_t i = 0;
        for (; i + LANES <= half; i += LANES) {
            vf a = v_load(first + i), b = v_load(second + i), c = v_load(cosines + i), s = v_load(sines + i);
            v_store(first + i, v_fnma(b, s, v_mul(a, c)));
            v_store(second + i, v_fma(a, s, v_mul(b, c)));
        }
        for (; i < half; i++) {
            float a = first[i], b = second[i];
            first[i] = a * cosines[i] - b * sines[i];
            second[i] = b * cosines[i] + a * sines[i];
        }
    }
}

INLINE vf silu(vf gate) {
    vf one = v_set(1);
    return v_div(gate, v_add(one, v_exp(v_sub(v_zero(), gate))));
}

TARGET static void silu_multiply(const float *gate, const float *up, float *y, size_t n) {
    ELEMENTWISE(n, y, vf g = v_load(gate + i); vf u = v_load(up + i), vf g = v_load_first(gate + i, rest);
                vf u = v_load_first(up + i, rest), v_mul(silu(g), u))
}

TARGET static void add(const float *x, float *y, size_t n) {
    ELEMENTWISE(n, y, vf a = v_load(x + i); vf b = v_load(y + i), vf a = v_load_first(x + i, rest);
                vf b = v_load_first(y + i, rest), v_add(a, b))
}

TARGET static void add_scaled(float factor, const float *x, float *y, size_t n) {
    vf f = v_set(factor);
    ELEMENTWISE(n, y, vf a = v_load(x + i); vf b = v_load(y + i), vf a = v_load_first(x + i, rest);
                vf b = v_load_first(y + i, rest), v_fma(f, a, b))
}

TARGET static void scale(float factor, float *x, size_t n) {
    vf f = v_set(factor);
    ELEMENTWISE(n, x, vf a = v_load(x + i), vf a = v_load_first(x + i, rest), v_mul(f, a))
}

TARGET static float maximum(const float *x, size_t n) {
    // v_max(a, b) is b when a is NaN, so the candidate comes first and the best so far stays.
    vf a = v_set(-INFINITY), b = a, c = a, d = a;
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        a = v_max(v_load(x + i), a);
        b = v_max(v_load(x + i + LANES), b);
        c = v_max(v_load(x + i + 2 * LANES), c);
        d = v_max(v_load(x + i + 3 * LANES), d);
    }
    for (; i + LANES <= n; i += LANES) a = v_max(v_load(x + i), a);
    float best = v_largest(v_max(v_max(a, b), v_max(c, d)));
    for (; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}

TARGET static size_t index_of_maximum(const float *x, size_t n) {
    float best = maximum(x, n);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {  // blocks without a branch per element
        uint32_t found = 0;
        for (size_t j = 0; j < 64; j++) found |= x[i + j] == best;
        if (found) break;
    }
    for (; i < n; i++) {
        if (x[i] == best) return i;
    }
    return 0;
}

/// x[i] = exp(x[i] - top); returns the sum.
INLINE float exponentials(float *x, size_t n, float top) {
    vf t = v_set(top), sum = v_zero();
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf e = v_exp(v_sub(v_load(x + i), t));
        v_store(x + i, e);
        sum = v_add(sum, e);
    }
    float total = v_sum(sum);
    if (i < n) {
        float rest[LANES] = {0};
        v_store(rest, v_exp(v_sub(v_load_first(x + i, n - i), t)));
        for (size_t j = 0; j < n - i; j++) {
            x[i + j] = rest[j];
            total += rest[j];
        }
    }
    return total;
}

TARGET static void softmax(float *x, size_t n) {
    float top = maximum(x, n);
    if (top == -INFINITY) {
        for (size_t i = 0; i < n; i++) x[i] = 0;
        return;
    }
    scale(1 / exponentials(x, n, top), x, n);
}

TARGET static double log_sum_exp(const float *x, size_t n) {
    float top = maximum(x, n);
    if (top == -INFINITY) return -INFINITY;
    vf t = v_set(top);
    double total = 0;
    size_t i = 0;
    while (i + LANES <= n) {  // short float sums, which double then adds up
        vf sum = v_zero();
        for (size_t j = 0; j < 8 && i + LANES <= n; j++, i += LANES) sum = v_add(sum, v_exp(v_sub(v_load(x + i), t)));
        total += (double)v_sum(sum);
    }
    if (i < n) {
        float rest[LANES];
        v_store(rest, v_exp(v_sub(v_load_first(x + i, n - i), t)));
        for (size_t j = 0; j < n - i; j++) total += (double)rest[j];
    }
    return (double)top + log(total);
}

// MARK: Matrix times a few rows
//
// With one row of x, memory is the limit. Two rows of w at a time share the loads of x; they lie far apart, so that each
// is a stream of its own for the hardware's prefetchers. Measured on Zen 4 in alternation: 96 % of what a loop reads that
// only reads, where one row at a time gets 86 %, two neighbouring rows 50 %, and prefetching by hand 45 to 80 %.
// With several rows of x, arithmetic becomes the limit: ROWS rows of w share the loads of x, which is
// packed so that it is read in order and stays in the first-level cache.

/// The floats of x that are packed at a time: half of a first-level cache.
#define PACKED 4096

/// Adds sums[r * M + i], each in CHAINS vectors, to row i of y, or sets it.
#define STORE_TOTALS(ROWS, M, CHAINS)                                                                                  \
    float totals[(ROWS * M + 3) / 4 * 4];                                                                              \
    UNROLL for (int n = 0; n < ROWS * M; n++) {                                                                        \
        UNROLL for (int c = 1; c < CHAINS; c++) sums[n][0] = v_add(sums[n][0], sums[n][c]);                            \
    }                                                                                                                  \
    UNROLL for (int n = 0; n < ROWS * M; n += 4) {                                                                     \
        v_sum4(sums[n][0], n + 1 < ROWS * M ? sums[n + 1][0] : v_zero(),                                               \
               n + 2 < ROWS * M ? sums[n + 2][0] : v_zero(), n + 3 < ROWS * M ? sums[n + 3][0] : v_zero(),             \
               totals + n);                                                                                            \
    }                                                                                                                  \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                            \
        UNROLL for (int i = 0; i < M; i++) {                                                                           \
            float *to = y + (size_t)i * ldy + (size_t)r;                                                               \
            *to = first ? totals[r * M + i] : *to + totals[r * M + i];                                                 \
        }                                                                                                              \
    }

/// ROWS rows of w times M rows of x, over k columns; CHAINS vectors of each sum so that additions do not wait for one
/// another. x is packed: [k / LANES][M][LANES]. Adds to y, or sets it.
#define MATMUL_BLOCK(T, ROWS, M, CHAINS)                                                                               \
    INLINE void matmul_block_##T##_##ROWS##_##M(const char *w, size_t row_bytes, size_t k, const float *x, bool first, \
                                                float *y, size_t ldy) {                                                \
        vf sums[ROWS * M][CHAINS];                                                                                     \
        UNROLL for (int n = 0; n < ROWS * M; n++) {                                                                    \
            UNROLL for (int c = 0; c < CHAINS; c++) sums[n][c] = v_zero();                                             \
        }                                                                                                              \
        size_t j = 0;                                                                                                  \
        for (; j + CHAINS * LANES <= k; j += CHAINS * LANES) {                                                         \
            UNROLL for (int c = 0; c < CHAINS; c++) {                                                                  \
                vf row[ROWS];                                                                                          \
                UNROLL for (int r = 0; r < ROWS; r++) {                                                                \
                    const char *from = w + (size_t)r * row_bytes + (j + (size_t)c * LANES) * SIZE_##T;                 \
                    if (M > 1) __builtin_prefetch(from + ROWS * row_bytes, 0, 2);                                      \
                    row[r] = v_load_##T(from);                                                                         \
                }                                                                                                      \
                UNROLL for (int i = 0; i < M; i++) {                                                                   \
                    vf xs = v_load(x + (j + (size_t)c * LANES) * M + i * LANES);                                       \
                    UNROLL for (int r = 0; r < ROWS; r++) {                                                            \
                        sums[r * M + i][c] = v_fma(row[r], xs, sums[r * M + i][c]);                                    \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        for (; j < k; j += LANES) {                                                                                    \
            size_t some = k - j < LANES ? k - j : LANES;                                                               \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
                vf row = v_load_first_##T(w + (size_t)r * row_bytes + j * SIZE_##T, some);                             \
                UNROLL for (int i = 0; i < M; i++) {                                                                   \
                    vf xs = v_load_first(x + j * M + i * LANES, some);                                                 \
                    sums[r * M + i][0] = v_fma(row, xs, sums[r * M + i][0]);                                           \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        STORE_TOTALS(ROWS, M, CHAINS)                                                                                  \
    }

#include "vector_strips.h"

#if VECTOR_REGISTERS >= 32
#define PAIR_CHAINS 2
#define TAKE_PANELS(T)

/// Rows of x that multiply_few takes.
#define FEW_ROWS 4

#define MATMUL_BLOCKS(T, ROWS, M, CHAINS)                                                                              \
    MATMUL_BLOCK(T, ROWS, M, CHAINS)                                                                                   \
    MATMUL_BLOCK(T, 1, M, 1)                                                                                           \
    TARGET static void matmul_##T##_##M(const char *w, size_t row_bytes, size_t rows, size_t k, const float *x,        \
                                        size_t ldx, float *y, size_t ldy) {                                            \
        _Alignas(64) float packed[PACKED];                                                                             \
        const size_t slab = PACKED / M / LANES * LANES;                                                                \
        for (size_t from = 0; from == 0 || from < k; from += slab) {                                                   \
            size_t columns = k - from < slab ? k - from : slab;                                                        \
            for (size_t i = 0; i < M; i++) {                                                                           \
                const float *source = x + i * ldx + from;                                                              \
                float *to = packed + i * LANES;                                                                        \
                size_t j = 0;                                                                                          \
                for (; j + LANES <= columns; j += LANES) v_store(to + j * M, v_load(source + j));                      \
                if (j < columns) v_store(to + j * M, v_load_first(source + j, columns - j));                           \
            }                                                                                                          \
            const char *row = w + from * SIZE_##T;                                                                     \
            size_t r = 0;                                                                                              \
            for (; r + ROWS <= rows; r += ROWS) {                                                                      \
                matmul_block_##T##_##ROWS##_##M(row + r * row_bytes, row_bytes, columns, packed, from == 0, y + r,     \
                                                ldy);                                                                  \
            }                                                                                                          \
            for (; r < rows; r++) {                                                                                    \
                matmul_block_##T##_1_##M(row + r * row_bytes, row_bytes, columns, packed, from == 0, y + r, ldy);      \
            }                                                                                                          \
        }                                                                                                              \
    }

// As many sums as the registers hold beside the rows of w and one row of x. Wider blocks have been measured too: five
// to eight rows of x at once are slower than the same rows in two passes over rows of w that are in the cache by then.
#define MULTIPLY_FEW(T)                                                                                                \
    MATMUL_BLOCKS(T, 4, 2, 2)                                                                                          \
    MATMUL_BLOCKS(T, 4, 3, 1)                                                                                          \
    MATMUL_BLOCKS(T, 4, 4, 1)                                                                                          \
    INLINE void multiply_few_##T(const char *w, size_t row_bytes, size_t rows, size_t k, const float *x, size_t ldx,   \
                                 size_t m, float *y, size_t ldy) {                                                     \
        switch (m) {                                                                                                   \
        case 2: matmul_##T##_2(w, row_bytes, rows, k, x, ldx, y, ldy); break;                                          \
        case 3: matmul_##T##_3(w, row_bytes, rows, k, x, ldx, y, ldy); break;                                          \
        default: matmul_##T##_4(w, row_bytes, rows, k, x, ldx, y, ldy);                                                \
        }                                                                                                              \
    }
#else
#define PAIR_CHAINS 4

#include "vector_few.h"
#include "vector_panels.h"

PANELS(f32)
PANELS(f16)
PANELS(bf16)

/// Takes from a product with many rows of x what fills whole panels.
#define TAKE_PANELS(T)                                                                                                 \
    if (m >= PANEL_LIMIT && k % 8 == 0) {                                                                              \
        size_t some = rows / PANEL_WIDTH * PANEL_WIDTH;                                                                \
        multiply_panels_##T(w, row_bytes, some, k, x, ldx, m, y, ldy);                                                 \
        w += some * row_bytes;                                                                                         \
        y += some;                                                                                                     \
        rows -= some;                                                                                                  \
        if (rows == 0) return;                                                                                         \
    }
#endif

#define MATMUL_ROWS(T)                                                                                                 \
    MATMUL_BLOCK(T, 1, 1, 8)                                                                                           \
    INLINE float dot_##T(const char *w, size_t k, const float *x) {                                                    \
        float y;                                                                                                       \
        matmul_block_##T##_1_1(w, 0, k, x, true, &y, 0);                                                               \
        return y;                                                                                                      \
    }                                                                                                                  \
    MULTIPLY_FEW(T)                                                                                                    \
    /* Two rows of w times x; the sums of each in PAIR_CHAINS vectors. */                                              \
    INLINE void dot_pair_##T(const char *w0, const char *w1, size_t k, const float *x, float *y0, float *y1) {         \
        vf sums0[PAIR_CHAINS], sums1[PAIR_CHAINS];                                                                     \
        UNROLL for (int c = 0; c < PAIR_CHAINS; c++) sums0[c] = sums1[c] = v_zero();                                   \
        size_t j = 0;                                                                                                  \
        for (; j + PAIR_CHAINS * LANES <= k; j += PAIR_CHAINS * LANES) {                                               \
            UNROLL for (int c = 0; c < PAIR_CHAINS; c++) {                                                             \
                size_t at = j + (size_t)c * LANES;                                                                     \
                vf xs = v_load(x + at);                                                                                \
                sums0[c] = v_fma(v_load_##T(w0 + at * SIZE_##T), xs, sums0[c]);                                        \
                sums1[c] = v_fma(v_load_##T(w1 + at * SIZE_##T), xs, sums1[c]);                                        \
            }                                                                                                          \
        }                                                                                                              \
        for (; j < k; j += LANES) {                                                                                    \
            size_t some = k - j < LANES ? k - j : LANES;                                                               \
            vf xs = v_load_first(x + j, some);                                                                         \
            sums0[0] = v_fma(v_load_first_##T(w0 + j * SIZE_##T, some), xs, sums0[0]);                                 \
            sums1[0] = v_fma(v_load_first_##T(w1 + j * SIZE_##T, some), xs, sums1[0]);                                 \
        }                                                                                                              \
        UNROLL for (int c = 1; c < PAIR_CHAINS; c++) {                                                                 \
            sums0[0] = v_add(sums0[0], sums0[c]);                                                                      \
            sums1[0] = v_add(sums1[0], sums1[c]);                                                                      \
        }                                                                                                              \
        *y0 = v_sum(sums0[0]);                                                                                         \
        *y1 = v_sum(sums1[0]);                                                                                         \
    }                                                                                                                  \
    TARGET static void multiply_vector_##T(const void *weights, size_t row_bytes, size_t rows, size_t k,               \
                                           const float *x, float *y) {                                                 \
        const char *w = weights;                                                                                       \
        size_t half = rows / 2;                                                                                        \
        for (size_t r = 0; r < half; r++) {                                                                            \
            dot_pair_##T(w + r * row_bytes, w + (half + r) * row_bytes, k, x, y + r, y + half + r);                    \
        }                                                                                                              \
        if (rows % 2 != 0) {                                                                                           \
            /* In a pair with itself: a row's result does not depend on where the row stands. */                       \
            const char *last = w + (rows - 1) * row_bytes;                                                             \
            dot_pair_##T(last, last, k, x, y + rows - 1, y + rows - 1);                                                \
        }                                                                                                              \
    }                                                                                                                  \
    TARGET static void matmul_rows_##T(const void *weights, size_t row_bytes, size_t rows, size_t k, const float *x,   \
                                       size_t ldx, size_t m, float *y, size_t ldy) {                                   \
        const char *w = weights;                                                                                       \
        TAKE_PANELS(T)                                                                                                 \
        for (size_t i = 0, some; i < m; i += some) {                                                                   \
            /* Never one row after others: two passes cost the same. */                                                \
            size_t left = m - i;                                                                                       \
            some = left <= FEW_ROWS ? left : left == FEW_ROWS + 1 ? FEW_ROWS / 2 + 1 : FEW_ROWS;                       \
            if (some == 1) {                                                                                           \
                multiply_vector_##T(w, row_bytes, rows, k, x + i * ldx, y + i * ldy);                                  \
            } else {                                                                                                   \
                multiply_few_##T(w, row_bytes, rows, k, x + i * ldx, ldx, some, y + i * ldy, ldy);                     \
            }                                                                                                          \
        }                                                                                                              \
    }

MATMUL_ROWS(f32)
MATMUL_ROWS(f16)
MATMUL_ROWS(bf16)

/// Replaces the scalar entries of a table.
static void fill_table(qwen_kernels *table) {
#define FILL(INDEX, T)                                                                                                 \
    table->types[INDEX].multiply_vector = multiply_vector_##T;                                                         \
    table->types[INDEX].matmul_rows = matmul_rows_##T;                                                                 \
    table->types[INDEX].to_f32 = to_f32_##T;                                                                           \
    table->types[INDEX].from_f32 = from_f32_##T;                                                                       \
    table->types[INDEX].all_finite = all_finite_##T;
    FILL(QWEN_TYPE_F32, f32)
    FILL(QWEN_TYPE_F16, f16)
    FILL(QWEN_TYPE_BF16, bf16)
#undef FILL
    table->rms_norm = rms_norm;
    table->sum_of_squares = sum_of_squares;
    table->rotary = rotary;
    table->silu_multiply = silu_multiply;
    table->add = add;
    table->add_scaled = add_scaled;
    table->scale = scale;
    table->softmax = softmax;
    table->maximum = maximum;
    table->index_of_maximum = index_of_maximum;
    table->log_sum_exp = log_sum_exp;
}
