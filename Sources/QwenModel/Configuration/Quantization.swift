/// How a checkpoint in safetensors files says that its matrices are quantised.
///
/// Which matrices are is seen from the tensors that are there: published checkpoints keep some (the output layer, the router)
/// as they were.
public enum Quantization: Sendable, Hashable {
    /// GPTQ: integers packed along the inputs, zero points and scales for groups of inputs. `zeroPointOffset` is what is added
    /// to a stored zero point: 1 in version 1 of the format, 0 in version 2.
    ///
    /// Source: Frantar et al. 2022 (arXiv 2210.17323), and the layout that AutoGPTQ and GPTQModel write.
    case gptq(bits: Int, zeroPointOffset: Int)
    /// AWQ's GEMM layout, 4 bits. Source: Lin et al. 2023 (arXiv 2306.00978), and the layout that AutoAWQ writes.
    case awq
    /// 8-bit floats (E4M3) with a scale for each tile of `tile` × `tile` weights, as in Qwen's own FP8 checkpoints.
    case float8(tile: Int)
    /// MLX's affine quantisation, 2 to 8 bits, with settings of their own for some modules. Source: mlx-lm.
    case mlx(MLXQuantization)
    /// compressed-tensors' `pack-quantized`, 4 or 8 bits. Source: vllm-project/compressed-tensors.
    case packed(bits: Int)
}

/// MLX's settings.
public struct MLXQuantization: Sendable, Hashable {
    /// Bits of an integer, and the inputs that share a scale and a bias.
    public struct Setting: Sendable, Hashable {
        /// 2, 3, 4, 5, 6 or 8.
        public let bits: Int
        /// 16, 32, 64 or 128.
        public let groupSize: Int

        package init(bits: Int, groupSize: Int) {
            self.bits = bits
            self.groupSize = groupSize
        }
    }

    /// For modules that have none of their own.
    public let common: Setting
    /// For single modules, by the name before `.weight`.
    public let modules: [String: Setting]

    /// The setting of a module.
    ///
    /// - Parameter name: the name before `.weight`.
    /// - Returns: its own setting, or the common one.
    public func setting(of name: String) -> Setting {
        modules[name] ?? common
    }
}
