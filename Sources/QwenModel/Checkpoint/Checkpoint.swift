/// A folder with a model in Hugging Face's layout: `config.json`, perhaps `generation_config.json`, and the weights in
/// `model.safetensors` or in the files that `model.safetensors.index.json` names. The files may be part of the program too.
///
/// Opening reads and checks everything but the numbers: afterwards it is certain that all weights are there, with the
/// right shapes and of types that can be computed with. The files stay open, so that replacing them does no harm.
public struct Checkpoint: Sendable {
    /// The folder's absolute path, without symbolic links; for files that are part of the program, their name.
    public var path: String { folder.path }
    /// What the model looks like.
    public let configuration: ModelConfiguration
    /// How its authors suggest to generate, if they say so.
    public let generationConfiguration: GenerationConfiguration?
    /// The files with the weights.
    public let files: [SafetensorsFile]

    private let folder: CheckpointFolder
    private let fileOfTensor: [String: Int]

    /// Opens a folder.
    ///
    /// - Parameter path: the folder's path.
    /// - Throws: ``CheckpointError``, which says which file or tensor is wrong, and why.
    public init(path: String) throws(CheckpointError) {
        try self.init(CheckpointFolder(path: path))
    }

    /// Opens files that are part of the program; all that is checked for a folder is checked for them.
    ///
    /// - Parameter files: the files. Weights are copied out of them when they are read, and nothing else is.
    /// - Throws: ``CheckpointError``, which says which file or tensor is wrong, and why.
    public init(_ files: EmbeddedFiles) throws(CheckpointError) {
        try self.init(CheckpointFolder(files))
    }

    private init(_ folder: CheckpointFolder) throws(CheckpointError) {
        self.folder = folder
        configuration = try Self.configuration(in: folder)
        generationConfiguration = try Self.generationConfiguration(
            in: folder,
            vocabularySize: configuration.vocabularySize
        )
        (files, fileOfTensor) = try Self.weights(in: folder)
        try verify()
    }

    /// The tensor of a name, or nil where there is none.
    ///
    /// - Parameter name: the name, as in the files.
    /// - Returns: the tensor's place and shape.
    public subscript(name: String) -> TensorDescriptor? {
        fileOfTensor[name].flatMap { files[$0][name] }
    }

    /// The tokens that end an answer: those of `generation_config.json` or, where it has none, of `config.json`.
    public var stopTokenIDs: [Int] {
        if let ids = generationConfiguration?.eosTokenIDs, !ids.isEmpty { return ids }
        return configuration.eosTokenIDs
    }

    /// The contents of another file beside the weights, such as `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - name: the file's name.
    ///   - limit: the most bytes that it may have.
    /// - Returns: the bytes, or nil where there is no such file.
    /// - Throws: ``CheckpointError`` where the file is too large, cannot be read, or is a link out of the folder.
    public func contents(of name: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        guard folder.contains(name) else { return nil }
        return try folder.open(name).contents(limit: limit)
    }

    /// A reader for the weights.
    ///
    /// - Parameter options: how to read.
    /// - Returns: a source from which a model takes its weights.
    public func reader(_ options: ReadingOptions = ReadingOptions()) -> CheckpointReader {
        CheckpointReader(self, options: options)
    }

    /// A tensor's place, with the file that holds it.
    func location(of name: String) -> (file: SafetensorsFile, tensor: TensorDescriptor)? {
        guard let number = fileOfTensor[name], let tensor = files[number][name] else { return nil }
        return (files[number], tensor)
    }
}

extension Checkpoint {
    private static func configuration(in folder: CheckpointFolder) throws(CheckpointError) -> ModelConfiguration {
        let file = try folder.open("config.json")
        let text = try file.contents(limit: ConfigurationFields.maximumByteCount)
        do {
            return try parse(text) { bytes throws(ConfigurationError) in try ModelConfiguration(parsing: bytes) }
        } catch {
            throw .configuration(path: file.path, error)
        }
    }

    private static func generationConfiguration(
        in folder: CheckpointFolder,
        vocabularySize: Int
    ) throws(CheckpointError) -> GenerationConfiguration? {
        guard folder.contains("generation_config.json") else { return nil }
        let file = try folder.open("generation_config.json")
        let text = try file.contents(limit: ConfigurationFields.maximumByteCount)
        do {
            return try parse(text) { bytes throws(ConfigurationError) in
                try GenerationConfiguration(parsing: bytes, vocabularySize: vocabularySize)
            }
        } catch {
            throw .configuration(path: file.path, error)
        }
    }

    /// `withUnsafeBytes` with typed throws.
    private static func parse<Value>(
        _ text: [UInt8],
        _ body: (UnsafeRawBufferPointer) throws(ConfigurationError) -> Value
    ) throws(ConfigurationError) -> Value {
        let outcome: Result<Value, ConfigurationError> = text.withUnsafeBytes { bytes in
            do throws(ConfigurationError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private static func weights(
        in folder: CheckpointFolder
    ) throws(CheckpointError) -> (files: [SafetensorsFile], fileOfTensor: [String: Int]) {
        if folder.contains("model.safetensors") {
            let file = try SafetensorsFile(folder.open("model.safetensors"))
            return ([file], Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, 0) }))
        }
        guard folder.contains("model.safetensors.index.json") else { throw .noWeights(folder: folder.path) }
        let file = try folder.open("model.safetensors.index.json")
        let index: ShardIndex
        do {
            index = try ShardIndex(parsing: file.contents(limit: ShardIndex.maximumByteCount))
        } catch let error as ShardIndexError {
            throw .index(path: file.path, error)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .notAFile(path: file.path)
        }

        var shards: [SafetensorsFile] = []
        for (number, name) in index.files.enumerated() {
            let shard = try SafetensorsFile(folder.open(name))
            for tensor in shard.tensors where index.fileOfTensor[tensor.name] != number {
                throw .index(path: file.path, .tensorNotInIndex(tensor: tensor.name, file: name))
            }
            shards.append(shard)
        }
        for (tensor, number) in index.fileOfTensor where shards[number][tensor] == nil {
            throw .index(path: file.path, .tensorNotInFile(tensor: tensor, file: index.files[number]))
        }
        return (shards, index.fileOfTensor)
    }
}
