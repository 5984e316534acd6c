internal import QwenTensor

/// What to read where, in chunks.
struct ReadingPlan: Sendable {
    struct Part: Sendable {
        let weight: StoredWeight
        let elementType: ElementType
        /// Where it goes in the storage.
        let byteOffset: Int
        /// The bytes of a head whose rows' order must be undone.
        let rotaryByteCount: Int?
    }

    struct Chunk: Sendable {
        let part: Int
        /// From the start of the part.
        let offset: Int
        let byteCount: Int
    }

    let chunkByteCount: Int
    private(set) var parts: [Part] = []
    private(set) var chunks: [Chunk] = []
    private(set) var byteCount = 0

    init(chunkByteCount: Int) {
        self.chunkByteCount = chunkByteCount
    }

    mutating func append(_ weight: WeightShape, from checkpoint: Checkpoint) throws(CheckpointError) {
        guard let stored = checkpoint.stored(weight.name) else { throw .tensorNotFound(name: weight.name) }
        guard stored.shape == weight.shape else {
            throw .unexpectedShape(name: stored.name, expected: weight.shape, found: stored.shape)
        }
        guard let elementType = stored.elementType else {
            throw .unsupportedElementType(name: stored.name, dtype: stored.typeName)
        }
        let alignment = elementType.alignment
        let byteOffset = (byteCount + alignment - 1) / alignment * alignment
        // No overflow but by asking for the same tensors again and again, and files are smaller than the address space.
        let (end, overflows) = byteOffset.addingReportingOverflow(stored.byteCount)
        guard !overflows else { throw .tensor(.invalidByteCount(.max)) }
        byteCount = end
        // Chunks hold whole blocks, or whole heads.
        var unit = elementType.bytesPerBlock
        var rotaryByteCount: Int?
        if let rows = stored.rotaryRows, let all = stored.shape.first, all > 0 {
            guard all % rows == 0, stored.byteCount % (all / rows) == 0 else {
                throw .unexpectedShape(name: stored.name, expected: weight.shape, found: stored.shape)
            }
            unit = stored.byteCount / (all / rows)
            rotaryByteCount = unit
        }
        let grain = max(chunkByteCount / max(unit, 1), 1) * max(unit, 1)
        for offset in stride(from: 0, to: stored.byteCount, by: grain) {
            chunks.append(Chunk(part: parts.count, offset: offset, byteCount: min(grain, stored.byteCount - offset)))
        }
        parts.append(
            Part(weight: stored, elementType: elementType, byteOffset: byteOffset, rotaryByteCount: rotaryByteCount)
        )
    }
}
