// Products with packed matrices by sdot (FEAT_DotProd): four columns of four rows of weights, times four columns of x.
#include "packed_layout.h"

#if QWEN_NEON
#include <arm_neon.h>

#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

typedef int32x4_t dots;
static inline dots dots_begin(int32x4_t v) { return v; }
static inline dots dots_settle(dots sums) { return sums; }
static inline int32x4_t dots_total(dots sums) { return sums; }
#define DOT(SUMS, W, X, LANE) vdotq_laneq_s32(SUMS, W, X, LANE)
#define DOTS_HERE HERE

typedef int8x16_t bytes;
static inline bytes load_bytes(const uint8_t *p) {
    return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80)));
}
static inline dots bytes_begin(const qwen_quantized *block) { (void)block; return vdupq_n_s32(0); }
#define DOT_BYTES DOT

#include "packed_neon.h"

// 32 registers: two rows of x with all sixteen of a group, or four with eight.
#define TILES(T)                                                                                                       \
    WHOLE(T, 1, 4) WHOLE(T, 2, 4) WHOLE(T, 3, 2) WHOLE(T, 4, 2)                                                        \
    SPLIT(T, 5, 4, 1) SPLIT(T, 6, 4, 2) SPLIT(T, 7, 4, 3) SPLIT(T, 8, 4, 4)

TILES(q8_0)
TILES(q4_0)
TILES(q4_k)
TILES(q6_k)
MULTIPLY(q8_0, QWEN_PACKED_Q8_0)
MULTIPLY(q4_0, QWEN_PACKED_Q4_0)
MULTIPLY(q4_k, QWEN_PACKED_Q4_K)
MULTIPLY(q6_k, QWEN_PACKED_Q6_K)

TILES16(q8_0, QWEN_PACKED_Q8_0)
TILES16(q4_0, QWEN_PACKED_Q4_0)
TILES16(q4_k, QWEN_PACKED_Q4_K)
TILES16(q6_k, QWEN_PACKED_Q6_K)

void qwen_fill_dotprod(qwen_kernels *table) {
    qwen_fill_neon(table);
    // Inputs become integers as without dot products.
    table->packed = (qwen_packed_kernels){
        .quantize = table->packed.quantize,
        .quantize16 = table->packed.quantize16,
        .splits16 = table->packed.splits16,
        .multiply = {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
        .multiply16 = {multiply16_q8_0, multiply16_q4_0, multiply16_q4_k, multiply16_q6_k},
    };
    qwen_fill_q8_cache_dotprod(&table->q8_cache);
    table->name = "dotprod";
}
#else
void qwen_fill_dotprod(qwen_kernels *table) { (void)table; }
#endif
