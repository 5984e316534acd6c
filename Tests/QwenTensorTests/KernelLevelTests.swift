import QwenTensor
import Testing

@Suite struct KernelLevelTests {
    @Test func scalarRunsEverywhere() {
        #expect(Kernels(level: .scalar)?.name == "scalar")
    }

    @Test func levelsHaveTheirNames() {
        let names: [Kernels.Level: String] = [
            .scalar: "scalar", .avx2: "avx2", .avx512: "avx512", .neon: "neon", .dotprod: "dotprod",
            .i8mm: "i8mm",
        ]
        for (level, name) in names {
            if let kernels = Kernels(level: level) { #expect(kernels.name == name) }
        }
        #expect(names.values.contains(Kernels.current.name))
    }

    @Test func processorsAreOneOrTheOther() {
        #if arch(arm64)
            #expect(Kernels(level: .neon) != nil && Kernels(level: .avx2) == nil && Kernels(level: .avx512) == nil)
        #else
            #expect(Kernels(level: .neon) == nil && Kernels(level: .dotprod) == nil && Kernels(level: .i8mm) == nil)
            if Kernels(level: .avx512) != nil { #expect(Kernels(level: .avx2) != nil) }
        #endif
    }
}
