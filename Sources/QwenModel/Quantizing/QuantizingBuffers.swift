import QwenTensor

/// The numbers of a tensor, row by row.
enum QuantizingRows {
    case tensor(Tensor, columns: Int)
    case matrix(LinearWeights)

    var columns: Int {
        switch self {
        case .tensor(_, let columns): columns
        case .matrix(let matrix): matrix.inputs
        }
    }

    var rows: Int {
        switch self {
        case .tensor(let tensor, let columns): columns == 0 ? 0 : tensor.elementCount / columns
        case .matrix(let matrix): matrix.outputs
        }
    }

    /// Some rows as floats.
    func decode(_ rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        switch self {
        case .tensor(let tensor, let columns):
            Kernels.current.convert(
                from: tensor.baseAddress + rows.lowerBound * tensor.rowByteCount,
                tensor.elementType,
                to: destination,
                count: rows.count * columns
            )
        case .matrix(let matrix):
            matrix.decode(rows: rows, into: destination)
        }
    }
}

/// Turns rows into the bytes of a file, a piece at a time, on all workers.
final class QuantizingBuffers {
    /// The most floats in a piece, but for a single longer row.
    private static let pieceCount = 1 << 22

    /// Writes all rows.
    func write(
        _ source: QuantizingRows,
        as type: GGUFTensorType,
        to writer: GGUFWriter,
        pool: WorkerPool,
        isCancelled: (() -> Bool)?
    ) throws(QuantizingError) {
        guard let element = type.elementType, source.columns > 0 else { return }
        let columns = source.columns
        let piece = max(1, Self.pieceCount / columns)
        let rowBytes = columns / element.elementsPerBlock * element.bytesPerBlock
        for start in stride(from: 0, to: source.rows, by: piece) {
            if isCancelled?() == true { throw .cancelled }
            let count = min(piece, source.rows - start)
            let bytes: AlignedBuffer<UInt8>
            let floats: AlignedBuffer<Float>
            do throws(TensorError) {
                bytes = try AlignedBuffer<UInt8>(count: count * rowBytes)
                floats = try AlignedBuffer<Float>(count: count * columns)
            } catch {
                throw .source(.tensor(error))
            }
            // The workers write to disjoint rows of both buffers, and `run` returns when all are done.
            nonisolated(unsafe) let (output, input) = (bytes.baseAddress, floats.baseAddress)
            pool.run { worker in
                while let range = worker.nextRange(of: count, chunk: 4) {
                    let from = input + range.lowerBound * columns
                    let to = UnsafeMutableRawPointer(output) + range.lowerBound * rowBytes
                    source.decode(start + range.lowerBound..<start + range.upperBound, into: from)
                    if case .block(let format) = element {
                        format.quantize(from, into: to, count: range.count * columns)
                    } else {
                        Kernels.current.convert(from: from, to: to, element, count: range.count * columns)
                    }
                }
            }
            try writer.write(UnsafeRawBufferPointer(start: output, count: count * rowBytes))
        }
    }
}
