// The definition of products with packed matrices, for one kind of integers; included by packed_scalar.c for each:
//
//   TYPE        the type of a block of x
//   NAMED(T)    the name of a function
//   Q(b, c)     the integer in column c of block b

static float NAMED(q8_0)(const uint8_t *group, size_t row, size_t k, const TYPE *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 8);
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += (words[c / 4 * WORD_BYTES + row * 4 + c % 4] - 128) * Q(b, c);
        total = fmaf((float)sum, half_at(group + qwen_pair_scales(b, 8) + row * 2) * x[b].d, total);
    }
    return total;
}

static float NAMED(q4_0)(const uint8_t *group, size_t row, size_t k, const TYPE *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *words = group + qwen_pair_words(b, 4);
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += (half(words, row, c) - 8) * Q(b, c);
        total = fmaf((float)sum, half_at(group + qwen_pair_scales(b, 4) + row * 2) * x[b].d, total);
    }
    return total;
}

static float NAMED(q4_k)(const uint8_t *group, size_t row, size_t k, const TYPE *x) {
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *block = group + b / 8 * Q4_K_BYTES, *words = block + Q4_K_WORDS + b % 8 * 4 * WORD_BYTES;
        float scale = half_at(block + row * 2) * (float)block[Q4_K_SCALES + b % 8 * GROUP + row];
        float minimum = half_at(block + 2 * GROUP + row * 2) * (float)block[Q4_K_MINIMA + b % 8 * GROUP + row];
        int32_t sum = 0;
        for (size_t c = 0; c < 32; c++) sum += half(words, row, c) * Q(b, c);
        total = fmaf((float)sum, scale * x[b].d, total);
        total = fmaf(-minimum, x[b].sum, total);
    }
    return total;
}

static float NAMED(q6_k)(const uint8_t *group, size_t row, size_t k, const TYPE *x) {
    const uint8_t *blocks = group + qwen_packed_heading(k / 256);
    float total = 0;
    for (size_t b = 0; b < k / 32; b++) {
        const uint8_t *block = blocks + b / 8 * Q6_K_BYTES, *words = block + Q6_K_WORDS + b % 8 * 6 * WORD_BYTES;
        float d = half_at(group + (b / 8 * GROUP + row) * 2);
        for (size_t part = 0; part < 2; part++) {  // 16 columns
            int32_t sum = 0;
            for (size_t c = part * 16; c < part * 16 + 16; c++) {
                int high = words[(4 + part) * WORD_BYTES + row * 4 + c % 4] >> (c % 16 / 4 * 2) & 3;
                sum += ((half(words, row, c) | high << 4) - 32) * Q(b, c);
            }
            float scale = d * (float)(int8_t)block[(b % 8 * 2 + part) * GROUP + row];
            total = fmaf((float)sum, scale * x[b].d, total);
        }
    }
    return total;
}

#define MULTIPLY(NAME, T, LAYOUT)                                                                                      \
    static void NAME(const void *w, size_t k, size_t first, size_t last, const TYPE *x, size_t x_stride, size_t m,     \
                     float *y, size_t ldy) {                                                                           \
        size_t bytes = qwen_packed_group_bytes(LAYOUT, k);                                                             \
        for (size_t i = 0; i < m; i++) {                                                                               \
            for (size_t r = first; r < last; r++) {                                                                    \
                y[i * ldy + r] = T((const uint8_t *)w + r / GROUP * bytes, r % GROUP, k, x + i * x_stride);            \
            }                                                                                                          \
        }                                                                                                              \
    }

MULTIPLY(NAMED(multiply_q8_0), NAMED(q8_0), QWEN_PACKED_Q8_0)
MULTIPLY(NAMED(multiply_q4_0), NAMED(q4_0), QWEN_PACKED_Q4_0)
MULTIPLY(NAMED(multiply_q4_k), NAMED(q4_k), QWEN_PACKED_Q4_K)
MULTIPLY(NAMED(multiply_q6_k), NAMED(q6_k), QWEN_PACKED_Q6_K)

#undef MULTIPLY
#undef TYPE
#undef NAMED
#undef Q
