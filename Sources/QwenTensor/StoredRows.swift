internal import Synchronization

/// The rows of a matrix as they are stored somewhere else, in a file say, and how to get them.
package struct StoredRows: Sendable {
    /// How the elements are stored.
    package let elementType: ElementType
    /// The number of rows.
    package let outputs: Int
    /// The number of columns.
    package let inputs: Int
    /// The bytes of a row.
    package let rowByteCount: Int

    /// Fills a buffer with some rows. Called by any thread.
    let read: @Sendable (_ rows: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer) throws -> Void

    /// Looks for a number that is not finite, and throws an error that names it; nil where nobody wants to know.
    let check: (@Sendable (_ rows: Range<Int>, _ bytes: UnsafeRawPointer) throws -> Void)?

    /// Tells the system that some rows will be read soon; nil where that makes no difference.
    let prefetch: (@Sendable (_ rows: Range<Int>) -> Void)?

    /// Describes rows.
    ///
    /// - Parameters:
    ///   - elementType: how the elements are stored.
    ///   - outputs: the number of rows, at least 1.
    ///   - inputs: the number of columns, at least 1.
    ///   - read: fills a buffer, which has the size for it, with some rows; called by any thread.
    ///   - check: throws where one of some rows' numbers is not finite; nil where nobody wants to know.
    ///   - prefetch: tells the system that some rows will be read soon.
    /// - Throws: ``TensorError/invalidShape(_:)`` or ``TensorError/incompleteBlock(elementType:columns:)``.
    package init(
        elementType: ElementType,
        outputs: Int,
        inputs: Int,
        read: @escaping @Sendable (_ rows: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer) throws -> Void,
        check: (@Sendable (_ rows: Range<Int>, _ bytes: UnsafeRawPointer) throws -> Void)?,
        prefetch: (@Sendable (_ rows: Range<Int>) -> Void)? = nil
    ) throws(TensorError) {
        guard outputs > 0, inputs > 0 else { throw .invalidShape([outputs, inputs]) }
        rowByteCount = try Tensor.size(elementType: elementType, shape: [outputs, inputs]).rowBytes
        self.elementType = elementType
        self.outputs = outputs
        self.inputs = inputs
        self.read = read
        self.check = check
        self.prefetch = prefetch
    }
}

/// The first error of those that happened while rows were read, kept for somebody who can throw it.
package final class ReadingFailures: Sendable {
    private let hasFailed = Atomic<Bool>(false)
    private let first = Mutex<(any Error)?>(nil)

    package init() {}

    /// Keeps an error unless there is one.
    package func record(_ error: any Error) {
        first.withLock { $0 = $0 ?? error }
        hasFailed.store(true, ordering: .releasing)
    }

    /// Throws the error, if there is one, and forgets it.
    package func check() throws {
        guard hasFailed.load(ordering: .acquiring) else { return }
        hasFailed.store(false, ordering: .relaxed)
        let error = first.withLock { first in
            defer { first = nil }
            return first
        }
        if let error { throw error }
    }
}
