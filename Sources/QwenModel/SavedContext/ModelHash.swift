internal import QwenDigest
internal import QwenTensor

/// A digest of a model: of its shape, and of its weights as they lie in memory.
///
/// The same checkpoint read with another ``QwenTensor/Arithmetic`` lies in memory otherwise and counts as another model; its keys
/// and values are others too. It is computed in pieces, so that a large model does not hold up who computes with it.
///
/// Definition: the SHA-256 of the shape's numbers and of the SHA-256 digests of all pieces of up to 1 MiB, in the order of a pass.
struct ModelHash {
    /// The digest; nil until the last piece is done.
    private(set) var digest: [UInt8]?

    private let weights: ModelWeights
    private let pieces: [UnsafeRawBufferPointer]
    private var digests: [UInt8]
    private var done = 0

    private static let pieceByteCount = 1 << 20
    /// What is digested at a time: some tens of milliseconds' work.
    private static let piecesAtATime = 32

    init(_ weights: ModelWeights) {
        self.weights = weights
        var pieces: [UnsafeRawBufferPointer] = []
        for bytes in weights.memory {
            for start in stride(from: 0, to: bytes.count, by: Self.pieceByteCount) {
                let end = min(start + Self.pieceByteCount, bytes.count)
                pieces.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
        }
        self.pieces = pieces
        digests = [UInt8](repeating: 0, count: pieces.count * MessageDigest.Algorithm.sha256.byteCount)
    }

    /// Takes the next pieces in.
    mutating func advance(_ pool: WorkerPool) {
        guard digest == nil else { return }
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
                        hash.update(pieces[piece])
                        for (offset, byte) in hash.finish().enumerated() {
                            digests[piece * MessageDigest.Algorithm.sha256.byteCount + offset] = byte
                        }
                    }
                }
            }
        }
        done = range.upperBound
        guard done == pieces.count else { return }
        var hash = MessageDigest(.sha256)
        weights.configuration.numbers.withUnsafeBytes { hash.update($0) }
        digests.withUnsafeBytes { hash.update($0) }
        digest = hash.finish()
    }
}

extension ModelWeights {
    /// All bytes that the weights take.
    fileprivate var memory: [UnsafeRawBufferPointer] {
        var vectors = [finalNorm]
        for layer in layers {
            vectors += [layer.inputNorm, layer.feedForwardNorm] + [layer.queryNorm, layer.keyNorm].compactMap { $0 }
        }
        return [embeddings.bytes] + matrices.flatMap { [$0.bytes] + $0.bytesApart }
            + vectors.map { UnsafeRawBufferPointer($0.elements) }
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
