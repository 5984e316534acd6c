// Kernels for AVX-512 (F, BW, VL, DQ).
#include "levels.h"

#if QWEN_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#define VECTOR_REGISTERS 32
#define LANES 16
#define MICRO_VECTORS 4

typedef __m512 vf;

#define V TARGET static inline __attribute__((always_inline, unused))

V __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1); }

V vf v_zero(void) { return _mm512_setzero_ps(); }
V vf v_set(float x) { return _mm512_set1_ps(x); }
V vf v_load(const float *p) { return _mm512_loadu_ps(p); }
V void v_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
V vf v_load_first(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
V void v_store_first(float *p, vf v, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
V vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
V vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
V vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
V vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
V vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
V vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
V vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
V float v_sum(vf v) { return _mm512_reduce_add_ps(v); }
V float v_largest(vf v) { return _mm512_reduce_max_ps(v); }

V __m256 fold(vf v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }

/// The four sums, stored one after another.
V void v_sum4(vf a, vf b, vf c, vf d, float *sums) {
    __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(fold(a), fold(b)), _mm256_hadd_ps(fold(c), fold(d)));
    _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
}

V vf v_load_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
V vf v_load_bf16(const void *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}
V vf v_load_first_f16(const void *p, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), p));
}
V vf v_load_first_bf16(const void *p, size_t n) {
    __m256i half = _mm256_maskz_loadu_epi16(first_lanes(n), p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

V __m256i f16_of(vf v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// Not vcvtneps2bf16: that takes subnormal numbers for zero.
V __m256i bf16_of(vf v) {
    __m512i x = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(x, 16), one);
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(0x7fff)), odd);
    __m512i quiet = _mm512_or_si512(x, _mm512_set1_epi32(0x400000));
    __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16));
}
V void v_store_f16(void *p, vf v) { _mm256_storeu_si256(p, f16_of(v)); }
V void v_store_bf16(void *p, vf v) { _mm256_storeu_si256(p, bf16_of(v)); }
V void v_store_first_f16(void *p, vf v, size_t n) { _mm256_mask_storeu_epi16(p, first_lanes(n), f16_of(v)); }
V void v_store_first_bf16(void *p, vf v, size_t n) { _mm256_mask_storeu_epi16(p, first_lanes(n), bf16_of(v)); }

/// 2^n for whole n in [-126, 127].
V vf v_power_of_two(vf n) { return _mm512_scalef_ps(_mm512_set1_ps(1), n); }
V vf v_round(vf v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// v where x >= limit or x is NaN, else 0.
V vf v_zero_below(vf v, vf x, vf limit) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v); }

#include "vector_x86.h"

#include "vector_kernels.h"

#include "vector_attention.h"

typedef __m512i vi;

#define CHUNK 2
#define Q8_KEYS_ARE_SIGNED false

V vi vi_zero(void) { return _mm512_setzero_si512(); }
V vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
V vi vi_load(const char *p) { return _mm512_loadu_si512(p); }
V vi vi_load_keys(const char *p) { return vi_load(p); }
V vi vi_set_bytes(const int8_t *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vi_set(bytes);
}
V vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
V vi vi_shift_left(vi v, unsigned count) { return _mm512_slli_epi32(v, count); }
V vf v_from_integers(vi v) { return _mm512_cvtepi32_ps(v); }
V vf vi_byte(vi v, int c) {
    return v_from_integers(_mm512_and_si512(_mm512_srli_epi32(v, (unsigned)(8 * c)), _mm512_set1_epi32(0xff)));
}
V void v_load_i8(const int8_t *p, vf *row) {
    UNROLL for (int c = 0; c < CHUNK; c++) {
        row[c] = v_from_integers(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p + c * LANES))));
    }
}

/// Two products of a byte and a query's part, added, fit into 16 bits.
V vi vi_dot(vi sums, vi keys, vi query) {
    return vi_add(sums, _mm512_madd_epi16(_mm512_maddubs_epi16(keys, query), _mm512_set1_epi16(1)));
}

#include "vector_q8_cache.h"

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,avx512vnni")))

Q8_ATTENTION_PARTIAL(avx512, TARGET, vi_dot)
Q8_ATTENTION_PARTIAL(vnni, VNNI, _mm512_dpbusd_epi32)

void qwen_fill_avx512(qwen_kernels *table) {
    fill_table(table);
    fill_attention(table);
    table->q8_cache = (qwen_q8_cache_kernels){q8_store_pair, q8_attention_partial_avx512, attention_rows_q8};
    if (qwen_has_vnni()) {
        table->q8_cache.attention_partial = q8_attention_partial_vnni;
        qwen_fill_packed_vnni(&table->packed);
    } else {
        qwen_fill_packed_avx2(&table->packed);
    }
    qwen_fill_packing_avx2(table);
    if (qwen_has_bf16()) qwen_fill_bf16_avx512(table);
    table->name = "avx512";
}
#else
void qwen_fill_avx512(qwen_kernels *table) { (void)table; }
#endif
