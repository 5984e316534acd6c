// Products with packed matrices by NEON, in terms of products with four columns: a word of weights is four vectors of four
// rows. packed_neon.c, packed_dotprod.c and packed_i8mm.c each define those products and include this file:
//
//   TARGET                   the function attribute that permits the instructions
//   dots                     the integer sums of four rows of weights with one row of x
//   dots_begin(v)            sums that begin with four numbers
//   DOT(sums, w, x, lane)    sums plus the products of four columns of w with columns 4 lane … 4 lane + 3 of x; w below 64
//   dots_settle(sums)        to be called after every two products with bytes
//   dots_total(sums)         the sums
//   DOTS_HERE(sums)          HERE (below) for each of their vectors
//   bytes, load_bytes(p)     four rows of four columns of Q8_0
//   bytes_begin(block)       what sums of products with those begin with
//   DOT_BYTES                DOT for those
//   WHOLE, SPLIT             see the end
//
// This is a template, included once per file: everything in it is static.

#define INLINE TARGET static inline __attribute__((always_inline, unused))

/// Everything below is written for R vectors, which is 4 R rows of a group, M rows of x and P planes of bytes in each, and inlined
/// with all three constant. Sums with planes are [v][i P + p].
#define EACH_VECTOR UNROLL for (int v = 0; v < R; v++)
#define EACH_ROW UNROLL for (int i = 0; i < M; i++)
#define EACH_PLANE UNROLL for (int n = 0; n < M * P; n++)
#define AT(i) ((const qwen_quantized *)(x + (size_t)(i) * x_bytes + b * BLOCK_BYTES(P)))

/// What every kernel takes; `quad` is the first of its four rows of a group, counted in fours.
#define ARGUMENTS                                                                                                      \
    const uint8_t *group, size_t quad, size_t k, const char *x, size_t x_bytes, float *y, size_t ldy

#define CLEAR EACH_VECTOR EACH_ROW sums[v][i] = vdupq_n_f32(0);
/// The first plane's sums begin with a number, the second's, of high bytes, with none.
#define BEGIN(VALUE)                                                                                                   \
    EACH_ROW {                                                                                                         \
        dots begin = VALUE;                                                                                            \
        EACH_VECTOR acc[v][i * P] = begin;                                                                             \
        if (P > 1) EACH_VECTOR acc[v][i * P + P - 1] = dots_begin(vdupq_n_s32(0));                                     \
    }
#define COLUMNS(NAME, FROM)                                                                                            \
    int8x16_t NAME[4];                                                                                                 \
    EACH_PLANE NAME[n] = vld1q_s8(BLOCK_PLANE(AT(n / P), n % P) + FROM);

/// The sums of a row.
#define TOTAL(v, i)                                                                                                    \
    (P == 1 ? dots_total(acc[v][i])                                                                                    \
            : vaddq_s32(dots_total(acc[v][i * P]), vshlq_n_s32(dots_total(acc[v][i * P + P - 1]), 8)))

/// sums[v][i] += acc[v][i] scaled; SCALE_OF is an expression in v.
#define SCALE(SCALE_OF)                                                                                                \
    EACH_VECTOR {                                                                                                      \
        float32x4_t scale = SCALE_OF;                                                                                  \
        EACH_ROW {                                                                                                     \
            float32x4_t factor = vmulq_n_f32(scale, AT(i)->d);                                                         \
            sums[v][i] = vfmaq_f32(sums[v][i], vcvtq_f32_s32(TOTAL(v, i)), factor);                                    \
        }                                                                                                              \
    }

#define STORE EACH_VECTOR EACH_ROW vst1q_f32(y + (size_t)i * ldy + 4 * (quad + (size_t)v), sums[v][i]);

/// Scales of four rows.
INLINE float32x4_t halves(const uint8_t *p) { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p))); }

/// Scales that are bytes, of 4 R rows, as floats.
INLINE void unsigned_bytes(const int R, const uint8_t *p, float32x4_t *to) {
    uint8x16_t all = R == 4 ? vld1q_u8(p) : vcombine_u8(vld1_u8(p), vdup_n_u8(0));
    uint16x8_t wide[2] = {vmovl_u8(vget_low_u8(all)), vmovl_high_u8(all)};
    EACH_VECTOR to[v] = vcvtq_f32_u32(v % 2 == 0 ? vmovl_u16(vget_low_u16(wide[v / 2])) : vmovl_high_u16(wide[v / 2]));
}

INLINE void signed_bytes(const int R, const uint8_t *p, float32x4_t *to) {
    int8x16_t all = vreinterpretq_s8_u8(R == 4 ? vld1q_u8(p) : vcombine_u8(vld1_u8(p), vdup_n_u8(0)));
    int16x8_t wide[2] = {vmovl_s8(vget_low_s8(all)), vmovl_high_s8(all)};
    EACH_VECTOR to[v] = vcvtq_f32_s32(v % 2 == 0 ? vmovl_s16(vget_low_s16(wide[v / 2])) : vmovl_high_s16(wide[v / 2]));
}

// The compiler would load further ahead, and leave sums for later, than the registers hold.
#define NO_FURTHER __asm__ volatile("" ::: "memory");
#define HERE(VECTOR) __asm__ volatile("" : "+w"(VECTOR));
#define ALL_HERE EACH_VECTOR EACH_PLANE { DOTS_HERE(acc[v][n]) } NO_FURTHER

#define DOT_BYTES_WORD(LANE)                                                                                           \
    EACH_VECTOR {                                                                                                      \
        bytes w = load_bytes(words + LANE * WORD_BYTES + 16 * v);                                                      \
        EACH_PLANE acc[v][n] = DOT_BYTES(acc[v][n], w, columns[n], LANE);                                              \
    }
#define SETTLE EACH_VECTOR EACH_PLANE acc[v][n] = dots_settle(acc[v][n]);

INLINE void q8_0(const int R, const int M, const int P, ARGUMENTS) {
    float32x4_t sums[4][4];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8) + 16 * quad;
        const uint8_t *scales = group + qwen_pair_scales(b, 8) + 8 * quad;
        dots acc[4][4];
        BEGIN(bytes_begin(AT(i)))
        UNROLL for (int half = 0; half < 2; half++, words += 4 * WORD_BYTES) {
            COLUMNS(columns, 16 * half)
            // Low bytes may be -128, and so may weights: the sum of four such products does not fit where two do.
            DOT_BYTES_WORD(0)
            if (P > 1) SETTLE
            DOT_BYTES_WORD(1)
            SETTLE
            DOT_BYTES_WORD(2)
            if (P > 1) SETTLE
            DOT_BYTES_WORD(3)
            SETTLE
        }
        SCALE(halves(scales + 8 * v))
    }
    STORE
}

/// The word with low and high halves at `words`.
#define DOT_HALVES_WORD(LANE)                                                                                          \
    EACH_VECTOR {                                                                                                      \
        uint8x16_t both = vld1q_u8(words + LANE * WORD_BYTES + 16 * v);                                                \
        int8x16_t low = vreinterpretq_s8_u8(vandq_u8(both, mask)), high = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));    \
        EACH_PLANE {                                                                                                   \
            acc[v][n] = DOT(acc[v][n], low, low_columns[n], LANE);                                                     \
            acc[v][n] = DOT(acc[v][n], high, high_columns[n], LANE);                                                   \
        }                                                                                                              \
    }
#define DOT_HALVES                                                                                                     \
    COLUMNS(low_columns, 0)                                                                                            \
    COLUMNS(high_columns, 16)                                                                                          \
    DOT_HALVES_WORD(0) DOT_HALVES_WORD(1) DOT_HALVES_WORD(2) DOT_HALVES_WORD(3)

INLINE void q4_0(const int R, const int M, const int P, ARGUMENTS) {
    const uint8x16_t mask = vdupq_n_u8(15);
    float32x4_t sums[4][4];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4) + 16 * quad;
        const uint8_t *scales = group + qwen_pair_scales(b, 4) + 8 * quad;
        dots acc[4][4];
        BEGIN(dots_begin(vshrq_n_s32(vld1q_dup_s32(&AT(i)->bias), 4)))  // -8 times the sum
        DOT_HALVES
        SCALE(halves(scales + 8 * v))
    }
    STORE
}

INLINE void q4_k(const int R, const int M, const int P, ARGUMENTS) {
    const uint8x16_t mask = vdupq_n_u8(15);
    float32x4_t sums[4][4];
    CLEAR
    for (size_t b = 0; b < k / 32; group += Q4_K_BYTES) {
        const uint8_t *words = group + Q4_K_WORDS + 16 * quad;
        for (size_t s = 0; s < 8; s++, b++, words += 4 * WORD_BYTES) {
            const uint8_t *scales = group + Q4_K_SCALES + s * GROUP + 4 * quad;
            const uint8_t *minima = group + Q4_K_MINIMA + s * GROUP + 4 * quad;
            dots acc[4][4];
            BEGIN(dots_begin(vdupq_n_s32(0)))
            DOT_HALVES
            ALL_HERE
            float32x4_t factors[4];
            unsigned_bytes(R, scales, factors);
            SCALE(vmulq_f32(halves(group + 8 * (quad + (size_t)v)), factors[v]))
            NO_FURTHER
            unsigned_bytes(R, minima, factors);
            EACH_VECTOR {
                float32x4_t minimum = vmulq_f32(halves(group + 2 * GROUP + 8 * (quad + (size_t)v)), factors[v]);
                EACH_ROW sums[v][i] = vfmsq_n_f32(sums[v][i], minimum, AT(i)->sum);
            }
        }
    }
    STORE
}

/// Four low bits of `words` from bit 4 part on, and above them the two of `bits` from bit 2c on.
INLINE uint8x16_t with_upper_bits(const int part, const int c, uint8x16_t words, uint8x16_t bits) {
    if (part == 0) {
        if (c > 0) bits = c == 1 ? vshrq_n_u8(bits, 2) : c == 2 ? vshrq_n_u8(bits, 4) : vshrq_n_u8(bits, 6);
        return vsliq_n_u8(words, c == 3 ? bits : vandq_u8(bits, vdupq_n_u8(3)), 4);
    }
    bits = c == 0 ? vshlq_n_u8(bits, 4) : c == 1 ? vshlq_n_u8(bits, 2) : c == 2 ? bits : vshrq_n_u8(bits, 2);
    return vsriq_n_u8(vandq_u8(bits, vdupq_n_u8(48)), words, 4);
}

/// -128 times the sum of 16 columns.
INLINE int32x4_t bias_of(const qwen_quantized *block, const int part) {
    int32x4_t low = vld1q_dup_s32(&block->bias_low);
    return part == 0 ? low : vsubq_s32(vld1q_dup_s32(&block->bias), low);
}

/// Word LANE of the half `part` with its upper bits.
#define DOT_UPPER_WORD(LANE)                                                                                           \
    EACH_VECTOR {                                                                                                      \
        uint8x16_t word = vld1q_u8(words + LANE * WORD_BYTES + 16 * v);                                                \
        int8x16_t w = vreinterpretq_s8_u8(with_upper_bits(part, LANE, word, bits[v]));                                 \
        EACH_PLANE acc[v][n] = DOT(acc[v][n], w, columns[n], LANE);                                                    \
    }

INLINE void q6_k(const int R, const int M, const int P, ARGUMENTS) {
    const uint8_t *block = group + qwen_packed_heading(k / 256);
    float32x4_t sums[4][4];
    CLEAR
    for (size_t b = 0; b < k / 32; block += Q6_K_BYTES, group += 2 * GROUP) {
        const uint8_t *words = block + Q6_K_WORDS + 16 * quad;
        for (size_t s = 0; s < 8; s++, b++, words += 6 * WORD_BYTES) {
            UNROLL for (int part = 0; part < 2; part++) {
                const uint8_t *scales = block + (2 * s + (size_t)part) * GROUP + 4 * quad;
                dots acc[4][4];
                uint8x16_t bits[4];
                BEGIN(dots_begin(vshrq_n_s32(bias_of(AT(i), part), 2)))  // -32 times the sum of these 16 columns
                COLUMNS(columns, 16 * part)
                EACH_VECTOR bits[v] = vld1q_u8(words + (4 + part) * WORD_BYTES + 16 * v);
                DOT_UPPER_WORD(0) DOT_UPPER_WORD(1)
                ALL_HERE
                DOT_UPPER_WORD(2) DOT_UPPER_WORD(3)
                ALL_HERE
                float32x4_t factors[4];
                signed_bytes(R, scales, factors);
                SCALE(vmulq_f32(halves(group + 8 * (quad + (size_t)v)), factors[v]))
                EACH_VECTOR EACH_ROW HERE(sums[v][i])
                NO_FURTHER
            }
        }
    }
    STORE
}

/// A product with M rows of x, 4 R rows of the group at a time; or with A rows and then the rest. WHOLE16 and the same SPLIT, with
/// T_16 as its T, for 16-bit x.
#define TILE(NAME, T, M, P, R)                                                                                         \
    TARGET static void NAME(const uint8_t *group, size_t distance, size_t k, const char *x, size_t x_bytes, float *y,  \
                            size_t y_distance, size_t ldy) {                                                           \
        (void)distance, (void)y_distance;                                                                              \
        for (size_t quad = 0; quad < 4; quad += R) T(R, M, P, group, quad, k, x, x_bytes, y, ldy);                     \
    }
#define WHOLE(T, M, R) TILE(T##_##M, T, M, 1, R)
#define WHOLE16(T, M, R) TILE(T##_16_##M, T, M, 2, R)
#define SPLIT(T, M, A, B)                                                                                              \
    static void T##_##M(const uint8_t *group, size_t distance, size_t k, const char *x, size_t x_bytes, float *y,      \
                        size_t y_distance, size_t ldy) {                                                               \
        T##_##A(group, distance, k, x, x_bytes, y, y_distance, ldy);                                                   \
        T##_##B(group, distance, k, x + A * x_bytes, x_bytes, y + A * ldy, y_distance, ldy);                           \
    }

#define MULTIPLY(T, LAYOUT) MULTIPLY_BY(multiply_##T, qwen_quantized, T, NULL, LAYOUT)

/// Two rows of 16-bit x at a time: with two planes as much as four.
#define TILES16(T, LAYOUT)                                                                                             \
    WHOLE16(T, 1, 4) WHOLE16(T, 2, 2) SPLIT(T##_16, 3, 2, 1) SPLIT(T##_16, 4, 2, 2)                                    \
    SPLIT(T##_16, 5, 4, 1) SPLIT(T##_16, 6, 4, 2) SPLIT(T##_16, 7, 4, 3) SPLIT(T##_16, 8, 4, 4)                        \
    MULTIPLY_BY(multiply16_##T, qwen_quantized16, T##_16, NULL, LAYOUT)
