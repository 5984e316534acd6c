/// How far a template may look into what came from outside.
///
/// The published templates read the conversation's texts and decide by them: they cut an assistant's turn at `</think>`,
/// and take a user's message for a tool's result if it stands between `<tool_response>` tags. Whoever writes such a text
/// decides what the model gets to see. Under both policies the encoding keeps content from becoming control tokens; the
/// policy is about the template's own decisions.
public enum ContentPolicy: Sendable, Hashable, CaseIterable {
    /// Decisions come from the typed conversation alone. The default, and what a session uses.
    ///
    /// - Reasoning is what stands in ``Message/reasoning``; an answer is never cut, whatever it contains.
    /// - A user's message is a question, never a tool's result.
    /// - A content of several parts is their joined text.
    /// - Arguments given as JSON text are written as the object that they hold.
    /// - A tool's name is escaped where it stands inside JSON.
    case isolated

    /// Decisions as the published template makes them, so that the text equals the reference renderer's byte for byte.
    ///
    /// Where the reference raises an error, rendering throws; so does a content that the reference would print as a
    /// Python object.
    case reference
}
