// Products with packed matrices: the scalar kernels' floats, bit by bit.
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    qwen_block block;
    const char *name;
    /// Where the f16 scales lie in a block; -1 for none.
    int scales[2];
} formats[QWEN_PACKED_COUNT] = {
    {QWEN_BLOCK_Q8_0, "Q8_0", {0, -1}},
    {QWEN_BLOCK_Q4_0, "Q4_0", {0, -1}},
    {QWEN_BLOCK_Q4_K, "Q4_K", {0, 2}},
    {QWEN_BLOCK_Q6_K, "Q6_K", {208, -1}},
};

/// Blocks of anything: random bytes, or one byte again and again, with scales of any size and sign.
static void fill_block(int format, uint8_t *block) {
    static const uint8_t extremes[] = {0, 0x7f, 0x80, 0xff};
    static const uint16_t scales[] = {0, 0x8000, 1, 0x83ff, 0x0400, 0x7bff, 0xfbff, 0x3c00};
    size_t bytes = qwen_block_bytes(formats[format].block);
    if (random_below(4) == 0) {
        memset(block, extremes[random_below(4)], bytes);
    } else {
        for (size_t i = 0; i < bytes; i++) block[i] = (uint8_t)random_bits();
    }
    for (int i = 0; i < 2; i++) {
        if (formats[format].scales[i] < 0) continue;
        uint16_t scale = random_below(4) == 0 ? scales[random_below(8)] : (uint16_t)(random_bits() & 0xafff);
        memcpy(block + formats[format].scales[i], &scale, sizeof scale);
    }
}

/// Numbers of any size, and blocks in which all are as large as they can be.
static float *fill_input(size_t n) {
    float *x = random_floats(n);
    for (size_t b = 0; b < n / 32; b++) {
        size_t kind = random_below(8);
        float size = kind == 0 ? 0 : kind == 1 ? 0x1p-99f : kind == 2 ? 0x1p60f : 1;
        for (size_t i = 32 * b; i < 32 * b + 32; i++) {
            x[i] *= size;
            if (kind == 3) x[i] = 1;
            if (kind == 4) x[i] = random_below(2) == 0 ? -3 : 3;
            // As 16-bit integers, what has the smallest low byte.
            if (kind == 5) x[i] = i % 32 == 0 ? QWEN_LARGEST16 : random_below(2) == 0 ? -128 : 128;
        }
    }
    return x;
}

static void compare_blocks(const char *name, const char *what, const qwen_quantized *blocks,
                           const qwen_quantized *expected, size_t count) {
    for (size_t b = 0; b < count; b++) {
        if (!same_float(blocks[b].d, expected[b].d) || !same_float(blocks[b].sum, expected[b].sum)
            || memcmp(&blocks[b].bias, &expected[b].bias, sizeof blocks[b] - 8) != 0) {
            fail("%s: %s, block %zu", name, what, b);
        }
    }
}

/// Numbers with what is hard about rounding to integers up to `largest`.
static float *fill_numbers(size_t n, int largest) {
    float *x = fill_input(n);
    for (size_t b = 0; b < n / 32; b++) {
        // Infinities, NaN, what is just large enough and what is not, and the ends of the range.
        static const uint32_t specials[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xff800001,
                                            0x0d800000, 0x0d7fffff, 0x00000001, 0x7f7fffff};
        // Halves between two integers, rounded to the even one.
        if (b % 7 == 0) {
            x[32 * b] = (float)largest;
            for (size_t i = 1; i < 32; i++) {
                x[32 * b + i] = (float)((int)random_below(2 * (size_t)largest - 1) - largest + 1) + 0.5f;
            }
        }
        if (b % 11 == 0) memcpy(&x[32 * b + random_below(32)], &specials[random_below(8)], 4);
    }
    return x;
}

static void check_quantize(const qwen_kernels *kernels, const qwen_kernels *twin) {
    size_t n = 32 * 2000;
    float *x = fill_numbers(n, 127);
    qwen_quantized *expected = allocate(n / 32 * sizeof *expected), *blocks = allocate(n / 32 * sizeof *blocks);
    memset(expected, 0x55, n / 32 * sizeof *expected);
    memset(blocks, 0xaa, n / 32 * sizeof *blocks);
    twin->packed.quantize(x, n, expected);
    kernels->packed.quantize(x, n, blocks);
    compare_blocks(kernels->name, "quantize", blocks, expected, n / 32);
    release_all();
}

/// Integer i of a block.
static int integer16(const qwen_kernels *kernels, const qwen_quantized16 *block, size_t i) {
    if (kernels->packed.splits16) return 256 * block->q[32 + i] + block->q[i];
    static const size_t places[] = {0, 2, 1, 3};
    int16_t q;
    memcpy(&q, block->q + 2 * (i / 4 * 4 + places[i % 4]), sizeof q);
    return q;
}

static void check_quantize16(const qwen_kernels *kernels, const qwen_kernels *twin) {
    size_t n = 32 * 2000;
    float *x = fill_numbers(n, QWEN_LARGEST16);
    qwen_quantized16 *expected = allocate(n / 32 * sizeof *expected), *blocks = allocate(n / 32 * sizeof *blocks);
    memset(expected, 0x55, n / 32 * sizeof *expected);
    memset(blocks, 0xaa, n / 32 * sizeof *blocks);
    twin->packed.quantize16(x, n, expected);
    kernels->packed.quantize16(x, n, blocks);
    for (size_t b = 0; b < n / 32; b++) {
        bool same = same_float(blocks[b].d, expected[b].d) && same_float(blocks[b].sum, expected[b].sum)
                    && blocks[b].bias == expected[b].bias && blocks[b].bias_low == expected[b].bias_low;
        for (size_t i = 0; i < 32; i++) {
            same = same && integer16(kernels, blocks + b, i) == integer16(twin, expected + b, i);
        }
        if (!same) fail("%s: quantize16, block %zu", kernels->name, b);
    }
    release_all();
}

static void check_product(const qwen_kernels *kernels, const qwen_kernels *twin, int format, int bits, size_t rows, size_t k,
                          size_t m) {
    size_t elements = qwen_block_elements(formats[format].block), bytes = qwen_block_bytes(formats[format].block);
    size_t row_bytes = k / elements * bytes, groups = (rows + QWEN_PACKED_ROWS - 1) / QWEN_PACKED_ROWS;
    uint8_t *blocks = allocate(rows * row_bytes);
    for (size_t i = 0; i < rows * k / elements; i++) fill_block(format, blocks + i * bytes);
    size_t group_bytes = qwen_packed_group_bytes((qwen_packed)format, k);
    uint8_t *packed = allocate(groups * group_bytes);
    for (size_t g = 0; g < groups; g++) {
        size_t first = g * QWEN_PACKED_ROWS, some = rows - first < QWEN_PACKED_ROWS ? rows - first : QWEN_PACKED_ROWS;
        qwen_pack_group((qwen_packed)format, blocks + first * row_bytes, row_bytes, some, k, packed + g * group_bytes);
    }
    size_t stride = k / 32 + random_below(2), blocks_of_x = (m - 1) * stride + k / 32;
    size_t hurt = random_below(8) == 0 ? random_below(k / 32) : blocks_of_x;
    float *x = fill_input(m * k);
    size_t first = random_below(3) == 0 ? random_below(rows) : 0;
    size_t last = random_below(3) == 0 ? first + random_below(rows - first) + 1 : rows;
    size_t ldy = last + random_below(4), outputs = (m - 1) * ldy + last;
    float *results[2] = {allocate(outputs * sizeof(float)), allocate(outputs * sizeof(float))};
    const qwen_kernels *both[2] = {twin, kernels};
    for (int level = 0; level < 2; level++) {
        const qwen_packed_kernels *of = &both[level]->packed;
        float *y = results[level];
        for (size_t i = 0; i < outputs; i++) y[i] = 7;
        if (bits == 8) {
            qwen_quantized *input = allocate(blocks_of_x * sizeof *input);
            for (size_t i = 0; i < m; i++) of->quantize(x + i * k, k, input + i * stride);
            if (hurt < blocks_of_x) input[hurt].d = INFINITY, input[hurt].sum = NAN;
            of->multiply[format](packed, k, first, last, input, stride, m, y, ldy);
        } else {
            qwen_quantized16 *input = allocate(blocks_of_x * sizeof *input);
            for (size_t i = 0; i < m; i++) of->quantize16(x + i * k, k, input + i * stride);
            if (hurt < blocks_of_x) input[hurt].d = INFINITY, input[hurt].sum = NAN;
            of->multiply16[format](packed, k, first, last, input, stride, m, y, ldy);
        }
    }
    const float *expected = results[0], *y = results[1];
    for (size_t i = 0; i < outputs; i++) {
        if (same_float(y[i], expected[i])) continue;
        fail("%s: %s, %d bits, rows %zu to %zu of %zu, %zu columns, row %zu of %zu, output %zu: %a instead of %a",
             kernels->name, formats[format].name, bits, first, last, rows, k, i / ldy, m, i % ldy, (double)y[i], (double)expected[i]);
        break;
    }
    release_all();
}

void check_packed(const qwen_kernels *kernels, const qwen_kernels *twin) {
    check_quantize(kernels, twin);
    check_quantize16(kernels, twin);
    for (int format = 0; format < QWEN_PACKED_COUNT; format++) {
        size_t unit = qwen_block_elements(formats[format].block);
        for (int bits = 8; bits <= 16; bits += 8) {
            for (size_t m = 1; m <= 19; m++) {
                for (int i = 0; i < 8; i++) {
                    check_product(kernels, twin, format, bits, 1 + random_below(70), unit * (1 + random_below(5)), m);
                }
            }
            check_product(kernels, twin, format, bits, 33, 3072, 1);
            check_product(kernels, twin, format, bits, 33, 2304, 7);
            check_product(kernels, twin, format, bits, 50, 2560, 12);
        }
    }
}
