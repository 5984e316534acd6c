// Kernels for AVX2, FMA and F16C.
#include "levels.h"

void qwen_fill_avx2(qwen_kernels *table) { table->name = "avx2"; }
