// Apple's matrix product, called from C because only a macro that comes before the header selects the interface that is
// not deprecated.
#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK 1
#include <Accelerate/Accelerate.h>

#include "include/qwen_accelerate.h"

void qwen_accelerate_sgemm(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                           float *y, size_t ldy) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, x, (int)ldx, w, (int)ldw, 0, y,
                (int)ldy);
}
#endif
