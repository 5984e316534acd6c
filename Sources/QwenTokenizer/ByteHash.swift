/// How words of the text and tokens of the vocabulary are told apart: their first eight bytes where that is all they
/// have, else a hash of every byte.
enum ByteHash {
    private static let odd: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let other: UInt64 = 0xD6E8_FEB8_6659_FD93

    /// The key of a word of any length but 0; `readable` bytes may be read from its start on, at least `count`.
    @inline(__always)
    static func key(_ word: UnsafePointer<UInt8>, count: Int, readable: Int, seed: UInt64) -> UInt64 {
        count <= 8 ? shortKey(word, count: count, readable: readable) : longKey(word, count: count, seed: seed)
    }

    /// The key of up to eight bytes: the bytes themselves, little-endian, padded with zeros. With their count it is unique.
    @inline(__always)
    private static func shortKey(_ bytes: UnsafePointer<UInt8>, count: Int, readable: Int) -> UInt64 {
        if readable >= 8 {
            return load(bytes) & (~0 &>> UInt64(truncatingIfNeeded: 64 &- count &* 8))
        }
        var key: UInt64 = 0
        var position = count
        while position > 0 {
            position &-= 1
            key = key &<< 8 | UInt64(bytes[position])
        }
        return key
    }

    /// A hash of more than eight bytes.
    @inline(__always)
    private static func longKey(_ bytes: UnsafePointer<UInt8>, count: Int, seed: UInt64) -> UInt64 {
        var state = seed
        var position = 0
        while position &+ 8 < count {
            state = mix(state ^ load(bytes + position), odd)
            position &+= 8
        }
        return mix(state ^ load(bytes + (count &- 8)), other)
    }

    /// Where the search for a key begins in a table of `1 << (64 - shift)` slots.
    @inline(__always)
    static func slot(_ key: UInt64, count: Int, seed: UInt64, shift: UInt64) -> Int {
        Int(truncatingIfNeeded: mix(key ^ seed, odd &+ UInt64(truncatingIfNeeded: count) &<< 1) &>> shift)
    }

    @inline(__always)
    static func areEqual(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, longCount count: Int) -> Bool {
        var position = 0
        while position &+ 8 < count {
            if load(left + position) != load(right + position) { return false }
            position &+= 8
        }
        return load(left + (count &- 8)) == load(right + (count &- 8))
    }

    @inline(__always)
    private static func load(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
