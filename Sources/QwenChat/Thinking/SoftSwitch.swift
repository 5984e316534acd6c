/// `/think` or `/no_think` in a message: how a person turns a hybrid model's thinking on and off in the conversation itself.
///
/// The hybrid models were trained to follow the latest one in a user's or a system message, from then on. After `/no_think`
/// they write a thinking block with nothing in it, which is not shown. Where the template closes the block in advance
/// (``Thinking/off``), the switches have no effect.
///
/// Source: the model card of Qwen3, "Advanced Usage".
public enum SoftSwitch: String, Sendable, Hashable, CaseIterable {
    /// Think before the answer.
    case think = "/think"
    /// Answer at once.
    case noThink = "/no_think"

    /// Whether a session heeds the switches in a conversation.
    public enum Handling: String, Sendable, Hashable, CaseIterable {
        /// As the model was trained: without a ``Thinking`` of the request's own, the latest switch decides which of the
        /// model's defaults hold, and the model itself obeys it.
        case heeded
        /// Not at all, for texts of people who should not decide.
        ///
        /// Nothing that the session decides looks at the texts. Their tokens stay as they are; instead, what the model
        /// would decide by them is taken out of its hands: where it is to think, the thinking block is opened for it, with
        /// the very tokens that it would begin with (`<think>` and a newline, as Qwen3-Thinking-2507's template does), and
        /// where it is not, the block is closed in advance. What it writes inside of the block remains its own.
        case ignored
    }

    /// The switch that holds at the end of a conversation: the latest in a user's or a system message.
    ///
    /// A switch counts where it stands between blanks, line breaks, punctuation or the ends of the text, and at the very
    /// end of a text whatever is before it. The path `/think/tank` is none.
    ///
    /// - Parameter messages: the conversation.
    /// - Returns: `nil` if there is none.
    /// - Complexity: O(n) in the size of the conversation behind the switch.
    public static func latest(in messages: [Message]) -> SoftSwitch? {
        for message in messages.reversed() where message.role == .user || message.role == .system {
            if let found = latest(in: message.text) { return found }
        }
        return nil
    }

    /// The last switch in a text.
    static func latest(in text: String) -> SoftSwitch? {
        let bytes = Array(text.utf8)
        var end = bytes.count
        while end > 0, isBlank(bytes[end - 1]) { end -= 1 }
        for start in stride(from: end - 1, through: 0, by: -1) where bytes[start] == UInt8(ascii: "/") {
            for candidate in allCases {
                let name = candidate.rawValue.utf8
                guard bytes[start..<end].starts(with: name) else { continue }
                let next = start + name.count
                let isLast = next == end
                let endsThere = isLast || isBlank(bytes[next]) || isPunctuation(bytes[next])
                let beginsThere = start == 0 || isBlank(bytes[start - 1]) || isPunctuation(bytes[start - 1])
                if isLast && (start == 0 || bytes[start - 1] != UInt8(ascii: "/")) || endsThere && beginsThere {
                    return candidate
                }
            }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        ".,;:!?()[]\"'".utf8.contains(byte)
    }
}
