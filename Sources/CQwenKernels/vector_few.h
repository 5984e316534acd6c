// Products with a few rows of x, for levels with 16 vector registers; included by vector_kernels.h. The level's file defines, for
// T = f32, f16, bf16 and 2 * LANES columns: v_load_even_T and v_load_odd_T, vectors of one half of them and of the other, in
// whatever way they part most easily, and v_part_T, which stores floats in the same two halves.
//
// Up to eight rows of x take two passes over some rows of w, which are in the second-level cache by the second. Both passes ask for
// the rows after these: memory that only the first one asks for stands still during the second. Measured on Zen 3 in alternation,
// BF16 with 8 rows of x: one thread in the cache 42 to 44 G multiply-adds/s, where blocks in the order of the columns without this
// reach 36 to 39; two threads out of memory 12 to 24 % more. Blocks of 3 to 24 rows of w are alike.

/// Rows of x in two passes at most.
#define FEW_ROWS 8
/// The columns of a pass: with them four rows of x take half of a first-level cache.
#define FEW_DEPTH 1024
/// Rows of w that a pass takes.
#define FEW_BLOCK 24
/// Columns of a step.
#define FEW_STEP (2 * LANES)

/// ROWS rows of w times M rows of x, over k columns, which are whole steps; adds to y, or sets it. x is packed:
/// [k / LANES][M][LANES]. In each step it asks for so many bytes of the rows ahead.
#define FEW_SUMS(T, ROWS, M, CHAINS)                                                                                   \
    INLINE void few_sums_##T##_##ROWS##_##M(const char *w, size_t row_bytes, size_t k, const float *x, bool first,     \
                                            const char *ahead, size_t bytes, float *y, size_t ldy) {                   \
        vf sums[ROWS * M][CHAINS];                                                                                     \
        UNROLL for (int n = 0; n < ROWS * M; n++) {                                                                    \
            UNROLL for (int c = 0; c < CHAINS; c++) sums[n][c] = v_zero();                                             \
        }                                                                                                              \
        for (size_t j = 0; j < k; j += FEW_STEP, ahead += bytes) {                                                     \
            UNROLL for (int r = 0; r < ROWS; r++) __builtin_prefetch(ahead + (size_t)r * row_bytes, 0, 2);             \
            UNROLL for (int part = 0; part < FEW_STEP / LANES; part++) {                                               \
                vf row[ROWS];                                                                                          \
                UNROLL for (int r = 0; r < ROWS; r++) {                                                                \
                    const char *from = w + (size_t)r * row_bytes + (j + (size_t)(part / 2 * 2 * LANES)) * SIZE_##T;    \
                    row[r] = part % 2 == 0 ? v_load_even_##T(from) : v_load_odd_##T(from);                             \
                }                                                                                                      \
                UNROLL for (int i = 0; i < M; i++) {                                                                   \
                    vf xs = v_load(x + j * M + (part * M + i) * LANES);                                                \
                    UNROLL for (int r = 0; r < ROWS; r++) {                                                            \
                        sums[r * M + i][part % CHAINS] = v_fma(row[r], xs, sums[r * M + i][part % CHAINS]);            \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        STORE_TOTALS(ROWS, M, CHAINS)                                                                                  \
    }

/// M rows of x times some rows of w.
#define FEW_PASS(T, M, CHAINS)                                                                                         \
    FEW_SUMS(T, 3, M, CHAINS)                                                                                          \
    FEW_SUMS(T, 1, M, CHAINS)                                                                                          \
    TARGET static void few_pass_##T##_##M(const char *w, size_t row_bytes, size_t rows, size_t k, const float *x,      \
                                          bool first, const char *ahead, size_t bytes, float *y, size_t ldy) {         \
        size_t r = 0;                                                                                                  \
        for (; r + 3 <= rows; r += 3) {                                                                                \
            few_sums_##T##_3_##M(w + r * row_bytes, row_bytes, k, x, first, ahead + r * row_bytes, bytes, y + r, ldy); \
        }                                                                                                              \
        for (; r < rows; r++) {                                                                                        \
            few_sums_##T##_1_##M(w + r * row_bytes, row_bytes, k, x, first, ahead + r * row_bytes, bytes, y + r, ldy); \
        }                                                                                                              \
    }

#define MULTIPLY_FEW(T)                                                                                                \
    FEW_PASS(T, 2, 2)                                                                                                  \
    FEW_PASS(T, 3, 1)                                                                                                  \
    FEW_PASS(T, 4, 1)                                                                                                  \
    TARGET static void few_pack_##T(const float *x, size_t ldx, size_t m, size_t columns, float *packed) {             \
        for (size_t i = 0; i < m; i++) {                                                                               \
            const float *from = x + i * ldx;                                                                           \
            float *to = packed + i * LANES;                                                                            \
            for (size_t j = 0; j < columns; j += 2 * LANES) v_part_##T(from + j, to + j * m, to + (j + LANES) * m);    \
        }                                                                                                              \
    }                                                                                                                  \
    /* As matmul_rows, for 2 to FEW_ROWS rows of x. */                                                                 \
    TARGET static void multiply_few_##T(const char *w, size_t row_bytes, size_t rows, size_t k, const float *x,        \
                                        size_t ldx, size_t m, float *y, size_t ldy) {                                  \
        _Alignas(64) float packed[FEW_ROWS * FEW_DEPTH];                                                               \
        const size_t passes = m > 4 ? 2 : 1, share = (m + passes - 1) / passes, whole = k / FEW_STEP * FEW_STEP;       \
        for (size_t from = 0; from == 0 || from < whole; from += FEW_DEPTH) {                                          \
            size_t columns = whole - from < FEW_DEPTH ? whole - from : FEW_DEPTH;                                      \
            for (size_t i = 0; i < m; i += share) {                                                                    \
                few_pack_##T(x + i * ldx + from, ldx, m - i < share ? m - i : share, columns, packed + i * FEW_DEPTH); \
            }                                                                                                          \
            for (size_t r = 0, some; r < rows; r += some) {                                                            \
                some = rows - r < FEW_BLOCK ? rows - r : FEW_BLOCK;                                                    \
                const char *block = w + r * row_bytes + from * SIZE_##T, *ahead = block;                               \
                if (r + some < rows) {                                                                                 \
                    ahead += some * row_bytes;                                                                         \
                } else if (from + columns < whole) {                                                                   \
                    ahead = w + (from + columns) * SIZE_##T;                                                           \
                }                                                                                                      \
                for (size_t i = 0; i < m; i += share, ahead += columns / 2 * SIZE_##T) {                               \
                    size_t count = m - i < share ? m - i : share;                                                      \
                    (count == 2   ? few_pass_##T##_2                                                                   \
                     : count == 3 ? few_pass_##T##_3                                                                   \
                                  : few_pass_##T##_4)(block, row_bytes, some, columns, packed + i * FEW_DEPTH,         \
                                                      from == 0, ahead, FEW_STEP * SIZE_##T / passes,                  \
                                                      y + i * ldy + r, ldy);                                           \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t r = 0; whole < k && r < rows; r++) {                                                               \
            for (size_t i = 0; i < m; i++) {                                                                           \
                y[i * ldy + r] += dot_##T(w + r * row_bytes + whole * SIZE_##T, k - whole, x + i * ldx + whole);       \
            }                                                                                                          \
        }                                                                                                              \
    }
