// Attention in terms of one vector type; included by avx2.c, avx512.c and neon.c after vector_kernels.h.

// MARK: One position

/// Positions that are looked at together: a tile of the cache, which stays in the processor's cache while the group's heads
/// pass. Measured on Zen 4: 16 before 8, 32 and 64. Keys and values in two streams of their own take up to
/// twice the time where pages end often.
#define PART QWEN_TILE_POSITIONS

/// Asks for memory that attention will read, where the level's file says how. Zen 4 is best without.
#ifndef FETCH
#define FETCH(from, bytes) (void)(from);
#endif

/// scores[h * PART + j] = scale * q[h]·k[j], for HEADS heads and `count` <= PART keys, four keys at a time. Asks
/// for `ahead` in place of the keys.
#define SCORES(T, HEADS)                                                                                               \
    TARGET static void scores_##T##_##HEADS(const float *q, size_t head_dim, const char *k, size_t k_stride,           \
                                            size_t count, float factor, const char *ahead, float *scores) {            \
        size_t j = 0;                                                                                                  \
        for (; j + 4 <= count; j += 4) {                                                                               \
            const char *keys = k + j * k_stride;                                                                       \
            vf sums[HEADS][4];                                                                                         \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                UNROLL for (int c = 0; c < 4; c++) sums[h][c] = v_zero();                                              \
            }                                                                                                          \
            size_t i = 0;                                                                                              \
            for (; i + LANES <= head_dim; i += LANES) {                                                                \
                FETCH(ahead + j * k_stride + i * 4 * SIZE_##T, 4 * LANES * SIZE_##T)                                   \
                vf row[4];                                                                                             \
                UNROLL for (int c = 0; c < 4; c++) row[c] = v_load_##T(keys + (size_t)c * k_stride + i * SIZE_##T);    \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    vf x = v_load(q + (size_t)h * head_dim + i);                                                       \
                    UNROLL for (int c = 0; c < 4; c++) sums[h][c] = v_fma(x, row[c], sums[h][c]);                      \
                }                                                                                                      \
            }                                                                                                          \
            if (i < head_dim) {                                                                                        \
                size_t rest = head_dim - i;                                                                            \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    vf x = v_load_first(q + (size_t)h * head_dim + i, rest);                                           \
                    UNROLL for (int c = 0; c < 4; c++) {                                                               \
                        vf row = v_load_first_##T(keys + (size_t)c * k_stride + i * SIZE_##T, rest);                   \
                        sums[h][c] = v_fma(x, row, sums[h][c]);                                                        \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                v_sum4(sums[h][0], sums[h][1], sums[h][2], sums[h][3], scores + h * PART + j);                         \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t h = 0; h < HEADS; h++) {                                                                           \
            for (size_t e = j; e < count; e++) {                                                                       \
                scores[h * PART + e] = dot_##T(k + e * k_stride, head_dim, q + h * head_dim);                          \
            }                                                                                                          \
            scale(factor, scores + h * PART, count);                                                                   \
        }                                                                                                              \
    }

/// out[h][i] += sum over j of weights[h * PART + j] * v[j][i], for HEADS heads and ROWS rows of v.
#define MIX(T, HEADS, ROWS)                                                                                            \
    INLINE void mix_##T##_##HEADS##_##ROWS(const float *weights, const char *v, size_t v_stride,                       \
                                           const char *ahead, float *out, size_t head_dim) {                           \
        vf factors[HEADS][ROWS];                                                                                       \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            UNROLL for (int j = 0; j < ROWS; j++) factors[h][j] = v_set(weights[h * PART + j]);                        \
        }                                                                                                              \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= head_dim; i += LANES) {                                                                    \
            FETCH(ahead + i * ROWS * SIZE_##T, ROWS * LANES * SIZE_##T)                                                \
            vf row[ROWS];                                                                                              \
            UNROLL for (int j = 0; j < ROWS; j++) row[j] = v_load_##T(v + (size_t)j * v_stride + i * SIZE_##T);        \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                float *y = out + (size_t)h * head_dim + i;                                                             \
                vf sum = v_load(y);                                                                                    \
                UNROLL for (int j = 0; j < ROWS; j++) sum = v_fma(factors[h][j], row[j], sum);                         \
                v_store(y, sum);                                                                                       \
            }                                                                                                          \
        }                                                                                                              \
        if (i == head_dim) return;                                                                                     \
        size_t rest = head_dim - i;                                                                                    \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            float *y = out + (size_t)h * head_dim + i;                                                                 \
            vf sum = v_load_first(y, rest);                                                                            \
            UNROLL for (int j = 0; j < ROWS; j++) {                                                                    \
                vf row = v_load_first_##T(v + (size_t)j * v_stride + i * SIZE_##T, rest);                              \
                sum = v_fma(factors[h][j], row, sum);                                                                  \
            }                                                                                                          \
            v_store_first(y, sum, rest);                                                                               \
        }                                                                                                              \
    }

/// Four rows of v at a time, whole, so that they are read in order.
#define MIX_HEADS(T, HEADS)                                                                                            \
    MIX(T, HEADS, 4)                                                                                                   \
    MIX(T, HEADS, 1)                                                                                                   \
    TARGET static void mix_##T##_##HEADS(const float *weights, const char *v, size_t v_stride, size_t count,           \
                                         const char *ahead, float *out, size_t head_dim) {                             \
        size_t j = 0;                                                                                                  \
        for (; j + 4 <= count; j += 4) {                                                                               \
            mix_##T##_##HEADS##_4(weights + j, v + j * v_stride, v_stride, ahead + j * v_stride, out, head_dim);       \
        }                                                                                                              \
        for (; j < count; j++) {                                                                                       \
            mix_##T##_##HEADS##_1(weights + j, v + j * v_stride, v_stride, ahead + j * v_stride, out, head_dim);       \
        }                                                                                                              \
    }

/// Raises the running maximum to a tile's; what was summed before shrinks accordingly.
INLINE void raise_maximum(float top, float *running, float *sum, float *value, size_t head_dim) {
    if (!(top > *running)) return;
    float shrink = *running == -INFINITY ? 0 : expf(*running - top);
    *sum *= shrink;
    scale(shrink, value, head_dim);
    *running = top;
}

/// Scores of a tile become weights relative to the running maximum.
INLINE void soften(float *scores, size_t count, float *running, float *sum, float *value, size_t head_dim) {
    raise_maximum(maximum(scores, count), running, sum, value, head_dim);
    if (*running == -INFINITY) {  // nothing but -infinity so far
        for (size_t j = 0; j < count; j++) scores[j] = 0;
        return;
    }
    *sum += exponentials(scores, count, *running);
}

#define PART_CASE(T, HEADS)                                                                                            \
    scores_##T##_##HEADS(q + h * head_dim, head_dim, keys, k_stride, some, factor, ahead, scores);                     \
    for (size_t g = h; g < h + HEADS; g++) {                                                                           \
        soften(scores + (g - h) * PART, some, &maxima[g], &sums[g], values + g * head_dim, head_dim);                  \
    }                                                                                                                  \
    mix_##T##_##HEADS(scores, rows, v_stride, some, ahead + cache->tile_bytes, values + h * head_dim, head_dim);       \
    h += HEADS;

#ifdef ATTENDS_WHOLE_TILES
#include "vector_tiles.h"
#else
#define TILES(T)
#define TILE_CASE(T)
#endif

#define ATTENTION_PARTIAL(T)                                                                                           \
    SCORES(T, 1)                                                                                                       \
    SCORES(T, 2)                                                                                                       \
    MIX_HEADS(T, 1)                                                                                                    \
    MIX_HEADS(T, 2)                                                                                                    \
    PART_WIDE(T)                                                                                                       \
    TILES(T)                                                                                                           \
    TARGET static void attention_partial_##T(const float *q, size_t group, size_t head_dim,                            \
                                             const qwen_paged_head *cache, size_t from, size_t count, float factor,    \
                                             float *partial) {                                                         \
        float *maxima = partial, *sums = partial + group, *values = partial + 2 * group;                               \
        for (size_t h = 0; h < group; h++) maxima[h] = -INFINITY;                                                      \
        memset(sums, 0, (group + group * head_dim) * sizeof *sums);                                                    \
        const size_t k_stride = head_dim * SIZE_##T, v_stride = k_stride;                                              \
        for (size_t first = from, some; first < from + count; first += some) {                                         \
            size_t left = from + count - first, inside = PART - first % PART;                                          \
            some = left < inside ? left : inside;                                                                      \
            const char *keys = qwen_paged_tile(cache, first) + first % PART * k_stride;                                \
            /* The next tile, which may lie in another page. */                                                        \
            const char *ahead = first + some < from + count ? qwen_paged_tile(cache, first + some) : keys;             \
            const char *rows = keys + cache->tile_bytes;                                                               \
            float scores[4 * PART];                                                                                    \
            for (size_t h = 0; h < group;) {                                                                           \
                TILE_CASE(T)                                                                                           \
                PART_WIDE_CASE(T)                                                                                      \
                if (group - h >= 2) {                                                                                  \
                    PART_CASE(T, 2)                                                                                    \
                } else {                                                                                               \
                    PART_CASE(T, 1)                                                                                    \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#if VECTOR_REGISTERS >= 32
#define PART_WIDE(T)                                                                                                   \
    SCORES(T, 4)                                                                                                       \
    MIX_HEADS(T, 4)
#define PART_WIDE_CASE(T)                                                                                              \
    if (group - h >= 4) {                                                                                              \
        PART_CASE(T, 4)                                                                                                \
        continue;                                                                                                      \
    }
#else
#define PART_WIDE(T)
#define PART_WIDE_CASE(T)
#endif

ATTENTION_PARTIAL(f32)
ATTENTION_PARTIAL(f16)
ATTENTION_PARTIAL(bf16)

TARGET static void attention_merge(const float *partials, size_t stride, size_t parts, size_t group, size_t head_dim,
                                   float *out, size_t out_stride) {
    for (size_t h = 0; h < group; h++) {
        float *y = out + h * out_stride, top = -INFINITY, sum = 0;
        for (size_t p = 0; p < parts; p++) {
            float candidate = partials[p * stride + h];
            top = candidate > top ? candidate : top;
        }
        memset(y, 0, head_dim * sizeof *y);
        if (top == -INFINITY) continue;
        for (size_t p = 0; p < parts; p++) {
            const float *partial = partials + p * stride;
            float factor = expf(partial[h] - top);
            if (factor == 0) continue;
            sum += factor * partial[group + h];
            add_scaled(factor, partial + 2 * group + h * head_dim, y, head_dim);
        }
        scale(1 / sum, y, head_dim);
    }
}

// MARK: Many positions
//
// Flash attention: a block of queries (every row has `group` of them) walks over tiles of keys. A tile's keys are
// converted and transposed once, so that sums for neighbouring keys lie side by side in a vector; its values are
// converted once. Both products then run in a micro-kernel of 6 rows by MICRO_VECTORS vectors.
// Source: Dao et al. 2022, FlashAttention.

#define BLOCK 64  // queries
#define TILE 64   // keys; no tile lies in two pages
/// A part's keys and values as floats.
#define FLOAT_PARTS(T)                                                                                                 \
    /* keys[d * TILE + j] = k[j][d] for j < count, and zero up to whole vectors. */                                    \
    TARGET static void transpose_keys_##T(const char *k, size_t count, size_t head_dim, float *keys) {                 \
        float rows[8 * QWEN_MAX_HEAD_DIM];                                                                             \
        for (size_t j = 0; j < (count + LANES - 1) / LANES * LANES; j += 8) {                                          \
            for (size_t r = 0; r < 8; r++) {                                                                           \
                if (j + r < count) {                                                                                   \
                    to_f32_##T(k + (j + r) * head_dim * SIZE_##T, rows + r * head_dim, head_dim);                      \
                } else {                                                                                               \
                    memset(rows + r * head_dim, 0, head_dim * sizeof *rows);                                           \
                }                                                                                                      \
            }                                                                                                          \
            for (size_t d = 0; d < head_dim; d += 8) v_transpose8(rows + d, head_dim, keys + d * TILE + j, TILE);      \
        }                                                                                                              \
    }                                                                                                                  \
    /* values[j * width + d] = v[j][d] for j < count, and zero up to the width. */                                     \
    TARGET static void convert_values_##T(const char *v, size_t count, size_t head_dim, size_t width, float *values) { \
        for (size_t j = 0; j < count; j++) {                                                                           \
            to_f32_##T(v + j * head_dim * SIZE_##T, values + j * width, head_dim);                                     \
            memset(values + j * width + head_dim, 0, (width - head_dim) * sizeof *values);                             \
        }                                                                                                              \
    }

#define ATTENTION_ROWS(T)                                                                                              \
    TARGET static void attention_rows_##T(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim, \
                                          size_t start, const qwen_paged_head *cache, float factor, float *out,        \
                                          size_t out_stride, float *scratch) {                                         \
        size_t width = (head_dim + LANES - 1) / LANES * LANES;                                                         \
        float *keys = scratch, *values = keys + TILE * width, *queries = values + TILE * width;                        \
        float *sums = queries + BLOCK * width, *scores = sums + BLOCK * width;                                         \
        float *maxima = scores + BLOCK * TILE, *totals = maxima + BLOCK;                                               \
        for (size_t first = 0; first < rows * group; first += BLOCK) {                                                 \
            size_t block = rows * group - first < BLOCK ? rows * group - first : BLOCK;                                \
            for (size_t b = 0; b < block; b++) {                                                                       \
                const float *from = q + (first + b) / group * q_stride + (first + b) % group * head_dim;               \
                memcpy(queries + b * width, from, head_dim * sizeof *from);                                            \
                scale(factor, queries + b * width, head_dim);                                                          \
                memset(sums + b * width, 0, width * sizeof *sums);                                                     \
                maxima[b] = -INFINITY;                                                                                 \
                totals[b] = 0;                                                                                         \
            }                                                                                                          \
            size_t last = start + (first + block - 1) / group + 1;                                                     \
            for (size_t position = 0; position < last; position += TILE) {                                             \
                size_t tile = last - position < TILE ? last - position : TILE;                                         \
                for (size_t part = 0; part < tile; part += PART) {                                                     \
                    const char *from = qwen_paged_tile(cache, position + part);                                        \
                    size_t count = tile - part < PART ? tile - part : PART;                                            \
                    transpose_keys_##T(from, count, head_dim, keys + part);                                            \
                    convert_values_##T(from + cache->tile_bytes, count, head_dim, width, values + part * width);       \
                }                                                                                                      \
                size_t hidden = 0; /* queries at the block's beginning that see nothing of this tile */                \
                while (hidden < block && start + (first + hidden) / group < position) hidden++;                        \
                small_product(queries + hidden * width, width, block - hidden, keys, TILE, head_dim,                   \
                              (tile + LANES - 1) / LANES * LANES, false, scores + hidden * TILE, TILE);                \
                for (size_t b = hidden; b < block; b++) {                                                              \
                    size_t visible = start + (first + b) / group + 1 - position;                                       \
                    if (visible > tile) visible = tile;                                                                \
                    soften(scores + b * TILE, visible, &maxima[b], &totals[b], sums + b * width, head_dim);            \
                    memset(scores + b * TILE + visible, 0, (TILE - visible) * sizeof *scores);                         \
                }                                                                                                      \
                small_product(scores + hidden * TILE, TILE, block - hidden, values, width, tile, width, true,          \
                              sums + hidden * width, width);                                                           \
            }                                                                                                          \
            for (size_t b = 0; b < block; b++) {                                                                       \
                float *to = out + (first + b) / group * out_stride + (first + b) % group * head_dim;                   \
                scale(1 / totals[b], sums + b * width, head_dim);                                                      \
                memcpy(to, sums + b * width, head_dim * sizeof *to);                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

FLOAT_PARTS(f32)
FLOAT_PARTS(f16)
FLOAT_PARTS(bf16)

ATTENTION_ROWS(f32)
ATTENTION_ROWS(f16)
ATTENTION_ROWS(bf16)

/// Replaces the scalar entries of a table.
static void fill_attention(qwen_kernels *table) {
#define FILL(INDEX, T)                                                                                                 \
    table->types[INDEX].attention_partial = attention_partial_##T;                                                     \
    table->types[INDEX].attention_rows = attention_rows_##T;
    FILL(QWEN_TYPE_F32, f32)
    FILL(QWEN_TYPE_F16, f16)
    FILL(QWEN_TYPE_BF16, bf16)
#undef FILL
    table->attention_merge = attention_merge;
}
