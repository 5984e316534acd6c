// Products with packed matrices by vpdpbusd (AVX-512 VNNI): a word of weights is a vector, four columns of x a broadcast.
#include "packed_layout.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Everything below is written for G groups, M rows of x and P planes of bytes in each, and inlined with all three constant. Sums
/// with planes are [g][i P + p].
#define EACH_GROUP UNROLL for (int g = 0; g < G; g++)
#define EACH_ROW UNROLL for (int i = 0; i < M; i++)
#define EACH_PLANE UNROLL for (int p = 0; p < P; p++)
#define AT(i) ((const qwen_quantized *)(x + (size_t)(i) * x_bytes + b * BLOCK_BYTES(P)))

TARGET static void quantize(const float *x, size_t n, qwen_quantized *dst) {
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
        __m512i a0 = _mm512_and_si512(_mm512_castps_si512(x0), magnitude);
        __m512i a1 = _mm512_and_si512(_mm512_castps_si512(x1), magnitude);
        uint32_t largest = _mm512_reduce_max_epu32(_mm512_max_epu32(a0, a1));
        float top = qwen_float_from_bits(largest);
        qwen_quantized *to = dst + b;
        if (largest >= 0x7f800000 || top < 0x1p-100f) {
            *to = (qwen_quantized){.d = largest >= 0x7f800000 ? top : 0};
            to->sum = to->d * 0;
            continue;
        }
        __m512 factor = _mm512_set1_ps(127 / top);
        __m512i q0 = _mm512_cvtps_epi32(_mm512_mul_ps(x0, factor)), q1 = _mm512_cvtps_epi32(_mm512_mul_ps(x1, factor));
        _mm_storeu_si128((__m128i *)to->q, _mm512_cvtepi32_epi8(q0));
        _mm_storeu_si128((__m128i *)(to->q + 16), _mm512_cvtepi32_epi8(q1));
        int32_t low = _mm512_reduce_add_epi32(q0), sum = low + _mm512_reduce_add_epi32(q1);
        to->d = top / 127;
        to->sum = to->d * (float)sum;
        to->bias = -128 * sum;
        to->bias_low = -128 * low;
    }
}

QUANTIZE16_SPLIT(TARGET)

INLINE __m512i broadcast4(const int8_t *q) {
    int32_t word;
    memcpy(&word, q, sizeof word);
    return _mm512_set1_epi32(word);
}

/// Asks for `lines` cache lines, those that lie so far behind the words `from` on. The processor's own prefetchers end at a page
/// of 4 KiB and are late where a line is worked on for long. Measured on Zen 4, two threads, experts of 768 × 2,048 with 32 rows
/// each out of memory, of the multiplications that the processor can do: Q8_0 59 % without and 67 % with, Q4_0 67 and 77, Q4_K 62
/// and 70, Q6_K 50 and 58; with 8 rows 33 and 42, 47 and 70, 46 and 64, 32 and 48. 2, 4 and 8 KiB give the same; one or two rows,
/// which read in step with memory, gain nothing but in Q6_K.
#define FETCH(from, lines, bytes)                                                                                      \
    EACH_GROUP UNROLL for (int line = 0; line < (lines); line++) {                                                     \
        _mm_prefetch((const char *)(from) + g * distance + line * WORD_BYTES + (bytes), _MM_HINT_T0);                  \
    }
#define FETCH_AHEAD(from, lines)                                                                                       \
    if (M * P > 2) FETCH(from, lines, 4096)

INLINE __m512i word(const uint8_t *p) { return _mm512_loadu_si512(p); }

/// acc[g][i P + p] += the products of word c of group g with plane p of columns 4c … of row i; w[g] is the word.
#define DOT(acc, w, c)                                                                                                 \
    EACH_GROUP EACH_ROW EACH_PLANE {                                                                                   \
        __m512i columns = broadcast4(BLOCK_PLANE(AT(i), p) + 4 * (c));                                                 \
        acc[g][i * P + p] = _mm512_dpbusd_epi32(acc[g][i * P + p], w[g], columns);                                     \
    }

/// The first plane's sums begin with an integer that depends on the block `at` of row i, the second's with 0.
#define BEGIN(acc, value)                                                                                              \
    EACH_GROUP EACH_ROW {                                                                                              \
        const qwen_quantized *at = AT(i);                                                                              \
        acc[g][i * P] = value;                                                                                         \
        if (P > 1) acc[g][i * P + P - 1] = _mm512_setzero_si512();                                                     \
    }

/// The sum of a row: a second plane holds the high bytes.
#define TOTAL(acc, g, i)                                                                                               \
    (P == 1 ? acc[g][i] : _mm512_add_epi32(acc[g][i * P], _mm512_slli_epi32(acc[g][i * P + P - 1], 8)))

/// sums[g][i] += acc[g][i] scaled.
#define SCALE(acc, scale)                                                                                              \
    EACH_GROUP EACH_ROW {                                                                                              \
        __m512 factor = _mm512_mul_ps(scale[g], _mm512_set1_ps(AT(i)->d));                                             \
        sums[g][i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(TOTAL(acc, g, i)), factor, sums[g][i]);                        \
    }

#define CLEAR EACH_GROUP EACH_ROW sums[g][i] = _mm512_setzero_ps();
#define STORE EACH_GROUP EACH_ROW _mm512_storeu_ps(y + (size_t)i * ldy + (size_t)g * y_distance, sums[g][i]);

/// What every kernel takes: G groups `distance` bytes apart, whose outputs lie `y_distance` floats apart.
#define ARGUMENTS                                                                                                      \
    const uint8_t *group, size_t distance, size_t k, const char *x, size_t x_bytes, float *y, size_t y_distance, size_t ldy

INLINE __m512 halves(const uint8_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }

INLINE void q8_0(const int G, const int M, const int P, ARGUMENTS) {
    __m512 sums[2][PACKED_TILE];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8);
        __m512i acc[2][PACKED_TILE], w[2];
        __m512 scale[2];
        FETCH_AHEAD(words, 8)
        BEGIN(acc, _mm512_set1_epi32(at->bias))
        UNROLL for (int c = 0; c < 8; c++) {
            EACH_GROUP w[g] = word(words + g * distance + c * WORD_BYTES);
            DOT(acc, w, c)
        }
        EACH_GROUP scale[g] = halves(group + g * distance + qwen_pair_scales(b, 8));
        SCALE(acc, scale)
    }
    STORE
}

/// The four words with low and high halves from `words` on.
#define DOT_HALVES(acc)                                                                                                \
    UNROLL for (int c = 0; c < 4; c++) {                                                                               \
        __m512i low[2], high[2];                                                                                       \
        EACH_GROUP {                                                                                                   \
            __m512i both = word(words + g * distance + c * WORD_BYTES);                                                \
            low[g] = _mm512_and_si512(both, mask);                                                                     \
            high[g] = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);                                              \
        }                                                                                                              \
        DOT(acc, low, c)                                                                                               \
        DOT(acc, high, c + 4)                                                                                          \
    }

INLINE void q4_0(const int G, const int M, const int P, ARGUMENTS) {
    const __m512i mask = _mm512_set1_epi8(15);
    __m512 sums[2][PACKED_TILE];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4);
        __m512i acc[2][PACKED_TILE];
        __m512 scale[2];
        FETCH_AHEAD(words, 4)
        BEGIN(acc, _mm512_srai_epi32(_mm512_set1_epi32(at->bias), 4))  // -8 times the sum
        DOT_HALVES(acc)
        EACH_GROUP scale[g] = halves(group + g * distance + qwen_pair_scales(b, 4));
        SCALE(acc, scale)
    }
    STORE
}

INLINE __m512 bytes_times(const uint8_t *bytes, __m512 d) {
    return _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes))));
}

INLINE void q4_k(const int G, const int M, const int P, ARGUMENTS) {
    const __m512i mask = _mm512_set1_epi8(15);
    __m512 sums[2][PACKED_TILE];
    CLEAR
    for (size_t b = 0; b < k / 32; group += Q4_K_BYTES) {
        const uint8_t *words = group + Q4_K_WORDS;
        __m512 d[2], dmin[2];
        EACH_GROUP {
            d[g] = halves(group + g * distance);
            dmin[g] = halves(group + g * distance + 2 * GROUP);
        }
        for (int s = 0; s < 8; s++, b++, words += 4 * WORD_BYTES) {
            __m512i acc[2][PACKED_TILE];
            __m512 scale[2], minimum[2];
            FETCH_AHEAD(words, 4)
            BEGIN(acc, _mm512_setzero_si512(); (void)at)
            DOT_HALVES(acc)
            EACH_GROUP {
                scale[g] = bytes_times(group + g * distance + Q4_K_SCALES + s * GROUP, d[g]);
                minimum[g] = bytes_times(group + g * distance + Q4_K_MINIMA + s * GROUP, dmin[g]);
            }
            SCALE(acc, scale)
            EACH_GROUP EACH_ROW {
                __m512 sum = _mm512_set1_ps(AT(i)->sum);
                sums[g][i] = _mm512_fnmadd_ps(minimum[g], sum, sums[g][i]);
            }
        }
    }
    STORE
}

INLINE void q6_k(const int G, const int M, const int P, ARGUMENTS) {
    const uint8_t *block = group + qwen_packed_heading(k / 256);
    const __m512i mask = _mm512_set1_epi8(15), upper = _mm512_set1_epi8(48);
    __m512 sums[2][PACKED_TILE];
    CLEAR
    for (size_t b = 0; b < k / 32; block += Q6_K_BYTES, group += 2 * GROUP) {
        const uint8_t *words = block + Q6_K_WORDS;
        __m512 d[2];
        EACH_GROUP d[g] = halves(group + g * distance);
        for (int s = 0; s < 8; s++, b++, words += 6 * WORD_BYTES) {
            UNROLL for (int part = 0; part < 2; part++) {
                __m512i acc[2][PACKED_TILE], bits[2], w[2];
                __m512 scale[2];
                BEGIN(acc, _mm512_set1_epi32((part == 0 ? at->bias_low : at->bias - at->bias_low) >> 2))
                // Measured on Zen 4 with one row: 75 % of what memory gives without, 90 to 98 % with.
                FETCH(words + 3 * part * WORD_BYTES, 3, M * P > 2 ? 4096 : 512)
                EACH_GROUP bits[g] = word(words + g * distance + (4 + part) * WORD_BYTES);
                UNROLL for (int c = 0; c < 4; c++) {
                    EACH_GROUP {
                        __m512i low = word(words + g * distance + c * WORD_BYTES);
                        if (part == 1) low = _mm512_srli_epi16(low, 4);
                        __m512i high = c == 0 ? _mm512_slli_epi16(bits[g], 4)
                                       : c == 1 ? _mm512_slli_epi16(bits[g], 2)
                                       : c == 2 ? bits[g] : _mm512_srli_epi16(bits[g], 2);
                        // (low & 15) | (high & 48)
                        w[g] = _mm512_ternarylogic_epi32(_mm512_and_si512(low, mask), high, upper, 0xf8);
                    }
                    DOT(acc, w, part * 4 + c)
                }
                EACH_GROUP {
                    const uint8_t *scales = block + g * distance + (2 * s + part) * GROUP;
                    __m512i bytes = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)scales));
                    scale[g] = _mm512_mul_ps(d[g], _mm512_cvtepi32_ps(bytes));
                }
                SCALE(acc, scale)
            }
        }
    }
    STORE
}

#define TILE(NAME, T, G, M, P)                                                                                         \
    TARGET static void NAME(ARGUMENTS) { T(G, M, P, group, distance, k, x, x_bytes, y, y_distance, ldy); }
/// Four rows with two planes, and then REST of them.
#define FOUR_AND(T, M, REST)                                                                                           \
    static void T##_16_##M(ARGUMENTS) {                                                                                \
        T##_16_4(group, distance, k, x, x_bytes, y, y_distance, ldy);                                                  \
        T##_16_##REST(group, distance, k, x + 4 * x_bytes, x_bytes, y + 4 * ldy, y_distance, ldy);                     \
    }

#define MULTIPLY(T, LAYOUT)                                                                                            \
    TILE(T##_1, T, 1, 1, 1) TILE(T##_2, T, 1, 2, 1) TILE(T##_3, T, 1, 3, 1) TILE(T##_4, T, 1, 4, 1)                    \
    TILE(T##_5, T, 1, 5, 1) TILE(T##_6, T, 1, 6, 1) TILE(T##_7, T, 1, 7, 1) TILE(T##_8, T, 1, 8, 1)                    \
    TILE(T##_two_1, T, 2, 1, 1) TILE(T##_two_2, T, 2, 2, 1) TILE(T##_two_3, T, 2, 3, 1) TILE(T##_two_4, T, 2, 4, 1)    \
    static const packed_tile T##_two[PACKED_TILE] = {T##_two_1, T##_two_2, T##_two_3, T##_two_4};                      \
    MULTIPLY_BY(multiply_##T, qwen_quantized, T, T##_two, LAYOUT)                                                      \
    TILE(T##_16_1, T, 1, 1, 2) TILE(T##_16_2, T, 1, 2, 2) TILE(T##_16_3, T, 1, 3, 2) TILE(T##_16_4, T, 1, 4, 2)        \
    FOUR_AND(T, 5, 1) FOUR_AND(T, 6, 2) FOUR_AND(T, 7, 3) FOUR_AND(T, 8, 4)                                            \
    TILE(T##_16_two_1, T, 2, 1, 2) TILE(T##_16_two_2, T, 2, 2, 2)                                                      \
    static const packed_tile T##_16_two[PACKED_TILE] = {T##_16_two_1, T##_16_two_2};                                   \
    MULTIPLY_BY(multiply16_##T, qwen_quantized16, T##_16, T##_16_two, LAYOUT)

MULTIPLY(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY(q6_k, QWEN_PACKED_Q6_K)

void qwen_fill_packed_vnni(qwen_packed_kernels *table) {
    *table = (qwen_packed_kernels){
        .quantize = quantize,
        .quantize16 = quantize16,
        .splits16 = true,
        .multiply = {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
        .multiply16 = {multiply16_q8_0, multiply16_q4_0, multiply16_q4_k, multiply16_q6_k},
    };
}
#else
void qwen_fill_packed_vnni(qwen_packed_kernels *table) { (void)table; }
#endif
