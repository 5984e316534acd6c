// Products of BF16 weights with inputs rounded to BF16, by vdpbf16ps (AVX-512 BF16): two products and sums a lane.
#include "levels.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")))
#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

/// Columns at a time: what MOST rows of x take stays in the first-level cache beside the rows of w.
#define SLAB 1024
#define ROWS 4
#define MOST 6

INLINE __m512bh load(const uint16_t *p) { return (__m512bh)_mm512_loadu_si512(p); }
INLINE __m512bh load_first(const uint16_t *p, __mmask32 some) { return (__m512bh)_mm512_maskz_loadu_epi16(some, p); }

INLINE __m256 fold(__m512 v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }

/// The four sums, side by side.
INLINE __m128 sum4(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(fold(a), fold(b)), _mm256_hadd_ps(fold(c), fold(d)));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

/// R = 4 rows of w, or 1, times M rows of x over k columns; adds to y, or sets it.
INLINE void block(const int R, const int M, const char *w, size_t row_bytes, size_t k, const uint16_t *x, size_t ldx,
                  bool first, float *y, size_t ldy) {
    __m512 sums[ROWS][MOST];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int i = 0; i < M; i++) sums[r][i] = _mm512_setzero_ps();
    }
    size_t j = 0;
    for (; j + 32 <= k; j += 32) {
        __m512bh row[ROWS];
        UNROLL for (int r = 0; r < R; r++) row[r] = load((const uint16_t *)(w + (size_t)r * row_bytes) + j);
        UNROLL for (int i = 0; i < M; i++) {
            __m512bh columns = load(x + (size_t)i * ldx + j);
            UNROLL for (int r = 0; r < R; r++) sums[r][i] = _mm512_dpbf16_ps(sums[r][i], row[r], columns);
        }
    }
    if (j < k) {
        __mmask32 some = (__mmask32)((1u << (k - j)) - 1);
        __m512bh row[ROWS];
        UNROLL for (int r = 0; r < R; r++) row[r] = load_first((const uint16_t *)(w + (size_t)r * row_bytes) + j, some);
        UNROLL for (int i = 0; i < M; i++) {
            __m512bh columns = load_first(x + (size_t)i * ldx + j, some);
            UNROLL for (int r = 0; r < R; r++) sums[r][i] = _mm512_dpbf16_ps(sums[r][i], row[r], columns);
        }
    }
    UNROLL for (int i = 0; i < M; i++) {
        float *to = y + (size_t)i * ldy;
        if (R == ROWS) {
            __m128 totals = sum4(sums[0][i], sums[1][i], sums[2][i], sums[3][i]);
            _mm_storeu_ps(to, first ? totals : _mm_add_ps(_mm_loadu_ps(to), totals));
        } else {
            float total = _mm512_reduce_add_ps(sums[0][i]);
            *to = first ? total : *to + total;
        }
    }
}

#define TILE(M)                                                                                                        \
    TARGET static void tile_##M(const char *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, \
                                float *y, size_t ldy) {                                                                \
        for (size_t from = 0; from == 0 || from < k; from += SLAB) {                                                   \
            size_t columns = k - from < SLAB ? k - from : SLAB, r = 0;                                                 \
            const char *row = w + from * sizeof *x;                                                                    \
            for (; r + ROWS <= rows; r += ROWS) {                                                                      \
                block(ROWS, M, row + r * row_bytes, row_bytes, columns, x + from, ldx, from == 0, y + r, ldy);         \
            }                                                                                                          \
            for (; r < rows; r++) {                                                                                    \
                block(1, M, row + r * row_bytes, row_bytes, columns, x + from, ldx, from == 0, y + r, ldy);            \
            }                                                                                                          \
        }                                                                                                              \
    }

TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)

TARGET static void multiply(const void *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx,
                            size_t m, float *y, size_t ldy) {
    void (*const tiles[MOST])(const char *, size_t, size_t, size_t, const uint16_t *, size_t, float *, size_t) = {
        tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
    for (size_t i = 0; i < m; i += MOST) {
        size_t some = m - i < MOST ? m - i : MOST;
        tiles[some - 1](w, row_bytes, rows, k, x + i * ldx, ldx, y + i * ldy, ldy);
    }
}

void qwen_fill_bf16_avx512(qwen_kernels *table) {
    table->multiply_bf16 = multiply;
    table->has_fast_bf16 = true;
}
#else
void qwen_fill_bf16_avx512(qwen_kernels *table) { (void)table; }
#endif
