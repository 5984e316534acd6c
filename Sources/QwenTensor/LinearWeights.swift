internal import CQwenKernels

/// The weights of y = x Wᵀ + b, resolved once while loading: what a product needs to know, and nothing to look up.
///
/// Callers pass it to ``Linear`` and never look inside. This is the seam where layouts come in: what a checkpoint stores
/// (``Layout``) can be computed with row by row, through ``decode(rows:into:)``; a layout that is packed for wide instructions
/// when the model is loaded is one more case, with kernels of its own in ``Linear``.
public struct LinearWeights: Sendable {
    /// How W lies in memory.
    enum Layout: Sendable {
        /// Rows of elements that the float kernels read as they are.
        case plain(ElementType)
        /// Rows of quantised blocks.
        case blocks(BlockFormat)
        /// Integers with scales for groups of columns.
        case grouped(GroupedIntegers)
        /// 8-bit floats with scales for tiles.
        case float8(TiledFloat8)
        /// Quantised blocks, packed for products with integers.
        case packed(PackedMatrix)
    }

    let layout: Layout

    /// The number of rows of W: the length of y.
    public let outputs: Int

    /// The number of columns of W: the length of x.
    public let inputs: Int

    /// The bytes of W, which one product reads.
    public let byteCount: Int

    /// The bytes of W but for ``bytesApart``. Valid for reading as long as the weights live, and zero as long as they are deferred.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage.baseAddress + byteOffset, count: storedByteCount)
    }

    /// What lies apart from W's integers or 8-bit floats: their scales and offsets, and b. Valid for reading as long as the weights
    /// live.
    public var bytesApart: [UnsafeRawBufferPointer] {
        let scales: [UnsafeRawBufferPointer] =
            switch layout {
            case .grouped(let matrix): matrix.scaleBytes
            case .float8(let matrix): [matrix.scaleBytes]
            case .plain, .blocks, .packed: []
            }
        return scales + (bias.map { [UnsafeRawBufferPointer($0.elements)] } ?? [])
    }

    /// b as floats, if there is one.
    let bias: AlignedBuffer<Float>?

    /// Whether products take their inputs as bfloat16.
    private(set) var roundsInputs = false

    /// What is added to the product.
    private(set) var update: LowRankUpdate?

    /// The matrix, where it is read when it is needed.
    package private(set) var deferred: DeferredMatrix?

    /// The matrix, where it is not in memory at all and is brought there by who needs it: no product can be computed with these
    /// weights, only with ``init(_:in:)``.
    package private(set) var stored: StoredMatrix?

    /// The bytes from one row to the next, for chunks of work.
    let rowByteCount: Int

    private let storedByteCount: Int
    private let byteOffset: Int
    private let storage: Storage

    /// The weights as they lie in a checkpoint.
    ///
    /// - Parameters:
    ///   - weights: [outputs, inputs].
    ///   - bias: [outputs], of any element type.
    /// - Throws: ``TensorError/notAMatrix(_:)``, ``TensorError/biasDoesNotFit(bias:weights:)``, or an allocation error.
    public init(_ weights: Tensor, bias: Tensor? = nil) throws(TensorError) {
        guard weights.shape.count == 2 else { throw .notAMatrix(weights.shape) }
        if case .block(let format) = weights.elementType {
            layout = .blocks(format)
        } else {
            layout = .plain(weights.elementType)
        }
        outputs = weights.shape[0]
        inputs = weights.shape[1]
        rowByteCount = weights.rowByteCount
        byteCount = weights.byteCount
        storedByteCount = weights.byteCount
        byteOffset = weights.byteOffset
        storage = weights.storage
        self.bias = try Self.floats(bias, outputs: weights.shape[0], weights: weights.shape)
    }

    /// Integers with scales.
    ///
    /// - Parameters:
    ///   - weights: [outputs, inputs].
    ///   - bias: [outputs], of any element type.
    /// - Throws: ``TensorError/biasDoesNotFit(bias:weights:)`` or an allocation error.
    public init(_ weights: GroupedIntegers, bias: Tensor? = nil) throws(TensorError) {
        layout = .grouped(weights)
        outputs = weights.rows
        inputs = weights.columns
        byteCount = weights.byteCount
        rowByteCount = weights.byteCount / max(weights.rows, 1)
        storedByteCount = weights.codeByteCount
        byteOffset = weights.codesOffset
        storage = weights.codes
        self.bias = try Self.floats(bias, outputs: weights.rows, weights: [weights.rows, weights.columns])
    }

    /// 8-bit floats with scales.
    ///
    /// - Parameters:
    ///   - weights: [outputs, inputs].
    ///   - bias: [outputs], of any element type.
    /// - Throws: ``TensorError/biasDoesNotFit(bias:weights:)`` or an allocation error.
    public init(_ weights: TiledFloat8, bias: Tensor? = nil) throws(TensorError) {
        layout = .float8(weights)
        outputs = weights.rows
        inputs = weights.columns
        byteCount = weights.byteCount
        rowByteCount = weights.columns
        storedByteCount = weights.bytes.byteCount
        byteOffset = 0
        storage = weights.bytes
        self.bias = try Self.floats(bias, outputs: weights.rows, weights: [weights.rows, weights.columns])
    }

    /// Whether this arithmetic has kernels for rows that are read when they are needed.
    package static func canDefer(_ rows: StoredRows, for arithmetic: Arithmetic) -> Bool {
        if case .block(let format) = rows.elementType {
            return arithmetic.packsWeights && PackedMatrix.layout(of: format) != nil
        }
        return rows.elementType == .bfloat16 && arithmetic.roundsToBFloat16
    }

    /// Weights that are read when they are needed, in the form that `arithmetic` computes with; nil where it has no kernels for
    /// what W is stored as.
    ///
    /// - Parameters:
    ///   - rows: W as it is stored.
    ///   - bias: [outputs], of any element type.
    ///   - arithmetic: how products are to treat their inputs.
    ///   - failures: told when rows cannot be read.
    ///   - arena: where the memory of W is put; nil for memory of its own.
    /// - Throws: ``TensorError/biasDoesNotFit(bias:weights:)`` or an allocation error.
    package init?(
        deferring rows: StoredRows,
        bias: Tensor?,
        for arithmetic: Arithmetic,
        failures: ReadingFailures,
        in arena: StorageArena?
    ) throws(TensorError) {
        guard Self.canDefer(rows, for: arithmetic) else { return nil }
        let floats = try Self.floats(bias, outputs: rows.outputs, weights: [rows.outputs, rows.inputs])
        if case .block(let format) = rows.elementType, let layout = PackedMatrix.layout(of: format) {
            let matrix = try DeferredMatrix(rows, layout: layout, failures: failures, in: arena)
            let packed = PackedMatrix(
                layout,
                inputs: rows.inputs,
                inputForm: arithmetic.packedInputForm,
                storage: matrix.storage
            )
            self.init(packed, outputs: rows.outputs, bias: floats)
            deferred = matrix
        } else {
            let matrix = try DeferredMatrix(rows, layout: nil, failures: failures, in: arena)
            self.init(bfloat16: matrix.storage, rows, bias: floats)
            deferred = matrix
        }
    }

    /// The weights of a matrix that is brought into memory, and replaced there, by the owner of that memory.
    ///
    /// - Parameters:
    ///   - form: what the matrix is.
    ///   - storage: as many bytes as the form says.
    /// - Throws: ``TensorError/outOfBounds(byteOffset:byteCount:storageByteCount:)``
    package init(_ form: StoredMatrix.Form, in storage: Storage) throws(TensorError) {
        guard storage.byteCount == form.byteCount else {
            throw .outOfBounds(byteOffset: 0, byteCount: form.byteCount, storageByteCount: storage.byteCount)
        }
        if let layout = form.layout {
            let inputForm = form.arithmetic.packedInputForm
            let packed = PackedMatrix(layout, inputs: form.inputs, inputForm: inputForm, storage: storage)
            self.init(packed, outputs: form.outputs, bias: nil)
        } else {
            let shape = [form.outputs, form.inputs]
            try self.init(Tensor(elementType: form.elementType, shape: shape, storage: storage))
            roundsInputs = form.elementType == .bfloat16 && form.arithmetic.roundsToBFloat16
        }
    }

    /// The weights of a matrix that is not in memory.
    ///
    /// - Parameters:
    ///   - matrix: the matrix.
    ///   - standIn: memory of its size, which nobody will touch.
    /// - Throws: ``TensorError/outOfBounds(byteOffset:byteCount:storageByteCount:)``
    package init(absent matrix: StoredMatrix, standIn: Storage) throws(TensorError) {
        try self.init(matrix.form, in: standIn)
        stored = matrix
    }

    /// The same weights with the update of others beside them, or none.
    package func updated(like other: LinearWeights) -> LinearWeights { updated(by: other.update) }

    /// The weights in the form that `arithmetic` computes with: packed, if there are kernels for what they are stored in.
    ///
    /// - Parameters:
    ///   - arithmetic: how products are to treat their inputs.
    ///   - pool: who packs; nil for the calling thread.
    ///   - arena: where packed weights are put; nil for memory of their own.
    /// - Returns: the same numbers. The memory of these weights is free as soon as nobody else holds it.
    /// - Throws: an allocation error.
    public consuming func prepared(
        for arithmetic: Arithmetic,
        pool: WorkerPool? = nil,
        in arena: StorageArena? = nil
    ) throws -> LinearWeights {
        guard arithmetic.packsWeights else { return self }
        if case .plain(.bfloat16) = layout, arithmetic.roundsToBFloat16 {
            var copy = self
            copy.roundsInputs = true
            return copy
        }
        guard
            case .blocks(let format) = layout,
            let matrix = try PackedMatrix(
                format,
                rows: row(0),
                rowByteCount: rowByteCount,
                outputs: outputs,
                inputs: inputs,
                inputForm: arithmetic.packedInputForm,
                pool: pool,
                arena: arena
            )
        else { return self }
        // Otherwise a file that is mapped would stay in memory beside what was packed.
        storage.letGo(of: byteOffset..<byteOffset + storedByteCount)
        return LinearWeights(matrix, outputs: outputs, bias: bias).updated(by: update)
    }

    /// What a matrix of a checkpoint takes in memory when it is prepared.
    ///
    /// - Parameters:
    ///   - type: how it is stored.
    ///   - outputs: its rows.
    ///   - inputs: its columns.
    ///   - arithmetic: how products are to treat their inputs.
    /// - Returns: the bytes, or nil where the matrix stays as it is stored; and the forms in which products want their inputs.
    package static func footprint(
        of type: ElementType,
        outputs: Int,
        inputs: Int,
        arithmetic: Arithmetic
    ) -> (packedByteCount: Int?, inputForms: InputForms) {
        switch type {
        case .block(let format) where arithmetic.packsWeights:
            let bytes = PackedMatrix.byteCount(format, outputs: outputs, inputs: inputs)
            return (bytes, bytes == nil ? [] : arithmetic.packedInputForm)
        case .bfloat16:
            return (nil, arithmetic.roundsToBFloat16 ? .bfloat16 : [])
        default:
            return (nil, [])
        }
    }

    /// Rows of BF16 for inputs that are rounded to it.
    private init(bfloat16 storage: Storage, _ rows: StoredRows, bias: AlignedBuffer<Float>?) {
        layout = .plain(.bfloat16)
        outputs = rows.outputs
        inputs = rows.inputs
        rowByteCount = rows.rowByteCount
        byteCount = storage.byteCount
        storedByteCount = storage.byteCount
        byteOffset = 0
        self.storage = storage
        self.bias = bias
        roundsInputs = true
    }

    private init(_ matrix: PackedMatrix, outputs: Int, bias: AlignedBuffer<Float>?) {
        layout = .packed(matrix)
        self.outputs = outputs
        inputs = matrix.inputs
        byteCount = matrix.storage.byteCount
        rowByteCount = matrix.groupByteCount / PackedMatrix.groupRows
        storedByteCount = matrix.storage.byteCount
        byteOffset = 0
        storage = matrix.storage
        self.bias = bias
    }

    /// Whether something is added to the product beside the weights.
    public var isUpdated: Bool { update != nil }

    /// Whether a row of a product has the same bits whatever rows are computed beside it, as long as there are no more than
    /// eight.
    public var isBatchInvariant: Bool {
        if case .packed = layout { return update == nil }
        return false
    }

    /// The forms, besides floats, in which products want their inputs from ``LinearScratch/prepare(_:inputs:slot:)``.
    public var inputForms: InputForms {
        if case .packed(let matrix) = layout { return matrix.inputForm }
        return roundsInputs ? .bfloat16 : []
    }

    private static func floats(
        _ bias: Tensor?,
        outputs: Int,
        weights: [Int]
    ) throws(TensorError) -> AlignedBuffer<Float>? {
        guard let bias else { return nil }
        guard bias.shape == [outputs] else { throw .biasDoesNotFit(bias: bias.shape, weights: weights) }
        let floats = try AlignedBuffer<Float>(count: bias.elementCount)
        Kernels.current.convert(
            from: bias.baseAddress,
            bias.elementType,
            to: floats.baseAddress,
            count: bias.elementCount
        )
        return floats
    }

    /// The same weights with another update beside them, or none.
    ///
    /// - Parameter update: made for this many outputs and inputs.
    /// - Returns: weights that share this one's memory.
    public func updated(by update: LowRankUpdate?) -> LinearWeights {
        var copy = self
        copy.update = update
        return copy
    }

    /// The first byte of a row of plain elements or blocks.
    @inline(__always)
    func row(_ row: Int) -> UnsafeRawPointer {
        storage.baseAddress + (byteOffset &+ row &* rowByteCount)
    }

    /// Rows of W as floats: exactly what the checkpoint's format defines.
    ///
    /// - Parameters:
    ///   - rows: which rows.
    ///   - destination: [rows, inputs].
    public func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= outputs, "rows \(rows) of \(outputs)")
        var destination = destination
        if let deferred, !deferred.isComplete {
            for index in rows {
                deferred.decode(row: index, into: destination)
                destination += inputs
            }
            return
        }
        for index in rows {
            switch layout {
            case .plain(let type):
                Kernels.current.convert(from: row(index), type, to: destination, count: inputs)
            case .blocks(let format):
                Kernels.current.convert(from: row(index), .block(format), to: destination, count: inputs)
            case .grouped(let grouped):
                withUnsafePointer(to: grouped.matrix) { qwen_grouped_row($0, index, destination) }
            case .float8(let tiled):
                withUnsafePointer(to: tiled.matrix) { qwen_float8_row($0, index, destination) }
            case .packed(let matrix):
                matrix.decode(row: index, into: destination)
            }
            destination += inputs
        }
    }
}
