/// Working memory: a fixed number of numbers, zero at first, 64-byte aligned, freed with the object.
///
/// This is raw memory with an owner. Who reads and writes which part at what time is the caller's business, as with an
/// `UnsafeMutableBufferPointer`; inside a region of a ``WorkerPool`` the barriers order the accesses of the workers.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: the pointer and the count are constants. The elements are reachable only through the unsafe pointer.

    let memory: AlignedMemory

    /// The first element. Valid as long as the buffer lives.
    public let baseAddress: UnsafeMutablePointer<Element>

    /// The number of elements.
    public let count: Int

    /// Allocates `count` elements whose bytes are all zero.
    ///
    /// - Parameters:
    ///   - count: how many elements.
    ///   - usesHugePages: whether the system is asked for pages of 2 MiB, where it has them. Memory of which a little here and
    ///     there is used for now takes less, and is there sooner, with small ones.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(count: Int, usesHugePages: Bool = true) throws(TensorError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, count >= 0 else { throw .invalidByteCount(overflow ? Int.max : bytes) }
        memory = try AlignedMemory(byteCount: bytes, usesHugePages: usesHugePages)
        baseAddress = memory.baseAddress.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    /// All elements. Valid as long as the buffer lives.
    public var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: baseAddress, count: count)
    }
}
