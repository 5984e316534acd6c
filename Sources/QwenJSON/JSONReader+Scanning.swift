extension JSONReader {
    /// Reads the next event.
    ///
    /// - Returns: what was read; ``JSONEvent/end`` once the whole text has been read.
    /// - Throws: ``JSONError`` where the text is malformed. The reader must not be used after that.
    public mutating func next() throws(JSONError) -> JSONEvent {
        while true {
            skipWhitespace()
            eventStart = position
            guard position < count else {
                if state == .finished { return .end }
                throw failure(.unexpectedEnd)
            }
            let byte = bytes[position]
            switch state {
            case .value:
                return try readValue(byte)
            case .firstElement:
                if byte == UInt8(ascii: "]") { return close(.endArray) }
                return try readValue(byte)
            case .firstKey:
                if byte == UInt8(ascii: "}") { return close(.endObject) }
                return try readKey(byte)
            case .nextKey:
                return try readKey(byte)
            case .afterValue:
                // There is an open container here: with none the state is `finished`.
                let inObject = isObject.last == true
                switch byte {
                case UInt8(ascii: ","):
                    position += 1
                    state = inObject ? .nextKey : .value
                case UInt8(ascii: "}") where inObject:
                    return close(.endObject)
                case UInt8(ascii: "]") where !inObject:
                    return close(.endArray)
                default:
                    throw failure(.unexpectedByte(byte))
                }
            case .finished:
                throw failure(.trailingBytes)
            }
        }
    }

    @inline(never)
    func failure(_ reason: JSONError.Reason, at place: Int? = nil) -> JSONError {
        JSONError(reason, at: place ?? position, in: bytes)
    }

    private mutating func skipWhitespace() {
        while position < count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func open(object: Bool) throws(JSONError) -> JSONEvent {
        if isObject.count >= depthLimit { throw failure(.tooDeep(limit: depthLimit)) }
        isObject.append(object)
        position += 1
        state = object ? .firstKey : .firstElement
        return object ? .beginObject : .beginArray
    }

    private mutating func close(_ event: JSONEvent) -> JSONEvent {
        isObject.removeLast()
        position += 1
        finishValue()
        return event
    }

    private mutating func finishValue() {
        state = isObject.isEmpty ? .finished : .afterValue
    }

    private mutating func readKey(_ byte: UInt8) throws(JSONError) -> JSONEvent {
        guard byte == UInt8(ascii: "\"") else { throw failure(.unexpectedByte(byte)) }
        try scanString()
        skipWhitespace()
        guard position < count else { throw failure(.unexpectedEnd) }
        guard bytes[position] == UInt8(ascii: ":") else { throw failure(.unexpectedByte(bytes[position])) }
        position += 1
        state = .value
        return .key
    }

    private mutating func readValue(_ byte: UInt8) throws(JSONError) -> JSONEvent {
        switch byte {
        case UInt8(ascii: "\""):
            try scanString()
            finishValue()
            return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber()
            finishValue()
            return .number
        case UInt8(ascii: "{"):
            return try open(object: true)
        case UInt8(ascii: "["):
            return try open(object: false)
        case UInt8(ascii: "t"):
            try scanWord("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanWord("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try scanWord("null")
            return .null
        default:
            throw failure(.unexpectedByte(byte))
        }
    }

    private mutating func scanWord(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < count else { throw failure(.unexpectedEnd, at: count) }
            let byte = bytes[position + index]
            guard byte == word.utf8Start[index] else { throw failure(.unexpectedByte(byte), at: position + index) }
        }
        position += length
        finishValue()
    }

    /// Scans `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    private mutating func scanNumber() throws(JSONError) {
        let start = position
        let end = JSONNumber.scan(bytes, from: start)
        guard end > start else { throw failure(.invalidNumber) }
        textStart = start
        textCount = end - start
        textIsInScratch = false
        position = end
    }
}
