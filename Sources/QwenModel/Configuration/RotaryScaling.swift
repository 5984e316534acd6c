#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// How rotary position embeddings are stretched beyond the context length of the pre-training.
public enum RotaryScaling: Sendable, Hashable {
    /// Not at all.
    case none
    /// By YaRN.
    case yarn(YaRN)

    /// The parameters of YaRN ("Yet another RoPE extensioN").
    ///
    /// Source: Peng et al., arXiv:2309.00071; defaults and formulas as in transformers, `_compute_yarn_parameters`.
    public struct YaRN: Sendable, Hashable {
        /// How many times longer the context becomes.
        public let factor: Double
        /// The context length of the pre-training, in tokens.
        public let originalContextLength: Int
        /// Dimensions that turn more often than this over the original context keep their frequency.
        public let betaFast: Double
        /// Dimensions that turn less often than this over the original context are interpolated fully.
        public let betaSlow: Double
        /// What cosines and sines are multiplied with; the attention's logits thus with its square.
        public let attentionFactor: Double
        /// Whether the bounds of the ramp between the two are rounded outwards to whole dimensions.
        public let truncate: Bool
    }
}

extension RotaryScaling {
    /// Reads what stands in `rope_scaling` or `rope_parameters`.
    init(_ fields: ConfigurationFields, contextLength: Int) throws(ConfigurationError) {
        let key = fields.value("rope_type") == nil ? "type" : "rope_type"
        if let partial = try fields.real("partial_rotary_factor", in: 0...1), partial != 1 {
            throw fields.unsupported("partial_rotary_factor", "only whole heads can be rotated")
        }
        switch try fields.text(key) ?? "default" {
        case "default":
            self = .none
        case "yarn":
            self = .yarn(try YaRN(fields, contextLength: contextLength))
        default:
            throw fields.unsupported(key, "of the ways to stretch the context, only \"yarn\" is")
        }
    }
}

extension RotaryScaling.YaRN {
    init(_ fields: ConfigurationFields, contextLength: Int) throws(ConfigurationError) {
        factor = try fields.required("factor", fields.real("factor", in: 1...1024))
        originalContextLength =
            try fields.integer(
                "original_max_position_embeddings",
                in: 1...ModelConfiguration.Limits.contextLength
            ) ?? contextLength
        betaFast = Self.orDefault(try fields.real("beta_fast", in: 0...1e6), 32)
        betaSlow = Self.orDefault(try fields.real("beta_slow", in: 0...1e6), 1)
        guard betaFast >= betaSlow else {
            throw fields.invalid("beta_fast", "it must not be below beta_slow, \(betaSlow)")
        }
        truncate = try fields.flag("truncate") ?? true

        let numerator = try fields.real("mscale", in: 0...1024) ?? 0
        let denominator = try fields.real("mscale_all_dim", in: 0...1024) ?? 0
        if let given = try fields.real("attention_factor", in: 0...1024) {
            attentionFactor = given
        } else if numerator > 0, denominator > 0 {
            attentionFactor = Self.scale(factor, numerator) / Self.scale(factor, denominator)
        } else {
            attentionFactor = Self.scale(factor, 1)
        }
    }

    /// Zero counts as absent, as it does in Python's `or`.
    private static func orDefault(_ value: Double?, _ standard: Double) -> Double {
        guard let value, value != 0 else { return standard }
        return value
    }

    private static func scale(_ factor: Double, _ weight: Double) -> Double {
        factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
}
