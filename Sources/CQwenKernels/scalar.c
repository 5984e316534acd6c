// The definition of every kernel, in portable C. The other files may order their sums differently and nothing else.
#include "levels.h"

#define KERNELS_OF_TYPE(T)                                                                                             \
    static void matmul_rows_##T(const void *w, size_t row_bytes, size_t rows, size_t k, const float *x, size_t ldx,    \
                                size_t m, float *y, size_t ldy) {                                                      \
        for (size_t r = 0; r < rows; r++) {                                                                            \
            const void *row = qwen_offset(w, r * row_bytes);                                                           \
            for (size_t i = 0; i < m; i++) {                                                                           \
                float sum = 0;                                                                                         \
                for (size_t j = 0; j < k; j++) sum += x[i * ldx + j] * qwen_load_##T(row, j);                          \
                y[i * ldy + r] = sum;                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void multiply_vector_##T(const void *w, size_t row_bytes, size_t rows, size_t k, const float *x,            \
                                    float *y) {                                                                        \
        matmul_rows_##T(w, row_bytes, rows, k, x, 0, 1, y, 0);                                                         \
    }                                                                                                                  \
    static void to_f32_##T(const void *src, float *dst, size_t n) {                                                    \
        for (size_t i = 0; i < n; i++) dst[i] = qwen_load_##T(src, i);                                                 \
    }                                                                                                                  \
    static void from_f32_##T(const float *src, void *dst, size_t n) {                                                  \
        for (size_t i = 0; i < n; i++) qwen_store_##T(dst, i, src[i]);                                                 \
    }                                                                                                                  \
    static void attention_partial_##T(const float *q, size_t group, size_t head_dim,                                   \
                                      const qwen_paged_head *cache, size_t first, size_t count, float scale,           \
                                      float *partial) {                                                                \
        for (size_t h = 0; h < group; h++) {                                                                           \
            const float *query = q + h * head_dim;                                                                     \
            float *value = partial + 2 * group + h * head_dim;                                                         \
            float maximum = -INFINITY, sum = 0;                                                                        \
            for (size_t i = 0; i < head_dim; i++) value[i] = 0;                                                        \
            for (size_t j = first; j < first + count; j++) {                                                           \
                const char *tile = qwen_paged_tile(cache, j);                                                          \
                const size_t place = j % QWEN_TILE_POSITIONS * head_dim * sizeof(qwen_element_##T);                    \
                const void *key = tile + place, *row = tile + cache->tile_bytes + place;                               \
                float score = 0;                                                                                       \
                for (size_t i = 0; i < head_dim; i++) score += query[i] * qwen_load_##T(key, i);                       \
                score *= scale;                                                                                        \
                if (score > maximum) {                                                                                 \
                    float shrink = expf(maximum - score);                                                              \
                    sum *= shrink;                                                                                     \
                    for (size_t i = 0; i < head_dim; i++) value[i] *= shrink;                                          \
                    maximum = score;                                                                                   \
                }                                                                                                      \
                float weight = expf(score - maximum);                                                                  \
                sum += weight;                                                                                         \
                for (size_t i = 0; i < head_dim; i++) value[i] += weight * qwen_load_##T(row, i);                      \
            }                                                                                                          \
            partial[h] = maximum;                                                                                      \
            partial[group + h] = sum;                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    static void attention_rows_##T(const float *q, size_t q_stride, size_t rows, size_t group, size_t head_dim,        \
                                   size_t start, const qwen_paged_head *cache, float scale, float *out,                \
                                   size_t out_stride, float *scratch) {                                                \
        for (size_t r = 0; r < rows; r++) {                                                                            \
            for (size_t h = 0; h < group; h++) {                                                                       \
                attention_partial_##T(q + r * q_stride + h * head_dim, 1, head_dim, cache, 0, start + r + 1, scale,    \
                                      scratch);                                                                        \
                float *y = out + r * out_stride + h * head_dim;                                                        \
                for (size_t i = 0; i < head_dim; i++) y[i] = scratch[2 + i] / scratch[1];                              \
            }                                                                                                          \
        }                                                                                                              \
    }

// A float is finite when its exponent bits are not all ones; so too for the 16-bit types.
static bool all_finite_f32(const void *src, size_t n) {
    const float *x = src;
    for (size_t i = 0; i < n; i++) {
        if ((qwen_bits_of_float(x[i]) & 0x7f800000) == 0x7f800000) return false;
    }
    return true;
}

static bool all_finite_f16(const void *src, size_t n) {
    const uint16_t *x = src;
    for (size_t i = 0; i < n; i++) {
        if ((x[i] & 0x7c00) == 0x7c00) return false;
    }
    return true;
}

static bool all_finite_bf16(const void *src, size_t n) {
    const uint16_t *x = src;
    for (size_t i = 0; i < n; i++) {
        if ((x[i] & 0x7f80) == 0x7f80) return false;
    }
    return true;
}

KERNELS_OF_TYPE(f32)
KERNELS_OF_TYPE(f16)
KERNELS_OF_TYPE(bf16)

static float sum_of_squares(const float *x, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

static void rms_norm(const float *x, const float *weight, float epsilon, size_t n, float *y) {
    float factor = 1 / sqrtf(sum_of_squares(x, n) / (float)n + epsilon);
    for (size_t i = 0; i < n; i++) y[i] = weight[i] * (x[i] * factor);
}

static void rotary(float *x, size_t heads, size_t stride, size_t dim, const float *cosines, const float *sines) {
    size_t half = dim / 2;
    for (size_t h = 0; h < heads; h++) {
        float *first = x + h * stride, *second = first + half;
        for (size_t i = 0; i < half; i++) {
            float a = first[i], b = second[i];
            first[i] = a * cosines[i] - b * sines[i];
            second[i] = b * cosines[i] + a * sines[i];
        }
    }
}

static void silu_multiply(const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

static void add(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void add_scaled(float a, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

static void scale(float a, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= a;
}

static float maximum(const float *x, size_t n) {
    float best = -INFINITY;
    for (size_t i = 0; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}

static size_t index_of_maximum(const float *x, size_t n) {
    float best = maximum(x, n);
    for (size_t i = 0; i < n; i++) {
        if (x[i] == best) return i;
    }
    return 0;
}

static void softmax(float *x, size_t n) {
    float top = maximum(x, n), sum = 0;
    if (top == -INFINITY) {
        for (size_t i = 0; i < n; i++) x[i] = 0;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - top);
        sum += x[i];
    }
    scale(1 / sum, x, n);
}

static double log_sum_exp(const float *x, size_t n) {
    float top = maximum(x, n);
    if (top == -INFINITY) return -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)expf(x[i] - top);
    return (double)top + log(sum);
}

static void multiply_bf16(const void *w, size_t row_bytes, size_t rows, size_t k, const uint16_t *x, size_t ldx, size_t m,
                          float *y, size_t ldy) {
    for (size_t i = 0; i < m; i++) {
        for (size_t r = 0; r < rows; r++) {
            const void *row = qwen_offset(w, r * row_bytes);
            float sum = 0;
            for (size_t j = 0; j < k; j++) sum += qwen_load_bf16(x + i * ldx, j) * qwen_load_bf16(row, j);
            y[i * ldy + r] = sum;
        }
    }
}

static void attention_merge(const float *partials, size_t stride, size_t parts, size_t group, size_t head_dim,
                            float *out, size_t out_stride) {
    for (size_t h = 0; h < group; h++) {
        float *y = out + h * out_stride, top = -INFINITY, sum = 0;
        for (size_t p = 0; p < parts; p++) {
            float candidate = partials[p * stride + h];
            top = candidate > top ? candidate : top;
        }
        for (size_t i = 0; i < head_dim; i++) y[i] = 0;
        if (top == -INFINITY) continue;
        for (size_t p = 0; p < parts; p++) {
            const float *partial = partials + p * stride;
            float factor = expf(partial[h] - top);
            if (factor == 0) continue;
            sum += factor * partial[group + h];
            for (size_t i = 0; i < head_dim; i++) y[i] += factor * partial[2 * group + h * head_dim + i];
        }
        for (size_t i = 0; i < head_dim; i++) y[i] /= sum;
    }
}

#define ENTRIES_OF_TYPE(T)                                                                                             \
    {                                                                                                                  \
        .multiply_vector = multiply_vector_##T,                                                                        \
        .matmul_rows = matmul_rows_##T,                                                                                \
        .to_f32 = to_f32_##T,                                                                                          \
        .from_f32 = from_f32_##T,                                                                                      \
        .all_finite = all_finite_##T,                                                                                  \
        .attention_partial = attention_partial_##T,                                                                    \
        .attention_rows = attention_rows_##T,                                                                          \
    }

void qwen_fill_scalar(qwen_kernels *table) {
    *table = (qwen_kernels){
        .level = QWEN_LEVEL_SCALAR,
        .name = "scalar",
        .types = {ENTRIES_OF_TYPE(f32), ENTRIES_OF_TYPE(f16), ENTRIES_OF_TYPE(bf16)},
        .rms_norm = rms_norm,
        .sum_of_squares = sum_of_squares,
        .rotary = rotary,
        .silu_multiply = silu_multiply,
        .add = add,
        .add_scaled = add_scaled,
        .scale = scale,
        .softmax = softmax,
        .maximum = maximum,
        .index_of_maximum = index_of_maximum,
        .log_sum_exp = log_sum_exp,
        .attention_merge = attention_merge,
        .multiply_bf16 = multiply_bf16,
        .pack_group = qwen_pack_group,
    };
    qwen_fill_packed_scalar(&table->packed);
    qwen_fill_q8_cache_scalar(&table->q8_cache);
}
