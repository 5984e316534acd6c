internal import CQwenKernels
public import QwenTensor

extension CheckpointReader {
    /// Reads a matrix, quantised or not.
    ///
    /// - Parameters:
    ///   - name: the name without `.weight`.
    ///   - outputs: the rows.
    ///   - inputs: the columns.
    ///   - bias: whether `name.bias` belongs to it. A quantised matrix takes its bias even if the architecture has none:
    ///     some quantisers write biases of zeros everywhere.
    /// - Returns: the matrix, as it is stored.
    /// - Throws: ``CheckpointError``, which names the tensor.
    public func linear(
        _ name: String,
        outputs: Int,
        inputs: Int,
        bias: Bool
    ) throws(CheckpointError) -> LinearWeights {
        let weight = WeightShape(name + ".weight", [outputs, inputs])
        let quantized = checkpoint.quantizedMatrix(weight)
        let hasBias = bias || (quantized != nil && checkpoint[name + ".bias"] != nil)
        let bias = hasBias ? try tensor(name + ".bias", shape: [outputs]) : nil
        guard let quantized else {
            let matrix = try tensor(weight.name, shape: weight.shape)
            return try described(weight.name) { () throws(TensorError) in try LinearWeights(matrix, bias: bias) }
        }
        let parts = try Parts(quantized, from: self)
        return try described(weight.name) { () throws(TensorError) in
            switch checkpoint.configuration.quantization {
            case .gptq(let bits, let zeroPointOffset):
                try LinearWeights(parts.gptq(bits: bits, zeroPointOffset: zeroPointOffset), bias: bias)
            case .awq:
                try LinearWeights(parts.awq(), bias: bias)
            case .float8(let tile):
                try LinearWeights(parts.float8(tile: tile), bias: bias)
            case .mlx(let settings):
                if let scales = quantized.part(.scales) {
                    // The setting goes by the name that the file has.
                    try LinearWeights(
                        parts.mlx(settings.setting(of: String(scales.name.dropLast(".scales".count)))),
                        bias: bias
                    )
                } else {
                    try LinearWeights(parts.plain(), bias: bias)
                }
            case .packed(let bits):
                try LinearWeights(parts.packed(bits: bits), bias: bias)
            case nil:
                throw .invalidShape(weight.shape)
            }
        }
    }

    private func described<Value>(
        _ name: String,
        _ body: () throws(TensorError) -> Value
    ) throws(CheckpointError) -> Value {
        do {
            return try body()
        } catch {
            throw .matrix(name: name, error)
        }
    }
}

/// The tensors of a quantised matrix, read, and what they make together.
private struct Parts {
    private struct Bytes {
        let storage: Storage
        let dtype: SafetensorsElementType
        let shape: [Int]
    }

    private let outputs: Int
    private let inputs: Int
    private var codes: Bytes?
    private var scales: Bytes?
    private var zeroPoints: Bytes?
    private var biases: Bytes?
    private var groups: Bytes?

    init(_ matrix: QuantizedMatrix, from reader: CheckpointReader) throws(CheckpointError) {
        outputs = matrix.outputs
        inputs = matrix.inputs
        for part in matrix.parts {
            let (storage, dtype) = try reader.bytes(of: part)
            let bytes = Bytes(storage: storage, dtype: dtype, shape: part.shape)
            switch part.role {
            case .codes: codes = bytes
            case .scales: scales = bytes
            case .zeroPoints: zeroPoints = bytes
            case .biases: biases = bytes
            case .groups: groups = bytes
            case .shape: break
            }
        }
    }

    /// A tensor of numbers.
    private func tensor(_ bytes: Bytes?) throws(TensorError) -> Tensor {
        guard let bytes, let type = bytes.dtype.elementType else { throw .invalidShape([outputs, inputs]) }
        return try Tensor(elementType: type, shape: bytes.shape, storage: bytes.storage)
    }

    private func storage(_ bytes: Bytes?) throws(TensorError) -> Storage {
        guard let bytes else { throw .invalidShape([outputs, inputs]) }
        return bytes.storage
    }

    func plain() throws(TensorError) -> Tensor { try tensor(codes) }

    func float8(tile: Int) throws(TensorError) -> TiledFloat8 {
        let scales = try tensor(scales)
        return try TiledFloat8(rows: outputs, columns: inputs, bytes: storage(codes), scales: scales, tile: tile)
    }

    func mlx(_ setting: MLXQuantization.Setting) throws(TensorError) -> GroupedIntegers {
        guard inputs % setting.groupSize == 0, inputs * setting.bits % 32 == 0, scales?.dtype == biases?.dtype else {
            throw .invalidShape([outputs, inputs, setting.groupSize])
        }
        return try GroupedIntegers(
            rows: outputs,
            columns: inputs,
            bits: setting.bits,
            codes: storage(codes),
            scales: tensor(scales),
            groupSize: setting.groupSize,
            offset: .biases(storage(biases), byteOffset: 0)
        )
    }

    func packed(bits: Int) throws(TensorError) -> GroupedIntegers {
        let scales = try tensor(scales)
        let groupCount = scales.columns
        let zeros: Storage
        if let zeroPoints {
            // Packed along the outputs: [outputs · bits / 32, groups], each column a stream.
            let words = try Self.transposed(zeroPoints.storage, rows: zeroPoints.shape[0], columns: groupCount)
            zeros = try Self.zeroPoints(outputs: outputs, groups: groupCount) { output, group in
                Self.integer(words, row: group, rowByteCount: 4 * zeroPoints.shape[0], column: output, bits: bits)
            }
        } else {
            zeros = try Self.zeroPoints(outputs: outputs, groups: groupCount) { _, _ in 1 << (bits - 1) }
        }
        return try GroupedIntegers(
            rows: outputs,
            columns: inputs,
            bits: bits,
            codes: storage(codes),
            scales: scales,
            groupSize: (inputs + groupCount - 1) / groupCount,
            groupOfColumn: groups?.storage,
            offset: .zeroPoints(zeros)
        )
    }

    func gptq(bits: Int, zeroPointOffset: Int) throws(TensorError) -> GroupedIntegers {
        guard inputs * bits % 32 == 0, outputs * bits % 32 == 0, let zeroPoints else {
            throw .invalidShape([outputs, inputs])
        }
        let codes = try Self.transposed(storage(codes), rows: inputs * bits / 32, columns: outputs)
        let scales = try transposedScales()
        let packed = zeroPoints.storage
        let zeros = try Self.zeroPoints(outputs: outputs, groups: scales.columns) { output, group in
            zeroPointOffset
                + Self.integer(packed, row: group, rowByteCount: outputs * bits / 8, column: output, bits: bits)
        }
        return try GroupedIntegers(
            rows: outputs,
            columns: inputs,
            bits: bits,
            codes: codes,
            scales: scales,
            groupSize: (inputs + scales.columns - 1) / scales.columns,
            groupOfColumn: groups?.storage,
            offset: .zeroPoints(zeros)
        )
    }

    func awq() throws(TensorError) -> GroupedIntegers {
        guard outputs % 8 == 0, inputs % 8 == 0 else { throw .invalidShape([outputs, inputs]) }
        let source = try storage(codes)
        let stride = GroupedIntegers.rowByteCount(columns: inputs, bits: 4)
        let codes = try Storage.filled(outputs * stride) { destination in
            qwen_repack_awq(
                source.baseAddress.assumingMemoryBound(to: UInt32.self),
                inputs,
                outputs,
                destination.assumingMemoryBound(to: UInt8.self),
                stride
            )
        }
        let scales = try transposedScales()
        let groupCount = scales.columns
        let packed = try storage(zeroPoints)
        // Nibble i of a word is column (0, 2, 4, 6, 1, 3, 5, 7)[i] of its eight; so column c is in nibble (c % 2) · 4 + c / 2.
        let points = try Self.zeroPoints(outputs: outputs, groups: groupCount) { output, group in
            let nibble = output % 8 % 2 * 4 + output % 8 / 2
            return Self.integer(
                packed,
                row: group,
                rowByteCount: outputs / 2,
                column: output / 8 * 8 + nibble,
                bits: 4
            )
        }
        return try GroupedIntegers(
            rows: outputs,
            columns: inputs,
            bits: 4,
            codes: codes,
            scales: scales,
            groupSize: (inputs + groupCount - 1) / groupCount,
            offset: .zeroPoints(points)
        )
    }

    /// Scales stored as [groups, outputs], as [outputs, groups].
    private func transposedScales() throws(TensorError) -> Tensor {
        let stored = try tensor(scales)
        let (groupCount, size) = (stored.shape[0], stored.elementType.bytesPerBlock)
        let turned = try Storage.filled(stored.byteCount) { destination in
            for group in 0..<groupCount {
                for output in 0..<outputs {
                    (destination + (output * groupCount + group) * size).copyMemory(
                        from: stored.baseAddress + (group * outputs + output) * size,
                        byteCount: size
                    )
                }
            }
        }
        return try Tensor(elementType: stored.elementType, shape: [outputs, groupCount], storage: turned)
    }

    private static func transposed(_ words: Storage, rows: Int, columns: Int) throws(TensorError) -> Storage {
        try Storage.filled(rows * columns * 4) { destination in
            qwen_transpose_words(
                words.baseAddress.assumingMemoryBound(to: UInt32.self),
                rows,
                columns,
                destination.assumingMemoryBound(to: UInt8.self),
                rows * 4
            )
        }
    }

    /// [outputs, groups] of `UInt16`.
    private static func zeroPoints(
        outputs: Int,
        groups: Int,
        _ value: (_ output: Int, _ group: Int) -> Int
    ) throws(TensorError) -> Storage {
        try Storage.filled(outputs * groups * 2) { destination in
            let points = destination.assumingMemoryBound(to: UInt16.self)
            for output in 0..<outputs {
                for group in 0..<groups {
                    points[output * groups + group] = UInt16(truncatingIfNeeded: value(output, group))
                }
            }
        }
    }

    /// An integer of a row that is a stream of bits.
    private static func integer(_ storage: Storage, row: Int, rowByteCount: Int, column: Int, bits: Int) -> Int {
        let bit = column * bits
        let byte = row * rowByteCount + bit / 8
        let bytes = storage.bytes
        let next = byte + 1 < bytes.count ? Int(bytes[byte + 1]) : 0
        return (Int(bytes[byte]) | next << 8) >> (bit % 8) & ((1 << bits) - 1)
    }
}

extension Storage {
    /// `init` for a closure that does not throw.
    fileprivate static func filled(
        _ byteCount: Int,
        _ fill: (UnsafeMutableRawPointer) -> Void
    ) throws(TensorError) -> Storage {
        do {
            return try Storage(byteCount: byteCount) { buffer in
                if let base = buffer.baseAddress { fill(base) }
            }
        } catch let error as TensorError {
            throw error
        } catch {
            throw .allocationFailed(byteCount: byteCount)
        }
    }
}
