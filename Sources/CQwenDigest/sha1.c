#include "CQwenDigest.h"

static inline uint32_t rotated(uint32_t x, int count) { return x << count | x >> (32 - count); }

void qwen_sha1_compress(uint32_t *state, const uint8_t *bytes, size_t count) {
    for (; count > 0; count--, bytes += 64) {
        uint32_t w[80];
        for (int t = 0; t < 16; t++) {
            const uint8_t *p = bytes + 4 * t;
            w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int t = 16; t < 80; t++) w[t] = rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int t = 0; t < 80; t++) {
            uint32_t f, k;  // FIPS 180-4, §4.1.1 and §4.2.1.
            if (t < 20) {
                f = (b & c) ^ (~b & d), k = 0x5a827999;
            } else if (t < 40) {
                f = b ^ c ^ d, k = 0x6ed9eba1;
            } else if (t < 60) {
                f = (b & c) ^ (b & d) ^ (c & d), k = 0x8f1bbcdc;
            } else {
                f = b ^ c ^ d, k = 0xca62c1d6;
            }
            uint32_t next = rotated(a, 5) + f + e + k + w[t];
            e = d, d = c, c = rotated(b, 30), b = a, a = next;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
    }
}
