// Products with packed matrices by AVX2: a word of weights is two vectors of eight rows.
#include "packed_layout.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Everything below is written for M rows of x, and inlined with M constant. h: rows 0 … 7 or 8 … 15 of a group.
#define EACH_HALF UNROLL for (int h = 0; h < 2; h++)
#define EACH_ROW UNROLL for (int i = 0; i < M; i++)
#define ROWS 4

TARGET static void quantize(const float *x, size_t n, qwen_quantized *dst) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        __m256i top4 = _mm256_setzero_si256();
        for (int c = 0; c < 4; c++) {
            top4 = _mm256_max_epu32(top4, _mm256_and_si256(_mm256_castps_si256(_mm256_loadu_ps(x + 8 * c)), magnitude));
        }
        __m128i two = _mm_max_epu32(_mm256_castsi256_si128(top4), _mm256_extracti128_si256(top4, 1));
        two = _mm_max_epu32(two, _mm_shuffle_epi32(two, 0x4e));
        uint32_t largest = (uint32_t)_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_shuffle_epi32(two, 0xb1)));
        float top = qwen_float_from_bits(largest);
        qwen_quantized *to = dst + b;
        if (largest >= 0x7f800000 || top < 0x1p-100f) {
            *to = (qwen_quantized){.d = largest >= 0x7f800000 ? top : 0};
            to->sum = to->d * 0;
            continue;
        }
        __m256 factor = _mm256_set1_ps(127 / top);
        int32_t sums[2];
        for (int part = 0; part < 2; part++) {
            __m256i q0 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 16 * part), factor));
            __m256i q1 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 16 * part + 8), factor));
            __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(q0, q1), 0xd8);
            __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
            _mm_storeu_si128((__m128i *)(to->q + 16 * part), bytes);
            __m256i both = _mm256_add_epi32(q0, q1);
            __m128i four = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
            four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
            sums[part] = _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
        }
        to->d = top / 127;
        to->sum = to->d * (float)(sums[0] + sums[1]);
        to->bias = -128 * (sums[0] + sums[1]);
        to->bias_low = -128 * sums[0];
    }
}

QUANTIZE_RESIDUAL(TARGET)

INLINE __m256i broadcast4(const int8_t *q) {
    int32_t word;
    memcpy(&word, q, sizeof word);
    return _mm256_set1_epi32(word);
}

/// Asks for lines that lie a page of memory further on, where the processor's own prefetching ends. Measured on Zen 3, two threads
/// out of memory: one row of Q4_K 20 to 23 GB/s without, 31 with it; eight rows of Q8_0 9 to 12, 15 with it.
#define FETCH_AHEAD(from, lines)                                                                                       \
    UNROLL for (int line = 0; line < (lines); line++) {                                                                \
        _mm_prefetch((const char *)(from) + line * WORD_BYTES + 4096, _MM_HINT_T0);                                    \
    }

INLINE __m256i word(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE __m256 halves(const uint8_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE __m256i pairs(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

#define COLUMNS(c) broadcast4(x[(size_t)i * x_stride + b].q + 4 * (c))

/// Holds the compiler to the order that is written: it would move the loads of x and the words of several columns together, run
/// out of registers and keep them in memory (a fifth slower).
#define IN_ORDER(sums) __asm__ volatile("" : "+x"(sums[0][i]), "+x"(sums[1][i]) : : "memory");

/// acc[h][i] = value, an integer that depends on the block `at` of row i.
#define BEGIN(acc, value)                                                                                              \
    EACH_ROW {                                                                                                         \
        const qwen_quantized *at = x + (size_t)i * x_stride + b;                                                       \
        EACH_HALF acc[h][i] = value;                                                                                   \
    }

/// sums[h][i] += acc[h][i] scaled.
#define SCALE(acc, scale)                                                                                              \
    EACH_ROW {                                                                                                         \
        __m256 d = _mm256_set1_ps(x[(size_t)i * x_stride + b].d);                                                      \
        EACH_HALF sums[h][i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[h][i]), _mm256_mul_ps(scale[h], d), sums[h][i]); \
    }

#define CLEAR EACH_HALF EACH_ROW sums[h][i] = _mm256_setzero_ps();
#define STORE EACH_HALF EACH_ROW _mm256_storeu_ps(y + (size_t)i * ldy + 8 * h, sums[h][i]);
#define ARGUMENTS const uint8_t *group, size_t k, const qwen_quantized *x, size_t x_stride, float *y, size_t ldy

INLINE void q8_0(const int M, ARGUMENTS) {
    const __m256i flip = _mm256_set1_epi8((char)0x80);
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8);
        __m256i acc[2][ROWS];
        __m256 scale[2];
        FETCH_AHEAD(words, 8)
        BEGIN(acc, _mm256_setzero_si256(); (void)at)
        UNROLL for (int c = 0; c < 8; c++) {
            __m256i w[2], size[2];
            EACH_HALF {
                w[h] = _mm256_xor_si256(word(words + c * WORD_BYTES + 32 * h), flip);
                size[h] = _mm256_abs_epi8(w[h]);
            }
            EACH_ROW {
                __m256i columns = COLUMNS(c);
                EACH_HALF {
                    // |w| <= 128 and |x| <= 127: the sum of two products fits 16 bits.
                    __m256i product = _mm256_maddubs_epi16(size[h], _mm256_sign_epi8(columns, w[h]));
                    acc[h][i] = _mm256_add_epi32(acc[h][i], pairs(product));
                }
                IN_ORDER(acc)
            }
        }
        EACH_HALF scale[h] = halves(group + qwen_pair_scales(b, 8) + 16 * h);
        SCALE(acc, scale)
    }
    STORE
}

/// acc[h][i] = the products of the four words with low and high halves from `words` on. Eight sums of two products below 16 · 127
/// fit 16 bits.
#define DOT_HALVES(acc)                                                                                                \
    UNROLL for (int n = 0; n < 8; n++) {                                                                               \
        const int c = n / 2 + n % 2 * 4;                                                                               \
        __m256i w[2];                                                                                                  \
        EACH_HALF {                                                                                                    \
            w[h] = word(words + c % 4 * WORD_BYTES + 32 * h);                                                          \
            w[h] = _mm256_and_si256(c < 4 ? w[h] : _mm256_srli_epi16(w[h], 4), mask);                                  \
        }                                                                                                              \
        EACH_ROW {                                                                                                     \
            __m256i columns = COLUMNS(c);                                                                              \
            EACH_HALF {                                                                                                \
                __m256i product = _mm256_maddubs_epi16(w[h], columns);                                                 \
                acc[h][i] = c == 0 ? product : _mm256_add_epi16(acc[h][i], product);                                   \
            }                                                                                                          \
            IN_ORDER(acc)                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    EACH_ROW EACH_HALF acc[h][i] = pairs(acc[h][i]);

INLINE void q4_0(const int M, ARGUMENTS) {
    const __m256i mask = _mm256_set1_epi8(15);
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4);
        __m256i acc[2][ROWS];
        __m256 scale[2];
        FETCH_AHEAD(words, 4)
        DOT_HALVES(acc)
        EACH_ROW {  // -8 times the sum
            __m256i bias = _mm256_set1_epi32(x[(size_t)i * x_stride + b].bias);
            __asm__("" : "+x"(bias));
            bias = _mm256_srai_epi32(bias, 4);
            EACH_HALF acc[h][i] = _mm256_add_epi32(acc[h][i], bias);
        }
        EACH_HALF scale[h] = halves(group + qwen_pair_scales(b, 4) + 16 * h);
        SCALE(acc, scale)
    }
    STORE
}

INLINE __m256 bytes_times(const uint8_t *bytes, __m256 d) {
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes))));
}

INLINE void q4_k(const int M, ARGUMENTS) {
    const __m256i mask = _mm256_set1_epi8(15);
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; group += Q4_K_BYTES) {
        const uint8_t *words = group + Q4_K_WORDS;
        for (int s = 0; s < 8; s++, b++, words += 4 * WORD_BYTES) {
            __m256i acc[2][ROWS];
            __m256 scale[2], minimum[2];
            FETCH_AHEAD(words, 4)
            DOT_HALVES(acc)
            EACH_HALF {
                scale[h] = bytes_times(group + Q4_K_SCALES + s * GROUP + 8 * h, halves(group + 16 * h));
                minimum[h] = bytes_times(group + Q4_K_MINIMA + s * GROUP + 8 * h, halves(group + 2 * GROUP + 16 * h));
            }
            SCALE(acc, scale)
            EACH_ROW {
                __m256 sum = _mm256_set1_ps(x[(size_t)i * x_stride + b].sum);
                EACH_HALF sums[h][i] = _mm256_fnmadd_ps(minimum[h], sum, sums[h][i]);
            }
        }
    }
    STORE
}

/// Words c and c + 1, of four whose upper bits lie in one word.
INLINE void two_words(const uint8_t *words, int part, int c, __m256i bits, __m256i *w) {
    const __m256i mask = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(48);
    UNROLL for (int n = 0; n < 2; n++, c++) {
        __m256i low = word(words + c * WORD_BYTES);
        if (part == 1) low = _mm256_srli_epi16(low, 4);
        __m256i high = c == 0 ? _mm256_slli_epi16(bits, 4)
                       : c == 1 ? _mm256_slli_epi16(bits, 2)
                       : c == 2 ? bits : _mm256_srli_epi16(bits, 2);
        w[n] = _mm256_or_si256(_mm256_and_si256(low, mask), _mm256_and_si256(high, upper));
    }
}

INLINE void q6_k(const int M, ARGUMENTS) {
    const uint8_t *block = group + qwen_packed_heading(k / 256);
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; block += Q6_K_BYTES, group += 2 * GROUP) {
        const uint8_t *words = block + Q6_K_WORDS;
        for (int s = 0; s < 8; s++, b++, words += 6 * WORD_BYTES) {
            FETCH_AHEAD(words, 6)
            UNROLL for (int part = 0; part < 2; part++) {
                __m256i acc[2][ROWS];
                __m256 scale[2];
                BEGIN(acc, _mm256_set1_epi32((part == 0 ? at->bias_low : at->bias - at->bias_low) >> 2))
                UNROLL for (int c = 0; c < 4; c += 2) {
                    __m256i w[2][2];
                    EACH_HALF two_words(words + 32 * h, part, c, word(words + (4 + part) * WORD_BYTES + 32 * h), w[h]);
                    EACH_ROW {
                        __m256i first = COLUMNS(part * 4 + c), second = COLUMNS(part * 4 + c + 1);
                        EACH_HALF {
                            // Four products below 64 · 127 fit 16 bits.
                            __m256i product = _mm256_add_epi16(_mm256_maddubs_epi16(w[h][0], first),
                                                               _mm256_maddubs_epi16(w[h][1], second));
                            acc[h][i] = _mm256_add_epi32(acc[h][i], pairs(product));
                        }
                        IN_ORDER(acc)
                    }
                }
                EACH_HALF {
                    __m128i scales = _mm_loadl_epi64((const __m128i *)(block + (2 * s + part) * GROUP + 8 * h));
                    scale[h] = _mm256_mul_ps(halves(group + 16 * h), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(scales)));
                }
                SCALE(acc, scale)
            }
        }
    }
    STORE
}

/// M rows as one tile, or as four and the rest.
#define TILE(T, M)                                                                                                     \
    TARGET static void T##_##M(const uint8_t *group, size_t distance, size_t k, const qwen_quantized *x,               \
                               size_t x_stride, float *y, size_t y_distance, size_t ldy) {                             \
        (void)distance;                                                                                                \
        (void)y_distance;                                                                                              \
        T(M < ROWS ? M : ROWS, group, k, x, x_stride, y, ldy);                                                         \
        if (M > ROWS) T(M - ROWS, group, k, x + ROWS * x_stride, x_stride, y + ROWS * ldy, ldy);                       \
    }

#define MULTIPLY(T, LAYOUT)                                                                                            \
    TILE(T, 1) TILE(T, 2) TILE(T, 3) TILE(T, 4) TILE(T, 5) TILE(T, 6) TILE(T, 7) TILE(T, 8)                            \
    static void multiply_##T(const void *w, size_t k, size_t first, size_t last, const qwen_quantized *x,              \
                             size_t x_stride, size_t m, float *y, size_t ldy) {                                        \
        static const packed_tile tiles[PACKED_TILE] = {T##_1, T##_2, T##_3, T##_4, T##_5, T##_6, T##_7, T##_8};        \
        packed_multiply(tiles, NULL, qwen_packed_group_bytes(LAYOUT, k), w, k, first, last, x, x_stride, m, y, ldy);   \
    }

MULTIPLY(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY(q6_k, QWEN_PACKED_Q6_K)

void qwen_fill_packed_avx2(qwen_packed_kernels *table) {
    *table = (qwen_packed_kernels){
        quantize, quantize_residual, {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k}};
}
#else
void qwen_fill_packed_avx2(qwen_packed_kernels *table) { (void)table; }
#endif
