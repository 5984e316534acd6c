// Products of BF16 weights with inputs rounded to BF16, by vdpbf16ps (AVX-512 BF16): two products and sums a lane.
#include "levels.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Columns at a time: what MOST rows of x take stays in the first-level cache beside the rows of w.
#define SLAB 1024
#define MOST_ROWS 4
#define MOST 8

INLINE __m512bh load(const uint16_t *p) { return (__m512bh)_mm512_loadu_si512(p); }
INLINE __m512bh load_first(const uint16_t *p, __mmask32 some) { return (__m512bh)_mm512_maskz_loadu_epi16(some, p); }

INLINE __m256 fold(__m512 v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }

/// The four sums, side by side.
INLINE __m128 sum4(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(fold(a), fold(b)), _mm256_hadd_ps(fold(c), fold(d)));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

/// R rows of w, `distance` bytes apart, times M rows of x over k columns; adds to y, `apart` floats apart, or sets it. A sum
/// is the same whatever R and M are: a sequence gets the same numbers alone and beside others.
INLINE void block(const int R, const int M, const char *w, size_t distance, size_t k, const uint16_t *x, size_t ldx,
                  bool first, float *y, size_t apart, size_t ldy) {
    __m512 sums[MOST_ROWS][MOST];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int i = 0; i < M; i++) sums[r][i] = _mm512_setzero_ps();
    }
    size_t j = 0;
    for (; j + 32 <= k; j += 32) {
        __m512bh row[MOST_ROWS];
        UNROLL for (int r = 0; r < R; r++) {
            const uint16_t *columns = (const uint16_t *)(w + (size_t)r * distance) + j;
            // The next R rows, line by line: rows that are read side by side are no streams that the machine prefetches by
            // itself (measured on Zen 4 with 8 rows of x: 17 GB/s without, 42 with; into the first-level cache 22).
            if (M > 1) _mm_prefetch((const char *)columns + (size_t)R * distance, _MM_HINT_T1);
            row[r] = load(columns);
        }
        UNROLL for (int i = 0; i < M; i++) {
            __m512bh columns = load(x + (size_t)i * ldx + j);
            UNROLL for (int r = 0; r < R; r++) sums[r][i] = _mm512_dpbf16_ps(sums[r][i], row[r], columns);
        }
    }
    if (j < k) {
        __mmask32 some = (__mmask32)((1u << (k - j)) - 1);
        __m512bh row[MOST_ROWS];
        UNROLL for (int r = 0; r < R; r++) row[r] = load_first((const uint16_t *)(w + (size_t)r * distance) + j, some);
        UNROLL for (int i = 0; i < M; i++) {
            __m512bh columns = load_first(x + (size_t)i * ldx + j, some);
            UNROLL for (int r = 0; r < R; r++) sums[r][i] = _mm512_dpbf16_ps(sums[r][i], row[r], columns);
        }
    }
    UNROLL for (int i = 0; i < M; i++) {
        float *to = y + (size_t)i * ldy;
        _Alignas(16) float totals[4];
        __m512 none = sums[0][i];
        _mm_store_ps(totals, sum4(none, R > 1 ? sums[1][i] : none, R > 2 ? sums[2][i] : none, R > 3 ? sums[3][i] : none));
        UNROLL for (int r = 0; r < R; r++) to[(size_t)r * apart] = first ? totals[r] : to[(size_t)r * apart] + totals[r];
    }
}

/// All rows of w times M rows of x, R rows of w at a time.
#define TILE(R, M)                                                                                                     \
    TARGET static void tile_##M(const char *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, \
                                float *y, size_t ldy) {                                                                \
        for (size_t from = 0; from == 0 || from < k; from += SLAB) {                                                   \
            size_t columns = k - from < SLAB ? k - from : SLAB, r = 0;                                                 \
            const char *row = w + from * sizeof *x;                                                                    \
            for (; r + R <= rows; r += R) {                                                                            \
                block(R, M, row + r * row_bytes, row_bytes, columns, x + from, ldx, from == 0, y + r, 1, ldy);         \
            }                                                                                                          \
            for (; r < rows; r++) {                                                                                    \
                block(1, M, row + r * row_bytes, row_bytes, columns, x + from, ldx, from == 0, y + r, 1, ldy);         \
            }                                                                                                          \
        }                                                                                                              \
    }

TILE(4, 2) TILE(4, 3) TILE(4, 4) TILE(4, 5) TILE(4, 6) TILE(3, 7) TILE(3, 8)

INLINE void row_by_row(const int R, const char *w, size_t distance, size_t k, const uint16_t *x, float *y, size_t apart) {
    for (size_t from = 0; from == 0 || from < k; from += SLAB) {
        size_t columns = k - from < SLAB ? k - from : SLAB;
        block(R, 1, w + from * sizeof *x, distance, columns, x + from, 0, from == 0, y, apart, 0);
    }
}

/// With one row of x reading w is all: two rows of w at a time, far apart, so that each is a stream of its own.
TARGET static void tile_1(const char *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, float *y,
                          size_t ldy) {
    (void)ldx, (void)ldy;
    size_t half = rows / 2;
    for (size_t r = 0; r < half; r++) row_by_row(2, w + r * row_bytes, half * row_bytes, k, x, y + r, half);
    if (rows % 2 != 0) row_by_row(1, w + (rows - 1) * row_bytes, 0, k, x, y + rows - 1, 0);
}

TARGET static void multiply(const void *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx,
                            size_t m, float *y, size_t ldy) {
    void (*const tiles[MOST])(const char *, size_t, size_t, size_t, const uint16_t *, size_t, float *, size_t) = {
        tile_1, tile_2, tile_3, tile_4, tile_5, tile_6, tile_7, tile_8};
    // Four rows of w and six of x fill the registers; up to eight rows of x are better taken at once than w read twice.
    size_t most = m <= MOST ? MOST : 6;
    for (size_t i = 0; i < m; i += most) {
        size_t some = m - i < most ? m - i : most;
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
