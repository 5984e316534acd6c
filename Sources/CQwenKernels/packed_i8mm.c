// Products with packed matrices by usmmla (FEAT_I8MM): two rows of weights times two rows of x, eight columns of each, in one
// instruction. Up to three rows of x take fewer instructions through usdot and sdot.
#include "packed_layout.h"

#if QWEN_NEON
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))

// MARK: Few rows of x

typedef int32x4_t dots;
static inline dots dots_begin(int32x4_t v) { return v; }
static inline dots dots_settle(dots sums) { return sums; }
static inline int32x4_t dots_total(dots sums) { return sums; }
#define DOT(SUMS, W, X, LANE) vdotq_laneq_s32(SUMS, W, X, LANE)
#define DOTS_HERE HERE

typedef uint8x16_t bytes;
static inline bytes load_bytes(const uint8_t *p) { return vld1q_u8(p); }
static inline dots bytes_begin(const qwen_quantized *block) { return vld1q_dup_s32(&block->bias); }
#define DOT_BYTES(SUMS, W, X, LANE) vusdotq_laneq_s32(SUMS, W, X, LANE)

#include "packed_neon.h"

#define FEW_ROWS 3
#define FEW(T) WHOLE(T, 1, 4) WHOLE(T, 2, 4) WHOLE(T, 3, 2) WHOLE16(T, 1, 4)

FEW(q8_0)
FEW(q4_0)
FEW(q4_k)
FEW(q6_k)

// MARK: Rows of x in pairs

/// A block of two rows of x: both of each number side by side, and of q eight columns of the first row, then of the second. Or of one
/// row of 16-bit numbers, as a row of low bytes and one of high bytes.
typedef struct row_pair {
    float d[2], sum[2];
    int32_t bias[2], bias_low[2];
    int8_t q[4][16];
} row_pair;

/// Blocks of columns that are arranged in pairs at a time: beside a group's words they stay in the first-level cache.
#define SLAB 32
#define MOST_PAIRS (PACKED_TILE / 2)

/// 32 columns of two rows.
static void arrange_columns(const int8_t *first, const int8_t *second, row_pair *to) {
    for (int half = 0; half < 2; half++) {
        int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(first + 16 * half));
        int64x2_t b = vreinterpretq_s64_s8(vld1q_s8(second + 16 * half));
        vst1q_s8(to->q[2 * half], vreinterpretq_s8_s64(vzip1q_s64(a, b)));
        vst1q_s8(to->q[2 * half + 1], vreinterpretq_s8_s64(vzip2q_s64(a, b)));
    }
}

/// to[b * pairs + p] = block `from + b` of rows 2p and 2p + 1; where there is no second row, the first stands for it.
static void arrange(const void *rows_of_x, size_t x_stride, size_t rows, size_t from, size_t blocks, row_pair *to) {
    const qwen_quantized *x = rows_of_x;
    for (size_t b = from; b < from + blocks; b++) {
        for (size_t i = 0; i < rows; i += 2, to++) {
            const qwen_quantized *both[2] = {x + i * x_stride + b, x + (i + 1 < rows ? i + 1 : i) * x_stride + b};
            for (int r = 0; r < 2; r++) {
                to->d[r] = both[r]->d;
                to->sum[r] = both[r]->sum;
                to->bias[r] = both[r]->bias;
                to->bias_low[r] = both[r]->bias_low;
            }
            arrange_columns(both[0]->q, both[1]->q, to);
        }
    }
}

/// to[b * rows + i] = block `from + b` of row i, 16-bit numbers. The second of d and sum stays unused, and high bytes have no bias.
static void arrange16(const void *rows_of_x, size_t x_stride, size_t rows, size_t from, size_t blocks, row_pair *to) {
    const qwen_quantized16 *x = rows_of_x;
    for (size_t b = from; b < from + blocks; b++) {
        for (size_t i = 0; i < rows; i++, to++) {
            const qwen_quantized16 *block = x + i * x_stride + b;
            to->d[0] = block->d;
            to->sum[0] = block->sum;
            to->bias[0] = block->bias, to->bias[1] = 0;
            to->bias_low[0] = block->bias_low, to->bias_low[1] = 0;
            arrange_columns(block->q, block->q + 32, to);
        }
    }
}

/// Everything below is written for eight rows of a group and P pairs of rows of x, of BITS each, and inlined with both constant. Sums
/// are [v][j][p]: rows 4v + 2j and 4v + 2j + 1, each with both rows of pair p. Those that leave no registers stay in memory, and so do
/// those of 16-bit x, which are [v][p]: rows 4v … 4v + 3, each with row p.
#define R 2
#define EACH_SUM EACH_VECTOR UNROLL for (int j = 0; j < 2; j++) EACH_PAIR
#define EACH_PAIR UNROLL for (int p = 0; p < P; p++)
#define SUMS_IN_REGISTERS (BITS == 8 && P <= 2)
#define PLACE (state + 4 * ((v * 2 + j) * P + p))
#define PLACE16 (state + 4 * (v * P + p))
#define PAIR (x + (b - from) * (size_t)P + (size_t)p)

#define PAIR_ARGUMENTS const uint8_t *group, size_t quad, size_t k, size_t from, size_t blocks, const row_pair *x, float *state

/// Two numbers, twice.
INLINE float32x4_t twice(const float *p) {
    double both;
    memcpy(&both, p, sizeof both);
    return vreinterpretq_f32_f64(vdupq_n_f64(both));
}
INLINE int32x4_t twice_s32(const int32_t *p) {
    int64_t both;
    memcpy(&both, p, sizeof both);
    return vreinterpretq_s32_s64(vdupq_n_s64(both));
}

/// Eight columns of two rows out of two words of four rows: the first two rows, or the last.
INLINE uint8x16_t zip(int j, uint8x16_t word, uint8x16_t next) {
    uint32x4_t a = vreinterpretq_u32_u8(word), b = vreinterpretq_u32_u8(next);
    return vreinterpretq_u8_u32(j == 0 ? vzip1q_u32(a, b) : vzip2q_u32(a, b));
}

/// Each of two numbers twice: the first two, or the last.
INLINE float32x4_t spread(int j, float32x4_t v) { return j == 0 ? vzip1q_f32(v, v) : vzip2q_f32(v, v); }

#define LOAD_SUMS                                                                                                      \
    float32x4_t sums[R][2][MOST_PAIRS];                                                                                \
    if (SUMS_IN_REGISTERS) EACH_SUM sums[v][j][p] = vld1q_f32(PLACE);
#define STORE_SUMS if (SUMS_IN_REGISTERS) EACH_SUM vst1q_f32(PLACE, sums[v][j][p]);

/// Adds acc, scaled, to the sums; if TAKE_OFF, takes off the minima.
#define SCALE_PAIRS(SCALE_OF, TAKE_OFF, MINIMUM_OF)                                                                    \
    EACH_SUM HERE(acc[v][j][p])                                                                                        \
    float32x4_t d[MOST_PAIRS];                                                                                         \
    EACH_PAIR d[p] = twice(PAIR->d);                                                                                   \
    EACH_VECTOR {                                                                                                      \
        float32x4_t scale = SCALE_OF, minimum = MINIMUM_OF;                                                            \
        if (BITS == 16) {                                                                                              \
            EACH_PAIR {                                                                                                \
                int32x4_t low = vuzp1q_s32(acc[v][0][p], acc[v][1][p]), high = vuzp2q_s32(acc[v][0][p], acc[v][1][p]); \
                float32x4_t total = vcvtq_f32_s32(vaddq_s32(low, vshlq_n_s32(high, 8)));                               \
                float32x4_t sum = vfmaq_f32(vld1q_f32(PLACE16), total, vmulq_laneq_f32(scale, d[p], 0));               \
                vst1q_f32(PLACE16, TAKE_OFF ? vfmsq_n_f32(sum, minimum, PAIR->sum[0]) : sum);                          \
            }                                                                                                          \
            continue;                                                                                                  \
        }                                                                                                              \
        UNROLL for (int j = 0; j < 2; j++) {                                                                           \
            float32x4_t scales = spread(j, scale), minima = spread(j, minimum);                                        \
            EACH_PAIR {                                                                                                \
                float32x4_t sum = SUMS_IN_REGISTERS ? sums[v][j][p] : vld1q_f32(PLACE);                                \
                sum = vfmaq_f32(sum, vcvtq_f32_s32(acc[v][j][p]), vmulq_f32(scales, d[p]));                            \
                if (TAKE_OFF) sum = vfmsq_f32(sum, minima, twice(PAIR->sum));                                          \
                if (SUMS_IN_REGISTERS) sums[v][j][p] = sum;                                                            \
                if (!SUMS_IN_REGISTERS) vst1q_f32(PLACE, sum);                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    if (SUMS_IN_REGISTERS) EACH_SUM HERE(sums[v][j][p])                                                                \
    NO_FURTHER

#define WORD(C) vld1q_u8(words + (C) * WORD_BYTES + 16 * v)

/// Two words with eight columns of two rows in each vector: [v][j].
#define ZIP(TO, WORD, NEXT)                                                                                            \
    EACH_VECTOR {                                                                                                      \
        uint8x16_t word = WORD, next = NEXT;                                                                           \
        TO[v][0] = zip(0, word, next);                                                                                 \
        TO[v][1] = zip(1, word, next);                                                                                 \
    }

/// acc += W, an expression in v and j, times columns 8c … 8c + 7.
#define PRODUCT(C, W)                                                                                                  \
    {                                                                                                                  \
        int8x16_t columns[MOST_PAIRS];                                                                                 \
        EACH_PAIR columns[p] = vld1q_s8(PAIR->q[C]);                                                                   \
        EACH_VECTOR UNROLL for (int j = 0; j < 2; j++) {                                                               \
            uint8x16_t w = W;                                                                                          \
            EACH_PAIR acc[v][j][p] = vusmmlaq_s32(acc[v][j][p], w, columns[p]);                                        \
        }                                                                                                              \
        NO_FURTHER                                                                                                     \
    }

INLINE void pairs_q8_0(const int P, const int BITS, PAIR_ARGUMENTS) {
    (void)k;
    LOAD_SUMS
    for (size_t b = from; b < from + blocks; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8) + 16 * quad;
        const uint8_t *scales_at = group + qwen_pair_scales(b, 8) + 8 * quad;
        int32x4_t acc[R][2][MOST_PAIRS];
        EACH_SUM acc[v][j][p] = twice_s32(PAIR->bias);
        UNROLL for (int c = 0; c < 4; c++) {
            uint8x16_t zipped[R][2];
            ZIP(zipped, WORD(2 * c), WORD(2 * c + 1))
            PRODUCT(c, zipped[v][j])
        }
        SCALE_PAIRS(halves(scales_at + 8 * v), false, scale)
    }
    STORE_SUMS
}

/// The four words with low and high halves from `words` on.
#define HALVES_PRODUCT                                                                                                 \
    UNROLL for (int c = 0; c < 2; c++) {                                                                               \
        uint8x16_t zipped[R][2];                                                                                       \
        ZIP(zipped, WORD(2 * c), WORD(2 * c + 1))                                                                      \
        PRODUCT(c, vandq_u8(zipped[v][j], mask))                                                                       \
        PRODUCT(c + 2, vshrq_n_u8(zipped[v][j], 4))                                                                    \
    }

INLINE void pairs_q4_0(const int P, const int BITS, PAIR_ARGUMENTS) {
    (void)k;
    const uint8x16_t mask = vdupq_n_u8(15);
    LOAD_SUMS
    for (size_t b = from; b < from + blocks; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4) + 16 * quad;
        const uint8_t *scales_at = group + qwen_pair_scales(b, 4) + 8 * quad;
        int32x4_t acc[R][2][MOST_PAIRS];
        EACH_SUM acc[v][j][p] = vshrq_n_s32(twice_s32(PAIR->bias), 4);  // -8 times the sum
        HALVES_PRODUCT
        SCALE_PAIRS(halves(scales_at + 8 * v), false, scale)
    }
    STORE_SUMS
}

INLINE void pairs_q4_k(const int P, const int BITS, PAIR_ARGUMENTS) {
    (void)k;
    const uint8x16_t mask = vdupq_n_u8(15);
    LOAD_SUMS
    for (size_t b = from; b < from + blocks; b++) {
        const uint8_t *block = group + b / 8 * Q4_K_BYTES, *words = block + Q4_K_WORDS + b % 8 * 4 * WORD_BYTES + 16 * quad;
        const uint8_t *scales_at = block + Q4_K_SCALES + b % 8 * GROUP + 4 * quad;
        const uint8_t *minima_at = block + Q4_K_MINIMA + b % 8 * GROUP + 4 * quad, *d_at = block + 8 * quad;
        int32x4_t acc[R][2][MOST_PAIRS];
        EACH_SUM acc[v][j][p] = vdupq_n_s32(0);
        HALVES_PRODUCT
        float32x4_t scales_of[R], minima_of[R];
        unsigned_bytes(R, scales_at, scales_of);
        unsigned_bytes(R, minima_at, minima_of);
        SCALE_PAIRS(vmulq_f32(halves(d_at + 8 * v), scales_of[v]), true,
                    vmulq_f32(halves(d_at + 2 * GROUP + 8 * v), minima_of[v]))
    }
    STORE_SUMS
}

INLINE void pairs_q6_k(const int P, const int BITS, PAIR_ARGUMENTS) {
    const uint8_t *blocks_at = group + qwen_packed_heading(k / 256);
    LOAD_SUMS
    for (size_t b = from; b < from + blocks; b++) {
        const uint8_t *block = blocks_at + b / 8 * Q6_K_BYTES;
        const uint8_t *words = block + Q6_K_WORDS + b % 8 * 6 * WORD_BYTES + 16 * quad;
        const uint8_t *d_at = group + b / 8 * 2 * GROUP + 8 * quad;
        UNROLL for (int part = 0; part < 2; part++) {
            const uint8_t *scales_at = block + (b % 8 * 2 + (size_t)part) * GROUP + 4 * quad;
            int32x4_t acc[R][2][MOST_PAIRS];
            EACH_PAIR {  // -32 times the sum of these 16 columns
                int32x4_t low = twice_s32(PAIR->bias_low);
                int32x4_t bias = part == 0 ? low : vsubq_s32(twice_s32(PAIR->bias), low);
                EACH_VECTOR acc[v][0][p] = acc[v][1][p] = vshrq_n_s32(bias, 2);
            }
            uint8x16_t zipped[R][2], bits[R][2];
            ZIP(bits, WORD(4 + part), vshrq_n_u8(word, 2))
            UNROLL for (int c = 0; c < 2; c++) {
                ZIP(zipped, WORD(2 * c), WORD(2 * c + 1))
                PRODUCT(2 * part + c, with_upper_bits(part, 2 * c, zipped[v][j], bits[v][j]))
            }
            float32x4_t scales_of[R];
            signed_bytes(R, scales_at, scales_of);
            SCALE_PAIRS(vmulq_f32(halves(d_at + 8 * v), scales_of[v]), false, scale)
        }
    }
    STORE_SUMS
}

typedef void (*pairs_tile)(PAIR_ARGUMENTS);

/// Sums as y has them, [rows of x][8], in the order of the kernels, or back. Of an odd number of rows the last is there twice.
static void load_sums(const float *y, size_t ldy, size_t rows, float *state) {
    for (size_t v = 0; v < R; v++) {
        for (size_t j = 0; j < 2; j++) {
            for (size_t i = 0; i < rows; i += 2, state += 4) {
                float32x2_t first = vld1_f32(y + i * ldy + 4 * v + 2 * j);
                float32x2_t second = vld1_f32(y + (i + 1 < rows ? i + 1 : i) * ldy + 4 * v + 2 * j);
                vst1q_f32(state, vcombine_f32(vzip1_f32(first, second), vzip2_f32(first, second)));
            }
        }
    }
}

static void store_sums(const float *state, size_t rows, float *y, size_t ldy) {
    for (size_t v = 0; v < R; v++) {
        for (size_t j = 0; j < 2; j++) {
            for (size_t i = 0; i < rows; i += 2, state += 4) {
                float32x2x2_t both = vld2_f32(state);
                vst1_f32(y + i * ldy + 4 * v + 2 * j, both.val[0]);
                if (i + 1 < rows) vst1_f32(y + (i + 1) * ldy + 4 * v + 2 * j, both.val[1]);
            }
        }
    }
}

/// The same for 16-bit x.
static void load_sums16(const float *y, size_t ldy, size_t rows, float *state) {
    for (size_t v = 0; v < R; v++) {
        for (size_t i = 0; i < rows; i++, state += 4) vst1q_f32(state, vld1q_f32(y + i * ldy + 4 * v));
    }
}

static void store_sums16(const float *state, size_t rows, float *y, size_t ldy) {
    for (size_t v = 0; v < R; v++) {
        for (size_t i = 0; i < rows; i++, state += 4) vst1q_f32(y + i * ldy + 4 * v, vld1q_f32(state));
    }
}

/// What a product in pairs is made of, for one kind of x.
typedef struct pairs_kernels {
    void (*arrange)(const void *x, size_t x_stride, size_t rows, size_t from, size_t blocks, row_pair *to);
    void (*load_sums)(const float *y, size_t ldy, size_t rows, float *state);
    void (*store_sums)(const float *state, size_t rows, float *y, size_t ldy);
    /// For 2 to MOST_PAIRS pairs.
    void (*tiles[MOST_PAIRS - 1])(PAIR_ARGUMENTS);
} pairs_kernels;

/// A product with so many rows of x in so many pairs.
static void multiply_pairs(const pairs_kernels *kernels, size_t pairs, size_t group_bytes, const uint8_t *w, size_t k, size_t first,
                           size_t last, const void *x, size_t x_stride, size_t rows, float *y, size_t ldy) {
    _Alignas(64) row_pair arranged[SLAB * MOST_PAIRS];
    for (size_t from = 0; from < k / 32; from += SLAB) {
        size_t blocks = k / 32 - from < SLAB ? k / 32 - from : SLAB;
        kernels->arrange(x, x_stride, rows, from, blocks, arranged);
        for (size_t base = first / GROUP * GROUP; base < last; base += GROUP) {
            // A group of which only some rows are wanted is computed in a buffer.
            size_t begin = base < first ? first : base, end = base + GROUP < last ? base + GROUP : last;
            float whole[PACKED_TILE * GROUP] = {0}, *to = y + base;
            bool apart = end - begin < GROUP;
            if (apart) {
                for (size_t i = 0; i < rows && from > 0; i++) {
                    memcpy(whole + i * GROUP + begin - base, y + i * ldy + begin, (end - begin) * sizeof *y);
                }
                to = whole;
            }
            size_t stride = apart ? GROUP : ldy;
            for (size_t quad = 0; quad < 4; quad += R) {
                float state[R * 2 * MOST_PAIRS * 4] = {0};
                if (from > 0) kernels->load_sums(to + 4 * quad, stride, rows, state);
                kernels->tiles[pairs - 2](w + base / GROUP * group_bytes, quad, k, from, blocks, arranged, state);
                kernels->store_sums(state, rows, to + 4 * quad, stride);
            }
            for (size_t i = 0; i < rows && apart; i++) {
                memcpy(y + i * ldy + begin, whole + i * GROUP + begin - base, (end - begin) * sizeof *y);
            }
        }
    }
}

#define PAIRS(NAME, T, P, BITS)                                                                                        \
    TARGET static void NAME##_##P(PAIR_ARGUMENTS) { pairs_##T(P, BITS, group, quad, k, from, blocks, x, state); }
#define ALL_PAIRS(NAME, T, BITS) PAIRS(NAME, T, 2, BITS) PAIRS(NAME, T, 3, BITS) PAIRS(NAME, T, 4, BITS)

/// NAME: few rows by the tiles NAME_1 …, more in pairs; TILE rows at a time.
#define MULTIPLY_PAIRS(NAME, BLOCK, FEW_TILES, MOST_FEW, PAIRS_OF, TILE_ROWS, PAIR_ROWS, LAYOUT, ...)                  \
    static void NAME(const void *w, size_t k, size_t first, size_t last, const BLOCK *x, size_t x_stride, size_t m,    \
                     float *y, size_t ldy) {                                                                           \
        static const packed_tile few[] = FEW_TILES;                                                                    \
        static const pairs_kernels kernels = {__VA_ARGS__, {PAIRS_OF##_2, PAIRS_OF##_3, PAIRS_OF##_4}};                \
        size_t bytes = qwen_packed_group_bytes(LAYOUT, k);                                                             \
        for (size_t i = 0; i < m; i += TILE_ROWS) {                                                                    \
            const BLOCK *from = x + i * x_stride;                                                                      \
            size_t rows = m - i < TILE_ROWS ? m - i : TILE_ROWS, pairs = (rows + PAIR_ROWS - 1) / PAIR_ROWS;           \
            if (rows <= MOST_FEW) {                                                                                    \
                packed_multiply(few, NULL, bytes, w, k, first, last, from, x_stride * sizeof *x, rows, y + i * ldy, ldy); \
            } else {                                                                                                   \
                multiply_pairs(&kernels, pairs, bytes, w, k, first, last, from, x_stride, rows, y + i * ldy, ldy);     \
            }                                                                                                          \
        }                                                                                                              \
    }
#define THREE(T) {T##_1, T##_2, T##_3}
#define ONE(T) {T##_1}
#define MULTIPLY_BOTH(T, LAYOUT)                                                                                       \
    ALL_PAIRS(pairs8_##T, T, 8)                                                                                        \
    ALL_PAIRS(pairs16_##T, T, 16)                                                                                      \
    MULTIPLY_PAIRS(multiply_##T, qwen_quantized, THREE(T), FEW_ROWS, pairs8_##T, PACKED_TILE, 2, LAYOUT, arrange,      \
                   load_sums, store_sums)                                                                              \
    MULTIPLY_PAIRS(multiply16_##T, qwen_quantized16, ONE(T##_16), 1, pairs16_##T, MOST_PAIRS, 1, LAYOUT,         \
                   arrange16, load_sums16, store_sums16)

MULTIPLY_BOTH(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY_BOTH(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY_BOTH(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY_BOTH(q6_k, QWEN_PACKED_Q6_K)

void qwen_fill_i8mm(qwen_kernels *table) {
    qwen_fill_dotprod(table);
    table->packed = (qwen_packed_kernels){
        .quantize = table->packed.quantize,
        .quantize16 = table->packed.quantize16,
        .splits16 = table->packed.splits16,
        .multiply = {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
        .multiply16 = {multiply16_q8_0, multiply16_q4_0, multiply16_q4_k, multiply16_q6_k},
    };
    if (qwen_has_bf16()) qwen_fill_bf16_neon(table);
    table->name = "i8mm";
}
#else
void qwen_fill_i8mm(qwen_kernels *table) { (void)table; }
#endif
