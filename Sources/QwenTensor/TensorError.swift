/// What can go wrong below the model: memory, threads, and descriptions that do not fit their bytes.
public enum TensorError: Error, Equatable, Sendable {
    /// A negative number of bytes, or more than the address space allows.
    case invalidByteCount(Int)
    /// The system gave no memory.
    case allocationFailed(byteCount: Int)
    /// A dimension is negative, or the number of elements or bytes overflows.
    case invalidShape([Int])
    /// The last dimension is not a multiple of the element type's block.
    case incompleteBlock(elementType: ElementType, columns: Int)
    /// The tensor reaches past the end of its storage, or begins before it.
    case outOfBounds(byteOffset: Int, byteCount: Int, storageByteCount: Int)
    /// The first element does not lie on a multiple of its alignment.
    case misaligned(byteOffset: Int, alignment: Int)
    /// Weights need two dimensions, [outputs, inputs].
    case notAMatrix([Int])
    /// A bias is a vector with one element for each output.
    case biasDoesNotFit(bias: [Int], weights: [Int])
    /// A column of grouped integers belongs to a group that has no scale.
    case groupOutOfRange(column: Int, group: Int, groups: Int)
    /// The joint rank of a matrix' updates is 0 or more than working memory is made for.
    case rankTooLarge(Int, limit: Int)
    /// Fewer than one worker, or more than 4,096.
    case invalidWorkerCount(Int)
    /// The system started no thread; `code` is the errno value.
    case threadCreationFailed(code: Int32)
}

extension TensorError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .invalidByteCount(let count):
            "\(count) is not a possible number of bytes"
        case .allocationFailed(let count):
            "the system has no \(count) bytes of memory left"
        case .invalidShape(let shape):
            "\(shape) is not a possible shape"
        case .incompleteBlock(let type, let columns):
            "rows of \(columns) elements do not fill whole blocks of \(type)"
        case .outOfBounds(let offset, let count, let available):
            "\(count) bytes from offset \(offset) do not fit into \(available) bytes"
        case .misaligned(let offset, let alignment):
            "byte offset \(offset) is not a multiple of \(alignment)"
        case .notAMatrix(let shape):
            "a matrix was expected, not shape \(shape)"
        case .biasDoesNotFit(let bias, let weights):
            "a bias of shape \(bias) does not fit weights of shape \(weights)"
        case .groupOutOfRange(let column, let group, let groups):
            "column \(column) belongs to group \(group), and there are scales for \(groups)"
        case .rankTooLarge(let rank, let limit):
            "updates of rank \(rank) in all are not possible, 1 to \(limit) are"
        case .invalidWorkerCount(let count):
            "\(count) workers are not possible, 1 to 4096 are"
        case .threadCreationFailed(let code):
            "the system started no thread (error \(code))"
        }
    }
}
