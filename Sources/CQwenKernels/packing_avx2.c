// Packing by AVX2: a group's rows in two halves of eight, each transposed four bytes at a time. The definition, and where the
// parts of a block lie, is in packed_layout.c.
#include "packed_layout.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Sixteen bytes of each of eight rows.
typedef struct words {
    /// Bytes 4 i … 4 i + 3 of the rows in order.
    __m256i word[4];
} words;

INLINE __m128i load16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void store32(uint8_t *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }
INLINE __m256i masked(__m256i v, int shift, int mask) {
    return _mm256_and_si256(_mm256_srli_epi32(v, shift), _mm256_set1_epi8((char)mask));
}

INLINE words transposed(const uint8_t *src, size_t row_bytes) {
    __m256i r[4];
    for (size_t i = 0; i < 4; i++) {
        __m256i low = _mm256_castsi128_si256(load16(src + i * row_bytes));
        r[i] = _mm256_inserti128_si256(low, load16(src + (i + 4) * row_bytes), 1);
    }
    __m256i a = _mm256_unpacklo_epi32(r[0], r[1]), b = _mm256_unpackhi_epi32(r[0], r[1]);
    __m256i c = _mm256_unpacklo_epi32(r[2], r[3]), d = _mm256_unpackhi_epi32(r[2], r[3]);
    return (words){{_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c), _mm256_unpacklo_epi64(b, d),
                    _mm256_unpackhi_epi64(b, d)}};
}

/// Four bytes of eight rows, as the first bytes of the rows, their second bytes, …: 8 bytes each, GROUP apart.
INLINE void store_bytes(uint8_t *p, __m256i word) {
    const __m256i order = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2,
                                           6, 10, 14, 3, 7, 11, 15);
    __m256i sorted = _mm256_shuffle_epi8(word, order);
    __m128i low = _mm256_castsi256_si128(sorted), high = _mm256_extracti128_si256(sorted, 1);
    __m128i even = _mm_unpacklo_epi32(low, high), odd = _mm_unpackhi_epi32(low, high);
    _mm_storel_epi64((__m128i *)p, even);
    _mm_storel_epi64((__m128i *)(p + GROUP), _mm_unpackhi_epi64(even, even));
    _mm_storel_epi64((__m128i *)(p + 2 * GROUP), odd);
    _mm_storel_epi64((__m128i *)(p + 3 * GROUP), _mm_unpackhi_epi64(odd, odd));
}

/// The lower (or, shifted by 16, the upper) halves of eight words.
INLINE void store_halves(uint8_t *p, __m256i word, int shift) {
    __m256i half = _mm256_and_si256(_mm256_srli_epi32(word, shift), _mm256_set1_epi32(0xffff));
    __m256i both = _mm256_permute4x64_epi64(_mm256_packus_epi32(half, half), 0xd8);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(both));
}

TARGET static void pack_q8_0(const uint8_t *src, size_t row_bytes, size_t blocks, uint8_t *group) {
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *words_at = group + qwen_pair_words(b, 8), *scales = group + qwen_pair_scales(b, 8);
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *from = src + half * 8 * row_bytes + b * 34;
            for (size_t r = 0; r < 8; r++) memcpy(scales + (half * 8 + r) * 2, from + r * row_bytes, 2);
            for (size_t part = 0; part < 2; part++) {
                words w = transposed(from + 2 + 16 * part, row_bytes);
                uint8_t *to = words_at + part * 4 * WORD_BYTES + half * 32;
                for (size_t c = 0; c < 4; c++) store32(to + c * WORD_BYTES, _mm256_xor_si256(w.word[c], sign));
            }
        }
    }
}

TARGET static void pack_q4_0(const uint8_t *src, size_t row_bytes, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *words_at = group + qwen_pair_words(b, 4), *scales = group + qwen_pair_scales(b, 4);
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *from = src + half * 8 * row_bytes + b * 18;
            for (size_t r = 0; r < 8; r++) memcpy(scales + (half * 8 + r) * 2, from + r * row_bytes, 2);
            words w = transposed(from + 2, row_bytes);
            for (size_t c = 0; c < 4; c++) store32(words_at + c * WORD_BYTES + half * 32, w.word[c]);
        }
    }
}

/// Four words whose halves are `shift` bits up in the bytes of `low`, and in those of `high` for the columns above them.
INLINE void store_nibbles(uint8_t *p, const words *low, const words *high, int shift) {
    for (size_t c = 0; c < 4; c++) {
        __m256i upper = _mm256_slli_epi32(masked(high->word[c], shift, 15), 4);
        store32(p + c * WORD_BYTES, _mm256_or_si256(masked(low->word[c], shift, 15), upper));
    }
}

TARGET static void pack_q4_k(const uint8_t *src, size_t row_bytes, size_t blocks, uint8_t *group) {
    for (size_t b = 0; b < blocks; b++, group += Q4_K_BYTES) {
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *from = src + half * 8 * row_bytes + b * 144;
            words head = transposed(from, row_bytes);
            store_halves(group + half * 16, head.word[0], 0);
            store_halves(group + 2 * GROUP + half * 16, head.word[0], 16);
            __m256i scales = head.word[1], minima = head.word[2], rest = head.word[3];
            __m256i upper_scales = _mm256_slli_epi32(masked(scales, 6, 3), 4);
            __m256i upper_minima = _mm256_slli_epi32(masked(minima, 6, 3), 4);
            uint8_t *to = group + Q4_K_SCALES + half * 8;
            store_bytes(to, masked(scales, 0, 63));
            store_bytes(to + 4 * GROUP, _mm256_or_si256(masked(rest, 0, 15), upper_scales));
            to = group + Q4_K_MINIMA + half * 8;
            store_bytes(to, masked(minima, 0, 63));
            store_bytes(to + 4 * GROUP, _mm256_or_si256(masked(rest, 4, 15), upper_minima));
            for (size_t s = 0; s < 8; s += 2) {
                words low = transposed(from + 16 + s * 16, row_bytes), high = transposed(from + 32 + s * 16, row_bytes);
                to = group + Q4_K_WORDS + s * 4 * WORD_BYTES + half * 32;
                store_nibbles(to, &low, &high, 0);
                store_nibbles(to + 4 * WORD_BYTES, &low, &high, 4);
            }
        }
    }
}

TARGET static void pack_q6_k(const uint8_t *src, size_t row_bytes, size_t blocks, uint8_t *group) {
    uint8_t *block = group + qwen_packed_heading(blocks);
    for (size_t b = 0; b < blocks; b++, block += Q6_K_BYTES) {
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *from = src + half * 8 * row_bytes + b * 210;
            for (size_t r = 0; r < 8; r++) {
                memcpy(group + (b * GROUP + half * 8 + r) * 2, from + r * row_bytes + 208, 2);
            }
            words scales = transposed(from + 192, row_bytes);
            for (size_t c = 0; c < 4; c++) store_bytes(block + c * 4 * GROUP + half * 8, scales.word[c]);
            for (size_t upper = 0; upper < 2; upper++) {  // columns 0 … 127 and 128 … 255
                uint8_t *to = block + Q6_K_WORDS + upper * 4 * 6 * WORD_BYTES + half * 32;
                for (size_t s = 0; s < 2; s++) {
                    const uint8_t *at = from + upper * 64 + s * 32;
                    words low = transposed(at, row_bytes), high = transposed(at + 16, row_bytes);
                    store_nibbles(to + s * 6 * WORD_BYTES, &low, &high, 0);
                    store_nibbles(to + (s + 2) * 6 * WORD_BYTES, &low, &high, 4);
                }
                for (size_t part = 0; part < 2; part++) {
                    words bits = transposed(from + 128 + upper * 32 + part * 16, row_bytes);
                    for (int s = 0; s < 4; s++) {
                        __m256i word = masked(bits.word[0], 2 * s, 3);
                        for (int c = 1; c < 4; c++) {
                            word = _mm256_or_si256(word, _mm256_slli_epi32(masked(bits.word[c], 2 * s, 3), 2 * c));
                        }
                        store32(to + ((size_t)s * 6 + 4 + part) * WORD_BYTES, word);
                    }
                }
            }
        }
    }
}

static void pack_group(qwen_packed layout, const void *src, size_t row_bytes, size_t rows, size_t k, void *group) {
    size_t blocks = k / (layout == QWEN_PACKED_Q8_0 || layout == QWEN_PACKED_Q4_0 ? 32 : 256);
    // Half a pair of blocks needs zeros too, and so does the end of a heading of an odd number of superblocks.
    if (rows < GROUP || blocks % 2 != 0) {
        qwen_pack_group(layout, src, row_bytes, rows, k, group);
        return;
    }
    switch (layout) {
        case QWEN_PACKED_Q8_0: pack_q8_0(src, row_bytes, blocks, group); break;
        case QWEN_PACKED_Q4_0: pack_q4_0(src, row_bytes, blocks, group); break;
        case QWEN_PACKED_Q4_K: pack_q4_k(src, row_bytes, blocks, group); break;
        case QWEN_PACKED_Q6_K: pack_q6_k(src, row_bytes, blocks, group); break;
    }
}

void qwen_fill_packing_avx2(qwen_kernels *table) { table->pack_group = pack_group; }
#else
void qwen_fill_packing_avx2(qwen_kernels *table) { (void)table; }
#endif
