public import QwenTensor

/// How an engine uses the machine.
public struct EngineOptions: Sendable, Hashable {
    /// Threads that compute, the engine's own included; nil for the number of physical cores that the process may use.
    public var threadCount: Int?

    /// The most prompt tokens computed in one pass, 1 to 4,096. A larger chunk is faster and needs more working memory
    /// (about `prefillChunk × (3 × hidden + 2 × intermediate)` floats).
    public var prefillChunk: Int

    /// The type in which keys and values are kept: `.float16` (default; what the field uses), `.float32`, or `.int8` for
    /// conversations twice as long in the same memory.
    public var keyValueType: KeyValueType

    /// How products treat their inputs; whoever reads the weights for the engine gives it to
    /// ``ModelWeights/init(_:from:arithmetic:pool:preparation:experts:)``.
    public var arithmetic: Arithmetic

    /// How many bytes of keys and values are kept after their conversations are gone, for others that begin with the same tokens
    /// (the same instructions); 0 to keep none. Conversations that go on share their beginnings whatever this is. As much memory
    /// again may be kept empty, for conversations to come.
    public var retainedPrefixByteCount: Int

    /// Where the experts of a mixture of experts are; whoever reads the weights for the engine gives it to
    /// ``ModelWeights/init(_:from:arithmetic:pool:preparation:experts:)``.
    public var experts: ExpertResidency

    /// Describes how an engine uses the machine.
    ///
    /// - Parameters:
    ///   - threadCount: threads that compute; nil for the number of physical cores.
    ///   - prefillChunk: the most prompt tokens computed in one pass.
    ///   - keyValueType: the type in which keys and values are kept.
    ///   - arithmetic: how products treat their inputs.
    ///   - retainedPrefixByteCount: bytes of keys and values kept after their conversations are gone.
    ///   - experts: where the experts of a mixture of experts are.
    public init(
        threadCount: Int? = nil,
        prefillChunk: Int = 512,
        keyValueType: KeyValueType = .float16,
        arithmetic: Arithmetic = .fast,
        retainedPrefixByteCount: Int = 128 << 20,
        experts: ExpertResidency = .automatic
    ) {
        self.threadCount = threadCount
        self.prefillChunk = prefillChunk
        self.keyValueType = keyValueType
        self.arithmetic = arithmetic
        self.retainedPrefixByteCount = retainedPrefixByteCount
        self.experts = experts
    }
}
