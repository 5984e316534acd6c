import QwenTensor

/// When rows are read.
enum RowUse {
    /// Once, before loading ends.
    case whileLoading
    /// Once, after loading.
    case later
    /// Whenever they are needed.
    case again
}

/// A source whose matrices can be read some rows at a time.
protocol RowSource: WeightSource {
    /// Where a matrix' rows are.
    ///
    /// - Parameters:
    ///   - name: the canonical name without `.weight`.
    ///   - outputs: the rows of the matrix.
    ///   - inputs: its columns.
    ///   - use: when they are read.
    /// - Returns: the rows, or nil where `linear` has to give the matrix as a whole.
    /// - Throws: an error that names the weight, where there is none or it has another shape.
    func rows(_ name: String, outputs: Int, inputs: Int, use: RowUse) throws -> StoredRows?
}

extension CheckpointReader: RowSource {
    /// Where a matrix' rows are, for those who read them when they need them.
    ///
    /// - Parameters:
    ///   - name: the name without `.weight`.
    ///   - outputs: the rows.
    ///   - inputs: the columns.
    ///   - use: when they are read. While the model is loaded, reading is reported and can be cancelled; otherwise the whole
    ///     matrix is reported at once.
    /// - Returns: the rows; nil where they must be put in another order, are stored in several tensors, or are read once and to
    ///   be used where a mapped file has them.
    /// - Throws: ``CheckpointError``, which names the tensor.
    func rows(
        _ name: String,
        outputs: Int,
        inputs: Int,
        use: RowUse
    ) throws(CheckpointError) -> StoredRows? {
        let weight = WeightShape(name + ".weight", [outputs, inputs])
        guard options.access == .read || use == .again, outputs > 0, inputs > 0,
            checkpoint.quantizedMatrix(weight) == nil
        else { return nil }
        var plan = ReadingPlan(chunkByteCount: .max)
        try plan.append(weight, from: checkpoint)
        let part = plan.parts[0]
        guard part.rotaryByteCount == nil else { return nil }
        let stored = part.weight
        let rowByteCount = stored.byteCount / outputs
        let whileLoading = use == .whileLoading
        let isCancelled = whileLoading ? options.isCancelled : nil
        if !whileLoading { report(stored.byteCount) }
        let read: @Sendable (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void = { [self] rows, buffer in
            if isCancelled?() == true { throw CheckpointError.cancelled }
            try stored.file.read(into: buffer, from: stored.fileRange.lowerBound + rows.lowerBound * rowByteCount)
            if whileLoading { report(buffer.count) }
        }
        let check: @Sendable (Range<Int>, UnsafeRawPointer) throws -> Void = { rows, bytes in
            try Self.checkFinite(
                bytes,
                part.elementType,
                byteCount: rows.count * rowByteCount,
                byteOffset: rows.lowerBound * rowByteCount,
                of: stored.name
            )
        }
        let prefetch: @Sendable (Range<Int>) -> Void = { rows in
            let start = stored.fileRange.lowerBound + rows.lowerBound * rowByteCount
            stored.file.prefetch(start..<start + rows.count * rowByteCount)
        }
        do throws(TensorError) {
            return try StoredRows(
                elementType: part.elementType,
                outputs: outputs,
                inputs: inputs,
                read: read,
                check: options.checksFinite ? check : nil,
                prefetch: use == .again ? prefetch : nil
            )
        } catch {
            throw .matrix(name: stored.name, error)
        }
    }
}
