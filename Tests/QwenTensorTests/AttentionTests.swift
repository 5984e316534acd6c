import Foundation
import QwenTensor
import Testing

/// Both attention kernels against the textbook formula in double precision.
@Suite struct AttentionTests {
    /// Sums in another order; with 8-bit integers the query is rounded too, to 14 bits.
    static func tolerance(_ type: KeyValueType) -> Double { type == .int8 ? 3e-4 : 3e-6 }

    static let headDimensions = [8, 24, 32, 64, 80, 128, 256]

    /// A cache of one key-value head in pages of 64 positions.
    struct Cache {
        let type: KeyValueType
        let headDimension: Int
        let keys: [Float]
        let values: [Float]
        private let pages: [AlignedBuffer<UInt8>]
        private let table: AlignedBuffer<UnsafeRawPointer>
        private static let gap = 96

        init(_ type: KeyValueType, headDimension: Int, positions: Int, random: inout RandomSource) throws {
            self.type = type
            self.headDimension = headDimension
            let pageCount = (positions + 63) / 64
            let keys = random.floats(positions * headDimension, in: -2...2)
            let values = random.floats(positions * headDimension)
            let row = type.rowByteCount(headDimension: headDimension)
            // In an order of their own, and with NaN (in each type) where nothing may be looked at.
            pages = try (0..<pageCount).map { _ in
                let page = try AlignedBuffer<UInt8>(count: Self.gap + 2 * 64 * row)
                page.elements.update(repeating: 0xff)
                return page
            }
            table = try AlignedBuffer(count: pageCount)
            for index in 0..<pageCount {
                table.elements[index] = UnsafeRawPointer(pages[(index + 1) % pageCount].baseAddress)
            }
            let scalar = try #require(Kernels(level: .scalar))
            var stored: (keys: [Float], values: [Float]) = ([], [])
            for position in 0..<positions {
                let page = UnsafeMutableRawPointer(pages[(position / 64 + 1) % pageCount].baseAddress)
                let tile = page + Self.gap + position % 64 / 16 * 2 * 16 * row
                let start = position * headDimension
                keys.withUnsafeBufferPointer { keys in
                    values.withUnsafeBufferPointer { values in
                        scalar.store(
                            key: keys.baseAddress! + start,
                            value: values.baseAddress! + start,
                            headDimension: headDimension,
                            tile: tile,
                            tileByteCount: 16 * row,
                            index: position % 16,
                            type
                        )
                    }
                }
                stored.keys += type.row(position % 16, areKeys: true, headDimension, in: tile)
                stored.values += type.row(position % 16, areKeys: false, headDimension, in: tile + 16 * row)
            }
            (self.keys, self.values) = stored
        }

        var head: PagedHead {
            PagedHead(
                pages: table.baseAddress,
                pageShift: 6,
                offset: Self.gap,
                tileByteCount: 16 * type.rowByteCount(headDimension: headDimension)
            )
        }

        /// softmax(scale q·k) v over the first `count` positions.
        func attend(_ q: ArraySlice<Float>, count: Int, scale: Float) -> [Double] {
            let q = Array(q)
            let scores = (0..<count).map { j in
                (0..<headDimension).reduce(0.0) { $0 + Double(q[$1]) * Double(keys[j * headDimension + $1]) }
                    * Double(scale)
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let sum = weights.reduce(0, +)
            return (0..<headDimension).map { i in
                (0..<count).reduce(0.0) { $0 + weights[$1] * Double(values[$1 * headDimension + i]) } / sum
            }
        }
    }

    @Test(arguments: RunnableLevel.all, KeyValueType.allCases)
    func onePositionInParts(_ level: RunnableLevel, _ type: KeyValueType) throws {
        var random = RandomSource(21)
        for headDimension in Self.headDimensions {
            let positions = 150
            let cache = try Cache(type, headDimension: headDimension, positions: positions, random: &random)
            let scale = 2 / Float(headDimension).squareRoot()
            for group in [1, 2, 3, 7, 16] {
                let q = random.floats(group * headDimension, in: -2...2)
                // Parts of all sizes, an empty one too.
                let edges = [0, 1, 4, 4, 37, 69, 70, positions]
                let size = Kernels.attentionPartialSize(group: group, headDimension: headDimension)
                var partials = [Float](repeating: 5, count: size * (edges.count - 1))
                for part in 0..<edges.count - 1 {
                    partials.withUnsafeMutableBufferPointer {
                        level.kernels.attendPartially(
                            q: q,
                            group: group,
                            headDimension: headDimension,
                            cache: cache.head,
                            type,
                            positions: edges[part]..<edges[part + 1],
                            scale: scale,
                            partial: $0.baseAddress! + part * size
                        )
                    }
                }
                let outStride = headDimension + 2
                var out = [Float](repeating: 5, count: group * outStride)
                level.kernels.mergeAttention(
                    partials: partials,
                    stride: size,
                    parts: edges.count - 1,
                    group: group,
                    headDimension: headDimension,
                    out: &out,
                    outStride: outStride
                )
                for h in 0..<group {
                    let expected = cache.attend(
                        q[h * headDimension..<(h + 1) * headDimension],
                        count: positions,
                        scale: scale
                    )
                    let worst = (0..<headDimension).map { abs(Double(out[h * outStride + $0]) - expected[$0]) }.max()!
                    #expect(worst < Self.tolerance(type), "head dimension \(headDimension), group \(group), head \(h)")
                    #expect(out[h * outStride + headDimension] == 5)
                }
            }
        }
    }

    @Test(arguments: RunnableLevel.all)
    func nothingToSee(_ level: RunnableLevel) throws {
        var partial = [Float](repeating: 5, count: Kernels.attentionPartialSize(group: 2, headDimension: 16))
        let q = [Float](repeating: 1, count: 32)
        var random = RandomSource(23)
        let cache = try Cache(.float32, headDimension: 16, positions: 1, random: &random)
        level.kernels.attendPartially(
            q: q,
            group: 2,
            headDimension: 16,
            cache: cache.head,
            .float32,
            positions: 64..<64,
            scale: 1,
            partial: &partial
        )
        #expect(partial.prefix(2).allSatisfy { $0 == -.infinity } && partial.dropFirst(2).allSatisfy { $0 == 0 })
        var out = [Float](repeating: 5, count: 32)
        level.kernels.mergeAttention(
            partials: partial,
            stride: partial.count,
            parts: 1,
            group: 2,
            headDimension: 16,
            out: &out,
            outStride: 16
        )
        #expect(out.allSatisfy { $0 == 0 })
    }

    @Test(arguments: RunnableLevel.all, KeyValueType.allCases)
    func manyPositions(_ level: RunnableLevel, _ type: KeyValueType) throws {
        var random = RandomSource(22)
        for (headDimension, group, rows, start) in [
            (8, 1, 1, 0), (24, 2, 5, 0), (32, 3, 70, 0), (64, 7, 11, 60), (80, 2, 33, 130), (128, 2, 40, 63),
            (128, 16, 9, 1), (256, 1, 66, 0),
        ] {
            let cache = try Cache(type, headDimension: headDimension, positions: start + rows, random: &random)
            let scale = 2 / Float(headDimension).squareRoot()
            let qStride = group * headDimension + 3
            let outStride = group * headDimension + 1
            let q = random.floats(rows * qStride, in: -2...2)
            var out = [Float](repeating: 5, count: rows * outStride)
            let scratch = try AlignedBuffer<Float>(
                count: Kernels.attentionScratchSize(headDimension: headDimension) + 16
            )
            for i in 0..<scratch.count { scratch.elements[i] = .nan }
            level.kernels.attendRows(
                q: q,
                qStride: qStride,
                rows: rows,
                group: group,
                headDimension: headDimension,
                start: start,
                cache: cache.head,
                type,
                scale: scale,
                out: &out,
                outStride: outStride,
                scratch: scratch.baseAddress
            )
            #expect(scratch.elements.suffix(16).allSatisfy { $0.isNaN })
            for row in 0..<rows {
                for h in 0..<group {
                    let from = row * qStride + h * headDimension
                    let expected = cache.attend(
                        q[from..<from + headDimension],
                        count: start + row + 1,
                        scale: scale
                    )
                    let to = row * outStride + h * headDimension
                    let worst = (0..<headDimension).map { abs(Double(out[to + $0]) - expected[$0]) }.max()!
                    guard worst < 3e-6 else {
                        Issue.record("head dimension \(headDimension), row \(row), head \(h): off by \(worst)")
                        return
                    }
                }
                #expect(out[row * outStride + group * headDimension] == 5)
            }
            // In place of the queries.
            var inPlace = q
            inPlace.withUnsafeMutableBufferPointer { buffer in
                level.kernels.attendRows(
                    q: UnsafePointer(buffer.baseAddress!),
                    qStride: qStride,
                    rows: rows,
                    group: group,
                    headDimension: headDimension,
                    start: start,
                    cache: cache.head,
                    type,
                    scale: scale,
                    out: buffer.baseAddress!,
                    outStride: qStride,
                    scratch: scratch.baseAddress
                )
            }
            for row in 0..<rows {
                let found = inPlace[row * qStride..<row * qStride + group * headDimension]
                #expect(found.elementsEqual(out[row * outStride..<row * outStride + group * headDimension]))
            }
        }
    }

    /// Blocks of 32 floats and what gguf-py makes of them in Q8_0.
    @Test(arguments: RunnableLevel.all)
    func storesWhatGGMLStores(_ level: RunnableLevel) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let bytes = try Data(contentsOf: folder.appending(path: "q8_0_rows.blocks"))
        let dimension = 128
        let record = 4 * dimension + dimension / 32 * 34
        #expect(bytes.count % record == 0 && bytes.count >= 16 * record)
        let row = KeyValueType.int8.rowByteCount(headDimension: dimension)
        #expect(row == dimension / 32 * 34)
        let tile = try AlignedBuffer<UInt8>(count: 2 * 16 * row)
        let base = UnsafeMutableRawPointer(tile.baseAddress)
        for (number, start) in stride(from: 0, to: bytes.count, by: record).enumerated() {
            let floats = (0..<dimension).map { index in
                bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start + 4 * index, as: Float.self) }
            }
            let expected = Array(bytes[start + 4 * dimension..<start + record])
            level.kernels.store(
                key: floats,
                value: floats,
                headDimension: dimension,
                tile: base,
                tileByteCount: 16 * row,
                index: number % 16,
                .int8
            )
            var found = [UInt8](repeating: 0, count: row)
            for areKeys in [true, false] {
                PagedHead.readRow(
                    number % 16,
                    areKeys: areKeys,
                    headDimension: dimension,
                    from: areKeys ? base : base + 16 * row,
                    into: &found
                )
                #expect(found == expected, "row \(number)")
            }
        }
    }

    /// Numbers that are not finite must not become finite by rounding.
    @Test(arguments: RunnableLevel.all, [Float.nan, .infinity, -.infinity])
    func keepsWhatIsNotFinite(_ level: RunnableLevel, _ number: Float) throws {
        var values = [Float](repeating: 1, count: 64)
        values[40] = number
        let row = KeyValueType.int8.rowByteCount(headDimension: 64)
        let tile = try AlignedBuffer<UInt8>(count: 2 * 16 * row)
        let base = UnsafeMutableRawPointer(tile.baseAddress)
        level.kernels.store(
            key: values,
            value: values,
            headDimension: 64,
            tile: base,
            tileByteCount: 16 * row,
            index: 3,
            .int8
        )
        for areKeys in [true, false] {
            let found = KeyValueType.int8.row(3, areKeys: areKeys, 64, in: areKeys ? base : base + 16 * row)
            #expect(found.prefix(32).allSatisfy { abs($0 - 1) < 0.001 } && found.suffix(32).allSatisfy { !$0.isFinite })
        }
    }

    @Test func headDimensions() {
        #expect([8, 64, 80, 128, 256].allSatisfy { Kernels.supportsHeadDimension($0) })
        #expect(![-8, 0, 4, 100, 264].contains { Kernels.supportsHeadDimension($0) })
    }
}

extension KeyValueType {
    /// The numbers that a tile's row stands for.
    func row(_ index: Int, areKeys: Bool, _ headDimension: Int, in part: UnsafeRawPointer) -> [Float] {
        let byteCount = rowByteCount(headDimension: headDimension)
        let plain: ElementType
        switch self {
        case .float32: plain = .float32
        case .float16: plain = .float16
        case .bfloat16: plain = .bfloat16
        case .int8:
            var bytes = [UInt8](repeating: 0, count: byteCount)
            PagedHead.readRow(index, areKeys: areKeys, headDimension: headDimension, from: part, into: &bytes)
            return stride(from: 0, to: headDimension, by: 32).flatMap { start in
                let block = Array(bytes.dropFirst(start / 32 * 34).prefix(2 + min(32, headDimension - start)))
                var scale: Float = 0
                let half = UInt16(block[0]) | UInt16(block[1]) << 8
                withUnsafeBytes(of: half) {
                    Kernels.current.convert(from: $0.baseAddress!, .float16, to: &scale, count: 1)
                }
                return block.dropFirst(2).map { scale * Float(Int8(bitPattern: $0)) }
            }
        }
        var numbers = [Float](repeating: 0, count: headDimension)
        Kernels.current.convert(from: part + index * byteCount, plain, to: &numbers, count: headDimension)
        return numbers
    }
}
