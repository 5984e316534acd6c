public import QwenTensor
internal import Synchronization

/// Reads weights of a checkpoint into memory.
public final class CheckpointReader: WeightSource {
    /// The checkpoint that is read.
    public let checkpoint: Checkpoint
    /// How it is read.
    public let options: ReadingOptions

    /// The files that are mapped, by path.
    let mappings = Mutex<[String: Storage]>([:])
    private let bytesTotal: Int
    private let bytesRead = Atomic<Int>(0)

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - checkpoint: the checkpoint to read.
    ///   - options: how to read it.
    public init(_ checkpoint: Checkpoint, options: ReadingOptions = ReadingOptions()) {
        self.checkpoint = checkpoint
        self.options = options
        bytesTotal = checkpoint.weightByteCount
    }

    /// Reads a weight.
    ///
    /// - Parameters:
    ///   - name: the name.
    ///   - shape: the dimensions that it must have.
    /// - Returns: the weight, in memory of its own, stored as in the file.
    /// - Throws: ``CheckpointError``, which names the weight.
    /// - Complexity: O(number of bytes).
    public func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
        try tensors([WeightShape(name, shape)])[0]
    }

    /// Reads some weights into one piece of memory.
    ///
    /// Weights of the same type follow each other without a gap, so that matrices with equally long rows make one larger
    /// matrix; and thousands of small weights (experts) do not take a page of memory each.
    ///
    /// - Parameter weights: the names and the dimensions that they must have.
    /// - Returns: the weights in the same order, all with the same `storage`.
    /// - Throws: ``CheckpointError``, which names the weight.
    /// - Complexity: O(number of bytes).
    public func tensors(_ weights: [WeightShape]) throws(CheckpointError) -> [Tensor] {
        var plan = ReadingPlan(chunkByteCount: max(4096, options.chunkByteCount))
        for weight in weights { try plan.append(weight, from: checkpoint) }
        if options.access == .mapped, plan.parts.count == 1, let tensor = try mapped(plan) { return [tensor] }
        let storage = try fill(plan)
        var tensors: [Tensor] = []
        for part in plan.parts {
            do {
                tensors.append(
                    try Tensor(
                        elementType: part.elementType,
                        shape: part.weight.shape,
                        storage: storage,
                        byteOffset: part.byteOffset
                    )
                )
            } catch {
                throw .tensor(error)
            }
        }
        return tensors
    }

    private func fill(_ plan: ReadingPlan) throws(CheckpointError) -> Storage {
        do {
            return try Storage(byteCount: plan.byteCount) { buffer in
                guard let start = buffer.baseAddress else { return }
                // The workers write to disjoint parts of the buffer, and `run` returns when all are done.
                nonisolated(unsafe) let base = start
                guard let pool = options.pool, plan.chunks.count > 1 else {
                    for chunk in plan.chunks { try read(chunk, of: plan, into: base) }
                    return
                }
                let failure = Mutex<CheckpointError?>(nil)
                pool.run { worker in
                    while let range = worker.nextRange(of: plan.chunks.count, chunk: 1) {
                        for chunk in plan.chunks[range] where failure.withLock({ $0 == nil }) {
                            do throws(CheckpointError) {
                                try self.read(chunk, of: plan, into: base)
                            } catch {
                                failure.withLock { $0 = $0 ?? error }
                            }
                        }
                    }
                }
                if let error = failure.withLock({ $0 }) { throw error }
            }
        } catch let error as CheckpointError {
            throw error
        } catch let error as TensorError {
            throw .tensor(error)
        } catch {
            // Nothing else is thrown above.
            throw .cancelled
        }
    }

    private func read(
        _ chunk: ReadingPlan.Chunk,
        of plan: ReadingPlan,
        into base: UnsafeMutableRawPointer
    ) throws(CheckpointError) {
        if options.isCancelled?() == true { throw .cancelled }
        let part = plan.parts[chunk.part]
        let destination = base + part.byteOffset + chunk.offset
        let buffer = UnsafeMutableRawBufferPointer(start: destination, count: chunk.byteCount)
        try part.weight.file.read(into: buffer, from: part.weight.fileRange.lowerBound + chunk.offset)
        if let group = part.rotaryByteCount {
            RotaryPairs.separate(buffer, groupByteCount: group, rows: part.weight.rotaryRows ?? 2)
        }
        try check(chunk, of: part, at: destination)
    }

    /// Looks at a chunk's numbers, and reports it.
    func check(
        _ chunk: ReadingPlan.Chunk,
        of part: ReadingPlan.Part,
        at bytes: UnsafeRawPointer
    ) throws(CheckpointError) {
        if options.checksFinite {
            try Self.checkFinite(
                bytes,
                part.elementType,
                byteCount: chunk.byteCount,
                byteOffset: chunk.offset,
                of: part.weight.name
            )
        }
        report(chunk.byteCount)
    }

    /// Throws ``CheckpointError/notFinite(name:index:)`` where a number of a piece of a tensor is infinite or NaN.
    static func checkFinite(
        _ bytes: UnsafeRawPointer,
        _ type: ElementType,
        byteCount: Int,
        byteOffset: Int,
        of name: String
    ) throws(CheckpointError) {
        let elements = byteCount / type.bytesPerBlock * type.elementsPerBlock
        guard !Kernels.current.allFinite(bytes, type, count: elements) else { return }
        let first = byteOffset / type.bytesPerBlock * type.elementsPerBlock
        throw .notFinite(name: name, index: first + firstNonFinite(bytes, type, count: elements))
    }

    /// Counts bytes as read.
    func report(_ byteCount: Int) {
        let (_, bytesRead) = bytesRead.add(byteCount, ordering: .relaxed)
        options.progress?(ReadingOptions.Progress(bytesRead: bytesRead, bytesTotal: bytesTotal))
    }

    /// Reads one tensor of a quantised matrix, or its part of a stack.
    func bytes(
        of part: QuantizedMatrix.Part
    ) throws(CheckpointError) -> (storage: Storage, dtype: SafetensorsElementType) {
        guard let (file, tensor) = checkpoint.location(of: part.name) else { throw .tensorNotFound(name: part.name) }
        guard tensor.shape == part.storedShape else {
            throw .unexpectedShape(name: part.name, expected: part.storedShape, found: tensor.shape)
        }
        guard part.dtypes.contains(tensor.dtype) else {
            throw .unsupportedElementType(name: part.name, dtype: tensor.dtype.rawValue)
        }
        let count = tensor.byteCount / (part.index?.of ?? 1)
        let start = tensor.fileRange.lowerBound + count * (part.index?.0 ?? 0)
        do {
            let storage = try Storage(byteCount: count) { buffer in
                guard let base = buffer.baseAddress else { return }
                for offset in stride(from: 0, to: count, by: max(4096, options.chunkByteCount)) {
                    if options.isCancelled?() == true { throw CheckpointError.cancelled }
                    let length = min(count - offset, max(4096, options.chunkByteCount))
                    let piece = UnsafeMutableRawBufferPointer(start: base + offset, count: length)
                    try file.file.read(into: piece, from: start + offset)
                    let (_, bytesRead) = bytesRead.add(length, ordering: .relaxed)
                    options.progress?(ReadingOptions.Progress(bytesRead: bytesRead, bytesTotal: bytesTotal))
                }
            }
            if options.checksFinite, let type = tensor.dtype.elementType {
                let elements = count / type.bytesPerBlock
                if !Kernels.current.allFinite(storage.baseAddress, type, count: elements) {
                    let index = Self.firstNonFinite(storage.baseAddress, type, count: elements)
                    throw CheckpointError.notFinite(name: part.name, index: elements * (part.index?.0 ?? 0) + index)
                }
            }
            return (storage, tensor.dtype)
        } catch let error as CheckpointError {
            throw error
        } catch let error as TensorError {
            throw .tensor(error)
        } catch {
            // Nothing else is thrown above.
            throw .cancelled
        }
    }

    private static func firstNonFinite(_ source: UnsafeRawPointer, _ type: ElementType, count: Int) -> Int {
        // Halve the range that holds it until one block is left.
        var lower = 0
        var upper = count
        while upper - lower > type.elementsPerBlock {
            let middle = lower + (upper - lower) / type.elementsPerBlock / 2 * type.elementsPerBlock
            let start = source + lower / type.elementsPerBlock * type.bytesPerBlock
            if Kernels.current.allFinite(start, type, count: middle - lower) { lower = middle } else { upper = middle }
        }
        return lower
    }
}
