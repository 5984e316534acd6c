// Kernels for arm64.
#include "levels.h"

void qwen_fill_neon(qwen_kernels *table) { table->name = "neon"; }
