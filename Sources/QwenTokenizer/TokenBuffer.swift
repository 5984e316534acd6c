/// Ids as they are found: memory that grows, without an array's checks for each append.
struct TokenBuffer: ~Copyable {
    private(set) var count = 0
    private var capacity: Int
    private var base: UnsafeMutablePointer<UInt32>

    init(capacity: Int) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Makes room for more ids.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        moved.moveInitialize(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    /// Appends an id; there must be room for it.
    @inline(__always)
    mutating func append(_ id: UInt32) {
        (base + count).initialize(to: id)
        count &+= 1
    }

    /// Appends ids that stand in the buffer already; there must be room for them.
    @inline(__always)
    mutating func append(again start: Int, count more: Int) {
        (base + count).initialize(from: base + start, count: more)
        count &+= more
    }

    /// Forgets the ids and keeps the memory.
    mutating func removeAll() { count = 0 }

    /// The ids as an array.
    func array() -> [Int] {
        Array(unsafeUninitializedCapacity: count) { buffer, initialized in
            for position in 0..<count { buffer.initializeElement(at: position, to: Int(base[position])) }
            initialized = count
        }
    }

    subscript(position: Int) -> UInt32 { base[position] }
}
