/// The bytes of every token, one after the other.
struct TokenBytes: Sendable {
    private var starts: [UInt32] = [0]
    private var bytes: [UInt8] = []

    /// The most bytes that all tokens together may have.
    static let maximumByteCount = Int(UInt32.max)

    /// The number of ids, holes included.
    var count: Int { starts.count - 1 }

    init() {}

    /// Gives ids to single bytes, and then to pairs of earlier ids, joined; nil where a pair names a later id.
    init?(singleBytes: some Collection<UInt8>, pairs: [(left: UInt32, right: UInt32)]) {
        bytes = Array(singleBytes)
        starts = (0...bytes.count).map { UInt32(truncatingIfNeeded: $0) }
        starts.reserveCapacity(bytes.count + pairs.count + 1)
        for (left, right) in pairs {
            guard left < count, right < count, let end = starts.last else { return nil }
            let length = range(of: Int(left)).count + range(of: Int(right)).count
            starts.append(end + UInt32(truncatingIfNeeded: length))
        }
        let known = bytes
        bytes = Array(unsafeUninitializedCapacity: Int(starts.last ?? 0)) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            _ = buffer.initialize(from: known)
            var end = base + known.count
            for pair in pairs {
                for id in [pair.left, pair.right] {
                    let token = range(of: Int(id))
                    end.initialize(from: base + token.lowerBound, count: token.count)
                    end += token.count
                }
            }
            initialized = buffer.count
        }
    }

    /// Gives the next id its bytes; a hole in the vocabulary has none.
    mutating func append(_ token: some Collection<UInt8>) {
        bytes.append(contentsOf: token)
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// The bytes of a token, or nothing where the vocabulary has a hole.
    ///
    /// - Parameter id: an id below ``count``.
    subscript(id: Int) -> ArraySlice<UInt8> { bytes[range(of: id)] }

    private func range(of id: Int) -> Range<Int> { Int(starts[id])..<Int(starts[id + 1]) }

    /// Lends where each token begins, the end of the last behind them, and the bytes.
    func withBuffers<Result>(_ body: (UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        starts.withUnsafeBufferPointer { starts in bytes.withUnsafeBufferPointer { body(starts, $0) } }
    }

    /// Lends the bytes to a search.
    @inline(__always)
    func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
        // Passing arrays as pointers lends them for the length of the call.
        @inline(__always)
        func lend(_ starts: UnsafePointer<UInt32>, _ bytes: UnsafePointer<UInt8>) throws -> Result {
            try body(View(starts: starts, bytes: bytes))
        }
        return try lend(starts, bytes)
    }

    /// The bytes while they are lent.
    struct View {
        fileprivate let starts: UnsafePointer<UInt32>
        fileprivate let bytes: UnsafePointer<UInt8>

        /// Where a token's bytes begin.
        @inline(__always)
        func start(of id: UInt32) -> UnsafePointer<UInt8> { bytes + Int(starts[Int(id)]) }

        /// How many bytes a token has.
        @inline(__always)
        func length(of id: UInt32) -> Int { Int(starts[Int(id) &+ 1] &- starts[Int(id)]) }
    }
}
