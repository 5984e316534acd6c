// Products with packed matrices by AVX2, in terms of products with four columns: a word of weights is two vectors of eight rows.
// packed_avx2.c and packed16_avx2.c each define those products and include this file:
//
//   TARGET, INLINE           the attributes of a function, and of one that is inlined
//   INPUT                    the type of a block of x
//   DOT_BYTES(acc)           acc[h][i] = the products of the eight words of Q8_0 from `words` on
//   DOT_HALVES(acc, BEGIN)   acc[h][i] = BEGIN plus those of the four words with low and high halves from `words` on
//   DOT_UPPER(acc, part)     acc[h][i] plus those of one half of the four words from `words` on, with their upper bits
//   HALVES_MASK              what DOT_HALVES finds as `mask`
//
// This is a template, included once per file: everything in it is static.

/// Everything below is written for M rows of x, and inlined with M constant. h: rows 0 … 7 or 8 … 15 of a group.
#define EACH_HALF UNROLL for (int h = 0; h < 2; h++)
#define EACH_ROW UNROLL for (int i = 0; i < M; i++)
#define ROWS 4
#define AT(i) ((const INPUT *)(x + (size_t)(i) * x_bytes) + b)

INLINE __m256i broadcast4(const void *q) {
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

/// Holds the compiler to the order that is written: it would move the loads of x and the words of several columns together, run
/// out of registers and keep them in memory (a fifth slower).
#define IN_ORDER(sums) __asm__ volatile("" : "+x"(sums[0][i]), "+x"(sums[1][i]) : : "memory");

/// acc[h][i] = value, an integer that depends on the block `at` of row i.
#define BEGIN(acc, value)                                                                                              \
    EACH_ROW {                                                                                                         \
        const INPUT *at = AT(i);                                                                                       \
        __m256i begin = value;                                                                                         \
        EACH_HALF acc[h][i] = begin;                                                                                   \
    }

/// sums[h][i] += acc[h][i] scaled.
#define SCALE(acc, scale)                                                                                              \
    EACH_ROW {                                                                                                         \
        __m256 d = _mm256_set1_ps(AT(i)->d);                                                                           \
        EACH_HALF sums[h][i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[h][i]), _mm256_mul_ps(scale[h], d), sums[h][i]); \
    }

#define CLEAR EACH_HALF EACH_ROW sums[h][i] = _mm256_setzero_ps();
#define STORE EACH_HALF EACH_ROW _mm256_storeu_ps(y + (size_t)i * ldy + 8 * h, sums[h][i]);
#define ARGUMENTS const uint8_t *group, size_t k, const char *x, size_t x_bytes, float *y, size_t ldy

INLINE void q8_0(const int M, ARGUMENTS) {
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8);
        __m256i acc[2][ROWS];
        __m256 scale[2];
        FETCH_AHEAD(words, 8)
        DOT_BYTES(acc)
        EACH_HALF scale[h] = halves(group + qwen_pair_scales(b, 8) + 16 * h);
        SCALE(acc, scale)
    }
    STORE
}

/// -128 times a sum, over 16 or 4.
INLINE __m256i part_of(int32_t bias, const int shift) {
    __m256i all = _mm256_set1_epi32(bias);
    __asm__("" : "+x"(all));  // shifted after the broadcast, which loads it
    return _mm256_srai_epi32(all, shift);
}

INLINE void q4_0(const int M, ARGUMENTS) {
    const __m256i mask = HALVES_MASK;
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4);
        __m256i acc[2][ROWS];
        __m256 scale[2];
        FETCH_AHEAD(words, 4)
        DOT_HALVES(acc, part_of(AT(i)->bias, 4))  // -8 times the sum
        EACH_HALF scale[h] = halves(group + qwen_pair_scales(b, 4) + 16 * h);
        SCALE(acc, scale)
    }
    STORE
}

INLINE __m256 bytes_times(const uint8_t *bytes, __m256 d) {
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes))));
}

INLINE void q4_k(const int M, ARGUMENTS) {
    const __m256i mask = HALVES_MASK;
    __m256 sums[2][ROWS];
    CLEAR
    for (size_t b = 0; b < k / 32; group += Q4_K_BYTES) {
        const uint8_t *words = group + Q4_K_WORDS;
        for (int s = 0; s < 8; s++, b++, words += 4 * WORD_BYTES) {
            __m256i acc[2][ROWS];
            __m256 scale[2], minimum[2];
            FETCH_AHEAD(words, 4)
            DOT_HALVES(acc, _mm256_setzero_si256())
            EACH_HALF {
                scale[h] = bytes_times(group + Q4_K_SCALES + s * GROUP + 8 * h, halves(group + 16 * h));
                minimum[h] = bytes_times(group + Q4_K_MINIMA + s * GROUP + 8 * h, halves(group + 2 * GROUP + 16 * h));
            }
            SCALE(acc, scale)
            EACH_ROW {
                __m256 sum = _mm256_set1_ps(AT(i)->sum);
                EACH_HALF sums[h][i] = _mm256_fnmadd_ps(minimum[h], sum, sums[h][i]);
            }
        }
    }
    STORE
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
                // -32 times the sum
                BEGIN(acc, part == 0 ? part_of(at->bias_low, 2) : part_of(at->bias - at->bias_low, 2))
                DOT_UPPER(acc, part)
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
    TARGET static void T##_##M(const uint8_t *group, size_t distance, size_t k, const char *x, size_t x_bytes,         \
                               float *y, size_t y_distance, size_t ldy) {                                              \
        (void)distance;                                                                                                \
        (void)y_distance;                                                                                              \
        T(M < ROWS ? M : ROWS, group, k, x, x_bytes, y, ldy);                                                          \
        if (M > ROWS) T(M - ROWS, group, k, x + ROWS * x_bytes, x_bytes, y + ROWS * ldy, ldy);                         \
    }

#define MULTIPLY(T, LAYOUT)                                                                                            \
    TILE(T, 1) TILE(T, 2) TILE(T, 3) TILE(T, 4) TILE(T, 5) TILE(T, 6) TILE(T, 7) TILE(T, 8)                            \
    MULTIPLY_BY(multiply_##T, INPUT, T, NULL, LAYOUT)

MULTIPLY(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY(q6_k, QWEN_PACKED_Q6_K)
