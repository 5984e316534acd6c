extension Checkpoint {
    /// Compares the files' tensors with the weights that the configuration calls for.
    ///
    /// - Complexity: O(number of tensors in the files), however many the configuration calls for.
    func verify() throws(CheckpointError) {
        var mismatch = WeightMismatch()
        var expectedNames: Set<String> = []
        var unsupported: TensorDescriptor?
        // A configuration can call for millions of experts; once it asks for more than the files can hold, the first
        // names that are missing say enough.
        var remaining = files.reduce(0) { $0 + $1.tensors.count } + WeightMismatch.limit
        configuration.forEachWeight { weight in
            let parts = quantizedMatrix(weight)?.parts
            if parts != nil { expectedNames.insert(weight.name.dropLast("weight".count) + "bias") }
            for part in parts ?? [QuantizedMatrix.Part(plain: weight)] {
                guard let tensor = self[part.name] else {
                    if mismatch.missing.count < WeightMismatch.limit { mismatch.missing.append(part.name) }
                    remaining -= 1
                    continue
                }
                expectedNames.insert(part.name)
                if tensor.shape != part.storedShape {
                    if mismatch.misshapen.count < WeightMismatch.limit {
                        mismatch.misshapen.append(
                            .init(name: part.name, expected: part.storedShape, found: tensor.shape)
                        )
                    }
                } else if !part.dtypes.contains(tensor.dtype), unsupported == nil {
                    unsupported = tensor
                }
            }
            return remaining > 0
        }
        if remaining > 0 {
            for tensor in files.lazy.flatMap(\.tensors)
            where mismatch.unexpected.count < WeightMismatch.limit && !expectedNames.contains(tensor.name)
                && !isSuperfluous(tensor.name)
            {
                mismatch.unexpected.append(tensor.name)
            }
        }
        guard mismatch.isEmpty else { throw .weightsDoNotFit(mismatch) }
        if let unsupported {
            throw .unsupportedElementType(name: unsupported.name, dtype: unsupported.dtype.rawValue)
        }
    }

    /// The bytes that a weight takes as it is stored, with its scales and what else belongs to it.
    ///
    /// - Parameter weight: the weight.
    /// - Returns: the number of bytes; 0 where there is no such weight.
    public func byteCount(of weight: WeightShape) -> Int {
        if gguf == nil, let parts = quantizedMatrix(weight)?.parts {
            return parts.reduce(0) { $0 + (self[$1.name]?.byteCount ?? 0) / ($1.index?.of ?? 1) }
        }
        return stored(weight.name)?.byteCount ?? 0
    }

    /// How many tensors are stored as each type, by the type's name in the files' format.
    ///
    /// - Complexity: O(number of tensors)
    public var tensorCounts: [String: Int] {
        var counts: [String: Int] = [:]
        for tensor in files.lazy.flatMap(\.tensors) { counts[tensor.dtype.rawValue, default: 0] += 1 }
        for tensor in gguf?.tensors ?? [] { counts[tensor.type.description, default: 0] += 1 }
        return counts
    }

    /// Whether a tensor is known to be in some checkpoints without being needed: the copy of a shared embedding table,
    /// and tables that old versions of transformers stored.
    private func isSuperfluous(_ name: String) -> Bool {
        (name == "lm_head.weight" && configuration.tieWordEmbeddings) || name.hasSuffix(".rotary_emb.inv_freq")
    }

    /// The bytes of all weights that the configuration calls for.
    public var weightByteCount: Int {
        if let gguf { return gguf.files.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.byteCount } } }
        var total = 0
        for tensor in files.lazy.flatMap(\.tensors) where !isSuperfluous(tensor.name) { total += tensor.byteCount }
        return total
    }
}
