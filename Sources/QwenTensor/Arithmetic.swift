/// How products with weights treat their inputs.
public enum Arithmetic: Sendable, Hashable, CaseIterable {
    /// Inputs stay floats, and weights keep the layout that they are stored in: as close to the float32 model as float
    /// additions are.
    case exact
    /// Inputs of products with quantised weights (Q8_0, Q4_0, Q4_K, Q6_K) become 16-bit integers, each 32 with a scale of their
    /// own. The weights are packed as for ``fast``. Nothing else changes.
    case precise
    /// Inputs of products with quantised weights (Q8_0, Q4_0, Q4_K, Q6_K) become 8-bit integers, each 32 with a scale of
    /// their own, and the weights are packed for integer instructions, once. Where the machine has instructions for it, inputs
    /// of products with BF16 weights are rounded to BF16. Nothing else changes.
    case fast
}

extension Arithmetic {
    /// Whether weights that there are integer kernels for are packed.
    var packsWeights: Bool { self != .exact }

    /// What products with packed weights want their inputs as.
    var packedInputForm: InputForms { self == .precise ? .integers16 : .integers }

    /// Whether inputs of products with BF16 weights are rounded to BF16.
    var roundsToBFloat16: Bool { self == .fast && Kernels.current.hasFastBFloat16 }
}
