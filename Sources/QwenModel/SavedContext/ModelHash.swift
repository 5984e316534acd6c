internal import QwenDigest
internal import QwenTensor

/// A digest of a model: of its shape, and of its weights as they lie in memory.
///
/// The same checkpoint read with another ``QwenTensor/Arithmetic`` lies in memory otherwise, or its products take other inputs, and
/// counts as another model; its keys and values are others too. It is computed in pieces, so that a large model does not hold up
/// who computes with it.
///
/// Definition: the SHA-256 of the shape's numbers, of a 16 where products take 16-bit inputs, and of the SHA-256 digests of
/// all pieces of up to 1 MiB, in the order of a pass.
struct ModelHash {
    /// The digest; nil until the last piece is done.
    private(set) var digest: [UInt8]?

    private let weights: ModelWeights
    private let pieces: [Piece]
    private var digests: [UInt8]
    private var done = 0

    /// Some bytes of the weights.
    private enum Piece {
        case memory(UnsafeRawBufferPointer)
        /// Of an expert that is read on demand, as it would lie in memory.
        case file(StoredMatrix, Range<Int>)

        func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws {
            switch self {
            case .memory(let bytes): body(bytes)
            case .file(let matrix, let range): try matrix.withBytes(range, body)
            }
        }
    }

    private static let pieceByteCount = 1 << 20
    /// What is digested at a time: some tens of milliseconds' work.
    private static let piecesAtATime = 32

    init(_ weights: ModelWeights) {
        self.weights = weights
        var pieces: [Piece] = []
        func append(_ byteCount: Int, _ piece: (Range<Int>) -> Piece) {
            for start in stride(from: 0, to: byteCount, by: Self.pieceByteCount) {
                pieces.append(piece(start..<min(start + Self.pieceByteCount, byteCount)))
            }
        }
        func append(_ bytes: UnsafeRawBufferPointer) {
            append(bytes.count) { .memory(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
        }
        append(weights.embeddings.bytes)
        for matrix in weights.matrices {
            if let stored = matrix.stored {
                append(stored.form.byteCount) { .file(stored, $0) }
            } else {
                append(matrix.bytes)
                for bytes in matrix.bytesApart { append(bytes) }
            }
        }
        for vector in weights.vectors { append(UnsafeRawBufferPointer(vector.elements)) }
        self.pieces = pieces
        digests = [UInt8](repeating: 0, count: pieces.count * MessageDigest.Algorithm.sha256.byteCount)
    }

    /// Takes the next pieces in.
    ///
    /// - Throws: why an expert that is read on demand cannot be read.
    mutating func advance(_ pool: WorkerPool) throws {
        guard digest == nil else { return }
        let failures = ReadingFailures()
        let range = done..<min(done + Self.piecesAtATime, pieces.count)
        digests.withUnsafeMutableBufferPointer { digests in
            // The workers write the digests of different pieces, and `run` returns when all are done.
            nonisolated(unsafe) let digests = digests
            nonisolated(unsafe) let pieces = pieces
            pool.run { worker in
                while let claimed = worker.nextRange(of: range.count, chunk: 1) {
                    for index in claimed {
                        let piece = range.lowerBound + index
                        var hash = MessageDigest(.sha256)
                        do {
                            try pieces[piece].withBytes { hash.update($0) }
                        } catch {
                            failures.record(error)
                        }
                        for (offset, byte) in hash.finish().enumerated() {
                            digests[piece * MessageDigest.Algorithm.sha256.byteCount + offset] = byte
                        }
                    }
                }
            }
        }
        try failures.check()
        done = range.upperBound
        guard done == pieces.count else { return }
        var hash = MessageDigest(.sha256)
        var numbers = weights.configuration.numbers
        // Weights lie in memory alike for inputs of 8 and of 16 bits.
        if weights.matrices.contains(where: { $0.inputForms.contains(.integers16) }) {
            numbers.append(UInt64(16).littleEndian)
        }
        numbers.withUnsafeBytes { hash.update($0) }
        digests.withUnsafeBytes { hash.update($0) }
        digest = hash.finish()
    }
}

extension ModelWeights {
    /// All vectors.
    fileprivate var vectors: [AlignedBuffer<Float>] {
        var vectors = [finalNorm]
        for layer in layers {
            vectors += [layer.inputNorm, layer.feedForwardNorm] + [layer.queryNorm, layer.keyNorm].compactMap { $0 }
        }
        return vectors
    }
}

extension ModelConfiguration {
    /// What keys and values depend on besides the weights.
    fileprivate var numbers: [UInt64] {
        let yarn =
            yarn.map {
                [$0.factor, $0.betaFast, $0.betaSlow, $0.attentionFactor, Double($0.originalContextLength)]
            } ?? []
        let integers = [
            vocabularySize, hiddenSize, intermediateSize, layerCount, attentionHeads, keyValueHeads, headDimension,
            mixture?.experts ?? 0, mixture?.expertsPerToken ?? 0, mixture?.intermediateSize ?? 0,
            mixture?.sharedIntermediateSize ?? 0,
        ]
        return integers.map { UInt64(truncatingIfNeeded: $0).littleEndian }
            + ([ropeTheta, rmsNormEpsilon] + yarn).map(\.bitPattern.littleEndian)
    }
}
