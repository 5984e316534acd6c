// Inputs as integers by NEON, and products with packed matrices where it has no dot products: products of bytes are summed in
// 16 bits.
#include "packed_layout.h"

#if QWEN_NEON
#include <arm_neon.h>

#define TARGET

static void quantize(const float *x, size_t n, qwen_quantized *dst) {
    const uint32x4_t magnitude = vdupq_n_u32(0x7fffffff);
    for (size_t b = 0; b < n / 32; b++, x += 32) {
        float32x4_t part[8];
        uint32x4_t top4 = vdupq_n_u32(0);
        UNROLL for (int c = 0; c < 8; c++) {
            part[c] = vld1q_f32(x + 4 * c);
            top4 = vmaxq_u32(top4, vandq_u32(vreinterpretq_u32_f32(part[c]), magnitude));
        }
        uint32_t largest = vmaxvq_u32(top4);
        float top = qwen_float_from_bits(largest);
        qwen_quantized *to = dst + b;
        if (largest >= 0x7f800000 || top < 0x1p-100f) {
            *to = (qwen_quantized){.d = largest >= 0x7f800000 ? top : 0};
            to->sum = to->d * 0;
            continue;
        }
        float factor = 127 / top;
        int32_t sums[2];
        UNROLL for (int half = 0; half < 2; half++) {
            int32x4_t q[4];
            UNROLL for (int c = 0; c < 4; c++) q[c] = vcvtnq_s32_f32(vmulq_n_f32(part[4 * half + c], factor));
            int16x8_t first = vcombine_s16(vmovn_s32(q[0]), vmovn_s32(q[1]));
            int16x8_t second = vcombine_s16(vmovn_s32(q[2]), vmovn_s32(q[3]));
            vst1q_s8(to->q + 16 * half, vcombine_s8(vmovn_s16(first), vmovn_s16(second)));
            sums[half] = vaddvq_s32(vaddq_s32(vaddq_s32(q[0], q[1]), vaddq_s32(q[2], q[3])));
        }
        to->d = top / 127;
        to->sum = to->d * (float)(sums[0] + sums[1]);
        to->bias = -128 * (sums[0] + sums[1]);
        to->bias_low = -128 * sums[0];
    }
}

QUANTIZE16_SPLIT(TARGET)

/// low and high: columns of rows 0 and 1, and of rows 2 and 3, apart. a and b: pairs of columns, settled.
typedef struct dots {
    int16x8_t low, high;
    int32x4_t a, b;
} dots;

static inline dots dots_begin(int32x4_t v) {
    // Every other number, since neighbours will be added.
    int32x4_t low = vzip1q_s32(v, vdupq_n_s32(0)), high = vzip2q_s32(v, vdupq_n_s32(0));
    return (dots){vdupq_n_s16(0), vdupq_n_s16(0), low, high};
}

static inline dots dots_settle(dots sums) {
    return (dots){vdupq_n_s16(0), vdupq_n_s16(0), vpadalq_s16(sums.a, sums.low), vpadalq_s16(sums.b, sums.high)};
}

static inline int32x4_t dots_total(dots sums) {
    dots settled = dots_settle(sums);
    return vpaddq_s32(settled.a, settled.b);
}

/// Eight products below 16 · 128, four below 64 · 128 and two below 128 · 128 fit 16 bits.
static inline dots dots_add(dots sums, int8x16_t w, int32x4_t columns) {
    int8x16_t x = vreinterpretq_s8_s32(columns);
    sums.low = vmlal_s8(sums.low, vget_low_s8(w), vget_low_s8(x));
    sums.high = vmlal_high_s8(sums.high, w, x);
    return sums;
}

#define DOT(SUMS, W, X, LANE) dots_add(SUMS, W, vdupq_laneq_s32(vreinterpretq_s32_s8(X), LANE))
#define DOTS_HERE(SUMS) HERE(SUMS.low) HERE(SUMS.high)

typedef int8x16_t bytes;
static inline bytes load_bytes(const uint8_t *p) {
    return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80)));
}
static inline dots bytes_begin(const qwen_quantized *block) { (void)block; return dots_begin(vdupq_n_s32(0)); }
#define DOT_BYTES DOT

#include "packed_neon.h"

#define TILES(T)                                                                                                       \
    WHOLE(T, 1, 4) WHOLE(T, 2, 2) SPLIT(T, 3, 2, 1) SPLIT(T, 4, 2, 2)                                                  \
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

void qwen_fill_packed_neon(qwen_packed_kernels *table) {
    *table = (qwen_packed_kernels){
        .quantize = quantize,
        .quantize16 = quantize16,
        .splits16 = true,
        .multiply = {multiply_q8_0, multiply_q4_0, multiply_q4_k, multiply_q6_k},
        .multiply16 = {multiply16_q8_0, multiply16_q4_0, multiply16_q4_k, multiply16_q6_k},
    };
}
#else
void qwen_fill_packed_neon(qwen_packed_kernels *table) { (void)table; }
#endif
