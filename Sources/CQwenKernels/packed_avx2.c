// Inputs as integers by AVX2, and products of packed matrices with 8-bit ones: sums of two or more products in 16 bits.
#include "packed_layout.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline, unused))

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

#define INPUT qwen_quantized
#define HALVES_MASK _mm256_set1_epi8(15)
#define COLUMNS(c) broadcast4(AT(i)->q + 4 * (c))

INLINE __m256i pairs(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

#define DOT_BYTES(acc)                                                                                                 \
    const __m256i flip = _mm256_set1_epi8((char)0x80);                                                                 \
    BEGIN(acc, _mm256_setzero_si256(); (void)at)                                                                       \
    UNROLL for (int c = 0; c < 8; c++) {                                                                               \
        __m256i w[2], size[2];                                                                                         \
        EACH_HALF {                                                                                                    \
            w[h] = _mm256_xor_si256(word(words + c * WORD_BYTES + 32 * h), flip);                                      \
            size[h] = _mm256_abs_epi8(w[h]);                                                                           \
        }                                                                                                              \
        EACH_ROW {                                                                                                     \
            __m256i columns = COLUMNS(c);                                                                              \
            EACH_HALF {                                                                                                \
                /* |w| <= 128 and |x| <= 127: the sum of two products fits 16 bits. */                                 \
                __m256i product = _mm256_maddubs_epi16(size[h], _mm256_sign_epi8(columns, w[h]));                      \
                acc[h][i] = _mm256_add_epi32(acc[h][i], pairs(product));                                               \
            }                                                                                                          \
            IN_ORDER(acc)                                                                                              \
        }                                                                                                              \
    }

/// Eight sums of two products below 16 · 127 fit 16 bits.
#define DOT_HALVES(acc, begin)                                                                                         \
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
    EACH_ROW EACH_HALF acc[h][i] = pairs(acc[h][i]);                                                                   \
    EACH_ROW {                                                                                                         \
        __m256i more = begin;                                                                                          \
        EACH_HALF acc[h][i] = _mm256_add_epi32(acc[h][i], more);                                                       \
    }

/// Words c and c + 1, of four whose upper bits lie in one word.
INLINE void two_words(const uint8_t *words, int part, int c, __m256i bits, __m256i *w) {
    const __m256i mask = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(48);
    UNROLL for (int n = 0; n < 2; n++, c++) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(words + c * WORD_BYTES));
        if (part == 1) low = _mm256_srli_epi16(low, 4);
        __m256i high = c == 0 ? _mm256_slli_epi16(bits, 4)
                       : c == 1 ? _mm256_slli_epi16(bits, 2)
                       : c == 2 ? bits : _mm256_srli_epi16(bits, 2);
        w[n] = _mm256_or_si256(_mm256_and_si256(low, mask), _mm256_and_si256(high, upper));
    }
}


#define DOT_UPPER(acc, part)                                                                                           \
    UNROLL for (int c = 0; c < 4; c += 2) {                                                                            \
        __m256i w[2][2];                                                                                               \
        EACH_HALF two_words(words + 32 * h, part, c, word(words + (4 + part) * WORD_BYTES + 32 * h), w[h]);            \
        EACH_ROW {                                                                                                     \
            __m256i first = COLUMNS(part * 4 + c), second = COLUMNS(part * 4 + c + 1);                                 \
            EACH_HALF {                                                                                                \
                /* Four products below 64 · 127 fit 16 bits. */                                                        \
                __m256i product =                                                                                      \
                    _mm256_add_epi16(_mm256_maddubs_epi16(w[h][0], first), _mm256_maddubs_epi16(w[h][1], second));     \
                acc[h][i] = _mm256_add_epi32(acc[h][i], pairs(product));                                               \
            }                                                                                                          \
            IN_ORDER(acc)                                                                                              \
        }                                                                                                              \
    }

#include "packed_avx2.h"

void qwen_fill_packed_avx2(qwen_packed_kernels *table) {
    table->quantize = quantize;
    memcpy(table->multiply, (qwen_packed_multiply[]){multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
           sizeof table->multiply);
    qwen_fill_packed16_avx2(table);
}
#else
void qwen_fill_packed_avx2(qwen_packed_kernels *table) { (void)table; }
#endif
