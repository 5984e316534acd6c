import QwenTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Both attention kernels against the textbook formula in double precision.
@Suite struct AttentionTests {
    static let headDimensions = [8, 24, 32, 64, 80, 128, 256]

    /// A cache of one key-value head in pages of 64 positions.
    struct Cache {
        let type: ElementType
        let headDimension: Int
        let keys: [Float]
        let values: [Float]
        private let pages: [AlignedBuffer<UInt8>]
        private let table: AlignedBuffer<UnsafeRawPointer>
        private static let gap = 96

        init(_ type: ElementType, headDimension: Int, positions: Int, random: inout RandomSource) throws {
            self.type = type
            self.headDimension = headDimension
            let pageCount = (positions + 63) / 64
            let keys = type.encode(random.floats(positions * headDimension, in: -2...2))
            let values = type.encode(random.floats(positions * headDimension))
            let row = headDimension * type.bytesPerBlock
            // In an order of their own, and with NaN (in each type) where nothing may be read.
            pages = try (0..<pageCount).map { _ in
                let page = try AlignedBuffer<UInt8>(count: Self.gap + 2 * 64 * row)
                page.elements.update(repeating: 0xff)
                return page
            }
            table = try AlignedBuffer(count: pageCount)
            for index in 0..<pageCount {
                table.elements[index] = UnsafeRawPointer(pages[(index + 1) % pageCount].baseAddress)
            }
            for position in 0..<positions {
                let page = pages[(position / 64 + 1) % pageCount].elements
                let tile = Self.gap + position % 64 / 16 * 2 * 16 * row
                for byte in 0..<row {
                    page[tile + position % 16 * row + byte] = keys.bytes[position * row + byte]
                    page[tile + (16 + position % 16) * row + byte] = values.bytes[position * row + byte]
                }
            }
            self.keys = keys.values
            self.values = values.values
        }

        var head: PagedHead {
            PagedHead(
                pages: table.baseAddress,
                pageShift: 6,
                offset: Self.gap,
                tileByteCount: 16 * headDimension * type.bytesPerBlock
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

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func onePositionInParts(_ level: RunnableLevel, _ type: ElementType) throws {
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
                    #expect(worst < 3e-6, "head dimension \(headDimension), group \(group), head \(h)")
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

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func manyPositions(_ level: RunnableLevel, _ type: ElementType) throws {
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
        }
    }

    @Test func headDimensions() {
        #expect([8, 64, 80, 128, 256].allSatisfy { Kernels.supportsHeadDimension($0) })
        #expect(![-8, 0, 4, 100, 264].contains { Kernels.supportsHeadDimension($0) })
    }
}
