/// A matrix that a checkpoint stores in several tensors.
struct QuantizedMatrix {
    /// One of the tensors.
    struct Part {
        /// What it is to the matrix.
        enum Role { case codes, scales, zeroPoints, biases, groups, shape }

        let role: Role
        let name: String
        /// The dimensions, but for the first one where `index` is given.
        let shape: [Int]
        let dtypes: [SafetensorsElementType]
        /// The place in a stack of experts' tensors, and their number.
        var index: (Int, of: Int)?

        /// The dimensions of the tensor in the file.
        var storedShape: [Int] { index.map { [$0.of] + shape } ?? shape }
    }

    let outputs: Int
    let inputs: Int
    /// All of them, each with another role.
    let parts: [Part]

    func part(_ role: Part.Role) -> Part? { parts.first { $0.role == role } }
}

extension QuantizedMatrix.Part {
    /// A weight that is stored as it is.
    init(plain weight: WeightShape) {
        self.init(role: .codes, name: weight.name, shape: weight.shape, dtypes: [.float32, .float16, .bfloat16])
    }
}

extension Checkpoint {
    private static let integers: [SafetensorsElementType] = [.int32, .uint32]
    private static let scaleTypes: [SafetensorsElementType] = [.float16, .bfloat16, .float32]

    /// The tensors that hold a matrix, or nil where it is stored as it is.
    ///
    /// Sizes are those that the tensors must have; those that are free (how many groups) are taken from the tensors.
    func quantizedMatrix(_ weight: WeightShape) -> QuantizedMatrix? {
        guard
            let quantization = configuration.quantization, weight.shape.count == 2, weight.name.hasSuffix(".weight"),
            weight.shape[0] > 0, weight.shape[1] > 0
        else { return nil }
        let module = String(weight.name.dropLast(".weight".count))
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let parts: [QuantizedMatrix.Part]?
        switch quantization {
        case .gptq(let bits, _):
            parts = gptq(module, outputs, inputs, bits: bits)
        case .awq:
            parts = awq(module, outputs, inputs)
        case .float8(let tile):
            parts = float8(module, outputs, inputs, tile: tile)
        case .mlx(let settings):
            parts = mlx(module, outputs, inputs, settings)
        case .packed(let bits):
            parts = packed(module, outputs, inputs, bits: bits)
        }
        return parts.map { QuantizedMatrix(outputs: outputs, inputs: inputs, parts: $0) }
    }

    private func gptq(_ module: String, _ outputs: Int, _ inputs: Int, bits: Int) -> [QuantizedMatrix.Part]? {
        guard self[module + ".qweight"] != nil else { return nil }
        let groups = groups(module + ".scales", dimension: 0)
        var parts: [QuantizedMatrix.Part] = [
            .init(
                role: .codes,
                name: module + ".qweight",
                shape: [inputs * bits / 32, outputs],
                dtypes: Self.integers
            ),
            .init(
                role: .zeroPoints,
                name: module + ".qzeros",
                shape: [groups, outputs * bits / 32],
                dtypes: Self.integers
            ),
            .init(role: .scales, name: module + ".scales", shape: [groups, outputs], dtypes: Self.scaleTypes),
        ]
        if self[module + ".g_idx"] != nil {
            parts.append(.init(role: .groups, name: module + ".g_idx", shape: [inputs], dtypes: Self.integers))
        }
        return parts
    }

    private func awq(_ module: String, _ outputs: Int, _ inputs: Int) -> [QuantizedMatrix.Part]? {
        guard self[module + ".qweight"] != nil else { return nil }
        let groups = groups(module + ".scales", dimension: 0)
        return [
            .init(role: .codes, name: module + ".qweight", shape: [inputs, outputs / 8], dtypes: Self.integers),
            .init(role: .zeroPoints, name: module + ".qzeros", shape: [groups, outputs / 8], dtypes: Self.integers),
            .init(role: .scales, name: module + ".scales", shape: [groups, outputs], dtypes: Self.scaleTypes),
        ]
    }

    private func float8(_ module: String, _ outputs: Int, _ inputs: Int, tile: Int) -> [QuantizedMatrix.Part]? {
        guard self[module + ".weight"]?.dtype == .float8E4M3 else { return nil }
        let tiles = [(outputs + tile - 1) / tile, (inputs + tile - 1) / tile]
        return [
            .init(role: .codes, name: module + ".weight", shape: [outputs, inputs], dtypes: [.float8E4M3]),
            .init(role: .scales, name: module + ".weight_scale_inv", shape: tiles, dtypes: Self.scaleTypes),
        ]
    }

    private func mlx(
        _ module: String,
        _ outputs: Int,
        _ inputs: Int,
        _ settings: MLXQuantization
    ) -> [QuantizedMatrix.Part]? {
        let (stored, index) = Self.stacked(module, experts: configuration.mixture?.experts)
        guard self[stored + ".scales"] != nil else {
            // Experts that are stacked but not quantised.
            guard let index, self[stored + ".weight"] != nil else { return nil }
            return [
                .init(
                    role: .codes,
                    name: stored + ".weight",
                    shape: [outputs, inputs],
                    dtypes: Self.scaleTypes,
                    index: index
                )
            ]
        }
        let setting = settings.setting(of: stored)
        let groups = inputs / setting.groupSize
        let words = inputs * setting.bits / 32
        return [
            .init(role: .codes, name: stored + ".weight", shape: [outputs, words], dtypes: [.uint32], index: index),
            .init(
                role: .scales,
                name: stored + ".scales",
                shape: [outputs, groups],
                dtypes: Self.scaleTypes,
                index: index
            ),
            .init(
                role: .biases,
                name: stored + ".biases",
                shape: [outputs, groups],
                dtypes: Self.scaleTypes,
                index: index
            ),
        ]
    }

    private func packed(_ module: String, _ outputs: Int, _ inputs: Int, bits: Int) -> [QuantizedMatrix.Part]? {
        guard self[module + ".weight_packed"] != nil else { return nil }
        let groups = groups(module + ".weight_scale", dimension: 1)
        let perWord = 32 / bits
        var parts: [QuantizedMatrix.Part] = [
            .init(
                role: .codes,
                name: module + ".weight_packed",
                shape: [outputs, (inputs + perWord - 1) / perWord],
                dtypes: Self.integers
            ),
            .init(role: .scales, name: module + ".weight_scale", shape: [outputs, groups], dtypes: Self.scaleTypes),
        ]
        if self[module + ".weight_zero_point"] != nil {
            let shape = [(outputs + perWord - 1) / perWord, groups]
            parts.append(
                .init(role: .zeroPoints, name: module + ".weight_zero_point", shape: shape, dtypes: Self.integers)
            )
        }
        if self[module + ".weight_g_idx"] != nil {
            parts.append(.init(role: .groups, name: module + ".weight_g_idx", shape: [inputs], dtypes: Self.integers))
        }
        if self[module + ".weight_shape"] != nil {
            let dtypes: [SafetensorsElementType] = [.int64, .int32]
            parts.append(.init(role: .shape, name: module + ".weight_shape", shape: [2], dtypes: dtypes))
        }
        return parts
    }

    /// How many groups of inputs a tensor of scales is for, at least 1.
    private func groups(_ name: String, dimension: Int) -> Int {
        guard let shape = self[name]?.shape, shape.count == 2 else { return 1 }
        return max(1, shape[dimension])
    }

    /// MLX keeps a layer's experts in one tensor: `mlp.experts.3.up_proj` is part 3 of `mlp.switch_mlp.up_proj`.
    private static func stacked(_ module: String, experts: Int?) -> (name: String, index: (Int, of: Int)?) {
        let pieces = module.split(separator: ".")
        guard
            let experts, pieces.count > 3, pieces[pieces.count - 3] == "experts",
            let index = Int(pieces[pieces.count - 2]), index < experts
        else { return (module, nil) }
        let name = pieces.dropLast(3) + ["switch_mlp", pieces[pieces.count - 1]]
        return (name.joined(separator: "."), (index, of: experts))
    }
}
