// The definition of the kernels of a cache of 8-bit integers, in portable C.
#include "q8_cache.h"

static void store(const float *key, const float *value, size_t head_dim, void *tile, size_t tile_bytes, size_t index) {
    q8_store(key, true, head_dim, tile, index);
    q8_store(value, false, head_dim, (char *)tile + tile_bytes, index);
}

/// The factor · query · key of one position.
static float score(const q8_queries *queries, size_t query, const char *keys, size_t head_dim, size_t index) {
    float score = 0;
    for (size_t block = 0; block < q8_blocks(head_dim); block++) {
        const uint8_t *key = (const uint8_t *)q8_integers(keys, head_dim, block) + index * 4;
        const int8_t *high = queries->high[query] + block * Q8_BLOCK, *low = queries->low[query] + block * Q8_BLOCK;
        int32_t sum = queries->offsets[query][block];
        for (size_t i = 0; i < q8_width(head_dim, block); i++) {
            sum += (128 * high[i] + low[i]) * key[i / 4 * 4 * QWEN_TILE_POSITIONS + i % 4];
        }
        score += (float)sum * qwen_float_from_f16(q8_scales(keys, block)[index]) * queries->scales[query][block];
    }
    return score;
}

/// Adds a position's value, times a weight.
static void add_value(float weight, const char *values, size_t head_dim, size_t index, float *sum) {
    for (size_t block = 0; block < q8_blocks(head_dim); block++) {
        size_t n = q8_width(head_dim, block);
        const int8_t *value = (const int8_t *)q8_integers(values, head_dim, block) + index * n;
        float factor = weight * qwen_float_from_f16(q8_scales(values, block)[index]);
        for (size_t i = 0; i < n; i++) sum[block * Q8_BLOCK + i] += factor * value[i];
    }
}

/// Adds a position to a query's partial result.
static void take(float score, const char *values, size_t head_dim, size_t index, float *maximum, float *sum, float *value) {
    if (score > *maximum) {
        float shrink = expf(*maximum - score);
        *sum *= shrink;
        for (size_t i = 0; i < head_dim; i++) value[i] *= shrink;
        *maximum = score;
    }
    float weight = expf(score - *maximum);
    *sum += weight;
    add_value(weight, values, head_dim, index, value);
}

static void attention_partial(const float *q, size_t group, size_t head_dim, const qwen_paged_head *cache, size_t first,
                              size_t count, float scale, float *partial) {
    q8_queries queries;
    for (size_t h = 0; h < group; h++) {
        float *value = partial + 2 * group + h * head_dim, maximum = -INFINITY, sum = 0;
        for (size_t i = 0; i < head_dim; i++) value[i] = 0;
        q8_round_query(q + h * head_dim, head_dim, scale, 0, &queries);
        for (size_t j = first; j < first + count; j++) {
            const char *tile = qwen_paged_tile(cache, j);
            size_t index = j % QWEN_TILE_POSITIONS;
            take(score(&queries, 0, tile, head_dim, index), tile + cache->tile_bytes, head_dim, index, &maximum, &sum, value);
        }
        partial[h] = maximum;
        partial[group + h] = sum;
    }
}

static void attention_rows(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim, size_t start,
                           const qwen_paged_head *cache, float scale, float *out, size_t out_stride, float *scratch) {
    for (size_t i = 0; i < rows * group; i++) {
        const float *query = q + i / group * q_stride + i % group * head_dim;
        float *value = scratch, maximum = -INFINITY, sum = 0;  // out may be q
        for (size_t d = 0; d < head_dim; d++) value[d] = 0;
        for (size_t j = 0; j <= start + i / group; j++) {
            const char *tile = qwen_paged_tile(cache, j);
            size_t index = j % QWEN_TILE_POSITIONS;
            float score = 0;
            for (size_t d = 0; d < head_dim; d++) {
                size_t block = d / Q8_BLOCK, inside = d % Q8_BLOCK;
                const char *key = q8_integers(tile, head_dim, block) + (inside / 4 * QWEN_TILE_POSITIONS + index) * 4;
                int integer = (int)((const uint8_t *)key)[inside % 4] - 128;
                score += query[d] * ((float)integer * qwen_float_from_f16(q8_scales(tile, block)[index]));
            }
            take(score * scale, tile + cache->tile_bytes, head_dim, index, &maximum, &sum, value);
        }
        float *to = out + i / group * out_stride + i % group * head_dim;
        for (size_t d = 0; d < head_dim; d++) to[d] = value[d] / sum;
    }
}

void qwen_q8_read_row(const void *part, bool is_key, size_t head_dim, size_t index, uint8_t *row) {
    for (size_t block = 0; block < q8_blocks(head_dim); block++) {
        size_t n = q8_width(head_dim, block);
        const uint8_t *from = (const uint8_t *)q8_integers(part, head_dim, block);
        uint16_t scale = q8_scales(part, block)[index];
        *row++ = (uint8_t)scale;
        *row++ = (uint8_t)(scale >> 8);
        for (size_t i = 0; i < n; i++) {
            *row++ = is_key ? from[(i / 4 * QWEN_TILE_POSITIONS + index) * 4 + i % 4] ^ 0x80 : from[index * n + i];
        }
    }
}

void qwen_q8_write_row(void *part, bool is_key, size_t head_dim, size_t index, const uint8_t *row) {
    for (size_t block = 0; block < q8_blocks(head_dim); block++) {
        size_t n = q8_width(head_dim, block);
        uint16_t scale = (uint16_t)(row[0] | row[1] << 8);
        q8_put((const int8_t *)row + 2, scale, is_key, part, head_dim, block, index);
        row += 2 + n;
    }
}

void qwen_fill_q8_cache_scalar(qwen_q8_cache_kernels *table) {
    *table = (qwen_q8_cache_kernels){store, attention_partial, attention_rows};
}
