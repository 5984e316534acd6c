// Attention against the scalar kernels, within the rounding of sums in another order.
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const size_t head_dims[] = {8, 24, 32, 64, 80, 128, 256};
static const size_t type_sizes[QWEN_TYPE_COUNT] = {4, 2, 2};

static void compare(const char *level, const char *what, int type, size_t dim, const float *y, const float *expected,
                    size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (fabsf(y[i] - expected[i]) <= 1e-5f) continue;
        fail("%s: %s, type %d, head dimension %zu, number %zu: %g instead of %g", level, what, type, dim, i, (double)y[i],
             (double)expected[i]);
        return;
    }
}

/// Random keys and values of one head, in pages of 64 or 128 positions that end with it.
static const qwen_paged_head *cache(const qwen_kernels *twin, int type, size_t positions, size_t dim) {
    qwen_paged_head *head = allocate(sizeof *head);
    head->page_shift = 6 + random_below(2);
    head->tile_bytes = QWEN_TILE_POSITIONS * dim * type_sizes[type];
    size_t page = (size_t)1 << head->page_shift, bytes = page / QWEN_TILE_POSITIONS * 2 * head->tile_bytes;
    head->offset = random_below(2) * bytes;
    size_t count = (positions + page - 1) / page;
    const void **pages = allocate((count + 1) * sizeof *pages);
    for (size_t i = 0; i < count; i++) pages[i] = allocate(head->offset + bytes);
    head->pages = pages;
    float row[QWEN_MAX_HEAD_DIM];
    for (size_t j = 0; j < positions; j++) {
        for (size_t part = 0; part < 2; part++) {  // keys twice as large as values
            for (size_t d = 0; d < dim; d++) row[d] = random_float() * (part == 0 ? 2 : 1);
            char *tile = (char *)qwen_paged_tile(head, j) + part * head->tile_bytes;
            twin->types[type].from_f32(row, tile + j % QWEN_TILE_POSITIONS * dim * type_sizes[type], dim);
        }
    }
    return head;
}

static void one_position(const qwen_kernels *kernels, const qwen_kernels *twin, int type, size_t dim) {
    size_t group = 1 + random_below(9), positions = random_below(200), size = qwen_attention_partial_size(group, dim);
    const qwen_paged_head *head = cache(twin, type, positions, dim);
    float *q = random_floats(group * dim), *partials = allocate(2 * size * 4), *expected = allocate(2 * size * 4);
    float *y = allocate(group * dim * 4), *z = allocate(group * dim * 4);
    float scale = 2 / sqrtf((float)dim);
    size_t cut = random_below(positions + 1);
    for (size_t part = 0; part < 2; part++) {
        size_t first = part == 0 ? 0 : cut, count = part == 0 ? cut : positions - cut;
        twin->types[type].attention_partial(q, group, dim, head, first, count, scale, expected + part * size);
        kernels->types[type].attention_partial(q, group, dim, head, first, count, scale, partials + part * size);
    }
    twin->attention_merge(expected, size, 2, group, dim, z, dim);
    kernels->attention_merge(partials, size, 2, group, dim, y, dim);
    compare(kernels->name, "attention_partial", type, dim, y, z, group * dim);
    release_all();
}

static void many_positions(const qwen_kernels *kernels, const qwen_kernels *twin, int type, size_t dim) {
    size_t group = 1 + random_below(5), rows = 1 + random_below(70), start = random_below(100);
    size_t q_stride = group * dim + random_below(3), n = (rows - 1) * q_stride + group * dim;
    const qwen_paged_head *head = cache(twin, type, start + rows, dim);
    float *q = random_floats(n), *y = allocate(n * 4), *expected = allocate(n * 4);
    for (size_t i = 0; i < n; i++) y[i] = expected[i] = 7;
    float *scratch = allocate((qwen_attention_scratch(dim) * 4 + 63) / 64 * 64);
    float scale = 2 / sqrtf((float)dim);
    twin->types[type].attention_rows(q, q_stride, rows, group, dim, start, head, scale, expected, q_stride, scratch);
    kernels->types[type].attention_rows(q, q_stride, rows, group, dim, start, head, scale, y, q_stride, scratch);
    compare(kernels->name, "attention_rows", type, dim, y, expected, n);
    release_all();
}

void check_attention(const qwen_kernels *kernels, const qwen_kernels *twin) {
    for (int type = 0; type < QWEN_TYPE_COUNT; type++) {
        for (size_t i = 0; i < sizeof head_dims / sizeof *head_dims; i++) {
            for (int run = 0; run < 8; run++) one_position(kernels, twin, type, head_dims[i]);
            for (int run = 0; run < 2; run++) many_positions(kernels, twin, type, head_dims[i]);
        }
    }
}
