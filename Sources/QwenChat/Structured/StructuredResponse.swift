internal import QwenJSON

/// An answer that was held to a form, and what it says.
public struct StructuredResponse<Content: Sendable>: Sendable {
    /// What the answer says.
    public let content: Content
    /// The answer itself.
    public let response: Response
}

extension StructuredResponse where Content == JSONValue {
    /// Reads what an answer says.
    init(reading response: Response) throws(StructuredResponseError) {
        guard response.finishReason == .stop, let value = try? JSONValue(parsing: response.text) else {
            throw .incomplete(response)
        }
        self.init(content: value, response: response)
    }
}

/// Why an answer that is held to a form gives no value.
public enum StructuredResponseError: Error, Sendable {
    /// The answer ended before it was whole: it is as long as the request or the context allows.
    ///
    /// - Parameter response: the answer; its text is the beginning of a valid one.
    case incomplete(Response)
}

extension StructuredResponseError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .incomplete(let response):
            "The answer ended (\(response.finishReason)) before it was whole: \(response.text)"
        }
    }
}
