import Foundation
import QwenChat
import Testing

/// The features of the published templates, without their bodies.
@Suite("A checkpoint's template is recognised, or refused")
struct RecognitionTests {
    private static let tools = #"""
        {{- "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with …" }}
        {{- "…For each function call, return a json object with function name and arguments within \#
        <tool_call></tool_call> XML tags:\n<tool_call>\n{…}\n</tool_call><|im_end|>\n" }}
        """#
    private static let textOnly = "{%- if message.content is string %}{{ '<|im_start|>' }}{%- endif %}\n"
    private static let question = "{%- set ns = namespace(last_query_index=messages|length - 1) %}\n"
    private static let generation = #"{{- '<|im_start|>assistant\n' }}"# + "\n"
    private static let thinkingSwitch = #"""
        {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
        """#
    private static let openThinking = #"{{- '<|im_start|>assistant\n<think>\n' }}"# + "\n"

    private static func coder(_ noun: String) -> String {
        #"""
        {{- "<|im_start|>system\nYou are Qwen, a helpful AI assistant that can interact with a computer to solve tasks." }}
        {{- "\n\n# Tools\n\nYou have access to the following \#(noun):\n\n" }}{{- '<|im_end|>\n' }}
        {{- 'ONLY …:\n\n<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n…' }}
        """#
    }

    /// As SmolLM2's GGUF file has it.
    private static let smolLM2 =
        #"{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"#
        + #"{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"#
        + #"{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"#
        + #"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"#
    private static let chatML = #"""
        {% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}\#
        {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """#

    @Test(
        "by its features",
        arguments: [
            (tools + question + textOnly + generation + thinkingSwitch, .qwen3),
            (tools + question + generation + thinkingSwitch, .qwen3Early),
            (tools + question + textOnly + openThinking, .qwen3Thinking2507),
            (tools + textOnly + generation, .qwen3Instruct2507),
            (tools + "'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.'<|im_start|>", .qwen25),
            (coder("functions"), .qwen3Coder),
            (coder("tools"), .qwen3CoderEarly),
            (chatML, .chatML),
            (smolLM2, .smolLM2),
        ] as [(String, ChatTemplateFamily)]
    )
    func recognised(template: String, family: ChatTemplateFamily) throws {
        #expect(try ChatTemplateFamily(recognizing: template) == family)
    }

    @Test(
        "refused if it is none of them",
        arguments: [
            "",
            "{{ bos_token }}[INST] {{ message.content }} [/INST]",
            tools + question + textOnly + generation + thinkingSwitch + "<|vision_start|>",
            tools + question + textOnly + openThinking + "{%- if enable_thinking %}",
            tools + textOnly + generation + "You are a pirate.",
            chatML + "You are a helpful AI assistant named SmolLM{% if messages[0].role != 'system' %}",
            coder("functions") + "<think>",
        ]
    )
    func refused(template: String) throws {
        let error = #expect(throws: ChatTemplateError.self) { try ChatTemplateFamily(recognizing: template) }
        guard case .unknownTemplate? = error else {
            Issue.record("not unknownTemplate: \(String(describing: error))")
            return
        }
        #expect("\(try #require(error))".contains("qwen3-thinking-2507"))
    }

    @Test("the embedded model's own template is recognised as what it renders")
    func embeddedModel() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let data = try Data(contentsOf: root.appending(path: "Examples/EmbeddedModel/chat_template.jinja"))
        #expect(try ChatTemplateFamily(recognizing: String(decoding: data, as: UTF8.self)) == .qwen3)
    }
}
