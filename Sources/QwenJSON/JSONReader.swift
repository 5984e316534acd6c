/// A strict pull reader for JSON (RFC 8259) on UTF-8 bytes.
///
/// The reader hands out one ``JSONEvent`` after another and builds nothing, so that a large document of a known form
/// (a tokenizer's vocabulary, the header of a checkpoint) can be read straight into the consumer's own structures.
/// ``JSONValue/init(parsing:options:)-(UnsafeRawBufferPointer,_)`` is built on it.
///
/// ```swift
/// var reader = try JSONReader(bytes)
/// while true {
///     switch try reader.next() {
///     case .key: reader.withText { … }
///     case .end: return
///     …
///     }
/// }
/// ```
///
/// Everything is checked except one thing: the reader does not remember keys, so duplicates are the consumer's to
/// refuse (``JSONReader/error(_:)`` makes the located error).
public struct JSONReader: ~Copyable {
    enum State {
        case value
        case firstElement
        case firstKey
        case nextKey
        case afterValue
        case finished
    }

    let bytes: UnsafeRawBufferPointer
    let count: Int
    let options: JSONReadingOptions
    let depthLimit: Int
    var position = 0
    var state = State.value
    /// For every open container, whether it is an object.
    var isObject: [Bool] = []
    /// Where the last event began.
    var eventStart = 0
    /// The last string (without quotes), key or number: a range of the source, or all of `scratch` where escapes were
    /// resolved.
    var textStart = 0
    var textCount = 0
    var textIsInScratch = false
    var scratch: [UInt8] = []

    /// Creates a reader over bytes that must stay valid and unchanged while it is used.
    ///
    /// - Parameters:
    ///   - bytes: the text, in UTF-8.
    ///   - options: limits and choices.
    /// - Throws: ``JSONError`` where the text is too long or begins with a byte order mark.
    public init(_ bytes: UnsafeRawBufferPointer, options: JSONReadingOptions = .init()) throws(JSONError) {
        self.bytes = bytes
        self.count = bytes.count
        self.options = options
        self.depthLimit = max(1, min(options.maximumDepth, JSONReadingOptions.deepestNesting))
        if bytes.count > options.maximumByteCount {
            throw JSONError(.tooLong(limit: options.maximumByteCount), at: max(0, options.maximumByteCount), in: bytes)
        }
        if count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw JSONError(.byteOrderMark, at: 0, in: bytes)
        }
    }

    /// The number of containers that are open.
    public var depth: Int { isObject.count }

    /// Where the last event began, in bytes from the start of the text.
    public var offset: Int { eventStart }

    /// An error at the place where the last event began.
    ///
    /// - Parameter reason: what is wrong there.
    /// - Returns: the error with its line and column.
    public func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason, at: eventStart, in: bytes)
    }

    /// Calls a closure with the bytes of the last key, string (escapes resolved, valid UTF-8) or number (as written).
    ///
    /// - Parameter body: receives bytes that are valid during the call only.
    /// - Returns: what the closure returns.
    /// - Throws: what the closure throws.
    public func withText<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if textIsInScratch {
            // `withUnsafeBufferPointer` has no typed throws in every supported toolchain, hence the detour.
            let outcome: Swift.Result<Result, Failure> = scratch.withUnsafeBufferPointer { buffer in
                do throws(Failure) { return .success(try body(buffer)) } catch { return .failure(error) }
            }
            return try outcome.get()
        }
        let start = bytes.baseAddress.map { ($0 + textStart).assumingMemoryBound(to: UInt8.self) }
        return try body(UnsafeBufferPointer(start: start, count: textCount))
    }

    /// The last key, string (escapes resolved) or number (as written).
    public var text: String {
        withText { String(decoding: $0, as: UTF8.self) }
    }

    /// The last number as an integer, or nil where it is written with a fraction or an exponent or exceeds `Int`.
    public var integer: Int? {
        withText { JSONNumber.integer(of: $0) }
    }

    /// Reads past the value that comes next, or, after ``JSONEvent/beginObject`` or ``JSONEvent/beginArray``, past the
    /// rest of that container.
    ///
    /// - Throws: ``JSONError`` where the text is malformed.
    public mutating func skip() throws(JSONError) {
        var level = 0
        if state == .firstKey || state == .firstElement { level = 1 }
        repeat {
            switch try next() {
            case .beginObject, .beginArray: level += 1
            case .endObject, .endArray: level -= 1
            case .key: continue
            case .end: return
            default: break
            }
        } while level > 0
    }
}
