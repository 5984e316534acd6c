// One position's attention over a whole tile of the cache, for levels whose vectors hold half of a tile's positions; included
// by vector_attention.h where ATTENDS_WHOLE_TILES is defined, which takes head dimensions of whole blocks.
//
//   v_sum4_halves    for each half of four vectors, its sum: [a, b, c, d of the lower halves; of the upper halves]
//   v_add_halves     [lower half of a + upper half of a; lower half of b + upper half of b]

/// Vectors that are looked at together: four sums for each of two heads, since a fused multiplication has a latency of four
/// cycles and two begin in each (Zen 2 and later, Intel since Skylake).
#define BLOCK_VECTORS 4

/// scores[h] = factor * q[h]·k[j] for all j.
#define TILE_SCORES(T, HEADS)                                                                                          \
    INLINE void tile_scores_##T##_##HEADS(const float *q, size_t head_dim, const char *k, size_t stride, float factor, \
                                          const char *ahead, vf scores[HEADS][2]) {                                    \
        vf halves[PART / 4][HEADS];                                                                                    \
        for (size_t j = 0; j < PART; j += 4) {                                                                         \
            const char *keys = k + j * stride;                                                                         \
            vf sums[HEADS][4];                                                                                         \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                UNROLL for (int c = 0; c < 4; c++) sums[h][c] = v_zero();                                              \
            }                                                                                                          \
            for (size_t block = 0; block < head_dim; block += BLOCK_VECTORS * LANES) {                                 \
                FETCH(ahead + j * stride + block * 4 * SIZE_##T, 4 * BLOCK_VECTORS * LANES * SIZE_##T)                 \
                UNROLL for (size_t i = block; i < block + BLOCK_VECTORS * LANES; i += LANES) {                         \
                    vf row[4];                                                                                         \
                    UNROLL for (int c = 0; c < 4; c++) {                                                               \
                        row[c] = v_load_##T(keys + (size_t)c * stride + i * SIZE_##T);                                 \
                    }                                                                                                  \
                    UNROLL for (int h = 0; h < HEADS; h++) {                                                           \
                        vf x = v_load(q + (size_t)h * head_dim + i);                                                   \
                        UNROLL for (int c = 0; c < 4; c++) sums[h][c] = v_fma(x, row[c], sums[h][c]);                  \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                halves[j / 4][h] = v_sum4_halves(sums[h][0], sums[h][1], sums[h][2], sums[h][3]);                      \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            UNROLL for (int c = 0; c < 2; c++) {                                                                       \
                scores[h][c] = v_mul(v_set(factor), v_add_halves(halves[2 * c][h], halves[2 * c + 1][h]));             \
            }                                                                                                          \
        }                                                                                                              \
    }

/// MIX for a tile, with the same sums in the same order: a block of every head's sums stays in registers while all rows pass,
/// where MIX loads and stores it for every four rows. Not inlined, because the compiler would then turn all weights into
/// vectors before the loop, for which there are no registers.
#define TILE_MIX(T, HEADS)                                                                                             \
    TARGET static __attribute__((noinline)) void tile_mix_##T##_##HEADS(const float *weights, const char *v,           \
                                                                        size_t stride, const char *ahead,              \
                                                                        float *out, size_t head_dim) {                 \
        for (size_t i = 0; i < head_dim; i += BLOCK_VECTORS * LANES) {                                                 \
            vf sums[HEADS][BLOCK_VECTORS];                                                                             \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                const float *y = out + (size_t)h * head_dim + i;                                                       \
                UNROLL for (int c = 0; c < BLOCK_VECTORS; c++) sums[h][c] = v_load(y + c * LANES);                     \
            }                                                                                                          \
            UNROLL for (int j = 0; j < PART; j++) {                                                                    \
                const char *from = v + (size_t)j * stride + i * SIZE_##T;                                              \
                FETCH(ahead + (i * PART + (size_t)j * BLOCK_VECTORS * LANES) * SIZE_##T,                               \
                      BLOCK_VECTORS * LANES * SIZE_##T)                                                                \
                vf row[BLOCK_VECTORS];                                                                                 \
                UNROLL for (int c = 0; c < BLOCK_VECTORS; c++) row[c] = v_load_##T(from + c * LANES * SIZE_##T);       \
                UNROLL for (int h = 0; h < HEADS; h++) {                                                               \
                    vf factor = v_set(weights[h * PART + j]);                                                          \
                    UNROLL for (int c = 0; c < BLOCK_VECTORS; c++) sums[h][c] = v_fma(factor, row[c], sums[h][c]);     \
                }                                                                                                      \
            }                                                                                                          \
            UNROLL for (int h = 0; h < HEADS; h++) {                                                                   \
                float *y = out + (size_t)h * head_dim + i;                                                             \
                UNROLL for (int c = 0; c < BLOCK_VECTORS; c++) v_store(y + c * LANES, sums[h][c]);                     \
            }                                                                                                          \
        }                                                                                                              \
    }

/// Adds a tile to what HEADS heads have so far. The scores become weights without leaving registers.
#define ATTEND_TILE(T, HEADS)                                                                                          \
    TILE_SCORES(T, HEADS)                                                                                              \
    TILE_MIX(T, HEADS)                                                                                                 \
    TARGET static void attend_tile_##T##_##HEADS(const float *q, size_t head_dim, const char *keys, size_t stride,     \
                                                 size_t tile_bytes, float factor, const char *ahead, float *maxima,    \
                                                 float *sums, float *values) {                                         \
        vf scores[HEADS][2];                                                                                           \
        tile_scores_##T##_##HEADS(q, head_dim, keys, stride, factor, ahead, scores);                                   \
        float weights[HEADS * PART];                                                                                   \
        UNROLL for (int h = 0; h < HEADS; h++) {                                                                       \
            float top = v_largest(v_max(scores[h][1], v_max(scores[h][0], v_set(-INFINITY))));                         \
            raise_maximum(top, &maxima[h], &sums[h], values + (size_t)h * head_dim, head_dim);                         \
            vf lower = v_exp(v_sub(scores[h][0], v_set(maxima[h])));                                                   \
            vf upper = v_exp(v_sub(scores[h][1], v_set(maxima[h])));                                                   \
            if (maxima[h] == -INFINITY) lower = upper = v_zero(); /* nothing but -infinity so far */                   \
            v_store(weights + h * PART, lower);                                                                        \
            v_store(weights + h * PART + LANES, upper);                                                                \
            sums[h] += v_sum(v_add(lower, upper));                                                                     \
        }                                                                                                              \
        tile_mix_##T##_##HEADS(weights, keys + tile_bytes, stride, ahead + tile_bytes, values, head_dim);              \
    }

#define TILES(T)                                                                                                       \
    ATTEND_TILE(T, 1)                                                                                                  \
    ATTEND_TILE(T, 2)

#define TILE_HEADS(T, HEADS)                                                                                           \
    attend_tile_##T##_##HEADS(q + h * head_dim, head_dim, keys, k_stride, cache->tile_bytes, factor, ahead,            \
                              maxima + h, sums + h, values + h * head_dim);                                            \
    h += HEADS;

#define TILE_CASE(T)                                                                                                   \
    if (some == PART && head_dim % (BLOCK_VECTORS * LANES) == 0) {                                                     \
        if (group - h >= 2) {                                                                                          \
            TILE_HEADS(T, 2)                                                                                           \
        } else {                                                                                                       \
            TILE_HEADS(T, 1)                                                                                           \
        }                                                                                                              \
        continue;                                                                                                      \
    }
