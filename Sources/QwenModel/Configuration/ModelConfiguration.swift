/// What a model looks like: the contents of `config.json`, checked.
///
/// A value of this type is consistent: every count is positive and bounded, heads divide evenly, token ids lie within
/// the vocabulary, and no size derived from it overflows. It says nothing yet about the weights, which are compared
/// with it when a ``Checkpoint`` is opened.
public struct ModelConfiguration: Sendable, Hashable {
    /// The kind of model.
    public let architecture: ModelArchitecture
    /// The number of rows of the embedding table; token ids are below it.
    public let vocabularySize: Int
    /// The width of the residual stream.
    public let hiddenSize: Int
    /// The width of the feed-forward network's hidden layer, in dense layers.
    public let intermediateSize: Int
    /// The number of layers.
    public let layerCount: Int
    /// The number of heads of the queries.
    public let attentionHeads: Int
    /// The number of heads of the keys and values; divides ``attentionHeads``.
    public let keyValueHeads: Int
    /// The width of one head; even. In Qwen3 this is not ``hiddenSize`` / ``attentionHeads``.
    public let headDimension: Int
    /// What is added under the root in RMS norms.
    public let rmsNormEpsilon: Double
    /// The base of the rotary embeddings' frequencies.
    public let ropeTheta: Double
    /// How the rotary embeddings are stretched.
    public let ropeScaling: RotaryScaling
    /// The greatest number of tokens that the model is made for.
    public let contextLength: Int
    /// Whether the output layer shares the embedding table.
    public let tieWordEmbeddings: Bool
    /// Whether the query, key and value projections have biases.
    public let hasQueryKeyValueBias: Bool
    /// Whether the attention's output projection has a bias.
    public let hasAttentionOutputBias: Bool
    /// Whether queries and keys pass through an RMS norm over each head.
    public let hasQueryKeyNorm: Bool
    /// The shape of the sparse layers, or nil in dense models.
    public let mixture: MixtureOfExperts?
    /// The token that begins a text, if there is one.
    public let bosTokenID: Int?
    /// The tokens that end a text; may be empty.
    public let eosTokenIDs: [Int]
    /// The token that fills up batches, if there is one.
    public let padTokenID: Int?
    /// The type of the weights as the file names it (`bfloat16`, …), if it does; the weights' own type decides.
    public let dtypeName: String?

    /// How the checkpoint's matrices are quantised, or nil where they are not.
    public let quantization: Quantization?

    /// The number of weights. A shared embedding table counts once.
    public internal(set) var parameterCount = 0
    /// The number of weights that one token passes through: all but the experts that are not chosen.
    public internal(set) var activeParameterCount = 0

    /// Whether a layer, counted from 0, has a mixture of experts.
    ///
    /// - Parameter layer: the layer, counted from 0.
    /// - Returns: true for a mixture of experts, false for a plain feed-forward network.
    public func isSparse(layer: Int) -> Bool {
        mixture?.isSparse(layer: layer) ?? false
    }

    /// Whether any layer has a plain feed-forward network.
    public var hasDenseLayers: Bool {
        !(0..<layerCount).allSatisfy { isSparse(layer: $0) }
    }

    /// YaRN's parameters, or nil where the rotary embeddings are not stretched.
    public var yarn: RotaryScaling.YaRN? {
        if case .yarn(let yarn) = ropeScaling { yarn } else { nil }
    }

    /// Upper bounds, each well above the largest model there is, below which no product of sizes overflows unnoticed.
    package enum Limits {
        package static let vocabularySize = 1 << 24
        package static let hiddenSize = 1 << 17
        package static let intermediateSize = 1 << 20
        package static let layerCount = 4096
        package static let heads = 4096
        package static let headDimension = 4096
        package static let contextLength = 1 << 27
        package static let experts = 1 << 14
        /// 70 trillion weights.
        package static let parameterCount = 1 << 46
    }
}
