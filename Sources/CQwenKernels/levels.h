// Shared by the files that hold kernels: conversions of single elements, and each level's entry.
#ifndef QWEN_LEVELS_H
#define QWEN_LEVELS_H

#include <math.h>
#include <string.h>

#include "include/CQwenKernels.h"

#if defined(__x86_64__) && (defined(__clang__) || defined(__GNUC__))
#define QWEN_X86 1
#else
#define QWEN_X86 0
#endif

#if defined(__aarch64__) && defined(__ARM_NEON)
#define QWEN_NEON 1
#else
#define QWEN_NEON 0
#endif

/// Before a loop with a constant number of rounds.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

/// Replaces the entries of a table (which holds the scalar kernels already) by one level's own.
void qwen_fill_scalar(qwen_kernels *table);
void qwen_fill_avx2(qwen_kernels *table);
void qwen_fill_avx512(qwen_kernels *table);
void qwen_fill_neon(qwen_kernels *table);
void qwen_fill_dotprod(qwen_kernels *table);
void qwen_fill_i8mm(qwen_kernels *table);

void qwen_fill_packed_scalar(qwen_packed_kernels *table);
void qwen_fill_packed_avx2(qwen_packed_kernels *table);
void qwen_fill_packed16_avx2(qwen_packed_kernels *table);
void qwen_fill_packed_vnni(qwen_packed_kernels *table);
void qwen_fill_packed_neon(qwen_packed_kernels *table);

void qwen_fill_q8_cache_scalar(qwen_q8_cache_kernels *table);
void qwen_fill_q8_cache_dotprod(qwen_q8_cache_kernels *table);

/// Packs by AVX2 at the levels that have it.
void qwen_fill_packing_avx2(qwen_kernels *table);

/// To be called where qwen_has_bf16.
void qwen_fill_bf16_avx512(qwen_kernels *table);
void qwen_fill_bf16_neon(qwen_kernels *table);

/// Whether this machine has AVX-512 BF16 or FEAT_BF16, which the levels avx512 and i8mm do not ask for.
bool qwen_has_bf16(void);

/// Whether this machine has VNNI, which the level avx512 does not ask for.
bool qwen_has_vnni(void);

static inline float qwen_float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t qwen_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float qwen_float_from_bf16(uint16_t half) { return qwen_float_from_bits((uint32_t)half << 16); }

static inline uint16_t qwen_bf16_from_float(float value) {
    uint32_t x = qwen_bits_of_float(value);
    if ((x & 0x7fffffff) > 0x7f800000) return (uint16_t)(x >> 16 | 0x40);  // NaN, made quiet
    return (uint16_t)((x + 0x7fff + (x >> 16 & 1)) >> 16);
}

static inline float qwen_float_from_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 31) {  // infinity, or NaN made quiet
        return qwen_float_from_bits(sign | 0x7f800000 | (fraction != 0 ? 0x400000 | fraction << 13 : 0));
    }
    if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, exact in float
        float magnitude = (float)fraction * 0x1p-24f;
        return qwen_float_from_bits(sign | qwen_bits_of_float(magnitude));
    }
    return qwen_float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

static inline uint16_t qwen_f16_from_float(float value) {
    uint32_t x = qwen_bits_of_float(value), sign = x >> 16 & 0x8000;
    x &= 0x7fffffff;
    if (x > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (x >> 13 & 0x3ff));  // NaN, made quiet
    if (x >= 0x47800000) return (uint16_t)(sign | 0x7c00);                     // 65536 and more
    if (x >= 0x38800000) {  // normal; a carry may run up to infinity, which is right
        return (uint16_t)(sign | (x + 0xfff + (x >> 13 & 1) - 0x38000000) >> 13);
    }
    if (x < 0x33000000) return (uint16_t)sign;  // below half of the smallest subnormal
    uint32_t fraction = (x & 0x7fffff) | 0x800000, shift = 126 - (x >> 23);
    uint32_t quotient = fraction >> shift, rest = fraction & ((1u << shift) - 1), half = 1u << (shift - 1);
    if (rest > half || (rest == half && (quotient & 1))) quotient++;
    return (uint16_t)(sign | quotient);
}

typedef float qwen_element_f32;
typedef uint16_t qwen_element_f16, qwen_element_bf16;

static inline float qwen_load_f32(const void *p, size_t i) { return ((const float *)p)[i]; }
static inline float qwen_load_f16(const void *p, size_t i) { return qwen_float_from_f16(((const uint16_t *)p)[i]); }
static inline float qwen_load_bf16(const void *p, size_t i) { return qwen_float_from_bf16(((const uint16_t *)p)[i]); }
static inline void qwen_store_f32(void *p, size_t i, float v) { ((float *)p)[i] = v; }
static inline void qwen_store_f16(void *p, size_t i, float v) { ((uint16_t *)p)[i] = qwen_f16_from_float(v); }
static inline void qwen_store_bf16(void *p, size_t i, float v) { ((uint16_t *)p)[i] = qwen_bf16_from_float(v); }

static inline const void *qwen_offset(const void *p, size_t bytes) { return (const char *)p + bytes; }

#endif
