/// Reads what stands between the tags of one call, as it comes.
protocol CallScanner: Sendable {
    /// All that was read.
    var body: [UInt8] { get }
    /// How far the call is.
    var state: CallScannerState { get }
    /// The tool's name, once it is known.
    var name: String? { get }

    /// Takes more text.
    mutating func append(_ text: String)

    /// The arguments' JSON text that has come since this was asked before.
    mutating func takeArguments() -> String

    /// The call; `nil` if what was read is none.
    func call() -> ToolCall?
}

/// How far a call is.
enum CallScannerState: Sendable {
    /// Between values: a closing tag is markup.
    case open
    /// Inside of a value, where a tag may be a part of it.
    case inValue
    /// At the end of a call; only space may follow.
    case complete
    /// It is no call, whatever follows.
    case broken
}

/// Whether a byte is white space in JSON.
func isJSONSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
}
