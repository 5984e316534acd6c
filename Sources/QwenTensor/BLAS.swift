#if canImport(Accelerate)
internal import CQwenKernels
#else
internal import COpenBLAS
#endif

/// The system's matrix product.
package enum BLAS {
    /// Makes sure that a product runs on the thread that asks for it: the workers are the threads. OpenBLAS would start
    /// one thread per core for every product otherwise. The setting is the process's, so it is made once.
    package static func prepare() { _ = prepared }

    #if canImport(Accelerate)
    private static let prepared: Void = ()
    #else
    private static let prepared: Void = openblas_set_num_threads(1)
    #endif

    /// y = x wᵀ: x [m, k], w [n, k], y [m, n].
    package static func multiply(
        m: Int,
        n: Int,
        k: Int,
        x: UnsafePointer<Float>,
        ldx: Int,
        w: UnsafePointer<Float>,
        ldw: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        #if canImport(Accelerate)
        qwen_accelerate_sgemm(m, n, k, x, ldx, w, ldw, y, ldy)
        #else
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            Int32(m),
            Int32(n),
            Int32(k),
            1,
            x,
            Int32(ldx),
            w,
            Int32(ldw),
            0,
            y,
            Int32(ldy)
        )
        #endif
    }
}
