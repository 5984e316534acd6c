// Kernels for AVX2, FMA and F16C.
#include "levels.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define VECTOR_REGISTERS 16
#define LANES 8
#define MICRO_VECTORS 2

typedef __m256 vf;

#define V TARGET static inline __attribute__((always_inline, unused))

V vf v_zero(void) { return _mm256_setzero_ps(); }
V vf v_set(float x) { return _mm256_set1_ps(x); }
V vf v_load(const float *p) { return _mm256_loadu_ps(p); }
V void v_store(float *p, vf v) { _mm256_storeu_ps(p, v); }

/// All ones in the first n lanes.
V __m256i first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
V vf v_load_first(const float *p, size_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
V void v_store_first(float *p, vf v, size_t n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
V vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
V vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
V vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
V vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
V vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
V vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
V vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }

V float v_sum(vf v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
V float v_largest(vf v) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/// The four sums, stored one after another.
V void v_sum4(vf a, vf b, vf c, vf d, float *sums) {
    __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
}

V vf v_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
V vf v_load_bf16(const void *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
V vf v_load_first_f16(const void *p, size_t n) {
    uint16_t whole[8] = {0};
    memcpy(whole, p, n * sizeof *whole);
    return v_load_f16(whole);
}
V vf v_load_first_bf16(const void *p, size_t n) {
    uint16_t whole[8] = {0};
    memcpy(whole, p, n * sizeof *whole);
    return v_load_bf16(whole);
}
V void v_store_f16(void *p, vf v) {
    _mm_storeu_si128(p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
V void v_store_bf16(void *p, vf v) {
    __m256i x = _mm256_castps_si256(v);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(x, 16), _mm256_set1_epi32(1));
    __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(x, _mm256_set1_epi32(0x7fff)), odd);
    __m256i quiet = _mm256_or_si256(x, _mm256_set1_epi32(0x400000));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    __m256i upper = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    _mm_storeu_si128(p, _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1)));
}
V void v_store_first_f16(void *p, vf v, size_t n) {
    uint16_t whole[8];
    v_store_f16(whole, v);
    memcpy(p, whole, n * sizeof *whole);
}
V void v_store_first_bf16(void *p, vf v, size_t n) {
    uint16_t whole[8];
    v_store_bf16(whole, v);
    memcpy(p, whole, n * sizeof *whole);
}

/// 2^n for whole n in [-126, 127].
V vf v_power_of_two(vf n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
V vf v_round(vf v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// v where x >= limit or x is NaN, else 0.
V vf v_zero_below(vf v, vf x, vf limit) { return _mm256_and_ps(_mm256_cmp_ps(x, limit, _CMP_NLT_UQ), v); }

#include "vector_x86.h"

V vf v_load_even_f32(const char *p) { return v_load((const float *)(const void *)p); }
V vf v_load_odd_f32(const char *p) { return v_load((const float *)(const void *)p + LANES); }
V void v_part_f32(const float *x, float *even, float *odd) {
    v_store(even, v_load(x));
    v_store(odd, v_load(x + LANES));
}
V vf v_load_even_f16(const char *p) { return v_load_f16(p); }
V vf v_load_odd_f16(const char *p) { return v_load_f16(p + LANES * sizeof(uint16_t)); }
V void v_part_f16(const float *x, float *even, float *odd) { v_part_f32(x, even, odd); }

/// Columns of even and of odd index: a shift and a mask instead of what puts each column into a place of its own. Words are read
/// again for the second half, which takes no register: by inline assembly, or compilers keep them.
V vf v_load_even_bf16(const char *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p), 16));
}
V vf v_load_odd_bf16(const char *p) {
    static const _Alignas(32) uint32_t upper[8] = {0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
                                                   0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000};
    vf v;
    __asm__("vmovups %1, %0\n\tvandps %2, %0, %0" : "=x"(v) : "m"(*(const char(*)[32])p), "m"(upper));
    return v;
}
V void v_part_bf16(const float *x, float *even, float *odd) {
    vf a = v_load(x), b = v_load(x + LANES);
    vf e = _mm256_shuffle_ps(a, b, 0x88), o = _mm256_shuffle_ps(a, b, 0xdd);
    v_store(even, _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(e), 0xd8)));
    v_store(odd, _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(o), 0xd8)));
}

#include "vector_kernels.h"

/// Measured on Zen 3, two threads out of memory, in alternation: a cache of binary16 is read with 27.9 GB/s instead of 21.8 (a loop
/// that only reads: 31.0).
#define FETCH(from, bytes)                                                                                             \
    UNROLL for (size_t line = 0; line < (bytes); line += 64) _mm_prefetch((from) + line, _MM_HINT_T0);

V vf v_sum4_halves(vf a, vf b, vf c, vf d) { return _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d)); }
V vf v_add_halves(vf a, vf b) {
    return _mm256_add_ps(_mm256_blend_ps(a, b, 0xf0), _mm256_permute2f128_ps(a, b, 0x21));
}

/// Measured as above: out of memory 1.1 to 1.2 times as fast, nearly that of a loop that only reads; 1.04 times in the cache.
#define ATTENDS_WHOLE_TILES

#include "vector_attention.h"

typedef __m256i vi;

#define CHUNK 4
#define Q8_KEYS_ARE_SIGNED false

V vi vi_zero(void) { return _mm256_setzero_si256(); }
V vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
V vi vi_load(const char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
V vi vi_load_keys(const char *p) { return vi_load(p); }
V vi vi_set_bytes(const int8_t *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vi_set(bytes);
}
V vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
V vi vi_shift_left(vi v, int count) { return _mm256_slli_epi32(v, count); }
V vf v_from_integers(vi v) { return _mm256_cvtepi32_ps(v); }
V vf vi_byte(vi v, int c) {
    return v_from_integers(_mm256_and_si256(_mm256_srli_epi32(v, 8 * c), _mm256_set1_epi32(0xff)));
}
V void v_load_i8(const int8_t *p, vf *row) {
    UNROLL for (int c = 0; c < CHUNK; c++) {
        row[c] = v_from_integers(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p + c * LANES))));
    }
}

/// Two products of a byte and a query's part, added, fit into 16 bits.
V vi vi_dot(vi sums, vi keys, vi query) {
    return vi_add(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(keys, query), _mm256_set1_epi16(1)));
}

#include "vector_q8_cache.h"

Q8_ATTENTION_PARTIAL(avx2, TARGET, vi_dot)

void qwen_fill_avx2(qwen_kernels *table) {
    fill_table(table);
    fill_attention(table);
    qwen_fill_packed_avx2(&table->packed);
    qwen_fill_packing_avx2(table);
    table->q8_cache = (qwen_q8_cache_kernels){q8_store_pair, q8_attention_partial_avx2, attention_rows_q8};
    table->name = "avx2";
}
#else
void qwen_fill_avx2(qwen_kernels *table) { (void)table; }
#endif
