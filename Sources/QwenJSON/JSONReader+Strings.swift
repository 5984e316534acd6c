extension JSONReader {
    /// Scans a string from its opening quote and sets the text range.
    ///
    /// A string without escapes stays where it is in the source; otherwise it is decoded into `scratch`.
    mutating func scanString() throws(JSONError) {
        let start = position + 1
        var current = start
        textIsInScratch = false
        // Where the bytes begin that are not yet in `scratch`.
        var pending = start
        while current < count {
            let byte = bytes[current]
            if byte == UInt8(ascii: "\"") {
                if textIsInScratch {
                    scratch.append(contentsOf: bytes[pending..<current])
                } else {
                    textStart = start
                    textCount = current - start
                }
                position = current + 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                if !textIsInScratch {
                    textIsInScratch = true
                    scratch.removeAll(keepingCapacity: true)
                }
                scratch.append(contentsOf: bytes[pending..<current])
                current = try decodeEscape(at: current)
                pending = current
            } else if byte < 0x20 {
                throw failure(.controlCharacter(byte), at: current)
            } else if byte < 0x80 {
                current += 1
            } else {
                let length = lengthOfScalar(at: current)
                guard length > 0 else { throw failure(.invalidUTF8, at: current) }
                current += length
            }
        }
        throw failure(.unexpectedEnd, at: count)
    }

    /// The length of the well-formed multi-byte sequence at a place (Unicode, table 3-7), or 0 where it is malformed.
    private func lengthOfScalar(at place: Int) -> Int {
        func byte(_ index: Int) -> UInt8 { place + index < count ? bytes[place + index] : 0 }
        func continues(_ index: Int) -> Bool { byte(index) & 0xC0 == 0x80 }
        switch bytes[place] {
        case 0xC2...0xDF:
            return continues(1) ? 2 : 0
        case 0xE0:
            return (0xA0...0xBF).contains(byte(1)) && continues(2) ? 3 : 0
        case 0xED:
            return (0x80...0x9F).contains(byte(1)) && continues(2) ? 3 : 0
        case 0xE1...0xEF:
            return continues(1) && continues(2) ? 3 : 0
        case 0xF0:
            return (0x90...0xBF).contains(byte(1)) && continues(2) && continues(3) ? 4 : 0
        case 0xF1...0xF3:
            return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xF4:
            return (0x80...0x8F).contains(byte(1)) && continues(2) && continues(3) ? 4 : 0
        default:
            return 0
        }
    }

    /// Appends the meaning of the escape at a place to `scratch` and returns the place after it.
    private mutating func decodeEscape(at place: Int) throws(JSONError) -> Int {
        guard place + 1 < count else { throw failure(.unexpectedEnd, at: count) }
        let byte = bytes[place + 1]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scratch.append(byte)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"): return try decodeUnicodeEscape(at: place)
        default: throw failure(.invalidEscape(byte), at: place)
        }
        return place + 2
    }

    private mutating func decodeUnicodeEscape(at place: Int) throws(JSONError) -> Int {
        let unit = try hexadecimal(at: place + 2)
        var after = place + 6
        var scalar = UnicodeScalar(unit)
        if (0xD800...0xDBFF).contains(unit), after + 1 < count, bytes[after] == UInt8(ascii: "\\"),
            bytes[after + 1] == UInt8(ascii: "u")
        {
            let low = try hexadecimal(at: after + 2)
            if (0xDC00...0xDFFF).contains(low) {
                scalar = UnicodeScalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
                after += 6
            }
        }
        guard let scalar else {
            guard options.loneSurrogates == .replace else { throw failure(.loneSurrogate, at: place) }
            scratch.append(contentsOf: [0xEF, 0xBF, 0xBD])
            return after
        }
        scratch.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return after
    }

    private func hexadecimal(at place: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for index in place..<place + 4 {
            guard index < count else { throw failure(.unexpectedEnd, at: count) }
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw failure(.unexpectedByte(byte), at: index)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
