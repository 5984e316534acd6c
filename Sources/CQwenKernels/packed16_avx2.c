// Inputs as 16-bit integers by AVX2, and products of packed matrices with them: of the four columns of a word first the even
// ones, then the odd ones, as pairs of 16-bit numbers.
#include "packed_layout.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline, unused))

TARGET static void quantize16(const float *x, size_t n, qwen_quantized16 *dst) {
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        _Alignas(32) int16_t q[32];
        quantize16_block(x, q, dst + b);
        UNROLL for (int half = 0; half < 2; half++) {  // the second and the third of four change places
            __m256i all = _mm256_load_si256((const __m256i *)(q + 16 * half));
            all = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(all, 0xd8), 0xd8);
            _mm256_storeu_si256((__m256i *)(dst[b].q + 32 * half), all);
        }
    }
}

#define INPUT qwen_quantized16
#define HALVES_MASK _mm256_set1_epi16(15)

/// acc[h][i] += the products of 16-bit weights with the n-th pair of columns. |w| < 256 and |x| < 2^15: 32 products fit 32 bits.
#define DOT_PAIR(acc, w, n)                                                                                            \
    EACH_ROW {                                                                                                         \
        __m256i columns = broadcast4(AT(i)->q + 4 * (n));                                                              \
        EACH_HALF acc[h][i] = _mm256_add_epi32(acc[h][i], _mm256_madd_epi16(w[h], columns));                           \
        IN_ORDER(acc)                                                                                                  \
    }

#define DOT_BYTES(acc)                                                                                                 \
    const __m256i mask = _mm256_set1_epi16(255);                                                                       \
    BEGIN(acc, _mm256_set1_epi32(at->bias))                                                                            \
    UNROLL for (int n = 0; n < 16; n++) {                                                                              \
        __m256i w[2];                                                                                                  \
        EACH_HALF {                                                                                                    \
            w[h] = word(words + n / 2 * WORD_BYTES + 32 * h);                                                          \
            w[h] = n % 2 == 0 ? _mm256_and_si256(w[h], mask) : _mm256_srli_epi16(w[h], 8);                             \
        }                                                                                                              \
        DOT_PAIR(acc, w, n)                                                                                            \
    }

#define DOT_HALVES(acc, begin)                                                                                         \
    BEGIN(acc, begin; (void)at)                                                                                        \
    UNROLL for (int n = 0; n < 16; n++) {                                                                              \
        __m256i w[2];                                                                                                  \
        EACH_HALF {                                                                                                    \
            w[h] = word(words + n / 4 * WORD_BYTES + 32 * h);                                                          \
            if (n % 4 > 0) w[h] = _mm256_srli_epi16(w[h], n % 4 * 4);                                                  \
            if (n % 4 < 3) w[h] = _mm256_and_si256(w[h], mask);                                                        \
        }                                                                                                              \
        /* Bits 0, 4, 8 and 12: an even column, an even one 16 further on, and the odd ones. */                        \
        DOT_PAIR(acc, w, n / 4 * 2 + n % 2 * 8 + n % 4 / 2)                                                            \
    }

/// Columns c of the half and c + 2, or, if odd, c + 1 and c + 3, of the word c with its upper bits.
INLINE __m256i upper(__m256i low, __m256i bits, int part, int c, int odd) {
    const int down = 4 * part + 8 * odd, shift = 2 * c + 8 * odd - 4;
    if (down > 0) low = _mm256_srli_epi16(low, down);
    if (down < 12) low = _mm256_and_si256(low, _mm256_set1_epi16(15));
    if (shift < 0) bits = _mm256_slli_epi16(bits, -shift);
    if (shift > 0) bits = _mm256_srli_epi16(bits, shift);
    return _mm256_or_si256(low, _mm256_and_si256(bits, _mm256_set1_epi16(48)));
}

#define DOT_UPPER(acc, part)                                                                                           \
    UNROLL for (int n = 0; n < 8; n++) {                                                                               \
        __m256i w[2];                                                                                                  \
        EACH_HALF {                                                                                                    \
            const uint8_t *at = words + 32 * h;                                                                        \
            w[h] = upper(word(at + n / 2 * WORD_BYTES), word(at + (4 + part) * WORD_BYTES), part, n / 2, n % 2);       \
        }                                                                                                              \
        DOT_PAIR(acc, w, part * 8 + n)                                                                                 \
    }

#include "packed_avx2.h"

void qwen_fill_packed16_avx2(qwen_packed_kernels *table) {
    table->quantize16 = quantize16;
    table->splits16 = false;
    memcpy(table->multiply16, (qwen_packed_multiply16[]){multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
           sizeof table->multiply16);
}
#else
void qwen_fill_packed16_avx2(qwen_packed_kernels *table) { (void)table; }
#endif
