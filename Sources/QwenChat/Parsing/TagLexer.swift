/// Finds tags in a text that comes in pieces of any size, a tag spread over several of them included.
///
/// What could become a tag is held back until it is one or is not. So is `<|im_end|>` or `<|endoftext|>`: at the end of the
/// output it is the end of the turn, which some servers let through; anywhere else it is text.
struct TagLexer: Sendable {
    /// The beginning of a tag, or nothing.
    private var pending: [UInt8] = []
    /// Ends of turns, and the space between them.
    private var ends: [UInt8] = []

    private static let tags: [(bytes: [UInt8], tag: Markup?)] =
        Markup.allCases.map { (Array($0.rawValue.utf8), $0) }
        + ["<|im_end|>", "<|endoftext|>"].map { (Array($0.utf8), nil) }

    /// Takes a piece of text.
    ///
    /// - Returns: what is known by now, in order.
    mutating func append(_ text: String) -> [MarkupItem] {
        var items: [MarkupItem] = []
        let bytes = pending + Array(text.utf8)
        pending = []
        var start = 0
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                position += 1
                continue
            }
            let rest = bytes[position...]
            if let found = Self.tags.first(where: { rest.starts(with: $0.bytes) }) {
                give(bytes[start..<position], to: &items)
                position += found.bytes.count
                start = position
                if let tag = found.tag {
                    giveEnds(to: &items)
                    items.append(.tag(tag))
                } else {
                    ends += found.bytes
                }
            } else if Self.tags.contains(where: { $0.bytes.starts(with: rest) }) {
                break
            } else {
                position += 1
            }
        }
        give(bytes[start..<position], to: &items)
        pending = Array(bytes[position...])
        return items
    }

    /// Ends the output.
    ///
    /// - Returns: what was held back, without the end of the turn.
    mutating func finish() -> [MarkupItem] {
        defer { self = TagLexer() }
        var items: [MarkupItem] = []
        give(pending[...], to: &items)
        return items
    }

    /// Whether the end of the turn was seen, and nothing after it.
    var isAtEnd: Bool { !ends.isEmpty && pending.isEmpty }

    private mutating func give(_ bytes: ArraySlice<UInt8>, to items: inout [MarkupItem]) {
        guard !bytes.isEmpty else { return }
        if !ends.isEmpty, bytes.allSatisfy(isJSONSpace) {
            ends += bytes
            return
        }
        giveEnds(to: &items)
        items.append(.text(String(decoding: bytes, as: UTF8.self)))
    }

    private mutating func giveEnds(to items: inout [MarkupItem]) {
        guard !ends.isEmpty else { return }
        items.append(.text(String(decoding: ends, as: UTF8.self)))
        ends = []
    }
}
