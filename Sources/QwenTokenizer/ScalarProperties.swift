internal import CQwenVocabulary

/// What the tables say about a Unicode scalar value.
struct ScalarProperties {
    /// What the pre-tokeniser's pattern asks of a scalar.
    enum Kind: UInt8 {
        /// Neither of the others: punctuation, symbols, marks, controls, unassigned.
        case other = 0
        /// `\p{L}`
        case letter = 1
        /// `\p{N}`
        case number = 2
        /// `\s`
        case space = 3
    }

    private let bits: UInt8

    @inline(__always)
    init(bits: UInt8) { self.bits = bits }

    @inline(__always)
    var kind: Kind { Kind(rawValue: bits & 3) ?? .other }

    @inline(__always)
    var isLetter: Bool { bits & 3 == Kind.letter.rawValue }

    @inline(__always)
    var isSpace: Bool { bits & 3 == Kind.space.rawValue }

    /// Whether NFC must look closer: a combining class, or ``mayChange``.
    @inline(__always)
    var needsALook: Bool { bits & 4 != 0 }

    /// Whether NFC replaces the scalar, or may join it to what stands before it.
    @inline(__always)
    var mayChange: Bool { bits & 8 != 0 }
}

/// The tables of CQwenVocabulary, which live as long as the program.
struct UnicodeTables {
    private let propertyBlocks: UnsafePointer<UInt8>
    private let propertyValues: UnsafePointer<UInt8>
    private let tables: UnsafePointer<qwen_unicode_tables>

    @inline(__always)
    init() {
        tables = qwen_unicode()
        propertyBlocks = tables.pointee.property_blocks
        propertyValues = tables.pointee.property_values
    }

    /// The properties of an ASCII byte, whose block is the first.
    @inline(__always)
    func properties(ofASCII byte: UInt8) -> ScalarProperties {
        ScalarProperties(bits: propertyValues[Int(byte)])
    }

    /// The properties of a scalar, which is below 0x110000.
    @inline(__always)
    func properties(of scalar: UInt32) -> ScalarProperties {
        let block = Int(propertyBlocks[Int(scalar &>> 7)])
        return ScalarProperties(bits: propertyValues[block &<< 7 | Int(scalar & 127)])
    }

    /// The canonical combining class of a scalar, which is below 0x110000.
    func combiningClass(of scalar: UInt32) -> UInt8 {
        let block = Int(tables.pointee.combining_class_blocks[Int(scalar &>> 7)])
        return tables.pointee.combining_class_values[block &<< 7 | Int(scalar & 127)]
    }

    /// The full canonical decomposition of a scalar, where it is not the scalar itself; Hangul is not in the table.
    func decomposition(of scalar: UInt32) -> UnsafeBufferPointer<UInt32>? {
        let keys = UnsafeBufferPointer(
            start: tables.pointee.decomposition_keys,
            count: tables.pointee.decomposition_count
        )
        guard let place = Self.search(keys, for: scalar) else { return nil }
        let start = Int(tables.pointee.decomposition_starts[place])
        let end = Int(tables.pointee.decomposition_starts[place + 1])
        return UnsafeBufferPointer(start: tables.pointee.decomposition_scalars + start, count: end - start)
    }

    /// The scalar that two scalars make in NFC, or nil; Hangul is not in the table.
    func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        let keys = UnsafeBufferPointer(start: tables.pointee.composition_keys, count: tables.pointee.composition_count)
        let place = Self.search(keys, for: UInt64(first) << 32 | UInt64(second))
        return place.map { tables.pointee.composition_scalars[$0] }
    }

    private static func search<Key: Comparable>(_ keys: UnsafeBufferPointer<Key>, for key: Key) -> Int? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? low : nil
    }
}
