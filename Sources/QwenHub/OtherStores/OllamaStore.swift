internal import QwenJSON

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The folder in which Ollama keeps its models: `manifests/HOST/NAMESPACE/MODEL/TAG` say which blob holds the weights.
public struct OllamaStore: Sendable, Hashable {
    /// The folder, with `manifests` and `blobs`.
    public let directory: URL

    /// Names a folder.
    ///
    /// - Parameter directory: the folder, with `manifests` and `blobs`.
    public init(directory: URL) {
        self.directory = directory
    }

    /// The folder that the environment names: `OLLAMA_MODELS`, else `~/.ollama/models`, or, where that is not there, the one
    /// of Linux's service.
    ///
    /// - Parameter environment: the variables; those of the process if not given.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let variables = EnvironmentVariables(environment)
        let own = variables.home + "/.ollama/models"
        let service = "/usr/share/ollama/.ollama/models"
        let standard = !FileSystem.isFolder(own) && FileSystem.isFolder(service) ? service : own
        directory = URL(fileURLWithPath: variables.path("OLLAMA_MODELS") ?? standard, isDirectory: true)
    }

    /// A model in the folder.
    public struct Model: Sendable, Hashable {
        /// Its name.
        public let name: OllamaName
        /// The file with its weights, a GGUF file whatever its name.
        public let file: URL
        /// The file's length in bytes.
        public let byteCount: Int
        /// The SHA-256 that the file must have, in hexadecimal.
        public let sha256: String
    }

    /// Finds a model.
    ///
    /// - Parameter name: its name.
    /// - Returns: the model; its file is there and has the length that the manifest gives.
    /// - Throws: ``HubError/notCached(model:folder:)``, ``HubError/incomplete(folder:missing:)``,
    ///   ``HubError/wrongSize(file:expected:found:)`` or ``HubError/damagedRecord(path:reason:)``.
    public func model(_ name: OllamaName) throws(HubError) -> Model {
        let root = directory.path
        let manifest = "\(root)/manifests/\(name.host)/\(name.namespace)/\(name.model)/\(name.tag)"
        guard let bytes = try FileSystem.contents(manifest, limit: 4 << 20) else {
            throw .notCached(model: "ollama:\(name)", folder: root)
        }
        let layers: [JSONValue]
        do {
            layers = try JSONValue(parsing: bytes)["layers"]?.array ?? []
        } catch {
            throw .damagedRecord(path: manifest, reason: "\(error)")
        }
        let type = "application/vnd.ollama.image.model"
        guard let layer = layers.first(where: { $0["mediaType"]?.string == type }) else {
            throw .damagedRecord(path: manifest, reason: "it has no layer of type \(type)")
        }
        guard let digest = layer["digest"]?.string, digest.hasPrefix("sha256:"),
            let content = ContentDigest(hex: String(digest.dropFirst("sha256:".count))), content.kind == .sha256,
            let byteCount = layer["size"]?.int
        else {
            throw .damagedRecord(path: manifest, reason: "a layer has no digest or size")
        }
        let blob = "\(root)/blobs/sha256-\(content.hex)"
        guard let found = FileSystem.fileSize(blob) else {
            throw .incomplete(folder: root + "/blobs", missing: ["sha256-\(content.hex)"])
        }
        guard found == byteCount else { throw .wrongSize(file: blob, expected: byteCount, found: found) }
        return Model(name: name, file: URL(fileURLWithPath: blob), byteCount: byteCount, sha256: content.hex)
    }

    /// Reads a model's file and compares its digest with the manifest's.
    ///
    /// - Parameter model: the model.
    /// - Throws: ``HubError/wrongDigest(path:expected:found:)``, another ``HubError`` or `CancellationError`.
    /// - Complexity: O(number of bytes); 1 to 2 GB a second on CPUs with instructions for SHA-256.
    public func verify(_ model: Model) async throws {
        try await ContentDigest(hex: model.sha256)?.verify(model.file.path)
    }

    /// The models in the folder; those that are incomplete are left out.
    ///
    /// - Returns: the models, sorted by name; empty where there is no such folder.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)`` where a folder cannot be read.
    public func models() throws(HubError) -> [Model] {
        let root = directory.path + "/manifests"
        var models: [Model] = []
        for file in try HubCache.files(in: root) {
            let parts = file.split(separator: "/").map(String.init)
            guard parts.count == 4, let name = try? OllamaName("\(parts[0])/\(parts[1])/\(parts[2]):\(parts[3])"),
                let model = try? model(name)
            else { continue }
            models.append(model)
        }
        return models
    }
}
