/// The bytes of every token, one after the other.
struct TokenBytes: Sendable {
    private var starts: [UInt32] = [0]
    private var bytes: [UInt8] = []

    /// The most bytes that all tokens together may have.
    static let maximumByteCount = Int(UInt32.max)

    /// The number of ids, holes included.
    var count: Int { starts.count - 1 }

    mutating func reserve(tokens: Int, bytes: Int) {
        starts.reserveCapacity(tokens + 1)
        self.bytes.reserveCapacity(bytes)
    }

    /// Gives the next id its bytes; a hole in the vocabulary has none.
    mutating func append(_ token: some Collection<UInt8>) {
        bytes.append(contentsOf: token)
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Gives the next id the bytes of two earlier tokens.
    mutating func append(joining left: Int, _ right: Int) {
        for id in [left, right] { for position in range(of: id) { bytes.append(bytes[position]) } }
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// The bytes of a token, or nothing where the vocabulary has a hole.
    ///
    /// - Parameter id: an id below ``count``.
    subscript(id: Int) -> ArraySlice<UInt8> { bytes[range(of: id)] }

    private func range(of id: Int) -> Range<Int> { Int(starts[id])..<Int(starts[id + 1]) }

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
