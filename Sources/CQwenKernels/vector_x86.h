// What AVX2 and AVX-512 share; included by avx2.c and avx512.c.

/// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 8.
V void v_transpose8(const float *from, size_t from_stride, float *to, size_t to_stride) {
    __m256 r0 = _mm256_loadu_ps(from), r1 = _mm256_loadu_ps(from + from_stride);
    __m256 r2 = _mm256_loadu_ps(from + 2 * from_stride), r3 = _mm256_loadu_ps(from + 3 * from_stride);
    __m256 r4 = _mm256_loadu_ps(from + 4 * from_stride), r5 = _mm256_loadu_ps(from + 5 * from_stride);
    __m256 r6 = _mm256_loadu_ps(from + 6 * from_stride), r7 = _mm256_loadu_ps(from + 7 * from_stride);
    __m256 a0 = _mm256_unpacklo_ps(r0, r1), a1 = _mm256_unpackhi_ps(r0, r1);
    __m256 a2 = _mm256_unpacklo_ps(r2, r3), a3 = _mm256_unpackhi_ps(r2, r3);
    __m256 a4 = _mm256_unpacklo_ps(r4, r5), a5 = _mm256_unpackhi_ps(r4, r5);
    __m256 a6 = _mm256_unpacklo_ps(r6, r7), a7 = _mm256_unpackhi_ps(r6, r7);
    __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44), b1 = _mm256_shuffle_ps(a0, a2, 0xee);
    __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44), b3 = _mm256_shuffle_ps(a1, a3, 0xee);
    __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44), b5 = _mm256_shuffle_ps(a4, a6, 0xee);
    __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44), b7 = _mm256_shuffle_ps(a5, a7, 0xee);
    _mm256_storeu_ps(to, _mm256_permute2f128_ps(b0, b4, 0x20));
    _mm256_storeu_ps(to + to_stride, _mm256_permute2f128_ps(b1, b5, 0x20));
    _mm256_storeu_ps(to + 2 * to_stride, _mm256_permute2f128_ps(b2, b6, 0x20));
    _mm256_storeu_ps(to + 3 * to_stride, _mm256_permute2f128_ps(b3, b7, 0x20));
    _mm256_storeu_ps(to + 4 * to_stride, _mm256_permute2f128_ps(b0, b4, 0x31));
    _mm256_storeu_ps(to + 5 * to_stride, _mm256_permute2f128_ps(b1, b5, 0x31));
    _mm256_storeu_ps(to + 6 * to_stride, _mm256_permute2f128_ps(b2, b6, 0x31));
    _mm256_storeu_ps(to + 7 * to_stride, _mm256_permute2f128_ps(b3, b7, 0x31));
}
