// Kernels for arm64: NEON is its baseline, conversions from and to binary16 included.
#include "levels.h"

#if QWEN_NEON
#include <arm_neon.h>

#define TARGET
#define VECTOR_REGISTERS 32
#define LANES 4
#define MICRO_VECTORS 4

typedef float32x4_t vf;

#define V static inline __attribute__((always_inline, unused))

V vf v_zero(void) { return vdupq_n_f32(0); }
V vf v_set(float x) { return vdupq_n_f32(x); }
V vf v_load(const float *p) { return vld1q_f32(p); }
V void v_store(float *p, vf v) { vst1q_f32(p, v); }
V vf v_load_first(const float *p, size_t n) {
    float whole[4] = {0};
    memcpy(whole, p, n * sizeof *whole);
    return vld1q_f32(whole);
}
V void v_store_first(float *p, vf v, size_t n) {
    float whole[4];
    vst1q_f32(whole, v);
    memcpy(p, whole, n * sizeof *whole);
}
V vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
V vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
V vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
V vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
/// b when either is NaN, as on x86 (vmaxq would give NaN, vmaxnmq the number).
V vf v_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
V vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
V vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
V float v_sum(vf v) { return vaddvq_f32(v); }
V float v_largest(vf v) { return vmaxvq_f32(v); }

/// The four sums, stored one after another.
V void v_sum4(vf a, vf b, vf c, vf d, float *sums) {
    vst1q_f32(sums, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}

V vf v_load_f16(const void *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
V vf v_load_bf16(const void *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
V vf v_load_first_f16(const void *p, size_t n) {
    uint16_t whole[4] = {0};
    memcpy(whole, p, n * sizeof *whole);
    return v_load_f16(whole);
}
V vf v_load_first_bf16(const void *p, size_t n) {
    uint16_t whole[4] = {0};
    memcpy(whole, p, n * sizeof *whole);
    return v_load_bf16(whole);
}
V void v_store_f16(void *p, vf v) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v))); }
V void v_store_bf16(void *p, vf v) {
    uint32x4_t x = vreinterpretq_u32_f32(v);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(x, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(vaddq_u32(x, vdupq_n_u32(0x7fff)), odd);
    uint32x4_t quiet = vorrq_u32(x, vdupq_n_u32(0x400000));
    vst1_u16(p, vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet), 16));
}
V void v_store_first_f16(void *p, vf v, size_t n) {
    uint16_t whole[4];
    v_store_f16(whole, v);
    memcpy(p, whole, n * sizeof *whole);
}
V void v_store_first_bf16(void *p, vf v, size_t n) {
    uint16_t whole[4];
    v_store_bf16(whole, v);
    memcpy(p, whole, n * sizeof *whole);
}

/// 2^n for whole n in [-126, 127].
V vf v_power_of_two(vf n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}
V vf v_round(vf v) { return vrndnq_f32(v); }
/// v where x >= limit or x is NaN, else 0.
V vf v_zero_below(vf v, vf x, vf limit) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), vcltq_f32(x, limit)));
}

/// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 8.
V void v_transpose8(const float *from, size_t from_stride, float *to, size_t to_stride) {
    for (size_t i = 0; i < 8; i += 4) {
        for (size_t j = 0; j < 8; j += 4) {
            const float *rows = from + j * from_stride + i;
            float *columns = to + i * to_stride + j;
            float32x4x2_t low = vtrnq_f32(vld1q_f32(rows), vld1q_f32(rows + from_stride));
            float32x4x2_t high = vtrnq_f32(vld1q_f32(rows + 2 * from_stride), vld1q_f32(rows + 3 * from_stride));
            vst1q_f32(columns, vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0])));
            vst1q_f32(columns + to_stride, vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1])));
            vst1q_f32(columns + 2 * to_stride, vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0])));
            vst1q_f32(columns + 3 * to_stride, vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1])));
        }
    }
}

#include "vector_kernels.h"

#include "vector_attention.h"

typedef int32x4_t vi;

#define CHUNK 4
#define Q8_KEYS_ARE_SIGNED true

V vi vi_zero(void) { return vdupq_n_s32(0); }
V vi vi_set(int32_t x) { return vdupq_n_s32(x); }
V vi vi_load(const char *p) { return vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)p)); }
V vi vi_load_keys(const char *p) {
    return vreinterpretq_s32_u8(veorq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8(0x80)));
}
V vi vi_set_bytes(const int8_t *p) {
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vi_set(bytes);
}
V vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
V vi vi_shift_left(vi v, int count) { return vshlq_s32(v, vdupq_n_s32(count)); }
V vf v_from_integers(vi v) { return vcvtq_f32_s32(v); }
V vf vi_byte(vi v, int c) {
    uint32x4_t shifted = vshlq_u32(vreinterpretq_u32_s32(v), vdupq_n_s32(-8 * c));
    return vcvtq_f32_u32(vandq_u32(shifted, vdupq_n_u32(0xff)));
}
V void v_load_i8(const int8_t *p, vf *row) {
    int8x16_t bytes = vld1q_s8(p);
    int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_s8(vget_high_s8(bytes));
    row[0] = v_from_integers(vmovl_s16(vget_low_s16(low)));
    row[1] = v_from_integers(vmovl_s16(vget_high_s16(low)));
    row[2] = v_from_integers(vmovl_s16(vget_low_s16(high)));
    row[3] = v_from_integers(vmovl_s16(vget_high_s16(high)));
}

V vi vi_dot(vi sums, vi keys, vi query) {
    int8x16_t k = vreinterpretq_s8_s32(keys), q = vreinterpretq_s8_s32(query);
    int16x8_t low = vmull_s8(vget_low_s8(k), vget_low_s8(q)), high = vmull_s8(vget_high_s8(k), vget_high_s8(q));
    return vaddq_s32(sums, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

#include "vector_q8_cache.h"

Q8_ATTENTION_PARTIAL(neon, , vi_dot)

#define DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

DOTPROD static inline __attribute__((always_inline)) vi vi_dot_at_once(vi sums, vi keys, vi query) {
    return vdotq_s32(sums, vreinterpretq_s8_s32(keys), vreinterpretq_s8_s32(query));
}

Q8_ATTENTION_PARTIAL(dotprod, DOTPROD, vi_dot_at_once)

void qwen_fill_q8_cache_dotprod(qwen_q8_cache_kernels *table) { table->attention_partial = q8_attention_partial_dotprod; }

void qwen_fill_neon(qwen_kernels *table) {
    fill_table(table);
    fill_attention(table);
    qwen_fill_packed_neon(&table->packed);
    table->q8_cache = (qwen_q8_cache_kernels){q8_store_pair, q8_attention_partial_neon, attention_rows_q8};
    table->name = "neon";
}
#else
void qwen_fill_neon(qwen_kernels *table) { (void)table; }
#endif
