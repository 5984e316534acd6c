/// Numbers of a checkpoint: a shape, an element type, and a place in a ``Storage``. Row-major, the last dimension
/// contiguous.
public struct Tensor: Sendable {
    /// How the elements are stored.
    public let elementType: ElementType

    /// The dimensions, the slowest first; empty for a single number.
    public let shape: [Int]

    /// The memory that holds the elements, perhaps among others.
    public let storage: Storage

    /// Where the first element lies in the storage.
    public let byteOffset: Int

    /// The number of elements.
    public let elementCount: Int

    /// The number of bytes.
    public let byteCount: Int

    /// The bytes from one row (along the last dimension) to the next.
    public let rowByteCount: Int

    /// Describes elements that lie in `storage`.
    ///
    /// - Throws: ``TensorError/invalidShape(_:)``, ``TensorError/incompleteBlock(elementType:columns:)``,
    ///   ``TensorError/outOfBounds(byteOffset:byteCount:storageByteCount:)`` or
    ///   ``TensorError/misaligned(byteOffset:alignment:)``.
    public init(
        elementType: ElementType,
        shape: [Int],
        storage: Storage,
        byteOffset: Int = 0
    ) throws(TensorError) {
        let size = try Self.size(elementType: elementType, shape: shape)
        guard byteOffset >= 0, byteOffset <= storage.byteCount, size.bytes <= storage.byteCount - byteOffset else {
            throw .outOfBounds(
                byteOffset: byteOffset,
                byteCount: size.bytes,
                storageByteCount: storage.byteCount
            )
        }
        guard byteOffset % elementType.alignment == 0 else {
            throw .misaligned(byteOffset: byteOffset, alignment: elementType.alignment)
        }
        self.elementType = elementType
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
        elementCount = size.elements
        byteCount = size.bytes
        rowByteCount = size.rowBytes
    }

    /// The size of a tensor that need not exist yet.
    ///
    /// - Throws: ``TensorError/invalidShape(_:)`` or ``TensorError/incompleteBlock(elementType:columns:)``.
    public static func size(
        elementType: ElementType,
        shape: [Int]
    ) throws(TensorError) -> (elements: Int, bytes: Int, rowBytes: Int) {
        let columns = shape.last ?? 1
        guard columns >= 0 else { throw .invalidShape(shape) }
        guard columns % elementType.elementsPerBlock == 0 else {
            throw .incompleteBlock(elementType: elementType, columns: columns)
        }
        guard let rowBytes = elementType.rowByteCount(columns: columns) else { throw .invalidShape(shape) }
        var rows = 1
        for dimension in shape.dropLast() {
            let (product, overflow) = rows.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow else { throw .invalidShape(shape) }
            rows = product
        }
        let (bytes, bytesOverflow) = rows.multipliedReportingOverflow(by: rowBytes)
        let (elements, elementsOverflow) = rows.multipliedReportingOverflow(by: columns)
        guard !bytesOverflow, !elementsOverflow else { throw .invalidShape(shape) }
        return (elements, bytes, rowBytes)
    }

    /// The length of a row: the last dimension.
    public var columns: Int { shape.last ?? 1 }

    /// The number of rows: the product of all dimensions but the last.
    public var rows: Int { rowByteCount == 0 ? shape.dropLast().reduce(1, *) : byteCount / rowByteCount }

    /// The first byte. Valid as long as the storage lives.
    public var baseAddress: UnsafeRawPointer { storage.baseAddress + byteOffset }

    /// The first byte of a row. Valid as long as the storage lives.
    ///
    /// - Precondition: `row` is one of the rows.
    public func row(_ row: Int) -> UnsafeRawPointer {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return baseAddress + row * rowByteCount
    }

    /// The part with the given index along the first dimension: of [experts, outputs, inputs], one expert's matrix.
    ///
    /// - Precondition: the index lies within the first dimension.
    public subscript(index: Int) -> Tensor {
        precondition(index >= 0 && index < shape.first ?? 0, "part \(index) of shape \(shape)")
        return Tensor(partOf: self, index: index)
    }

    private init(partOf whole: Tensor, index: Int) {
        elementType = whole.elementType
        storage = whole.storage
        let parts = whole.shape[0]
        if whole.shape.count > 1 {
            shape = Array(whole.shape.dropFirst())
            elementCount = whole.elementCount / parts
            byteCount = whole.byteCount / parts
            rowByteCount = whole.rowByteCount
            byteOffset = whole.byteOffset + index * byteCount
        } else {
            precondition(whole.elementType.elementsPerBlock == 1, "an element inside a block has no address")
            shape = []
            elementCount = 1
            byteCount = whole.elementType.bytesPerBlock
            rowByteCount = byteCount
            byteOffset = whole.byteOffset + index * byteCount
        }
    }

    /// All elements as floats, exactly.
    ///
    /// - Complexity: O(n), with an allocation of n floats.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            if let destination = buffer.baseAddress {
                Kernels.current.convert(from: baseAddress, elementType, to: destination, count: elementCount)
            }
            count = elementCount
        }
    }

    /// Whether no element is NaN or infinite.
    ///
    /// - Complexity: O(n)
    public var isFinite: Bool {
        Kernels.current.allFinite(baseAddress, elementType, count: elementCount)
    }
}
