internal import QwenTensor

extension GGUFModel {
    /// Where a weight lies in the files.
    struct Place {
        /// The tensor that holds it.
        let tensor: String
        /// Which part of the tensor along its first dimension, for experts; nil for the whole.
        var part: Int?
        /// The rows of a head whose order for the rotation must be undone; nil where there is nothing to undo.
        var rotaryRows: Int?
    }

    static let layerNames = [
        "input_layernorm": "attn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm",
        "post_attention_layernorm": "ffn_norm",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "mlp.gate": "ffn_gate_inp",
        "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
        "mlp.shared_expert.up_proj": "ffn_up_shexp",
        "mlp.shared_expert.down_proj": "ffn_down_shexp",
        "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    ]

    /// Finds a weight by its canonical name; nil for a name that no GGUF file has.
    func place(_ name: String) -> Place? {
        switch name {
        case "model.embed_tokens.weight": return Place(tensor: "token_embd.weight")
        case "model.norm.weight": return Place(tensor: "output_norm.weight")
        case "lm_head.weight": return Place(tensor: "output.weight")
        default: break
        }
        // model.layers.N.MODULE.weight
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0] == "model", parts[1] == "layers", let kind = parts.last else { return nil }
        let layer = "blk.\(parts[2])."
        let module = parts[3..<parts.count - 1]
        if module.count == 4, module.starts(with: ["mlp", "experts"]), let expert = Int(parts[5]) {
            guard let stem = Self.layerNames["mlp.\(parts[6])"] else { return nil }
            return Place(tensor: "\(layer)\(stem)_exps.\(kind)", part: expert)
        }
        guard let stem = Self.layerNames[module.joined(separator: ".")] else { return nil }
        // Files of Llama pair neighbouring rows of a head for the rotation where this library pairs its halves.
        let isRotated = architectureName == "llama" && (stem == "attn_q" || stem == "attn_k")
        return Place(
            tensor: "\(layer)\(stem).\(kind)",
            rotaryRows: isRotated ? configuration.headDimension : nil
        )
    }

    /// A weight's place with everything that is needed to read it, or nil where there is none.
    func stored(_ name: String) -> StoredWeight? {
        guard let place = place(name), let (file, tensor) = tensor(place.tensor) else { return nil }
        var shape = tensor.shape
        var range = tensor.fileRange
        // The format's converter drops the dimension of 1.
        if shape.count == 1, place.tensor.hasSuffix(".ffn_gate_inp_shexp.weight") { shape.insert(1, at: 0) }
        if let part = place.part {
            guard let parts = shape.first, shape.count > 1, part < parts else { return nil }
            shape.removeFirst()
            let byteCount = range.count / parts
            range = range.lowerBound + part * byteCount..<range.lowerBound + (part + 1) * byteCount
        }
        return StoredWeight(
            name: place.tensor,
            file: file.file,
            shape: shape,
            elementType: tensor.type.elementType,
            typeName: tensor.type.description,
            fileRange: range,
            rotaryRows: place.rotaryRows
        )
    }

    /// Compares the files' tensors with the weights that the configuration calls for.
    ///
    /// - Complexity: O(number of tensors in the files and of experts), however many weights the configuration calls for.
    func verify() throws(CheckpointError) {
        var mismatch = WeightMismatch()
        var expected: Set<String> = []
        var unsupported: StoredWeight?
        configuration.forEachWeight { weight in
            guard let stored = stored(weight.name) else {
                mismatch.missing.append(place(weight.name)?.tensor ?? weight.name)
                return mismatch.missing.count < WeightMismatch.limit
            }
            expected.insert(stored.name)
            if stored.shape != weight.shape {
                mismatch.misshapen.append(
                    .init(name: stored.name, expected: weight.shape, found: stored.shape)
                )
            } else if stored.elementType == nil {
                unsupported = unsupported ?? stored
            }
            return mismatch.misshapen.count < WeightMismatch.limit
        }
        if mismatch.isEmpty {
            for tensor in tensors
            where !expected.contains(tensor.name) && mismatch.unexpected.count < WeightMismatch.limit {
                mismatch.unexpected.append(tensor.name)
            }
            // Fewer experts than the stack holds.
            if let mixture = configuration.mixture {
                for tensor in tensors
                where tensor.name.hasSuffix("_exps.weight") && tensor.shape.first != mixture.experts {
                    mismatch.misshapen.append(
                        .init(
                            name: tensor.name,
                            expected: [mixture.experts] + tensor.shape.dropFirst(),
                            found: tensor.shape
                        )
                    )
                }
            }
        }
        guard mismatch.isEmpty else { throw .weightsDoNotFit(mismatch) }
        if let unsupported {
            throw .unsupportedElementType(name: unsupported.name, dtype: unsupported.typeName)
        }
    }
}

/// A weight in a file, whatever the file's format.
struct StoredWeight: Sendable {
    /// Its name in the file.
    let name: String
    let file: OpenFile
    let shape: [Int]
    /// Nil where the numbers cannot be computed with.
    let elementType: ElementType?
    /// The type in the file's words.
    let typeName: String
    let fileRange: Range<Int>
    /// The rows of a head whose order for the rotation must be undone; nil where there is nothing to undo.
    var rotaryRows: Int?

    /// The number of bytes.
    var byteCount: Int { fileRange.count }
}
