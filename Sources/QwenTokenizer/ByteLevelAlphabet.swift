/// The characters that a byte-level vocabulary is written in: one for each byte, so that any token is printable.
///
/// Source: OpenAI's GPT-2 encoder, `bytes_to_unicode`. Bytes that print in Latin-1 stand for themselves; the others get
/// the scalars from U+0100 on, in order.
struct ByteLevelAlphabet {
    /// The byte of each scalar below U+0144, where it has one.
    private let bytes: [UInt8?]

    init() {
        var bytes = [UInt8?](repeating: nil, count: 256 + 68)
        var next = 256
        for byte in UInt8.min...UInt8.max {
            switch byte {
            case 33...126, 161...172, 174...255:
                bytes[Int(byte)] = byte
            default:
                bytes[next] = byte
                next += 1
            }
        }
        self.bytes = bytes
    }

    /// The bytes of a token, or nil where a character stands for none.
    func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard scalar.value < bytes.count, let byte = bytes[Int(scalar.value)] else { return nil }
            result.append(byte)
        }
        return result
    }
}
