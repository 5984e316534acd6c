/// Where the experts of a mixture of experts are while the model is used.
///
/// A token passes through a few of a layer's experts only (8 of 128 in Qwen3-30B-A3B), and the next one through some of the same. A
/// model that is larger than memory can therefore keep those that were used last, and read the others when they are chosen. The
/// results are the same to the bit.
public enum ExpertResidency: Sendable, Hashable {
    /// All in memory: what is fastest.
    case resident

    /// Those that were used last in memory, in no more than so many bytes; the others are read from the files, and packed for the
    /// kernels, when a token is to pass through them.
    ///
    /// Each layer has an equal share of the bytes. Where that does not hold the experts of one token, all layers take turns with
    /// one memory, and each token reads every expert that it passes through.
    ///
    /// The files must stay as they are as long as the model lives (replacing one by renaming another over it does no harm): a read
    /// that fails, or a number that is not finite, is thrown by the request that meets it. What was read stays in the system's file
    /// cache as long as nobody else needs that memory.
    case onDemand(byteLimit: Int)

    /// All in memory where the machine, and the control group that the process is in, have memory for them; otherwise on demand,
    /// in what is left beside the other weights, 8,192 tokens of context, and an eighth that remains free.
    ///
    /// Where experts cannot be read on demand (see ``EngineError/expertNotReadable(name:)``), or nobody tells how much memory there
    /// is, all of them are in memory.
    case automatic
}
