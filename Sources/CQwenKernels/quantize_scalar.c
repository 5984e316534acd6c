// Quantisation by least squares: for each group of elements the scale (and minimum) is sought that makes the weighted error
// smallest, among those that rounding to a slightly larger or smaller grid suggests.
//
// The layouts with one scale (Q8_0, Q4_0 …) are written as gguf's own tools write them, bit for bit: the scale follows from the
// largest element. For the layouts with scales of scales larger weights count for more, since they move the outputs more.
#include "levels.h"

#pragma STDC FP_CONTRACT OFF

static inline int clamped(int value, int low, int high) { return value < low ? low : value > high ? high : value; }
static inline int nearest(float value) { return (int)lrintf(value); }

static inline void put_half(uint8_t *p, float value) {
    uint16_t half = qwen_f16_from_float(value);
    p[0] = (uint8_t)half;
    p[1] = (uint8_t)(half >> 8);
}

static inline float get_half(const uint8_t *p) { return qwen_float_from_f16((uint16_t)(p[0] | p[1] << 8)); }

/// The element that is farthest from 0, the first of several.
static float farthest(const float *x, int n) {
    float found = 0;
    for (int i = 0; i < n; i++) {
        if (fabsf(x[i]) > fabsf(found)) found = x[i];
    }
    return found;
}

// ---- 32 elements, one scale

static void to_q8_0(const float *x, uint8_t *p) {
    float d = fabsf(farthest(x, 32)) / 127, inverse = d != 0 ? 1 / d : 0;
    put_half(p, d);
    for (int i = 0; i < 32; i++) p[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
}

/// 32 integers of 4 bits as the layouts with one scale hold them.
static void put_halves(const int *q, uint8_t *p) {
    for (int i = 0; i < 16; i++) p[i] = (uint8_t)((q[i] & 15) | (q[i + 16] & 15) << 4);
}

/// The fifth bits of 32 integers.
static void put_fifth_bits(const int *q, uint8_t *p) {
    uint32_t word = 0;
    for (int i = 0; i < 32; i++) word |= (uint32_t)(q[i] >> 4 & 1) << i;
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(word >> 8 * i);
}

/// d (q - half): the farthest element becomes the lowest integer, which reaches farther than the highest.
static float symmetric(const float *x, int half, int *q) {
    float d = farthest(x, 32) / (float)-half, inverse = d != 0 ? 1 / d : 0;
    for (int i = 0; i < 32; i++) q[i] = clamped((int)(x[i] * inverse + (float)half + 0.5f), 0, 2 * half - 1);
    return d;
}

/// d q + m: from the smallest element to the largest.
static void ranged(const float *x, int top, int *q, float *d, float *m) {
    float low = x[0], high = x[0];
    for (int i = 1; i < 32; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *d = (high - low) / (float)top;
    *m = low;
    float inverse = *d != 0 ? 1 / *d : 0;
    for (int i = 0; i < 32; i++) q[i] = clamped((int)((x[i] - low) * inverse + 0.5f), 0, top);
}

static void to_q4_0(const float *x, uint8_t *p) {
    int q[32];
    put_half(p, symmetric(x, 8, q));
    put_halves(q, p + 2);
}

static void to_q5_0(const float *x, uint8_t *p) {
    int q[32];
    put_half(p, symmetric(x, 16, q));
    put_fifth_bits(q, p + 2);
    put_halves(q, p + 6);
}

static void to_q4_1(const float *x, uint8_t *p) {
    int q[32];
    float d, m;
    ranged(x, 15, q, &d, &m);
    put_half(p, d);
    put_half(p + 2, m);
    put_halves(q, p + 4);
}

static void to_q5_1(const float *x, uint8_t *p) {
    int q[32];
    float d, m;
    ranged(x, 31, q, &d, &m);
    put_half(p, d);
    put_half(p + 2, m);
    put_fifth_bits(q, p + 4);
    put_halves(q, p + 8);
}

// ---- 256 elements, scales of scales

/// A scale and a minimum for 32 elements, with the weighted squared error that they leave.
typedef struct affine {
    float scale, minimum, error;
} affine;

/// The best scale and minimum for the given integers, by weighted least squares; the minimum may not be positive.
static affine fit_affine(const float *x, const float *w, const int *q) {
    double sw = 0, sq = 0, sqq = 0, sx = 0, sqx = 0;
    for (int i = 0; i < 32; i++) {
        double weight = w[i];
        sw += weight;
        sq += weight * q[i];
        sqq += weight * q[i] * q[i];
        sx += weight * x[i];
        sqx += weight * q[i] * x[i];
    }
    double determinant = sw * sqq - sq * sq;
    affine fit = {0, 0, INFINITY};
    if (determinant <= 0) return fit;
    double scale = (sw * sqx - sq * sx) / determinant, minimum = (sqq * sx - sq * sqx) / determinant;
    if (minimum > 0) {
        minimum = 0;
        scale = sqx / sqq;
    }
    if (scale <= 0) return fit;
    double error = 0;
    for (int i = 0; i < 32; i++) {
        double difference = scale * q[i] + minimum - x[i];
        error += w[i] * difference * difference;
    }
    return (affine){(float)scale, (float)minimum, (float)error};
}

/// Seeks the scale and minimum for integers 0 … top. The range from the smallest to the largest element is divided into
/// somewhat fewer and somewhat more steps than there are; each division gives integers, and these their best fit.
static affine seek_affine(const float *x, const float *w, int top) {
    float low = 0, high = x[0];
    for (int i = 0; i < 32; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    affine best = {0, low, INFINITY};
    if (high <= low) return best;
    best.scale = (high - low) / (float)top;
    int q[32];
    for (int step = -12; step <= 12; step++) {
        float inverse = ((float)top + 0.1f * (float)step) / (high - low), minimum = low;
        // A fit changes the grid, and the new grid may round some elements elsewhere: twice is enough.
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 32; i++) q[i] = clamped(nearest((x[i] - minimum) * inverse), 0, top);
            affine fit = fit_affine(x, w, q);
            if (fit.error < best.error) best = fit;
            if (fit.scale <= 0) break;
            inverse = 1 / fit.scale;
            minimum = fit.minimum;
        }
    }
    return best;
}

/// Scales and minima of six bits each for eight groups, in 12 bytes.
static void put_scales(const int *scale, const int *minimum, uint8_t *p) {
    memset(p, 0, 12);
    for (int s = 0; s < 4; s++) {
        p[s] = (uint8_t)(scale[s] | (scale[s + 4] >> 4) << 6);
        p[s + 4] = (uint8_t)(minimum[s] | (minimum[s + 4] >> 4) << 6);
        p[s + 8] = (uint8_t)((scale[s + 4] & 15) | (minimum[s + 4] & 15) << 4);
    }
}

/// What Q4_K and Q5_K share: d, dmin and scales into p[0 … 15], and 256 integers 0 … top.
static void to_k(const float *x, int top, uint8_t *p, int *q) {
    affine groups[8];
    float w[32], largest_scale = 0, largest_minimum = 0;
    for (int s = 0; s < 8; s++) {
        const float *group = x + 32 * s;
        float sum = 0;
        for (int i = 0; i < 32; i++) sum += group[i] * group[i];
        float mean = sqrtf(sum / 32);
        for (int i = 0; i < 32; i++) w[i] = mean + fabsf(group[i]);
        groups[s] = seek_affine(group, w, top);
        largest_scale = groups[s].scale > largest_scale ? groups[s].scale : largest_scale;
        largest_minimum = -groups[s].minimum > largest_minimum ? -groups[s].minimum : largest_minimum;
    }
    int scale[8], minimum[8];
    for (int s = 0; s < 8; s++) {
        scale[s] = largest_scale > 0 ? clamped(nearest(63 * groups[s].scale / largest_scale), 0, 63) : 0;
        minimum[s] = largest_minimum > 0 ? clamped(nearest(63 * -groups[s].minimum / largest_minimum), 0, 63) : 0;
    }
    put_half(p, largest_scale / 63);
    put_half(p + 2, largest_minimum / 63);
    put_scales(scale, minimum, p + 4);
    float d = get_half(p), dmin = get_half(p + 2);
    for (int s = 0; s < 8; s++) {
        float ds = d * (float)scale[s], m = dmin * (float)minimum[s];
        for (int i = 0; i < 32; i++) {
            q[32 * s + i] = ds > 0 ? clamped(nearest((x[32 * s + i] + m) / ds), 0, top) : 0;
        }
    }
}

/// 128 bytes: of each 64 integers the low four bits, the first 32 in the low halves and the next 32 in the high ones.
static void put_k_halves(const int *q, uint8_t *p) {
    for (int i = 0; i < 128; i++) {
        int at = i / 32 * 64 + i % 32;
        p[i] = (uint8_t)((q[at] & 15) | (q[at + 32] & 15) << 4);
    }
}

static void to_q4_k(const float *x, uint8_t *p) {
    int q[256];
    to_k(x, 15, p, q);
    put_k_halves(q, p + 16);
}

static void to_q5_k(const float *x, uint8_t *p) {
    int q[256];
    to_k(x, 31, p, q);
    for (int i = 0; i < 32; i++) {
        int bits = 0;
        for (int s = 0; s < 8; s++) bits |= (q[32 * s + i] >> 4 & 1) << s;
        p[16 + i] = (uint8_t)bits;
    }
    put_k_halves(q, p + 48);
}

/// The scale for 16 elements as integers -32 … 31, by least squares with x² as weights; 0 where all are 0.
static float seek_scale(const float *x) {
    float edge = farthest(x, 16), best_scale = 0;
    if (fabsf(edge) < 1e-15f) return 0;
    double best = -1;
    for (int step = -12; step <= 12; step++) {
        float inverse = -(32 + 0.1f * (float)step) / edge;
        double sqx = 0, sqq = 0;
        for (int i = 0; i < 16; i++) {
            double weight = (double)x[i] * x[i];
            int q = clamped(nearest(inverse * x[i]), -32, 31);
            sqx += weight * q * x[i];
            sqq += weight * q * q;
        }
        // The error is Σ w x² less (Σ w q x)² / Σ w q².
        if (sqq > 0 && sqx * sqx > best * sqq) {
            best = sqx * sqx / sqq;
            best_scale = (float)(sqx / sqq);
        }
    }
    return best_scale;
}

static void to_q6_k(const float *x, uint8_t *p) {
    float scales[16], edge;
    for (int s = 0; s < 16; s++) scales[s] = seek_scale(x + 16 * s);
    edge = farthest(scales, 16);
    memset(p, 0, 210);
    if (edge == 0) return;
    float inverse = -128 / edge;
    put_half(p + 208, 1 / inverse);
    float d = get_half(p + 208);
    for (int s = 0; s < 16; s++) {
        int scale = clamped(nearest(inverse * scales[s]), -128, 127);
        float ds = d * (float)scale;
        p[192 + s] = (uint8_t)(int8_t)scale;
        for (int i = 16 * s; i < 16 * s + 16; i++) {
            int q = 32 + (ds != 0 ? clamped(nearest(x[i] / ds), -32, 31) : 0);
            int half = i / 128, within = i % 128;
            p[half * 64 + within % 64] |= (uint8_t)((q & 15) << (within / 64 * 4));
            p[128 + half * 32 + within % 32] |= (uint8_t)((q >> 4) << (within / 32 * 2));
        }
    }
}

typedef void (*quantizer)(const float *x, uint8_t *p);

static quantizer quantizer_of(qwen_block block) {
    switch (block) {
    case QWEN_BLOCK_Q8_0: return to_q8_0;
    case QWEN_BLOCK_Q4_0: return to_q4_0;
    case QWEN_BLOCK_Q4_1: return to_q4_1;
    case QWEN_BLOCK_Q5_0: return to_q5_0;
    case QWEN_BLOCK_Q5_1: return to_q5_1;
    case QWEN_BLOCK_Q4_K: return to_q4_k;
    case QWEN_BLOCK_Q5_K: return to_q5_k;
    case QWEN_BLOCK_Q6_K: return to_q6_k;
    default: return NULL;
    }
}

bool qwen_can_quantize(qwen_block block) { return quantizer_of(block) != NULL; }

void qwen_quantize(qwen_block block, const float *src, void *dst, size_t n) {
    quantizer quantize = quantizer_of(block);
    size_t elements = qwen_block_elements(block), size = qwen_block_bytes(block);
    for (size_t i = 0; quantize != NULL && i < n / elements; i++) {
        quantize(src + i * elements, (uint8_t *)dst + i * size);
    }
}
