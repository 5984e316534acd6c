// The kernels of a cache of 8-bit integers in terms of vectors; included by avx2.c, avx512.c and neon.c after
// vector_attention.h. Beside what vector_kernels.h asks for, each of them defines
//
//   vi                   as many bytes as vf has, also as LANES 32-bit integers
//   vi_zero vi_set vi_load vi_add vi_shift_left v_from_integers
//   vi_load_keys         bytes of keys as the products want them
//   vi_set_bytes         four bytes, again and again
//   vi_byte              the byte c of each 32-bit integer, as a float
//   v_load_i8            bytes as floats, CHUNK vectors of them
//   Q8_KEYS_ARE_SIGNED   whether vi_load_keys takes the 128 off that keys have too much
#include "q8_cache.h"

/// Parts of a vector's positions in a tile.
#define SPLITS (QWEN_TILE_POSITIONS / LANES)

TARGET static void q8_store_pair(const float *key, const float *value, size_t head_dim, void *tile, size_t tile_bytes,
                                 size_t index) {
    q8_store(key, true, head_dim, tile, index);
    q8_store(value, false, head_dim, (char *)tile + tile_bytes, index);
}

// MARK: One position

/// scores[h * PART + j] = the scaled products of HEADS queries, from `first` on, with the keys of a tile.
/// DOT(SUMS, KEYS, QUERY) adds to each 32-bit integer the four products of its bytes.
#define Q8_SCORES(NAME, ATTRIBUTES, DOT, HEADS)                                                                        \
    ATTRIBUTES static void q8_scores_##NAME##_##HEADS(const q8_queries *queries, size_t first, const char *keys,       \
                                                      size_t head_dim, float *scores) {                                \
        for (size_t part = 0; part < SPLITS; part++) {                                                                 \
            vf results[HEADS];                                                                                         \
            UNROLL for (int h = 0; h < HEADS; h++) results[h] = v_zero();                                              \
            for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {                                             \
                size_t width = q8_width(head_dim, block);                                                              \
                const char *from = q8_integers(keys, head_dim, block) + part * 4 * LANES;                              \
                const int8_t *high = queries->high[first] + block * Q8_BLOCK;                                          \
                const int8_t *low = queries->low[first] + block * Q8_BLOCK;                                            \
                vi upper[HEADS], lower[HEADS];                                                                         \
                UNROLL for (int h = 0; h < HEADS; h++) upper[h] = lower[h] = vi_zero();                                \
                for (size_t i = 0; i < width; i += 4) {                                                                \
                    vi bytes = vi_load_keys(from + i * QWEN_TILE_POSITIONS);                                           \
                    UNROLL for (int h = 0; h < HEADS; h++) {                                                           \
                        upper[h] = DOT(upper[h], bytes, vi_set_bytes(high + h * QWEN_MAX_HEAD_DIM + i));               \
                        lower[h] = DOT(lower[h], bytes, vi_set_bytes(low + h * QWEN_MAX_HEAD_DIM + i));                \
                    }                                                                                                  \
                }                                                                                                      \
                vf scales = v_load_f16(q8_scales(keys, block) + part * LANES);                                         \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    vi sums = vi_add(vi_shift_left(upper[h], 7), lower[h]);                                            \
                    if (!Q8_KEYS_ARE_SIGNED) sums = vi_add(sums, vi_set(queries->offsets[first + h][block]));          \
                    vf factor = v_set(queries->scales[first + h][block]);                                              \
                    results[h] = v_fma(v_mul(v_from_integers(sums), scales), factor, results[h]);                      \
                }                                                                                                      \
            }                                                                                                          \
            UNROLL for (int h = 0; h < HEADS; h++) v_store(scores + h * PART + part * LANES, results[h]);              \
        }                                                                                                              \
    }

/// out[h][d] += sum over from <= j < to of weights[h * PART + j] * value j of a tile, for HEADS heads.
#define Q8_MIX(HEADS)                                                                                                  \
    TARGET static void q8_mix_##HEADS(const float *weights, const char *values, size_t from, size_t to, float *out,    \
                                      size_t head_dim) {                                                               \
        for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {                                                 \
            size_t width = q8_width(head_dim, block);                                                                  \
            const int8_t *rows = (const int8_t *)q8_integers(values, head_dim, block);                                 \
            _Alignas(64) float factors[HEADS][PART];                                                                   \
            UNROLL for (int part = 0; part < SPLITS; part++) {                                                         \
                vf scales = v_load_f16(q8_scales(values, block) + part * LANES);                                       \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    v_store(factors[h] + part * LANES, v_mul(v_load(weights + h * PART + part * LANES), scales));      \
                }                                                                                                      \
            }                                                                                                          \
            float *to_block = out + block * Q8_BLOCK;                                                                  \
            size_t i = 0;                                                                                              \
            for (; i + CHUNK * LANES <= width; i += CHUNK * LANES) {                                                   \
                vf sums[HEADS][CHUNK];                                                                                 \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    const float *y = to_block + (size_t)h * head_dim + i;                                              \
                    UNROLL for (int c = 0; c < CHUNK; c++) sums[h][c] = v_load(y + c * LANES);                         \
                }                                                                                                      \
                for (size_t j = from; j < to; j++) {                                                                   \
                    vf row[CHUNK];                                                                                     \
                    v_load_i8(rows + j * width + i, row);                                                              \
                    UNROLL for (int h = 0; h < HEADS; h++) {                                                           \
                        vf factor = v_set(factors[h][j]);                                                              \
                        UNROLL for (int c = 0; c < CHUNK; c++) sums[h][c] = v_fma(factor, row[c], sums[h][c]);         \
                    }                                                                                                  \
                }                                                                                                      \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    float *y = to_block + (size_t)h * head_dim + i;                                                    \
                    UNROLL for (int c = 0; c < CHUNK; c++) v_store(y + c * LANES, sums[h][c]);                         \
                }                                                                                                      \
            }                                                                                                          \
            if (i < width) q8_mix_rest(factors[0], HEADS, rows + i, width, width - i, from, to, to_block + i, head_dim); \
        }                                                                                                              \
    }

/// The last dimensions of a block, fewer than CHUNK vectors.
TARGET static void q8_mix_rest(const float *factors, size_t heads, const int8_t *rows, size_t width, size_t dimensions,
                               size_t from, size_t to, float *out, size_t head_dim) {
    for (size_t j = from; j < to; j++) {
        float row[Q8_BLOCK];
        for (size_t i = 0; i < dimensions; i++) row[i] = rows[j * width + i];
        for (size_t h = 0; h < heads; h++) add_scaled(factors[h * PART + j], row, out + h * head_dim, dimensions);
    }
}

Q8_MIX(1)
Q8_MIX(2)

#define Q8_CASE(NAME, HEADS)                                                                                           \
    q8_scores_##NAME##_##HEADS(&queries, h, keys, head_dim, scores);                                                   \
    for (size_t g = 0; g < HEADS; g++) {                                                                               \
        soften(scores + g * PART + from, to - from, &maxima[h + g], &sums[h + g], sum + (h + g) * head_dim, head_dim); \
    }                                                                                                                  \
    q8_mix_##HEADS(scores, keys + cache->tile_bytes, from, to, sum + h * head_dim, head_dim);                          \
    h += HEADS;

#if VECTOR_REGISTERS >= 32
Q8_MIX(4)
#define Q8_SCORES_WIDE(NAME, ATTRIBUTES, DOT) Q8_SCORES(NAME, ATTRIBUTES, DOT, 4)
#define Q8_WIDE_CASE(NAME)                                                                                             \
    if (some - h >= 4) {                                                                                               \
        Q8_CASE(NAME, 4)                                                                                               \
        continue;                                                                                                      \
    }
#else
#define Q8_SCORES_WIDE(NAME, ATTRIBUTES, DOT)
#define Q8_WIDE_CASE(NAME)
#endif

#define Q8_ATTENTION_PARTIAL(NAME, ATTRIBUTES, DOT)                                                                    \
    Q8_SCORES(NAME, ATTRIBUTES, DOT, 1)                                                                                \
    Q8_SCORES(NAME, ATTRIBUTES, DOT, 2)                                                                                \
    Q8_SCORES_WIDE(NAME, ATTRIBUTES, DOT)                                                                              \
    TARGET static void q8_attention_partial_##NAME(const float *q, size_t group, size_t head_dim,                      \
                                                   const qwen_paged_head *cache, size_t start, size_t count,           \
                                                   float factor, float *partial) {                                     \
        memset(partial + group, 0, (group + group * head_dim) * sizeof *partial);                                      \
        for (size_t h = 0; h < group; h++) partial[h] = -INFINITY;                                                     \
        q8_queries queries;                                                                                            \
        for (size_t base = 0; base < group; base += Q8_QUERIES) {                                                      \
            size_t some = group - base < Q8_QUERIES ? group - base : Q8_QUERIES;                                       \
            float *maxima = partial + base, *sums = maxima + group, *sum = partial + 2 * group + base * head_dim;      \
            for (size_t h = 0; h < some; h++) {                                                                        \
                q8_round_query(q + (base + h) * head_dim, head_dim, factor, h, &queries);                              \
            }                                                                                                          \
            for (size_t first = start; first < start + count; first += PART - first % PART) {                          \
                const char *keys = qwen_paged_tile(cache, first);                                                      \
                size_t from = first % PART, left = start + count - first;                                              \
                size_t to = left < PART - from ? from + left : PART;                                                   \
                _Alignas(64) float scores[4 * PART];                                                                   \
                for (size_t h = 0; h < some;) {                                                                        \
                    Q8_WIDE_CASE(NAME)                                                                                 \
                    if (some - h >= 2) {                                                                               \
                        Q8_CASE(NAME, 2)                                                                               \
                    } else {                                                                                           \
                        Q8_CASE(NAME, 1)                                                                               \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

// MARK: Many positions

/// keys[d * TILE + j] = key j of a tile, for all of its positions: who uses them leaves out those that are not there.
TARGET static void transpose_keys_q8(const char *k, size_t count, size_t head_dim, float *keys) {
    for (size_t part = 0; part * LANES < count; part++) {
        for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {
            vf scales = v_load_f16(q8_scales(k, block) + part * LANES), offset = v_set(128);
            const char *from = q8_integers(k, head_dim, block) + part * 4 * LANES;
            for (size_t i = 0; i < q8_width(head_dim, block); i += 4) {
                vi bytes = vi_load(from + i * QWEN_TILE_POSITIONS);
                float *to = keys + (block * Q8_BLOCK + i) * TILE + part * LANES;
                UNROLL for (int c = 0; c < 4; c++) {
                    v_store(to + c * TILE, v_mul(v_sub(vi_byte(bytes, c), offset), scales));
                }
            }
        }
    }
}

/// values[j * width + d] = value j of a tile for j < count, and zero up to the width.
TARGET static void convert_values_q8(const char *v, size_t count, size_t head_dim, size_t width, float *values) {
    for (size_t block = 0; block * Q8_BLOCK < head_dim; block++) {
        size_t n = q8_width(head_dim, block);
        const int8_t *from = (const int8_t *)q8_integers(v, head_dim, block);
        for (size_t j = 0; j < count; j++) {
            float *to = values + j * width + block * Q8_BLOCK, factor = qwen_float_from_f16(q8_scales(v, block)[j]);
            for (size_t i = 0; i < n; i++) to[i] = (float)from[j * n + i] * factor;
        }
    }
    for (size_t j = 0; j < count; j++) {
        memset(values + j * width + head_dim, 0, (width - head_dim) * sizeof *values);
    }
}

ATTENTION_ROWS(q8)
