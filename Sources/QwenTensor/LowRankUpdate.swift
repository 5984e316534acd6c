/// A change of a matrix, W + B A, that is computed beside it: y += (x Aᵀ) Bᵀ.
///
/// Source: Hu et al. 2021, LoRA (arXiv 2106.09685).
public struct LowRankUpdate: Sendable {
    /// The columns of B and rows of A.
    public let rank: Int
    /// [rank, inputs].
    let down: AlignedBuffer<Float>
    /// [outputs, rank].
    let up: AlignedBuffer<Float>

    /// One factor pair of an update.
    public struct Factors: Sendable {
        /// A: [rank, inputs].
        public let down: Tensor
        /// B: [outputs, rank].
        public let up: Tensor
        /// What the product is multiplied with.
        public let scale: Float

        /// Describes a pair.
        ///
        /// - Parameters:
        ///   - down: A: [rank, inputs].
        ///   - up: B: [outputs, rank].
        ///   - scale: what the product is multiplied with.
        public init(down: Tensor, up: Tensor, scale: Float) {
            self.down = down
            self.up = up
            self.scale = scale
        }
    }

    /// Joins pairs of factors: their sum is one update, whose rank is the sum of theirs.
    ///
    /// - Parameters:
    ///   - factors: at least one pair.
    ///   - outputs: the rows of the matrix.
    ///   - inputs: its columns.
    /// - Throws: ``TensorError/invalidShape(_:)`` for factors that do not fit, ``TensorError/rankTooLarge(_:limit:)``, or an
    ///   allocation error.
    public init(_ factors: [Factors], outputs: Int, inputs: Int) throws(TensorError) {
        var rank = 0
        for pair in factors {
            guard pair.down.shape.count == 2, pair.down.shape[1] == inputs else { throw .invalidShape(pair.down.shape) }
            guard pair.up.shape == [outputs, pair.down.shape[0]] else { throw .invalidShape(pair.up.shape) }
            rank += pair.down.shape[0]
        }
        // What the workers' panels hold.
        let limit = inputs * LinearScratch.panelRows / 2
        guard rank > 0, rank <= limit else { throw .rankTooLarge(rank, limit: limit) }
        let down = try AlignedBuffer<Float>(count: rank * inputs)
        let up = try AlignedBuffer<Float>(count: outputs * rank)
        var first = 0
        for pair in factors {
            let own = pair.down.shape[0]
            Kernels.current.convert(
                from: pair.down.baseAddress,
                pair.down.elementType,
                to: down.baseAddress + first * inputs,
                count: own * inputs
            )
            for output in 0..<outputs {
                let row = up.baseAddress + output * rank + first
                Kernels.current.convert(from: pair.up.row(output), pair.up.elementType, to: row, count: own)
                Kernels.current.scale(row, by: pair.scale, count: own)
            }
            first += own
        }
        self.rank = rank
        self.down = down
        self.up = up
    }

    /// Adds the update's part of a product, for a range of outputs.
    ///
    /// - Parameters:
    ///   - range: which columns of y.
    ///   - inputs: the columns of the matrix.
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs], holding the product with W already.
    ///   - ldy: the floats from one row of y to the next.
    ///   - panel: `LinearScratch.panelRows` · inputs floats.
    func apply(
        outputs range: Range<Int>,
        inputs: Int,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>
    ) {
        let kernels = Kernels.current
        let size = LinearScratch.panelRows * inputs
        // Some rows of x Aᵀ, then as many outputs as the rest of the panel holds.
        let block = max(1, min(rows, size / (2 * rank)))
        for first in stride(from: 0, to: rows, by: block) {
            let count = min(block, rows - first)
            let source = x + first * ldx
            multiply(down, rows: rank, columns: inputs, from: 0, x: source, ldx: ldx, m: count, y: panel, ldy: rank)
            let product = panel + count * rank
            let piece = max(1, (size - count * rank) / count)
            for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
                let width = min(piece, range.upperBound - start)
                multiply(
                    up,
                    rows: width,
                    columns: rank,
                    from: start,
                    x: panel,
                    ldx: rank,
                    m: count,
                    y: product,
                    ldy: width
                )
                for row in 0..<count {
                    kernels.add(product + row * width, to: y + ((first + row) * ldy + start), count: width)
                }
            }
        }
    }

    private func multiply(
        _ matrix: AlignedBuffer<Float>,
        rows: Int,
        columns: Int,
        from first: Int,
        x: UnsafePointer<Float>,
        ldx: Int,
        m: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        Kernels.current.multiplyRows(
            matrix.baseAddress + first * columns,
            .float32,
            rowByteCount: columns * MemoryLayout<Float>.stride,
            rows: rows,
            k: columns,
            x: x,
            ldx: ldx,
            m: m,
            y: y,
            ldy: ldy
        )
    }
}
