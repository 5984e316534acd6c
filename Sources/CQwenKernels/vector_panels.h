// Products with many rows of x, for levels with 16 vector registers; included by vector_kernels.h.
//
// Rows of w become floats and are transposed into panels once, so that a vector holds neighbouring outputs: nothing has to be
// summed across a vector, and each number of x serves a whole panel. Measured on Zen 3, one thread, BF16 with 512 rows of x: 44 to
// 47 G multiply-adds/s of 52 that the processor can do, where blocks of w as they are stored reach 30 to 37.
// Source: Goto and van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication; Van Zee and van de Geijn 2015, BLIS.

/// From so many rows of x on filling panels pays.
#define PANEL_LIMIT 24
/// The columns of a panel: half of a first-level cache.
#define PANEL_DEPTH 256
/// Panels that stay in the second-level cache while rows of x pass.
#define PANELS_AT_A_TIME 3
/// Rows of x that stay in the first-level cache while these panels pass.
#define PANEL_ROWS 24
#define PANEL_WIDTH (MICRO_VECTORS * LANES)

#define PANELS(T)                                                                                                      \
    /* panel[d][r] = w[r][d], the rows of a panel, 8 of them at a time. */                                             \
    TARGET static void fill_panel_##T(const char *w, size_t row_bytes, size_t depth, float *panel) {                   \
        float rows[8 * PANEL_DEPTH];                                                                                   \
        for (size_t r = 0; r < PANEL_WIDTH; r += 8) {                                                                  \
            for (size_t j = 0; j < 8; j++) to_f32_##T(w + (r + j) * row_bytes, rows + j * PANEL_DEPTH, depth);         \
            for (size_t d = 0; d < depth; d += 8) {                                                                    \
                v_transpose8(rows + d, PANEL_DEPTH, panel + d * PANEL_WIDTH + r, PANEL_WIDTH);                         \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* As matmul_rows; rows is a multiple of PANEL_WIDTH and k of 8. */                                                \
    TARGET static void multiply_panels_##T(const char *w, size_t row_bytes, size_t rows, size_t k, const float *x,     \
                                           size_t ldx, size_t m, float *y, size_t ldy) {                               \
        _Alignas(64) float panels[PANELS_AT_A_TIME][PANEL_DEPTH * PANEL_WIDTH];                                        \
        for (size_t r = 0, some; r < rows; r += some * PANEL_WIDTH) {                                                  \
            some = (rows - r) / PANEL_WIDTH < PANELS_AT_A_TIME ? (rows - r) / PANEL_WIDTH : PANELS_AT_A_TIME;          \
            for (size_t from = 0; from < k; from += PANEL_DEPTH) {                                                     \
                size_t depth = k - from < PANEL_DEPTH ? k - from : PANEL_DEPTH;                                        \
                for (size_t p = 0; p < some; p++) {                                                                    \
                    fill_panel_##T(w + (r + p * PANEL_WIDTH) * row_bytes + from * SIZE_##T, row_bytes, depth,          \
                                   panels[p]);                                                                         \
                }                                                                                                      \
                for (size_t i = 0; i < m; i += PANEL_ROWS) {                                                           \
                    size_t count = m - i < PANEL_ROWS ? m - i : PANEL_ROWS;                                            \
                    for (size_t p = 0; p < some; p++) {                                                                \
                        small_product(x + i * ldx + from, ldx, count, panels[p], PANEL_WIDTH, depth, PANEL_WIDTH,      \
                                      from != 0, y + i * ldy + r + p * PANEL_WIDTH, ldy);                              \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
