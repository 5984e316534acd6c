// The kernels on floats: conversions exactly, sums within the rounding of their order.
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[QWEN_TYPE_COUNT] = {"f32", "f16", "bf16"};
static const size_t type_sizes[QWEN_TYPE_COUNT] = {4, 2, 2};

/// Within `bound`, or the same infinity, or both NaN.
static bool close_to(double a, double b, double bound) { return a == b || fabs(a - b) <= bound || (isnan(a) && isnan(b)); }

static void check_conversions(const qwen_kernels *kernels, const qwen_kernels *twin, int type) {
    size_t n = 1 << 16;
    uint32_t *bits = allocate(n * 4);
    for (size_t i = 0; i < n; i++) {
        bits[i] = random_bits();
        // Numbers near the limits of f16 and halves between two of it.
        if (i % 3 == 0) {
            uint32_t exponent = 102 + (uint32_t)random_below(42), fraction = (uint32_t)random_below(1024);
            bits[i] = (bits[i] & 0x80000fff) | exponent << 23 | fraction << 13;
        }
        if (i % 5 == 0) bits[i] &= 0xffffe000;
        if (i % 5 == 1) bits[i] = (bits[i] & 0xffffe000) | 0x1000;
        if (i % 5 == 2) bits[i] = (bits[i] & 0xffff0000) | 0x8000;
    }
    uint8_t *from = allocate(n * type_sizes[type]), *expected = allocate(n * type_sizes[type]);
    twin->types[type].from_f32((float *)bits, expected, n);
    kernels->types[type].from_f32((float *)bits, from, n);
    if (memcmp(from, expected, n * type_sizes[type]) != 0) fail("%s: from_f32 of %s", kernels->name, type_names[type]);
    for (size_t i = 0; i < n; i++) {  // all that there are, of 16 bits
        if (type_sizes[type] == 2) memcpy(from + 2 * i, &(uint16_t){(uint16_t)i}, 2);
    }
    float *x = allocate(n * 4), *y = allocate(n * 4);
    twin->types[type].to_f32(from, x, n);
    kernels->types[type].to_f32(from, y, n);
    if (memcmp(x, y, n * 4) != 0) fail("%s: to_f32 of %s", kernels->name, type_names[type]);
    release_all();
    for (size_t length = 0; length < 70; length++) {
        float *few = random_floats(length);
        uint8_t *stored = allocate(length * type_sizes[type]);
        float *back = allocate(length * 4), *again = allocate(length * 4);
        kernels->types[type].from_f32(few, stored, length);
        kernels->types[type].to_f32(stored, back, length);
        twin->types[type].to_f32(stored, again, length);
        if (memcmp(back, again, length * 4) != 0) fail("%s: %zu of %s", kernels->name, length, type_names[type]);
        if (!kernels->types[type].all_finite(stored, length)) fail("%s: all_finite of %s", kernels->name, type_names[type]);
        if (length > 0) {
            few[random_below(length)] = length % 2 == 0 ? NAN : -INFINITY;
            kernels->types[type].from_f32(few, stored, length);
            if (kernels->types[type].all_finite(stored, length)) {
                fail("%s: not all_finite of %s", kernels->name, type_names[type]);
            }
        }
        release_all();
    }
}

static void check_product(const qwen_kernels *kernels, const qwen_kernels *twin, int type, size_t rows, size_t k, size_t m) {
    size_t ldx = k + random_below(3), ldy = rows + random_below(3), row_bytes = k * type_sizes[type] + 4 * random_below(2);
    float *weights = random_floats(rows * k), *x = random_floats((m - 1) * ldx + k);
    uint8_t *w = allocate((rows - 1) * row_bytes + k * type_sizes[type]);
    for (size_t r = 0; r < rows; r++) twin->types[type].from_f32(weights + r * k, w + r * row_bytes, k);
    float *expected = allocate(((m - 1) * ldy + rows) * 4), *y = allocate(((m - 1) * ldy + rows) * 4);
    for (size_t i = 0; i < (m - 1) * ldy + rows; i++) expected[i] = y[i] = 7;
    twin->types[type].matmul_rows(w, row_bytes, rows, k, x, ldx, m, expected, ldy);
    kernels->types[type].matmul_rows(w, row_bytes, rows, k, x, ldx, m, y, ldy);
    for (size_t i = 0; i < (m - 1) * ldy + rows; i++) {
        if (close_to((double)y[i], (double)expected[i], 1e-6 * (double)k)) continue;
        fail("%s: matmul_rows of %s, %zu by %zu, row %zu of %zu: %g instead of %g", kernels->name, type_names[type], rows, k,
             i / ldy, m, (double)y[i], (double)expected[i]);
        break;
    }
    kernels->types[type].multiply_vector(w, row_bytes, rows, k, x, y);
    for (size_t r = 0; r < rows; r++) {
        if (!close_to((double)y[r], (double)expected[r], 1e-6 * (double)k)) {
            fail("%s: multiply_vector of %s, %zu by %zu", kernels->name, type_names[type], rows, k);
        }
    }
    release_all();
}

/// y against its twin's, both [n].
static void compare(const qwen_kernels *kernels, const char *what, const float *y, const float *expected, size_t n,
                    double bound) {
    for (size_t i = 0; i < n; i++) {
        if (close_to((double)y[i], (double)expected[i], bound * (1 + fabs((double)expected[i])))) continue;
        fail("%s: %s of %zu, number %zu: %g instead of %g", kernels->name, what, n, i, (double)y[i], (double)expected[i]);
        return;
    }
}

static void check_vectors(const qwen_kernels *kernels, const qwen_kernels *twin, size_t n) {
    float *x = random_floats(n), *weight = random_floats(n), *y = allocate(n * 4), *expected = allocate(n * 4);
    for (size_t i = 0; i < n; i++) x[i] *= 30;
    if (n > 0) {
        twin->rms_norm(x, weight, 1e-6f, n, expected);
        kernels->rms_norm(x, weight, 1e-6f, n, y);
        compare(kernels, "rms_norm", y, expected, n, 2e-6);
    }
    twin->silu_multiply(x, weight, expected, n);
    kernels->silu_multiply(x, weight, y, n);
    compare(kernels, "silu_multiply", y, expected, n, 1e-6);
#define IN_PLACE(NAME, BOUND, CALL, TWIN)                                                                              \
    memcpy(y, weight, n * 4), memcpy(expected, weight, n * 4);                                                         \
    twin->TWIN, kernels->CALL;                                                                                         \
    compare(kernels, NAME, y, expected, n, BOUND);
    IN_PLACE("add", 0, add(x, y, n), add(x, expected, n))
    IN_PLACE("add_scaled", 1e-6, add_scaled(0.7f, x, y, n), add_scaled(0.7f, x, expected, n))
    IN_PLACE("scale", 0, scale(0.7f, y, n), scale(0.7f, expected, n))
    if (n > 0) x[random_below(n)] = -INFINITY;
    memcpy(weight, x, n * 4);
    IN_PLACE("softmax", 2e-6, softmax(y, n), softmax(expected, n))
    if (!close_to(kernels->log_sum_exp(x, n), twin->log_sum_exp(x, n), 1e-5)) fail("%s: log_sum_exp of %zu", kernels->name, n);
    if (n > 2) x[random_below(n)] = NAN;
    if (!same_float(kernels->maximum(x, n), twin->maximum(x, n))) fail("%s: maximum of %zu", kernels->name, n);
    if (kernels->index_of_maximum(x, n) != twin->index_of_maximum(x, n)) fail("%s: index of %zu", kernels->name, n);
    release_all();
}

static void check_rotary(const qwen_kernels *kernels, const qwen_kernels *twin, size_t dim) {
    size_t heads = 3, stride = dim + random_below(4), n = (heads - 1) * stride + dim;
    float *x = random_floats(n), *expected = allocate(n * 4), *angles = random_floats(dim / 2);
    float *cosines = allocate(dim / 2 * 4), *sines = allocate(dim / 2 * 4);
    for (size_t i = 0; i < dim / 2; i++) {
        cosines[i] = cosf(3 * angles[i]);
        sines[i] = sinf(3 * angles[i]);
    }
    memcpy(expected, x, n * 4);
    twin->rotary(expected, heads, stride, dim, cosines, sines);
    kernels->rotary(x, heads, stride, dim, cosines, sines);
    compare(kernels, "rotary", x, expected, n, 3e-7);
    release_all();
}

void check_floats(const qwen_kernels *kernels, const qwen_kernels *twin) {
    for (int type = 0; type < QWEN_TYPE_COUNT; type++) {
        check_conversions(kernels, twin, type);
        for (size_t m = 1; m < 10; m++) {
            for (int i = 0; i < 6; i++) check_product(kernels, twin, type, 1 + random_below(20), 1 + random_below(150), m);
        }
        check_product(kernels, twin, type, 13, 4500, 4);
    }
    for (size_t n = 0; n < 70; n++) check_vectors(kernels, twin, n);
    check_vectors(kernels, twin, 4099);
    for (size_t dim = 2; dim <= 256; dim += 2 + 6 * (dim > 30)) check_rotary(kernels, twin, dim);
}

void check_bf16(const qwen_kernels *kernels, const qwen_kernels *twin) {
    for (int run = 0; run < 60; run++) {
        size_t rows = 1 + random_below(30), k = run % 6 == 0 ? 2090 : 1 + random_below(200), most = 1 + random_below(19);
        size_t ldx = k + random_below(3), ldy = rows + random_below(3), row_bytes = 2 * k + 2 * random_below(3);
        float *weights = random_floats(rows * k), *inputs = random_floats(most * k);
        uint8_t *w = allocate((rows - 1) * row_bytes + 2 * k);
        uint16_t *x = allocate(((most - 1) * ldx + k) * 2);
        for (size_t r = 0; r < rows; r++) twin->types[QWEN_TYPE_BF16].from_f32(weights + r * k, w + r * row_bytes, k);
        for (size_t i = 0; i < most; i++) twin->types[QWEN_TYPE_BF16].from_f32(inputs + i * k, x + i * ldx, k);
        float *expected = allocate(((most - 1) * ldy + rows) * 4), *y = allocate(((most - 1) * ldy + rows) * 4);
        for (size_t i = 0; i < (most - 1) * ldy + rows; i++) expected[i] = y[i] = 7;
        twin->multiply_bf16(w, row_bytes, rows, k, x, ldx, most, expected, ldy);
        kernels->multiply_bf16(w, row_bytes, rows, k, x, ldx, most, y, ldy);
        for (size_t i = 0; i < (most - 1) * ldy + rows; i++) {
            if (close_to((double)y[i], (double)expected[i], 1e-6 * (double)k)) continue;
            fail("%s: multiply_bf16, %zu by %zu, row %zu of %zu: %g instead of %g", kernels->name, rows, k, i / ldy, most,
                 (double)y[i], (double)expected[i]);
            break;
        }
        // A row's sums do not depend on its company.
        for (size_t i = 0; i < most; i++) {
            size_t r = random_below(rows);
            float alone = 7;
            kernels->multiply_bf16(w + r * row_bytes, row_bytes, 1, k, x + i * ldx, ldx, 1, &alone, 1);
            if (!same_float(alone, y[i * ldy + r])) fail("%s: multiply_bf16, row %zu alone", kernels->name, i);
        }
        release_all();
    }
}
