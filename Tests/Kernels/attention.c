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

/// Numbers with halves between integers among them, very small and very large ones, and some that are none.
static void awkward(float *x, size_t n) {
    float scale = ldexpf(1, (int)random_below(60) - 40);
    for (size_t i = 0; i < n; i++) x[i] = random_float() * scale;
    if (random_below(2) == 0) {  // a block whose largest magnitude is 127: its scale is 1
        for (size_t i = 0; i < n; i++) x[i] = (float)(int)(random_float() * 254) / 2;
        for (size_t i = 0; i < n; i += 32) x[i] = 127;
    }
    if (random_below(4) == 0) memset(x, 0, n / 2 * sizeof *x);
    if (random_below(4) == 0) x[random_below(n)] = random_below(2) == 0 ? NAN : INFINITY;
    if (random_below(8) == 0) x[random_below(n)] = 1e-41f;
}

static void q8_store(const qwen_kernels *kernels, const qwen_kernels *twin, size_t dim) {
    size_t part = QWEN_TILE_POSITIONS * qwen_q8_row_bytes(dim);
    float *key = allocate(dim * 4), *value = allocate(dim * 4);
    char *tile = allocate(2 * part), *expected = allocate(2 * part);
    for (size_t index = 0; index < QWEN_TILE_POSITIONS; index++) {
        awkward(key, dim);
        awkward(value, dim);
        twin->q8_cache.store(key, value, dim, expected, part, index);
        kernels->q8_cache.store(key, value, dim, tile, part, index);
    }
    if (memcmp(tile, expected, 2 * part) != 0) fail("%s: store, head dimension %zu", kernels->name, dim);
    // As rows and back.
    char *copy = allocate(2 * part);
    uint8_t *row = allocate(qwen_q8_row_bytes(dim));
    for (size_t index = 0; index < 2 * QWEN_TILE_POSITIONS; index++) {
        bool is_key = index < QWEN_TILE_POSITIONS;
        size_t offset = is_key ? 0 : part;
        qwen_q8_read_row(expected + offset, is_key, dim, index % QWEN_TILE_POSITIONS, row);
        qwen_q8_write_row(copy + offset, is_key, dim, index % QWEN_TILE_POSITIONS, row);
    }
    if (memcmp(copy, expected, 2 * part) != 0) fail("rows of a tile, head dimension %zu", dim);
    release_all();
}

/// As `cache`, and with bytes that are NaN as scales where nothing is stored.
static const qwen_paged_head *q8_cache(const qwen_kernels *twin, size_t positions, size_t dim) {
    qwen_paged_head *head = allocate(sizeof *head);
    head->page_shift = 6 + random_below(2);
    head->tile_bytes = QWEN_TILE_POSITIONS * qwen_q8_row_bytes(dim);
    size_t page = (size_t)1 << head->page_shift, bytes = page / QWEN_TILE_POSITIONS * 2 * head->tile_bytes;
    head->offset = random_below(2) * bytes;
    size_t count = (positions + page - 1) / page;
    void **pages = allocate((count + 1) * sizeof *pages);
    for (size_t i = 0; i < count; i++) {
        pages[i] = allocate(head->offset + bytes);
        memset(pages[i], 0xff, head->offset + bytes);
    }
    head->pages = (const void **)pages;
    float key[QWEN_MAX_HEAD_DIM], value[QWEN_MAX_HEAD_DIM];
    for (size_t j = 0; j < positions; j++) {
        for (size_t d = 0; d < dim; d++) {
            key[d] = random_float() * 2;
            value[d] = random_float();
        }
        char *tile = (char *)qwen_paged_tile(head, j);
        twin->q8_cache.store(key, value, dim, tile, head->tile_bytes, j % QWEN_TILE_POSITIONS);
    }
    return head;
}

static void q8_one_position(const qwen_kernels *kernels, const qwen_kernels *twin, size_t dim) {
    size_t group = 1 + random_below(20), positions = random_below(200), size = qwen_attention_partial_size(group, dim);
    const qwen_paged_head *head = q8_cache(twin, positions, dim);
    float *q = random_floats(group * dim), *partials = allocate(2 * size * 4), *expected = allocate(2 * size * 4);
    float *y = allocate(group * dim * 4), *z = allocate(group * dim * 4);
    float scale = 2 / sqrtf((float)dim);
    size_t cut = random_below(positions + 1);
    for (size_t part = 0; part < 2; part++) {
        size_t first = part == 0 ? 0 : cut, count = part == 0 ? cut : positions - cut;
        twin->q8_cache.attention_partial(q, group, dim, head, first, count, scale, expected + part * size);
        kernels->q8_cache.attention_partial(q, group, dim, head, first, count, scale, partials + part * size);
    }
    twin->attention_merge(expected, size, 2, group, dim, z, dim);
    kernels->attention_merge(partials, size, 2, group, dim, y, dim);
    compare(kernels->name, "q8 attention_partial", QWEN_TYPE_COUNT, dim, y, z, group * dim);
    // With one position the score is the maximum; it comes from integers, and few floats are added.
    if (positions > 0) {
        size_t at = random_below(positions);
        twin->q8_cache.attention_partial(q, group, dim, head, at, 1, scale, expected);
        kernels->q8_cache.attention_partial(q, group, dim, head, at, 1, scale, partials);
        for (size_t h = 0; h < group; h++) {
            if (fabsf(partials[h] - expected[h]) <= 2e-6f) continue;
            fail("%s: q8 score, head dimension %zu: %g instead of %g", kernels->name, dim, (double)partials[h],
                 (double)expected[h]);
        }
    }
    release_all();
}

static void q8_many_positions(const qwen_kernels *kernels, const qwen_kernels *twin, size_t dim) {
    size_t group = 1 + random_below(5), rows = 1 + random_below(70), start = random_below(100);
    size_t q_stride = group * dim + random_below(3), n = (rows - 1) * q_stride + group * dim;
    const qwen_paged_head *head = q8_cache(twin, start + rows, dim);
    float *q = random_floats(n), *y = allocate(n * 4), *expected = allocate(n * 4);
    for (size_t i = 0; i < n; i++) y[i] = expected[i] = 7;
    float *scratch = allocate((qwen_attention_scratch(dim) * 4 + 63) / 64 * 64), scale = 2 / sqrtf((float)dim);
    twin->q8_cache.attention_rows(q, q_stride, rows, group, dim, start, head, scale, expected, q_stride, scratch);
    kernels->q8_cache.attention_rows(q, q_stride, rows, group, dim, start, head, scale, y, q_stride, scratch);
    compare(kernels->name, "q8 attention_rows", QWEN_TYPE_COUNT, dim, y, expected, n);
    release_all();
}

void check_attention(const qwen_kernels *kernels, const qwen_kernels *twin) {
    for (int type = 0; type < QWEN_TYPE_COUNT; type++) {
        for (size_t i = 0; i < sizeof head_dims / sizeof *head_dims; i++) {
            for (int run = 0; run < 8; run++) one_position(kernels, twin, type, head_dims[i]);
            for (int run = 0; run < 2; run++) many_positions(kernels, twin, type, head_dims[i]);
        }
    }
    for (size_t i = 0; i < sizeof head_dims / sizeof *head_dims; i++) {
        for (int run = 0; run < 8; run++) q8_store(kernels, twin, head_dims[i]);
        for (int run = 0; run < 12; run++) q8_one_position(kernels, twin, head_dims[i]);
        for (int run = 0; run < 3; run++) q8_many_positions(kernels, twin, head_dims[i]);
    }
}
