// Kernels for AVX-512 (F, BW, VL, DQ).
#include "levels.h"

void qwen_fill_avx512(qwen_kernels *table) { table->name = "avx512"; }
