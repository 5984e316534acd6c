// Products of matrices of floats that lie in the processor's cache, in strips of rows; included by vector_kernels.h.

#define MICRO_ROWS 6
#define MICRO_CALL(ROWS, VECTORS) MICRO_CALL_(ROWS, VECTORS)  // expands the arguments first
#define MICRO_CALL_(ROWS, VECTORS) micro_##ROWS##_##VECTORS
#define MICRO_DEFINE(ROWS, VECTORS) MICRO(ROWS, VECTORS)

/// c[r][0 ..< VECTORS * LANES] (+)= sum over d of a[r][d] * b[d][…].
#define MICRO(ROWS, VECTORS)                                                                                           \
    INLINE void micro_##ROWS##_##VECTORS(const float *a, size_t lda, const float *b, size_t ldb, size_t depth,         \
                                         bool accumulate, float *c, size_t ldc) {                                      \
        vf sums[ROWS][VECTORS];                                                                                        \
        UNROLL for (int r = 0; r < ROWS; r++) {                                                                        \
            UNROLL for (int i = 0; i < VECTORS; i++) {                                                                 \
                sums[r][i] = accumulate ? v_load(c + (size_t)r * ldc + i * LANES) : v_zero();                          \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t d = 0; d < depth; d++) {                                                                           \
            vf row[VECTORS];                                                                                           \
            UNROLL for (int i = 0; i < VECTORS; i++) row[i] = v_load(b + d * ldb + i * LANES);                         \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
                vf x = v_set(a[(size_t)r * lda + d]);                                                                  \
                UNROLL for (int i = 0; i < VECTORS; i++) sums[r][i] = v_fma(x, row[i], sums[r][i]);                    \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int r = 0; r < ROWS; r++) {                                                                        \
            UNROLL for (int i = 0; i < VECTORS; i++) v_store(c + (size_t)r * ldc + i * LANES, sums[r][i]);             \
        }                                                                                                              \
    }

MICRO_DEFINE(MICRO_ROWS, MICRO_VECTORS)
MICRO_DEFINE(MICRO_ROWS, 1)
MICRO_DEFINE(4, MICRO_VECTORS)
MICRO_DEFINE(4, 1)
MICRO_DEFINE(2, MICRO_VECTORS)
MICRO_DEFINE(2, 1)
MICRO_DEFINE(1, MICRO_VECTORS)
MICRO_DEFINE(1, 1)

#define STRIPS(ROWS)                                                                                                   \
    for (; r + ROWS <= rows; r += ROWS) {                                                                              \
        const float *x = a + r * lda;                                                                                  \
        float *y = c + r * ldc;                                                                                        \
        size_t i = 0;                                                                                                  \
        for (; i + MICRO_VECTORS * LANES <= columns; i += MICRO_VECTORS * LANES) {                                     \
            MICRO_CALL(ROWS, MICRO_VECTORS)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);                        \
        }                                                                                                              \
        for (; i < columns; i += LANES) MICRO_CALL(ROWS, 1)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);        \
    }

/// c = a b, or c += a b; columns is a multiple of LANES.
TARGET static void small_product(const float *a, size_t lda, size_t rows, const float *b, size_t ldb, size_t depth,
                                 size_t columns, bool accumulate, float *c, size_t ldc) {
    size_t r = 0;
    STRIPS(MICRO_ROWS)
    // What is left of a block: single rows have too few sums to keep the multipliers busy (a sixth of the time on Zen 3).
    STRIPS(4)
    STRIPS(2)
    STRIPS(1)
}
