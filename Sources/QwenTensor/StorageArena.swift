internal import Synchronization

/// Puts storages side by side in large pieces of memory, so that matrices of a megabyte or two lie in huge pages too.
///
/// A piece goes when the last storage in it goes. What is put into an arena should therefore live equally long: the weights of a
/// model, say.
public final class StorageArena: Sendable {
    /// The piece that is being filled.
    private struct Piece {
        let memory: AlignedMemory
        let byteCount: Int
        var used = 0
    }

    private let piece = Mutex<Piece?>(nil)

    /// The size of a piece. Memory that is not used yet takes no room, but each piece ends within a huge page, so few large ones
    /// waste less (1 to 2 MB a piece).
    private static let pieceByteCount = 256 << 20
    /// Storages begin at multiples of this.
    private static let alignment = 4096
    /// Larger storages lie in huge pages by themselves.
    private static let largest = 16 << 20

    /// Creates an arena that is empty.
    public init() {}

    /// Memory for a storage.
    ///
    /// - Returns: the memory, zero, and where in it the storage begins.
    func allocate(byteCount: Int) throws(TensorError) -> (memory: AlignedMemory, offset: Int) {
        guard byteCount > 0, byteCount <= Self.largest else { return (try AlignedMemory(byteCount: byteCount), 0) }
        let outcome: Result<(memory: AlignedMemory, offset: Int), TensorError> = piece.withLock { piece in
            do throws(TensorError) {
                var current: Piece
                if let last = piece, last.byteCount - last.used >= byteCount {
                    current = last
                } else {
                    let memory = try AlignedMemory(byteCount: Self.pieceByteCount)
                    current = Piece(memory: memory, byteCount: Self.pieceByteCount)
                }
                let offset = current.used
                current.used += (byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
                piece = current
                return .success((current.memory, offset))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
