import QwenTensor

/// The keys and values of the tokens of one sequence, for every layer.
///
/// Memory: `[layer][key, value][key-value head][capacity][headDimension]`, so that what attention reads for one head lies in
/// one run. It grows by doubling as tokens come. Not `Sendable`: one thread has it at a time.
final class KeyValueCache {
    /// The type of the stored elements.
    let elementType: ElementType

    /// The tokens whose keys and values are stored, oldest first.
    private(set) var tokens: [Int32] = []

    /// Under which of the engine's adapters the keys and values were computed.
    var adapterGeneration = 0

    /// Positions that fit without growing.
    private(set) var capacity = 0

    private let layers: Int
    private let heads: Int
    private let rowBytes: Int
    private let maximum: Int
    private var memory: AlignedBuffer<UInt8>?

    /// Makes an empty cache.
    init(_ configuration: ModelConfiguration, elementType: ElementType) {
        self.elementType = elementType
        layers = configuration.layerCount
        heads = configuration.keyValueHeads
        rowBytes = configuration.headDimension * elementType.bytesPerBlock
        maximum = configuration.contextLength
    }

    /// The number of positions stored.
    var count: Int { tokens.count }

    /// Bytes from one position of a head to the next.
    var stride: Int { rowBytes }

    /// Bytes from one head's run to the next.
    var headStride: Int { capacity * rowBytes }

    /// The first layer's keys of the first head, where the memory begins; nil before the first `reserve`.
    var start: UnsafeMutableRawPointer? {
        memory.map { UnsafeMutableRawPointer($0.baseAddress) }
    }

    /// Makes room for `positions` positions in all.
    ///
    /// - Throws: `TensorError` when the memory cannot be had; the cache is as before then.
    /// - Complexity: amortised O(1) per position; a growth copies what is stored.
    func reserve(_ positions: Int) throws {
        guard positions > capacity else { return }
        let grown = max(positions, min(max(capacity * 2, 256), maximum))
        let bytes = grown.multipliedReportingOverflow(by: 2 * layers * heads * rowBytes)
        guard !bytes.overflow else { throw TensorError.invalidByteCount(Int.max) }
        let new = try AlignedBuffer<UInt8>(count: bytes.partialValue)
        if let memory {
            for run in 0..<2 * layers * heads {
                (new.baseAddress + run * grown * rowBytes)
                    .update(from: memory.baseAddress + run * capacity * rowBytes, count: count * rowBytes)
            }
        }
        memory = new
        capacity = grown
        tokens.reserveCapacity(grown)
    }

    /// Bytes of memory.
    var byteCount: Int { memory?.count ?? 0 }

    /// Takes over another cache's first positions, in place of its own.
    ///
    /// - Throws: `TensorError` when the memory cannot be had.
    /// - Complexity: O(count)
    func copy(from other: KeyValueCache, count: Int) throws {
        tokens.removeAll(keepingCapacity: true)
        try reserve(count)
        guard let memory, let source = other.memory else { return }
        for run in 0..<2 * layers * heads {
            (memory.baseAddress + run * capacity * rowBytes)
                .update(from: source.baseAddress + run * other.capacity * rowBytes, count: count * rowBytes)
        }
        tokens.append(contentsOf: other.tokens.prefix(count))
    }

    /// The number of runs: keys and values of every head in every layer.
    var runCount: Int { 2 * layers * heads }

    /// What is stored of a run, one position after the other, for the first positions: at most `capacity`.
    func run(_ index: Int, positions: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start.map { $0 + index * headStride }, count: positions * rowBytes)
    }

    /// Counts tokens as stored; their keys and values have been written at the positions after the last.
    func append(_ new: ArraySlice<Int32>) {
        tokens.append(contentsOf: new)
    }

    /// Forgets every position from `count` on.
    func truncate(to count: Int) {
        tokens.removeLast(max(0, tokens.count - count))
    }

    /// How many tokens of `other`'s beginning are stored at the beginning here.
    func commonPrefix(with other: [Int32]) -> Int {
        var length = 0
        let limit = min(tokens.count, other.count)
        while length < limit && tokens[length] == other[length] {
            length += 1
        }
        return length
    }
}
