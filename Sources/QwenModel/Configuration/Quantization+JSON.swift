internal import QwenJSON

extension Quantization {
    /// Reads `quantization_config` or MLX's `quantization`; nil where there is neither.
    static func read(_ fields: ConfigurationFields) throws(ConfigurationError) -> Quantization? {
        if let mlx = try fields.fields("quantization") { return .mlx(try MLXQuantization(mlx)) }
        guard let settings = try fields.fields("quantization_config") else { return nil }
        switch try settings.text("quant_method") {
        case "gptq": return try gptq(settings)
        case "awq": return try awq(settings)
        case "fp8": return try float8(settings)
        case "compressed-tensors": return try packed(settings)
        default:
            throw settings.unsupported(
                "quant_method",
                "“gptq”, “awq”, “fp8” and “compressed-tensors” can be read"
            )
        }
    }

    private static func gptq(_ settings: ConfigurationFields) throws(ConfigurationError) -> Quantization {
        let bits = try settings.required("bits", settings.integer("bits", in: 2...8))
        guard [2, 3, 4, 8].contains(bits) else { throw settings.unsupported("bits", "2, 3, 4 and 8 bits can be read") }
        switch try settings.text("checkpoint_format") {
        case nil, "gptq": return .gptq(bits: bits, zeroPointOffset: 1)
        case "gptq_v2": return .gptq(bits: bits, zeroPointOffset: 0)
        default: throw settings.unsupported("checkpoint_format", "“gptq” and “gptq_v2” can be read")
        }
    }

    private static func awq(_ settings: ConfigurationFields) throws(ConfigurationError) -> Quantization {
        let key = settings.value("bits") == nil ? "w_bit" : "bits"
        guard try settings.integer(key, in: 1...16) ?? 4 == 4 else { throw settings.unsupported(key, "AWQ has 4 bits") }
        if let version = try settings.text("version"), version.lowercased() != "gemm" {
            throw settings.unsupported("version", "the layout “gemm” can be read")
        }
        return .awq
    }

    private static func float8(_ settings: ConfigurationFields) throws(ConfigurationError) -> Quantization {
        if let format = try settings.text("fmt"), format != "e4m3" {
            throw settings.unsupported("fmt", "“e4m3” can be read")
        }
        guard let tile = try settings.integers("weight_block_size", in: 1..<65537) else {
            throw settings.unsupported("weight_block_size", "scales for blocks of weights are needed")
        }
        guard tile.count == 2, tile[0] == tile[1] else {
            throw settings.unsupported("weight_block_size", "two equal sides are needed")
        }
        return .float8(tile: tile[0])
    }

    private static func packed(_ settings: ConfigurationFields) throws(ConfigurationError) -> Quantization {
        guard try settings.text("format") == "pack-quantized" else {
            throw settings.unsupported("format", "“pack-quantized” can be read")
        }
        guard let groups = try settings.fields("config_groups") else {
            throw .missing(key: "quantization_config.config_groups")
        }
        var found: Int?
        for name in groups.object.keys {
            guard let weights = try groups.fields(name)?.fields("weights") else { continue }
            let bits = try weights.required("num_bits", weights.integer("num_bits", in: 1...16))
            guard bits == 4 || bits == 8, try weights.text("type") ?? "int" == "int" else {
                throw weights.unsupported("num_bits", "integers of 4 and 8 bits can be read")
            }
            guard found == nil || found == bits else {
                throw weights.unsupported("num_bits", "all groups of modules must have the same number of bits")
            }
            found = bits
        }
        guard let found else { throw .missing(key: "quantization_config.config_groups.group_0.weights") }
        return .packed(bits: found)
    }
}

extension MLXQuantization {
    init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        common = try Self.setting(fields)
        var modules: [String: Setting] = [:]
        for (key, value) in fields.object.members.map({ ($0.key, $0.value) }) where value.object != nil {
            guard let own = try fields.fields(key) else { continue }
            modules[key] = try Self.setting(own)
        }
        self.modules = modules
    }

    private static func setting(_ fields: ConfigurationFields) throws(ConfigurationError) -> Setting {
        if let mode = try fields.text("mode"), mode != "affine" {
            throw fields.unsupported("mode", "“affine” can be read")
        }
        let bits = try fields.required("bits", fields.integer("bits", in: 1...16))
        guard [2, 3, 4, 5, 6, 8].contains(bits) else {
            throw fields.unsupported("bits", "2, 3, 4, 5, 6 and 8 bits can be read")
        }
        let groupSize = try fields.required("group_size", fields.integer("group_size", in: 1...65536))
        guard groupSize % 16 == 0 else { throw fields.unsupported("group_size", "multiples of 16 can be read") }
        return Setting(bits: bits, groupSize: groupSize)
    }
}
