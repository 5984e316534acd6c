/// The name of a model in Ollama's folder: `qwen3:0.6b`, or in full `registry.ollama.ai/library/qwen3:0.6b`.
public struct OllamaName: Sendable, Hashable {
    /// The registry; `registry.ollama.ai` where none is given.
    public let host: String
    /// Whose model it is; `library` where none is given.
    public let namespace: String
    /// The model.
    public let model: String
    /// The variant; `latest` where none is given.
    public let tag: String

    /// Reads a name.
    ///
    /// - Parameter text: `[[host/]namespace/]model[:tag]`.
    /// - Throws: ``HubError/invalidName(_:reason:)``.
    public init(_ text: String) throws(HubError) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), let last = parts.popLast() else {
            throw .invalidName(text, reason: "Ollama's models are called [[host/]namespace/]model[:tag]")
        }
        let named = last.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard named.count <= 2 else { throw .invalidName(text, reason: "there is more than one tag") }
        namespace = parts.popLast() ?? "library"
        host = parts.popLast() ?? "registry.ollama.ai"
        model = named[0]
        tag = named.count == 2 ? named[1] : "latest"
        let isPort = { (byte: UInt8) in byte == UInt8(ascii: ":") }
        let plainHost = String(decoding: host.utf8.filter { !isPort($0) }, as: UTF8.self)
        for part in [plainHost, namespace, model, tag] where part.contains("/") || !ModelReference.isRelativePath(part)
        {
            throw .invalidName(text, reason: "\"\(part)\" is no part of a name")
        }
    }
}

extension OllamaName: CustomStringConvertible {
    /// The name, without what Ollama leaves out too.
    public var description: String {
        let isDefaultHost = host == "registry.ollama.ai"
        let isDefaultNamespace = namespace == "library" && isDefaultHost
        return (isDefaultHost ? "" : host + "/") + (isDefaultNamespace ? "" : namespace + "/") + "\(model):\(tag)"
    }
}
