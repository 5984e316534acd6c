#if canImport(Accelerate)
internal import CQwenKernels
#elseif canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The system's matrix product.
///
/// On Linux that is OpenBLAS, which is loaded when it is first asked for, if it is installed. A program that is linked with it
/// starts its threads with it, and each of them spins for a tenth of a second before it sleeps: as long as it takes to load
/// a model.
package enum BLAS {
    #if canImport(Accelerate)
    /// Whether the system has one.
    package static let isAvailable = true
    #else
    /// Whether the system has one.
    ///
    /// - Complexity: O(1); the library is loaded by the first call.
    package static var isAvailable: Bool { library != nil }

    private static let library = OpenBLAS()
    #endif

    /// y = x wᵀ: x [m, k], w [n, k], y [m, n]. Where ``isAvailable`` is false it does nothing.
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
        library?.multiply(
            OpenBLAS.rowMajor,
            OpenBLAS.asItIs,
            OpenBLAS.transposed,
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

#if !canImport(Accelerate)
/// OpenBLAS, for as long as the process lives.
private struct OpenBLAS: Sendable {
    /// `cblas_sgemm`.
    typealias Multiply =
        @Sendable @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32,
            Float,
            UnsafeMutablePointer<Float>, Int32
        ) -> Void

    // The values of CBLAS's enumerations.
    static let rowMajor: Int32 = 101
    static let asItIs: Int32 = 111
    static let transposed: Int32 = 112

    let multiply: Multiply

    /// - Returns: nil where there is none.
    init?() {
        let name = "libopenblas.so.0"
        // Somebody else in the process may be using it.
        let wasLoaded = dlopen(name, RTLD_NOW | RTLD_NOLOAD) != nil
        guard
            let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL),
            let multiply = dlsym(handle, "cblas_sgemm"),
            let setThreads = dlsym(handle, "openblas_set_num_threads")
        else { return nil }
        self.multiply = unsafeBitCast(multiply, to: Multiply.self)
        // A product runs on the thread that asks for it: the workers are the threads. The setting is the process's.
        unsafeBitCast(setThreads, to: (@convention(c) (Int32) -> Void).self)(1)
        if !wasLoaded, let end = dlsym(handle, "blas_thread_shutdown_") {
            _ = unsafeBitCast(end, to: (@convention(c) () -> Int32).self)()
        }
    }
}
#endif
