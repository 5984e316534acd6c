internal import QwenTensor

extension LoRAAdapter {
    /// Reads an adapter from a GGUF file, as llama.cpp's converter writes it.
    ///
    /// Source: the GGUF specification, `adapter.*`, and llama.cpp's `llama_adapter_lora_init`.
    init(gguf path: String) throws(AdapterError) {
        let file: GGUFFile
        do {
            file = try GGUFFile(path: path)
        } catch {
            throw .file(error)
        }
        guard file[key: "general.type"]?.string == "adapter", file[key: "adapter.type"]?.string == "lora" else {
            throw .notAnAdapter(path: path)
        }
        // Files for Llama order a head's rows differently.
        if let architecture = file[key: "general.architecture"]?.string, !architecture.hasPrefix("qwen") {
            throw .otherArchitecture(architecture)
        }
        let key = "adapter.lora.alpha"
        guard let value = file[key: key] else { throw .file(.gguf(path: path, .missingKey(key))) }
        guard let alpha = value.double, (-1e6...1e6).contains(alpha) else {
            throw .file(.gguf(path: path, .invalidValue(key: key, reason: "it must lie within -1e6…1e6")))
        }
        var pairs = FactorPairs<GGUFFile.Tensor>()
        for tensor in file.tensors {
            let isDown = tensor.name.hasSuffix(".weight.lora_a")
            guard
                isDown || tensor.name.hasSuffix(".weight.lora_b"),
                let module = GGUFModel.canonicalModule(String(tensor.name.dropLast(".weight.lora_a".count)))
            else { throw .unsupportedTensor(name: tensor.name) }
            let factor = FactorPairs.Factor(name: tensor.name, shape: tensor.shape, stored: tensor)
            try pairs.insert(factor, of: module, isDown: isDown)
        }
        let updates = try pairs.updates { module, down, up throws(AdapterError) in
            let factors = LowRankUpdate.Factors(
                down: try Self.read(down.stored, from: file),
                up: try Self.read(up.stored, from: file),
                scale: Float(alpha / Double(down.shape[0]))
            )
            return Update(module: module, factors: factors)
        }
        self.init(updates: updates)
    }

    private static func read(_ tensor: GGUFFile.Tensor, from file: GGUFFile) throws(AdapterError) -> Tensor {
        guard let type = tensor.type.elementType, type.isPlain else {
            throw .file(.unsupportedElementType(name: tensor.name, dtype: tensor.type.description))
        }
        return try read(
            tensor.name,
            type,
            shape: tensor.shape,
            range: tensor.fileRange,
            from: file.file
        )
    }
}

extension GGUFModel {
    /// The canonical name of a matrix: `blk.3.ffn_up` is `model.layers.3.mlp.up_proj`.
    static func canonicalModule(_ name: String) -> String? {
        if name == "output" { return "lm_head" }
        let parts = name.split(separator: ".")
        guard parts.count == 3, parts[0] == "blk", Int(parts[1]) != nil else { return nil }
        guard let module = layerNames.first(where: { $0.value == parts[2] })?.key, module.hasSuffix("_proj") else {
            return nil
        }
        return "model.layers.\(parts[1]).\(module)"
    }
}
