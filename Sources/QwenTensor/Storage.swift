#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Bytes that never change once they are there: the memory behind weights.
///
/// Large storages lie on 2 MiB boundaries in anonymous memory for which huge pages are asked (on Linux), because reading
/// weights at the speed of memory needs the translation of addresses to stay out of the way.
public final class Storage: @unchecked Sendable {
    // Sendable: the pointer and the count are constants; the bytes are written only by the closure that `init` calls,
    // before any other thread can hold a reference, and there is no way to write to them afterwards. Mapped bytes are read only.
    // Reserved bytes are written by `DeferredMatrix`, which publishes them when all are written. Lent bytes do change: those who
    // lend them are the only ones who have the storage, and order their writes and reads themselves.

    private let memory: AlignedMemory

    /// Where in the memory the storage begins.
    private let offset: Int

    /// Whether the bytes are a file's.
    private let isMapped: Bool

    /// The number of bytes.
    public let byteCount: Int

    /// The first byte. Valid for reading as long as the storage lives.
    public var baseAddress: UnsafeRawPointer { UnsafeRawPointer(memory.baseAddress) + offset }

    /// All bytes. Valid for reading as long as the storage lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: baseAddress, count: byteCount) }

    /// Allocates bytes and has them filled.
    ///
    /// - Parameters:
    ///   - byteCount: how many, 0 allowed.
    ///   - arena: where to put them; nil for memory of their own.
    ///   - fill: writes the bytes, which are all zero before; the buffer is only valid during the call.
    /// - Throws: ``TensorError/invalidByteCount(_:)``, ``TensorError/allocationFailed(byteCount:)``, or what `fill`
    ///   throws.
    public init(
        byteCount: Int,
        in arena: StorageArena? = nil,
        fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let (memory, offset) =
            try arena?.allocate(byteCount: byteCount) ?? (AlignedMemory(byteCount: byteCount), 0)
        try fill(UnsafeMutableRawBufferPointer(start: memory.baseAddress + offset, count: byteCount))
        self.memory = memory
        self.offset = offset
        self.byteCount = byteCount
        isMapped = false
    }

    /// Sets memory aside that is filled later by who made the storage, and read by others only after that.
    ///
    /// - Parameters:
    ///   - byteCount: how many bytes. Large ones take no room until they are written to.
    ///   - arena: where to put them; nil for memory of their own.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    package init(reserving byteCount: Int, in arena: StorageArena?) throws(TensorError) {
        if let arena {
            (memory, offset) = try arena.allocate(byteCount: byteCount)
        } else {
            (memory, offset) = (try AlignedMemory(byteCount: byteCount), 0)
        }
        self.byteCount = byteCount
        isMapped = false
    }

    /// A part of working memory, whose owner writes to it when nobody reads.
    ///
    /// - Parameters:
    ///   - buffer: the memory.
    ///   - offset: where the part begins; a multiple of 64.
    ///   - byteCount: its bytes.
    /// - Throws: ``TensorError/outOfBounds(byteOffset:byteCount:storageByteCount:)``
    package init(lending buffer: AlignedBuffer<UInt8>, from offset: Int, byteCount: Int) throws(TensorError) {
        guard offset >= 0, byteCount >= 0, offset <= buffer.count, byteCount <= buffer.count - offset else {
            throw .outOfBounds(byteOffset: offset, byteCount: byteCount, storageByteCount: buffer.count)
        }
        memory = buffer.memory
        self.offset = offset
        self.byteCount = byteCount
        isMapped = false
    }

    /// The first byte of memory that was reserved, for who fills it.
    var reserved: UnsafeMutableRawPointer { memory.baseAddress + offset }

    /// Maps the beginning of a file into memory, for reading.
    ///
    /// The bytes are constant as long as nobody writes to the file; where somebody shortens it, reading what is lost kills the
    /// process. The descriptor may be closed afterwards.
    ///
    /// - Parameters:
    ///   - descriptor: an open file.
    ///   - byteCount: how many bytes, at least 1 and no more than the file has.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(mapping descriptor: Int32, byteCount: Int) throws(TensorError) {
        memory = try AlignedMemory(mapping: descriptor, byteCount: byteCount)
        offset = 0
        self.byteCount = byteCount
        isMapped = true
    }

    /// Lets the system take back the memory of a file's pages; reading them again reads the file again. Bytes that are not mapped
    /// stay.
    ///
    /// - Parameter range: the bytes that will not be read soon.
    func letGo(of range: Range<Int>) {
        guard isMapped else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        guard page > 0, start < end else { return }
        // Advice: without it everything works.
        _ = madvise(memory.baseAddress + start, end - start, MADV_DONTNEED)
    }
}

/// Zeroed memory of its own, aligned for every kernel.
final class AlignedMemory: @unchecked Sendable {
    // Sendable: the pointer and the sizes are constants; who writes to the memory is its owners' business.

    static let pageByteCount = 2 << 20
    /// From here on, memory is mapped and not taken from the heap.
    private static let mappedByteCount = 1 << 20

    let baseAddress: UnsafeMutableRawPointer
    /// The mapping that holds the memory; nil when it came from the heap.
    private let mapping: (start: UnsafeMutableRawPointer, byteCount: Int)?

    /// - Complexity: on Linux O(1) from 1 MiB on (pages are zeroed on first use); O(n) below.
    init(byteCount: Int, usesHugePages: Bool = true) throws(TensorError) {
        // Half of the address space bounds every sum and product of sizes below.
        guard byteCount >= 0, byteCount < Int.max / 4 else { throw .invalidByteCount(byteCount) }
        let page = Self.pageByteCount
        #if os(Linux) || os(Android)
        if byteCount >= 2 * page {
            let length = (byteCount + page - 1) / page * page + page
            guard
                let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                start != MAP_FAILED
            else { throw .allocationFailed(byteCount: byteCount) }
            let address = UInt(bitPattern: start)
            let offset = Int((UInt(page) - address % UInt(page)) % UInt(page))
            baseAddress = start + offset
            mapping = (start, length)
            // Advice: without huge pages everything works, only slower.
            _ = madvise(baseAddress, length - page, usesHugePages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE)
            return
        }
        // The heap keeps holes of this size between what stays: matrices that were read to be packed left 60 MB of them.
        if byteCount >= Self.mappedByteCount {
            guard
                let start = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                start != MAP_FAILED
            else { throw .allocationFailed(byteCount: byteCount) }
            baseAddress = start
            mapping = (start, byteCount)
            return
        }
        #endif
        var pointer: UnsafeMutableRawPointer?
        let alignment = byteCount >= page ? 16384 : 64
        guard posix_memalign(&pointer, alignment, max(byteCount, 64)) == 0, let pointer else {
            throw .allocationFailed(byteCount: byteCount)
        }
        memset(pointer, 0, max(byteCount, 64))
        baseAddress = pointer
        mapping = nil
    }

    /// A file's first bytes, which must not be written to.
    init(mapping descriptor: Int32, byteCount: Int) throws(TensorError) {
        guard byteCount > 0, byteCount < Int.max / 4 else { throw .invalidByteCount(byteCount) }
        guard let start = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .allocationFailed(byteCount: byteCount)
        }
        baseAddress = start
        mapping = (start, byteCount)
    }

    deinit {
        if let mapping {
            munmap(mapping.start, mapping.byteCount)
        } else {
            free(baseAddress)
        }
    }
}
