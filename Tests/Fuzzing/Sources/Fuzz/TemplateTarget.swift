import QwenChat

/// The source of a chat template, whose family is to be recognised.
enum TemplateTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        _ = try? ChatTemplateFamily(recognizing: String(decoding: input, as: UTF8.self))
    }
}
