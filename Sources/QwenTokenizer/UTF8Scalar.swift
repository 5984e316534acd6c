/// Reads and writes scalars in UTF-8 that is known to be well-formed.
enum UTF8Scalar {
    /// The scalar whose first byte stands at a pointer into well-formed UTF-8, and how many bytes it has.
    @inline(__always)
    static func decode(_ bytes: UnsafePointer<UInt8>) -> (scalar: UInt32, length: Int) {
        let first = UInt32(bytes[0])
        if first < 0x80 { return (first, 1) }
        let second = UInt32(bytes[1] & 0x3F)
        if first < 0xE0 { return ((first & 0x1F) &<< 6 | second, 2) }
        let third = UInt32(bytes[2] & 0x3F)
        if first < 0xF0 { return ((first & 0x0F) &<< 12 | second &<< 6 | third, 3) }
        return ((first & 0x07) &<< 18 | second &<< 12 | third &<< 6 | UInt32(bytes[3] & 0x3F), 4)
    }

    /// Appends a scalar.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        func last(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift) & 0x3F) }
        switch scalar {
        case ..<0x80:
            bytes.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            bytes.append(last(0))
        case ..<0x10000:
            bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            bytes.append(last(6))
            bytes.append(last(0))
        default:
            bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            bytes.append(last(12))
            bytes.append(last(6))
            bytes.append(last(0))
        }
    }
}
