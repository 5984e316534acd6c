// Attention in terms of one vector type; included by avx2.c, avx512.c and neon.c after vector_kernels.h.

// MARK: One position

/// Positions per tile: their keys and values (64 KiB at the most) stay in the cache while the group's heads pass.
#define PART 32
#define PART_HEADS 8

/// scores[h][j] = scale * q[h]·k[j] for one head and `count` <= PART keys.
#define SCORES(T)                                                                                                      \
    INLINE void scores_##T(const float *q, size_t head_dim, const char *k, size_t k_stride, size_t count, float scale, \
                           float *scores) {                                                                            \
        size_t j = 0;                                                                                                  \
        for (; j + 4 <= count; j += 4) {                                                                               \
            const char *k0 = k + j * k_stride, *k1 = k0 + k_stride, *k2 = k1 + k_stride, *k3 = k2 + k_stride;          \
            vf s0 = v_zero(), s1 = v_zero(), s2 = v_zero(), s3 = v_zero();                                             \
            size_t i = 0;                                                                                              \
            for (; i + LANES <= head_dim; i += LANES) {                                                                \
                vf x = v_load(q + i);                                                                                  \
                s0 = v_fma(x, v_load_##T(k0 + i * SIZE_##T), s0);                                                      \
                s1 = v_fma(x, v_load_##T(k1 + i * SIZE_##T), s1);                                                      \
                s2 = v_fma(x, v_load_##T(k2 + i * SIZE_##T), s2);                                                      \
                s3 = v_fma(x, v_load_##T(k3 + i * SIZE_##T), s3);                                                      \
            }                                                                                                          \
            if (i < head_dim) {                                                                                        \
                size_t rest = head_dim - i;                                                                            \
                vf x = v_load_first(q + i, rest);                                                                      \
                s0 = v_fma(x, v_load_first_##T(k0 + i * SIZE_##T, rest), s0);                                          \
                s1 = v_fma(x, v_load_first_##T(k1 + i * SIZE_##T, rest), s1);                                          \
                s2 = v_fma(x, v_load_first_##T(k2 + i * SIZE_##T, rest), s2);                                          \
                s3 = v_fma(x, v_load_first_##T(k3 + i * SIZE_##T, rest), s3);                                          \
            }                                                                                                          \
            v_sum4(s0, s1, s2, s3, scores + j);                                                                        \
        }                                                                                                              \
        for (; j < count; j++) scores[j] = dot_##T(k + j * k_stride, head_dim, q);                                     \
        for (j = 0; j < count; j++) scores[j] *= scale;                                                                \
    }

/// out[h][i] += sum over j of weights[h * PART + j] * v[j][i], for HEADS heads and VECTORS vectors of columns.
#define MIX(T, HEADS, VECTORS)                                                                                         \
    INLINE void mix_##T##_##HEADS##_##VECTORS(const float *weights, const char *v, size_t v_stride, size_t count,      \
                                              float *out, size_t out_stride) {                                         \
        vf sums[HEADS][VECTORS];                                                                                       \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            UNROLL for (int c = 0; c < VECTORS; c++) sums[h][c] = v_load(out + (size_t)h * out_stride + c * LANES);    \
        }                                                                                                              \
        for (size_t j = 0; j < count; j++) {                                                                           \
            const char *row = v + j * v_stride;                                                                        \
            vf values[VECTORS];                                                                                        \
            UNROLL for (int c = 0; c < VECTORS; c++) values[c] = v_load_##T(row + c * LANES * SIZE_##T);               \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                vf weight = v_set(weights[(size_t)h * PART + j]);                                                      \
                UNROLL for (int c = 0; c < VECTORS; c++) sums[h][c] = v_fma(weight, values[c], sums[h][c]);            \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            UNROLL for (int c = 0; c < VECTORS; c++) v_store(out + (size_t)h * out_stride + c * LANES, sums[h][c]);    \
        }                                                                                                              \
    }

#define MIX_HEADS(T, HEADS)                                                                                            \
    MIX(T, HEADS, 4)                                                                                                   \
    MIX(T, HEADS, 1)                                                                                                   \
    TARGET static void mix_##T##_##HEADS(const float *weights, const char *v, size_t v_stride, size_t count,           \
                                         float *out, size_t head_dim) {                                                \
        size_t i = 0;                                                                                                  \
        for (; i + 4 * LANES <= head_dim; i += 4 * LANES) {                                                            \
            mix_##T##_##HEADS##_4(weights, v + i * SIZE_##T, v_stride, count, out + i, head_dim);                      \
        }                                                                                                              \
        for (; i + LANES <= head_dim; i += LANES) {                                                                    \
            mix_##T##_##HEADS##_1(weights, v + i * SIZE_##T, v_stride, count, out + i, head_dim);                      \
        }                                                                                                              \
        if (i == head_dim) return;                                                                                     \
        size_t rest = head_dim - i;                                                                                    \
        for (size_t h = 0; h < HEADS; h++) {                                                                           \
            float *y = out + h * head_dim + i;                                                                         \
            vf sum = v_load_first(y, rest);                                                                            \
            for (size_t j = 0; j < count; j++) {                                                                       \
                vf values = v_load_first_##T(v + j * v_stride + i * SIZE_##T, rest);                                   \
                sum = v_fma(v_set(weights[h * PART + j]), values, sum);                                                \
            }                                                                                                          \
            v_store_first(y, sum, rest);                                                                               \
        }                                                                                                              \
    }

/// Scores of a tile become weights relative to the running maximum; what was summed before shrinks accordingly.
INLINE void soften(float *scores, size_t count, float *running, float *sum, float *value, size_t head_dim) {
    float top = maximum(scores, count);
    if (top > *running) {
        float shrink = *running == -INFINITY ? 0 : expf(*running - top);
        *sum *= shrink;
        scale(shrink, value, head_dim);
        *running = top;
    }
    if (*running == -INFINITY) {  // nothing but -infinity so far
        for (size_t j = 0; j < count; j++) scores[j] = 0;
        return;
    }
    *sum += exponentials(scores, count, *running);
}

#define ATTENTION_PARTIAL(T)                                                                                           \
    SCORES(T)                                                                                                          \
    MIX_HEADS(T, 1)                                                                                                    \
    MIX_HEADS(T, 2)                                                                                                    \
    TARGET static void attention_partial_##T(const float *q, size_t group, size_t head_dim, const void *k,             \
                                             size_t k_stride, const void *v, size_t v_stride, size_t count,            \
                                             float factor, float *partial) {                                           \
        float *maxima = partial, *sums = partial + group, *values = partial + 2 * group;                               \
        for (size_t h = 0; h < group; h++) maxima[h] = -INFINITY;                                                      \
        memset(sums, 0, (group + group * head_dim) * sizeof *sums);                                                    \
        for (size_t first = 0; first < count; first += PART) {                                                         \
            size_t some = count - first < PART ? count - first : PART;                                                 \
            const char *keys = (const char *)k + first * k_stride, *rows = (const char *)v + first * v_stride;         \
            for (size_t h = 0; h < group;) {                                                                           \
                float scores[2 * PART];                                                                                \
                size_t heads = group - h < 2 ? 1 : 2;                                                                  \
                for (size_t g = 0; g < heads; g++) {                                                                   \
                    float *value = values + (h + g) * head_dim, *tile = scores + g * PART;                             \
                    scores_##T(q + (h + g) * head_dim, head_dim, keys, k_stride, some, factor, tile);                  \
                    soften(tile, some, &maxima[h + g], &sums[h + g], value, head_dim);                                 \
                }                                                                                                      \
                if (heads == 2) {                                                                                      \
                    mix_##T##_2(scores, rows, v_stride, some, values + h * head_dim, head_dim);                        \
                } else {                                                                                               \
                    mix_##T##_1(scores, rows, v_stride, some, values + h * head_dim, head_dim);                        \
                }                                                                                                      \
                h += heads;                                                                                            \
            }                                                                                                          \
        }                                                                                                              \
    }

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
#define TILE 64   // keys
#define MICRO_ROWS 6
#define MICRO_CALL(ROWS, VECTORS) MICRO_CALL_(ROWS, VECTORS)  // expands the arguments first
#define MICRO_CALL_(ROWS, VECTORS) micro_##ROWS##_##VECTORS
#define MICRO_DEFINE(ROWS, VECTORS) MICRO(ROWS, VECTORS)

/// c[r][0 ..< VECTORS * LANES] (+)= sum over d of a[r][d] * b[d][…].
#define MICRO(ROWS, VECTORS)                                                                                           \
    INLINE void micro_##ROWS##_##VECTORS(const float *a, size_t lda, const float *b, size_t ldb, size_t depth,         \
                                         bool accumulate, float *c, size_t ldc) {                                      \
        vf sums[ROWS][VECTORS];                                                                                        \
        UNROLL for (int r = 0; r < ROWS; r++) {                                                                        \
            UNROLL for (int i = 0; i < VECTORS; i++) {                                                                 \
                sums[r][i] = accumulate ? v_load(c + (size_t)r * ldc + i * LANES) : v_zero();                          \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t d = 0; d < depth; d++) {                                                                           \
            vf row[VECTORS];                                                                                           \
            UNROLL for (int i = 0; i < VECTORS; i++) row[i] = v_load(b + d * ldb + i * LANES);                         \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
                vf x = v_set(a[(size_t)r * lda + d]);                                                                  \
                UNROLL for (int i = 0; i < VECTORS; i++) sums[r][i] = v_fma(x, row[i], sums[r][i]);                    \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int r = 0; r < ROWS; r++) {                                                                        \
            UNROLL for (int i = 0; i < VECTORS; i++) v_store(c + (size_t)r * ldc + i * LANES, sums[r][i]);             \
        }                                                                                                              \
    }

MICRO_DEFINE(MICRO_ROWS, MICRO_VECTORS)
MICRO_DEFINE(MICRO_ROWS, 1)
MICRO_DEFINE(1, MICRO_VECTORS)
MICRO_DEFINE(1, 1)

/// c = a b, or c += a b; columns is a multiple of LANES.
TARGET static void small_product(const float *a, size_t lda, size_t rows, const float *b, size_t ldb, size_t depth,
                                 size_t columns, bool accumulate, float *c, size_t ldc) {
    size_t r = 0;
    for (; r + MICRO_ROWS <= rows; r += MICRO_ROWS) {
        const float *x = a + r * lda;
        float *y = c + r * ldc;
        size_t i = 0;
        for (; i + MICRO_VECTORS * LANES <= columns; i += MICRO_VECTORS * LANES) {
            MICRO_CALL(MICRO_ROWS, MICRO_VECTORS)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);
        }
        for (; i < columns; i += LANES) {
            MICRO_CALL(MICRO_ROWS, 1)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);
        }
    }
    for (; r < rows; r++) {
        const float *x = a + r * lda;
        float *y = c + r * ldc;
        size_t i = 0;
        for (; i + MICRO_VECTORS * LANES <= columns; i += MICRO_VECTORS * LANES) {
            MICRO_CALL(1, MICRO_VECTORS)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);
        }
        for (; i < columns; i += LANES) {
            MICRO_CALL(1, 1)(x, lda, b + i, ldb, depth, accumulate, y + i, ldc);
        }
    }
}

#define ATTENTION_ROWS(T)                                                                                              \
    /* keys[d * TILE + j] = k[j][d] for j < count, and zero up to whole vectors. */                                    \
    TARGET static void transpose_keys_##T(const char *k, size_t stride, size_t count, size_t head_dim, float *keys) {  \
        float rows[8 * QWEN_MAX_HEAD_DIM];                                                                             \
        for (size_t j = 0; j < (count + LANES - 1) / LANES * LANES; j += 8) {                                          \
            for (size_t r = 0; r < 8; r++) {                                                                           \
                if (j + r < count) {                                                                                   \
                    to_f32_##T(k + (j + r) * stride, rows + r * head_dim, head_dim);                                   \
                } else {                                                                                               \
                    memset(rows + r * head_dim, 0, head_dim * sizeof *rows);                                           \
                }                                                                                                      \
            }                                                                                                          \
            for (size_t d = 0; d < head_dim; d += 8) v_transpose8(rows + d, head_dim, keys + d * TILE + j, TILE);      \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    TARGET static void attention_rows_##T(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim, \
                                          size_t start, const void *k, size_t k_stride, const void *v,                 \
                                          size_t v_stride, float factor, float *out, size_t out_stride,                \
                                          float *scratch) {                                                            \
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
                const char *from = (const char *)v + position * v_stride;                                              \
                transpose_keys_##T((const char *)k + position * k_stride, k_stride, tile, head_dim, keys);             \
                for (size_t j = 0; j < tile; j++) {                                                                    \
                    to_f32_##T(from + j * v_stride, values + j * width, head_dim);                                     \
                    memset(values + j * width + head_dim, 0, (width - head_dim) * sizeof *values);                     \
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
