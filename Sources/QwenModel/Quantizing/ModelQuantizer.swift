public import QwenTensor

/// Writes a model as a GGUF file whose matrices are quantised.
///
/// The source is a checkpoint of floats: a folder in Hugging Face's layout, or a GGUF file, whose metadata is kept. Vectors and the
/// routers of mixtures of experts stay floats.
public struct ModelQuantizer: Sendable {
    /// What is quantised.
    public let checkpoint: Checkpoint
    /// Which format each matrix gets.
    public let mixture: QuantizationMixture

    /// Plans a file.
    ///
    /// - Parameters:
    ///   - checkpoint: what is quantised.
    ///   - mixture: which format each matrix gets.
    public init(_ checkpoint: Checkpoint, to mixture: QuantizationMixture) {
        self.checkpoint = checkpoint
        self.mixture = mixture
    }

    /// How far writing has come.
    public struct Progress: Sendable, Equatable {
        /// The tensor that is written, by its name in the file.
        public let tensor: String
        /// How it is stored.
        public let type: String
        /// The number of tensors before it.
        public let done: Int
        /// The number of tensors.
        public let total: Int
    }

    /// Writes the file; it gets its name when it is complete.
    ///
    /// This takes minutes for large models: call it from a thread that may block.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - vocabulary: the metadata of the tokenizer and the chat template, for a source that is not a GGUF file.
    ///   - pool: the workers.
    ///   - progress: called before each tensor.
    ///   - isCancelled: asked before each piece of a tensor.
    /// - Throws: ``QuantizingError``; no file is left then.
    /// - Complexity: memory for the largest matrix as it is stored.
    public func write(
        to path: String,
        vocabulary: [GGUFFile.Entry] = [],
        pool: WorkerPool,
        progress: ((Progress) -> Void)? = nil,
        isCancelled: (() -> Bool)? = nil
    ) throws(QuantizingError) {
        let items = if let model = checkpoint.gguf { try ggufItems(model) } else { try folderItems() }
        let writer = try GGUFWriter(
            path: path,
            metadata: metadata(vocabulary),
            tensors: items.map { GGUFWriter.Tensor(name: $0.name, type: $0.type, shape: $0.shape) }
        )
        let reader = checkpoint.reader()
        let buffers = QuantizingBuffers()
        for (number, item) in items.enumerated() {
            progress?(Progress(tensor: item.name, type: "\(item.type)", done: number, total: items.count))
            for source in item.sources {
                let rows = try reading { () throws(CheckpointError) in try source.open(reader) }
                try buffers.write(rows, as: item.type, to: writer, pool: pool, isCancelled: isCancelled)
            }
            try writer.pad()
        }
        try writer.finish()
    }

    private func reading<Value>(_ body: () throws(CheckpointError) -> Value) throws(QuantizingError) -> Value {
        do {
            return try body()
        } catch {
            throw .source(error)
        }
    }
}

/// A tensor of the file to write.
struct QuantizingItem {
    let name: String
    let shape: [Int]
    let type: GGUFTensorType
    /// What it is made of, one after another: a stack of experts has many.
    let sources: [QuantizingSource]
}

/// Where the numbers of a tensor come from.
enum QuantizingSource {
    /// A vector by its canonical name.
    case vector(WeightShape)
    /// A matrix by its canonical name.
    case matrix(WeightShape)
    /// A tensor of a GGUF file.
    case stored(GGUFFile, GGUFFile.Tensor)

    /// Reads what has to be read at once.
    func open(_ reader: CheckpointReader) throws(CheckpointError) -> QuantizingRows {
        switch self {
        case .vector(let weight):
            return .tensor(try reader.tensor(weight.name, shape: weight.shape), columns: weight.shape.last ?? 1)
        case .matrix(let weight):
            let module = String(weight.name.dropLast(".weight".count))
            return .matrix(
                try reader.linear(module, outputs: weight.shape[0], inputs: weight.shape[1], bias: false)
            )
        case .stored(let file, let tensor):
            guard let type = tensor.type.elementType else {
                throw .unsupportedElementType(name: tensor.name, dtype: tensor.type.description)
            }
            do {
                let storage = try Storage(byteCount: tensor.byteCount) { buffer in
                    try file.file.read(into: buffer, from: tensor.fileRange.lowerBound)
                }
                let whole = try Tensor(elementType: type, shape: tensor.shape, storage: storage)
                return .tensor(whole, columns: tensor.shape.last ?? 1)
            } catch let error as CheckpointError {
                throw error
            } catch let error as TensorError {
                throw .matrix(name: tensor.name, error)
            } catch {
                // Nothing else is thrown above.
                throw .cancelled
            }
        }
    }
}
