extension ChatTemplateFamily {
    /// Recognises one of the published templates by its source.
    ///
    /// What a template writes stands in its literals, and what it decides in its expressions; each family is told by those
    /// that only it has, and by the absence of what would make it write something else. A template that fits none of the
    /// families, or more than one, is not guessed at.
    ///
    /// - Parameter template: the Jinja source, as `chat_template.jinja` or `tokenizer_config.json` holds it.
    /// - Throws: ``ChatTemplateError/unknownTemplate(reason:)``, whose description names the families to pass instead.
    /// - Complexity: O(n) in the length of the source.
    public init(recognizing template: String) throws(ChatTemplateError) {
        guard template.utf8.count <= Self.longestTemplate else {
            throw .unknownTemplate(reason: "it is longer than \(Self.longestTemplate) bytes")
        }
        let source = TemplateSource(template)
        guard source.contains("<|im_start|>"), source.contains("<|im_end|>") else {
            throw .unknownTemplate(reason: "it does not use <|im_start|> and <|im_end|>")
        }
        if let foreign = Self.foreignFeatures.first(where: source.contains) {
            throw .unknownTemplate(reason: "it contains “\(foreign)”, which no known family has")
        }
        let matches = Self.signatures.filter { signature in
            signature.present.allSatisfy(source.contains) && !signature.absent.contains(where: source.contains)
        }
        guard let match = matches.first, matches.count == 1 else {
            throw .unknownTemplate(reason: "it has the features of no known family")
        }
        self = match.family
    }

    /// Published templates have some thousand bytes.
    private static let longestTemplate = 1 << 20

    /// What belongs to other models' templates: images, other roles, reasoning kept over the whole history.
    private static let foreignFeatures = [
        "<|vision_start|>", "<|image_pad|>", "render_content", "preserve_thinking", "developer", "reasoning_effort",
        "<|start_header_id|>", "[INST]", "bos_token",
    ]

    private static let jsonCalls =
        "return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    private static let xmlCalls = "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\n"
    private static let emptyThinking = "<think>\n\n</think>\n\n"
    private static let openThinking = "<|im_start|>assistant\n<think>\n"
    /// Qwen3's templates put no words into the system's mouth ("You are provided with …" belongs to the tools).
    private static let otherPersonas = ["You are a", "You are Q", "You are S", "You are the"]
    private static let qwen25System = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

    private struct Signature {
        let family: ChatTemplateFamily
        let present: [String]
        let absent: [String]
    }

    private static let signatures = [
        Signature(
            family: .qwen3,
            present: [jsonCalls, "last_query_index", "enable_thinking is false", emptyThinking, "content is string"],
            absent: [openThinking] + otherPersonas
        ),
        Signature(
            family: .qwen3Early,
            present: [jsonCalls, "last_query_index", "enable_thinking is false", emptyThinking],
            absent: [openThinking, "content is string"] + otherPersonas
        ),
        Signature(
            family: .qwen3Thinking2507,
            present: [jsonCalls, "last_query_index", openThinking],
            absent: ["enable_thinking", emptyThinking] + otherPersonas
        ),
        Signature(
            family: .qwen3Instruct2507,
            present: [jsonCalls, "content is string"],
            absent: ["think"] + otherPersonas
        ),
        Signature(
            family: .qwen25,
            present: [jsonCalls, qwen25System],
            absent: ["think"]
        ),
        Signature(
            family: .qwen3Coder,
            present: [xmlCalls, "# Tools\n\nYou have access to the following functions:", "a helpful AI assistant"],
            absent: ["think"]
        ),
        Signature(
            family: .qwen3CoderEarly,
            present: [xmlCalls, "# Tools\n\nYou have access to the following tools:", "a helpful AI assistant"],
            absent: ["think"]
        ),
        Signature(
            family: .smolLM2,
            present: [
                "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n",
                "loop.first and messages[0]['role'] != 'system'", "<|im_start|>assistant\n",
            ],
            absent: ["think", "tool", "trim", "strip"]
        ),
        Signature(
            family: .chatML,
            present: ["<|im_start|>assistant\n"],
            absent: ["think", "tool", "You are", "system", "trim", "strip"]
        ),
    ]
}

/// A template's source, for questions whether it contains a text.
private struct TemplateSource {
    private let bytes: [UInt8]

    /// Jinja writes line breaks in literals as `\n`; some files hold them as they are.
    init(_ template: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(template.utf8.count)
        var escaped = false
        for byte in template.utf8 {
            if escaped {
                if byte == UInt8(ascii: "n") {
                    bytes.append(UInt8(ascii: "\n"))
                } else {
                    bytes.append(UInt8(ascii: "\\"))
                    bytes.append(byte)
                }
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else {
                bytes.append(byte)
            }
        }
        self.bytes = bytes
    }

    func contains(_ text: String) -> Bool {
        let pattern = Array(text.utf8)
        guard let first = pattern.first, bytes.count >= pattern.count else { return pattern.isEmpty }
        return (0...bytes.count - pattern.count).contains { start in
            bytes[start] == first && bytes[start..<start + pattern.count].elementsEqual(pattern)
        }
    }
}
