import Qwen
import QwenJSON

/// What there is to know about a checkpoint without reading its weights.
struct CheckpointFacts {
    private let checkpoint: Checkpoint
    /// The chat template, or why there is none to talk with; the weights can be computed with all the same.
    private let template: Result<ChatTemplateFamily, any Error>
    private let need: MemoryNeed?
    private var configuration: ModelConfiguration { checkpoint.configuration }

    init(_ checkpoint: Checkpoint, _ need: MemoryNeed?) {
        self.checkpoint = checkpoint
        self.need = need
        template = Result { try ChatTemplateFamily(checkpoint: checkpoint) }
    }

    /// How many tensors are stored as each type, the most frequent first.
    private var types: [(name: String, tensors: Int)] {
        checkpoint.tensorCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// The kind of GGUF file, or nil where it is none.
    private var ggufWords: String? {
        checkpoint.gguf.map { gguf in
            let parts = gguf.files.count == 1 ? "" : " in \(gguf.files.count) parts"
            let name = gguf[key: "general.name"]?.string.map { " “\($0)”" } ?? ""
            return "from GGUF version \(gguf.files[0].version)\(parts), \(gguf.architectureName)\(name)"
        }
    }

    /// A GGUF file's metadata; of lists only how long they are.
    private var metadata: JSONValue {
        guard let gguf = checkpoint.gguf else { return .null }
        return .object(
            JSONObject(
                gguf.metadata.map { entry in
                    let value: JSONValue =
                        switch entry.value {
                        case .signed(let number): .number(JSONNumber(number))
                        case .unsigned(let number): .number(JSONNumber(number))
                        case .float(let number): JSONNumber(number).map { .number($0) } ?? .null
                        case .bool(let flag): .bool(flag)
                        case .string(let text): .string(text)
                        case .strings(let list): ["count": .number(JSONNumber(list.count))]
                        case .numbers(let list): ["count": .number(JSONNumber(list.count))]
                        }
                    return JSONObject.Member(key: entry.key, value: value)
                }
            )
        )
    }

    private func keyValueBytes(_ type: KeyValueType) -> Int {
        configuration.keyValueByteCount(tokens: 1, storedAs: type) ?? 0
    }

    /// For people.
    var text: String {
        let shape = configuration
        var lines = [
            ("architecture", shape.architecture.rawValue + (ggufWords.map { ", " + $0 } ?? "")),
            (
                "layers",
                "\(shape.layerCount), hidden \(shape.hiddenSize), \(shape.attentionHeads) query and "
                    + "\(shape.keyValueHeads) key-value heads of \(shape.headDimension)"
            ),
            ("vocabulary", "\(grouped(shape.vocabularySize))\(shape.tieWordEmbeddings ? ", tied" : "")"),
            ("parameters", grouped(shape.parameterCount)),
            ("active", "\(grouped(shape.activeParameterCount)) for one token"),
            (
                "weights",
                "\(grouped(checkpoint.weightByteCount)) bytes; \(types.map { "\($0.tensors) tensors \($0.name)" }.joined(separator: ", "))"
            ),
            ("read per token", "\(grouped(checkpoint.bytesPerToken)) bytes"),
            (
                "KV per token",
                "\(grouped(keyValueBytes(.float16))) bytes as f16, \(grouped(keyValueBytes(.float32))) as f32, "
                    + "\(grouped(keyValueBytes(.int8))) as q8"
            ),
            ("context", "\(grouped(shape.contextLength)) tokens"),
        ]
        switch template {
        case .success(let family):
            lines += [("template", family.rawValue), ("thinking", Self.words(family.thinkingSupport))]
        case .failure(let error): lines.append(("template", "none to talk with: \(error)"))
        }
        if let mixture = shape.mixture {
            lines.insert(("experts", "\(mixture.experts), \(mixture.expertsPerToken) for one token"), at: 2)
        }
        lines += need?.lines ?? []
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + value + "\n"
        }.joined()
    }

    private static func words(_ thinking: ThinkingSupport) -> String {
        switch thinking {
        case .hybrid: "as asked (hybrid)"
        case .always: "always"
        case .never: "never"
        }
    }

    /// For programs.
    var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        let shape = configuration
        return [
            "architecture": .string(shape.architecture.rawValue),
            "parameters": number(shape.parameterCount),
            "active_parameters": number(shape.activeParameterCount),
            "weight_bytes": number(checkpoint.weightByteCount),
            "weight_bytes_per_token": number(checkpoint.bytesPerToken),
            "tensors": .object(JSONObject(types.map { JSONObject.Member(key: $0.name, value: number($0.tensors)) })),
            "kv_bytes_per_token": [
                "f16": number(keyValueBytes(.float16)), "f32": number(keyValueBytes(.float32)),
                "q8": number(keyValueBytes(.int8)),
            ],
            "context_length": number(shape.contextLength),
            "vocabulary_size": number(shape.vocabularySize),
            "hidden_size": number(shape.hiddenSize),
            "layers": number(shape.layerCount),
            "attention_heads": number(shape.attentionHeads),
            "key_value_heads": number(shape.keyValueHeads),
            "head_dimension": number(shape.headDimension),
            "tied_embeddings": .bool(shape.tieWordEmbeddings),
            "experts": shape.mixture.map { number($0.experts) } ?? .null,
            "experts_per_token": shape.mixture.map { number($0.expertsPerToken) } ?? .null,
            "chat_template": (try? template.get()).map { .string($0.rawValue) } ?? .null,
            "thinking": (try? template.get()).map { .string($0.thinkingSupport.rawValue) } ?? .null,
            "memory": need?.json ?? .null,
            "metadata": metadata,
        ]
    }
}
