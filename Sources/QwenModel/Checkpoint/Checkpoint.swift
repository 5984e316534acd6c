/// A model on disk. Either a folder in Hugging Face's layout: `config.json`, perhaps `generation_config.json`, and the weights in
/// `model.safetensors` or in the files that `model.safetensors.index.json` names (the files may be part of the program too);
/// or a GGUF file, perhaps split, which holds everything.
///
/// Opening reads and checks everything but the numbers: afterwards it is certain that all weights are there, with the
/// right shapes and of types that can be computed with. The files stay open, so that replacing them does no harm.
public struct Checkpoint: Sendable {
    /// The absolute path of the folder or the GGUF file, without symbolic links; for files that are part of the program, their
    /// name.
    public let path: String
    /// What the model looks like.
    public let configuration: ModelConfiguration
    /// How its authors suggest to generate, if they say so.
    public let generationConfiguration: GenerationConfiguration?
    /// The safetensors files with the weights; none where they are in GGUF files.
    public let files: [SafetensorsFile]
    /// The GGUF files with everything, or nil where it is another kind of checkpoint.
    public let gguf: GGUFModel?

    /// Nil for GGUF files, which need nothing beside them.
    private let folder: CheckpointFolder?
    private let fileOfTensor: [String: Int]

    /// Opens a folder or a GGUF file.
    ///
    /// - Parameter path: the path of a folder in Hugging Face's layout, of a GGUF file (the first, where it is split), or of a
    ///   folder with one GGUF model and no other.
    /// - Throws: ``CheckpointError``, which says which file or tensor is wrong, and why.
    public init(path: String) throws(CheckpointError) {
        if let file = try GGUFModel.file(at: path) {
            try self.init(GGUFModel(path: file))
        } else {
            try self.init(CheckpointFolder(path: path))
        }
    }

    /// Opens files that are part of the program; all that is checked for a folder is checked for them.
    ///
    /// - Parameter files: the files. Weights are copied out of them when they are read, and nothing else is.
    /// - Throws: ``CheckpointError``, which says which file or tensor is wrong, and why.
    public init(_ files: EmbeddedFiles) throws(CheckpointError) {
        try self.init(CheckpointFolder(files))
    }

    private init(_ model: GGUFModel) throws(CheckpointError) {
        path = model.files[0].path
        gguf = model
        configuration = model.configuration
        generationConfiguration = nil
        folder = nil
        files = []
        fileOfTensor = [:]
        try model.verify()
    }

    private init(_ folder: CheckpointFolder) throws(CheckpointError) {
        path = folder.path
        gguf = nil
        self.folder = folder
        configuration = try Self.configuration(in: folder)
        generationConfiguration = try Self.generationConfiguration(
            in: folder,
            vocabularySize: configuration.vocabularySize
        )
        (files, fileOfTensor) = try Self.weights(in: folder)
        try verify()
    }

    /// The tensor of a name in safetensors files, or nil where there is none.
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
    /// - Returns: the bytes, or nil where there is no such file; always nil for GGUF files.
    /// - Throws: ``CheckpointError`` where the file is too large, cannot be read, or is a link out of the folder.
    public func contents(of name: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        guard let folder, folder.contains(name) else { return nil }
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

    /// A weight that is one tensor, or a part of one, by its canonical name.
    func stored(_ name: String) -> StoredWeight? {
        if let gguf { return gguf.stored(name) }
        guard let (file, tensor) = location(of: name) else { return nil }
        return StoredWeight(
            name: name,
            file: file.file,
            shape: tensor.shape,
            elementType: tensor.dtype.elementType,
            typeName: tensor.dtype.rawValue,
            fileRange: tensor.fileRange
        )
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
