internal import QwenJSON
internal import QwenTensor

extension LoRAAdapter {
    /// Reads an adapter: a folder as PEFT saves it, with `adapter_config.json` and `adapter_model.safetensors`, or a GGUF file.
    ///
    /// Of a folder's configuration are understood `r`, `lora_alpha`, `use_rslora`, `rank_pattern` and `alpha_pattern`. An adapter that changes more than
    /// matrices (biases, embeddings, DoRA's magnitudes) is refused.
    ///
    /// Source: huggingface/peft, `LoraConfig` and `LoraLayer.update_layer`.
    ///
    /// - Parameter path: the path of the folder, or of a file whose name ends in `.gguf`.
    /// - Throws: ``AdapterError``.
    public init(path: String) throws(AdapterError) {
        if path.hasSuffix(".gguf") {
            try self.init(gguf: path)
        } else {
            try self.init(folder: path)
        }
    }

    private init(folder path: String) throws(AdapterError) {
        let folder = try Self.reading { () throws(CheckpointError) in try CheckpointFolder(path: path) }
        let scaling = try PEFTScaling(folder)
        let file = try Self.reading { () throws(CheckpointError) in
            try SafetensorsFile(folder.open("adapter_model.safetensors"))
        }
        var pairs = FactorPairs<TensorDescriptor>()
        for tensor in file.tensors {
            guard let (module, isDown) = Self.factor(tensor.name) else {
                throw .unsupportedTensor(name: tensor.name)
            }
            let factor = FactorPairs.Factor(name: tensor.name, shape: tensor.shape, stored: tensor)
            try pairs.insert(factor, of: module, isDown: isDown)
        }
        let updates = try pairs.updates { module, down, up throws(AdapterError) in
            let factors = LowRankUpdate.Factors(
                down: try Self.read(down.stored, from: file),
                up: try Self.read(up.stored, from: file),
                scale: Float(scaling.scale(of: module, rank: down.shape[0]))
            )
            return Update(module: module, factors: factors)
        }
        self.init(updates: updates)
    }

    /// The module and the factor of a name like `base_model.model.model.layers.0.mlp.up_proj.lora_A.weight`.
    private static func factor(_ name: String) -> (module: String, isDown: Bool)? {
        let prefix = "base_model.model."
        guard name.hasPrefix(prefix) else { return nil }
        var rest = name.dropFirst(prefix.count)
        for (suffix, isDown) in [(".lora_A.weight", true), (".lora_B.weight", false)] where rest.hasSuffix(suffix) {
            rest.removeLast(suffix.count)
            let isRouter = rest.hasSuffix("mlp.gate") || rest.hasSuffix("mlp.shared_expert_gate")
            return rest.hasSuffix("_proj") || rest == "lm_head" || isRouter
                ? (String(rest), isDown) : nil
        }
        return nil
    }

    private static func read(
        _ tensor: TensorDescriptor,
        from file: SafetensorsFile
    ) throws(AdapterError) -> Tensor {
        guard let type = tensor.dtype.elementType else {
            throw .file(.unsupportedElementType(name: tensor.name, dtype: tensor.dtype.rawValue))
        }
        return try read(tensor.name, type, shape: tensor.shape, range: tensor.fileRange, from: file.file)
    }

    /// Reads one factor.
    static func read(
        _ name: String,
        _ type: ElementType,
        shape: [Int],
        range: Range<Int>,
        from file: OpenFile
    ) throws(AdapterError) -> Tensor {
        do {
            let storage = try Storage(byteCount: range.count) { buffer in
                try file.read(into: buffer, from: range.lowerBound)
            }
            let result = try Tensor(elementType: type, shape: shape, storage: storage)
            guard result.isFinite else { throw CheckpointError.notFinite(name: name, index: 0) }
            return result
        } catch let error as CheckpointError {
            throw .file(error)
        } catch let error as TensorError {
            throw .file(.tensor(error))
        } catch {
            throw .unsupportedTensor(name: name)
        }
    }

    fileprivate static func reading<Value>(
        _ body: () throws(CheckpointError) -> Value
    ) throws(AdapterError) -> Value {
        do {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

/// What an update is multiplied with, from `adapter_config.json`.
private struct PEFTScaling {
    private let alpha: Double
    private let usesRootOfRank: Bool
    /// The α of the modules that a pattern is for; the first one counts.
    private let patterns: [(pattern: ModulePattern, alpha: Double)]

    /// More than any adapter has: there are seven matrices in a layer.
    private static let maximumPatterns = 1024

    init(_ folder: CheckpointFolder) throws(AdapterError) {
        let file = try LoRAAdapter.reading { () throws(CheckpointError) in try folder.open("adapter_config.json") }
        let text = try LoRAAdapter.reading { () throws(CheckpointError) in
            try file.contents(limit: ConfigurationFields.maximumByteCount)
        }
        do {
            let outcome: Result<PEFTScaling, ConfigurationError> = text.withUnsafeBytes { bytes in
                do throws(ConfigurationError) {
                    return .success(try PEFTScaling(ConfigurationFields(parsing: bytes)))
                } catch {
                    return .failure(error)
                }
            }
            self = try outcome.get()
        } catch {
            throw .configuration(path: file.path, error)
        }
    }

    private init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        if let type = try fields.text("peft_type"), type != "LORA" {
            throw fields.unsupported("peft_type", "“LORA” can be read")
        }
        if let bias = try fields.text("bias"), bias != "none" {
            throw fields.unsupported("bias", "adapters without biases can be read")
        }
        for key in ["use_dora", "fan_in_fan_out"] where try fields.flag(key) == true {
            throw fields.unsupported(key, "plain low-rank updates can be read")
        }
        _ = try fields.required("r", fields.integer("r", in: 1...65536))
        // PEFT's own default.
        alpha = try fields.real("lora_alpha", in: -1e6...1e6) ?? 8
        usesRootOfRank = try fields.flag("use_rslora") ?? false
        var patterns: [(pattern: ModulePattern, alpha: Double)] = []
        if let list = try fields.fields("alpha_pattern") {
            guard list.object.count <= Self.maximumPatterns else {
                throw fields.unsupported("alpha_pattern", "at most \(Self.maximumPatterns) patterns can be read")
            }
            for key in list.object.keys {
                guard let pattern = ModulePattern(key) else {
                    throw list.unsupported(key, "this regular expression cannot be read")
                }
                patterns.append((pattern, try list.required(key, list.real(key, in: -1e6...1e6))))
            }
        }
        self.patterns = patterns
    }

    /// α / r, or α / √r, of a module, with its own rank and α where a pattern gives one.
    func scale(of module: String, rank: Int) -> Double {
        let alpha = patterns.first { $0.pattern.matches(module) }?.alpha ?? alpha
        return alpha / (usesRootOfRank ? Double(rank).squareRoot() : Double(rank))
    }
}
