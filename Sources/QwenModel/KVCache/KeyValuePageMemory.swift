import QwenTensor
import Synchronization

/// The memory of an engine's pages of keys and values: counts those in use, and keeps some of those that are not.
///
/// Memory that nobody has touched yet costs the system more to give than a page costs to fill.
final class KeyValuePageMemory: Sendable {
    /// Pages in use: those of sequences, each counted once, and those that are retained for sequences to come.
    let pages = Atomic<Int>(0)

    private let spare = Mutex<[AlignedBuffer<UInt8>]>([])
    private let spareByteLimit: Int

    /// - Parameter spareByteLimit: how many bytes are kept that no page uses.
    init(spareByteLimit: Int) {
        self.spareByteLimit = spareByteLimit
    }

    /// Memory for a page.
    ///
    /// - Parameters:
    ///   - byteCount: how many bytes.
    ///   - usesHugePages: how memory that is new is had.
    /// - Returns: the memory; what is in it does not matter.
    /// - Throws: `TensorError` when it cannot be had.
    func take(byteCount: Int, usesHugePages: Bool) throws(TensorError) -> AlignedBuffer<UInt8> {
        let bytes: AlignedBuffer<UInt8>
        if let kept = spare.withLock({ $0.last?.count == byteCount ? $0.removeLast() : nil }) {
            bytes = kept
        } else {
            bytes = try AlignedBuffer(count: byteCount, usesHugePages: usesHugePages)
        }
        pages.add(1, ordering: .relaxed)
        return bytes
    }

    /// Takes the memory of a page back that nobody holds any more.
    func giveBack(_ bytes: AlignedBuffer<UInt8>) {
        pages.subtract(1, ordering: .relaxed)
        spare.withLock { spare in
            if (spare.count + 1) * bytes.count <= spareByteLimit { spare.append(bytes) }
        }
    }
}
