// Products of BF16 weights with inputs rounded to BF16, by bfmmla (FEAT_BF16): two rows of weights times two rows of x, four
// columns of each, in one instruction.
#include "levels.h"

#if QWEN_NEON
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+bf16")))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Columns at a time: what MOST rows of x take stays in the first-level cache beside the rows of w.
#define SLAB 1024
#define MOST 8
#define MOST_PAIRS (MOST / 2)
#define ROW_PAIRS 4

INLINE bfloat16x8_t number(uint64x2_t bits) { return vreinterpretq_bf16_u64(bits); }

/// Eight columns, of which the last may be missing.
INLINE uint64x2_t load(const uint16_t *p, size_t columns) {
    if (columns >= 8) return vreinterpretq_u64_u16(vld1q_u16(p));
    uint16_t whole[8] = {0};
    memcpy(whole, p, columns * sizeof *p);
    return vreinterpretq_u64_u16(vld1q_u16(whole));
}

/// to[j / 8][p] = columns j … j + 3 of rows 2p and 2p + 1 of x, then j + 4 … j + 7; where there is no second row, the first
/// stands for it. Columns beyond k are zero.
TARGET static void arrange(const uint16_t *x, size_t ldx, size_t rows, size_t k, uint64_t *to) {
    for (size_t j = 0; j < k; j += 8) {
        for (size_t i = 0; i < rows; i += 2, to += 4) {
            uint64x2_t first = load(x + i * ldx + j, k - j), second = load(x + (i + 1 < rows ? i + 1 : i) * ldx + j, k - j);
            vst1q_u64(to, vzip1q_u64(first, second));
            vst1q_u64(to + 2, vzip2q_u64(first, second));
        }
    }
}

/// ROW_PAIRS pairs of rows of w, of which the first `last` are wanted, times P pairs of rows of x, of which the first `rows` are
/// wanted; continues the sums of y, or begins. A sum is one chain in the order of the columns whatever is computed beside it: a
/// sequence gets the same numbers alone and beside others.
INLINE void block(const int P, const char *w, size_t row_bytes, size_t last, size_t k, const uint64_t *x, size_t rows, bool first,
                  float *y, size_t ldy) {
    float32x4_t sums[ROW_PAIRS][MOST_PAIRS];
    const uint16_t *row[2 * ROW_PAIRS];
    UNROLL for (size_t r = 0; r < 2 * ROW_PAIRS; r++) row[r] = (const uint16_t *)(w + (r < last ? r : last - 1) * row_bytes);
    UNROLL for (int r = 0; r < ROW_PAIRS; r++) {
        UNROLL for (int p = 0; p < P; p++) {
            float start[4] = {0};
            for (size_t at = 0; at < 4 && !first; at++) {
                size_t i = 2 * (size_t)p + at % 2, c = 2 * (size_t)r + at / 2;
                if (i < rows && c < last) start[at] = y[i * ldy + c];
            }
            sums[r][p] = vld1q_f32(start);
        }
    }
    size_t j = 0;
#define STEP(COLUMNS)                                                                                                  \
    bfloat16x8_t low[MOST_PAIRS], high[MOST_PAIRS];                                                                    \
    UNROLL for (int p = 0; p < P; p++, x += 4) {                                                                       \
        low[p] = number(vld1q_u64(x));                                                                                 \
        high[p] = number(vld1q_u64(x + 2));                                                                            \
    }                                                                                                                  \
    UNROLL for (int r = 0; r < ROW_PAIRS; r++) {                                                                               \
        uint64x2_t one = load(row[2 * r] + j, COLUMNS), other = load(row[2 * r + 1] + j, COLUMNS);                     \
        bfloat16x8_t front = number(vzip1q_u64(one, other)), back = number(vzip2q_u64(one, other));                    \
        UNROLL for (int p = 0; p < P; p++) sums[r][p] = vbfmmlaq_f32(sums[r][p], front, low[p]);                       \
        UNROLL for (int p = 0; p < P; p++) sums[r][p] = vbfmmlaq_f32(sums[r][p], back, high[p]);                       \
    }
    for (; j + 8 <= k; j += 8) {
        STEP(8)
    }
    if (j < k) {
        STEP(k - j)
    }
#undef STEP
    UNROLL for (int r = 0; r < ROW_PAIRS; r++) {
        UNROLL for (int p = 0; p < P; p++) {
            float totals[4];
            vst1q_f32(totals, sums[r][p]);
            for (size_t at = 0; at < 4; at++) {
                size_t i = 2 * (size_t)p + at % 2, c = 2 * (size_t)r + at / 2;
                if (i < rows && c < last) y[i * ldy + c] = totals[at];
            }
        }
    }
}

#define TILE(P)                                                                                                        \
    TARGET static void tile_##P(const char *w, size_t row_bytes, size_t last, size_t k, const uint64_t *x, size_t rows, \
                                bool first, float *y, size_t ldy) {                                                    \
        block(P, w, row_bytes, last, k, x, rows, first, y, ldy);                                            \
    }

TILE(1) TILE(2) TILE(3) TILE(4)

typedef void (*pairs_tile)(const char *w, size_t row_bytes, size_t last, size_t k, const uint64_t *x, size_t rows, bool first,
                           float *y, size_t ldy);

static void multiply(const void *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, size_t m, float *y,
                     size_t ldy) {
    static const pairs_tile tiles[MOST_PAIRS] = {tile_1, tile_2, tile_3, tile_4};
    _Alignas(64) uint64_t arranged[SLAB / 4 * MOST];
    for (size_t i = 0; i < m; i += MOST) {
        size_t some = m - i < MOST ? m - i : MOST;
        for (size_t from = 0; from == 0 || from < k; from += SLAB) {
            size_t columns = k - from < SLAB ? k - from : SLAB;
            arrange(x + i * ldx + from, ldx, some, columns, arranged);
            for (size_t r = 0; r < rows; r += 2 * ROW_PAIRS) {
                tiles[(some - 1) / 2]((const char *)w + r * row_bytes + from * sizeof *x, row_bytes,
                                      rows - r < 2 * ROW_PAIRS ? rows - r : 2 * ROW_PAIRS, columns, arranged, some, from == 0,
                                      y + i * ldy + r, ldy);
            }
        }
    }
}

void qwen_fill_bf16_neon(qwen_kernels *table) {
    table->multiply_bf16 = multiply;
#if !defined(__APPLE__)
    // There the system's own products use matrix hardware, which outpaces these.
    table->has_fast_bf16 = true;
#endif
}
#else
void qwen_fill_bf16_neon(qwen_kernels *table) { (void)table; }
#endif
