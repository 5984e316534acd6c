internal import CQwenKernels

/// The arithmetic below the model, on raw pointers, by the best instructions that this machine has.
///
/// Nothing here allocates, locks or checks: shapes and pointers are the caller's promise. All counts are in elements
/// unless the name says bytes; all matrices are row-major.
public struct Kernels: Sendable {
    // Sendable: the table is filled once, before anybody sees its address, and never written again.
    private nonisolated(unsafe) let table: UnsafePointer<qwen_kernels>

    /// The kernels in use. The environment variable `QWEN_KERNELS` (`scalar`, `avx2`, `avx512`, `neon`, `dotprod`,
    /// `i8mm`) asks for less than the best.
    public static let current = Kernels(table: qwen_kernels_get())

    private init(table: UnsafePointer<qwen_kernels>) {
        self.table = table
    }

    /// The instruction sets that kernels are written for.
    public enum Level: Sendable, CaseIterable {
        /// Portable C: the definition of what the others compute.
        case scalar
        /// AVX2 with FMA and F16C.
        case avx2
        /// AVX-512 (F, BW, VL, DQ).
        case avx512
        /// arm64's baseline.
        case neon
        /// NEON with dot products (FEAT_DotProd).
        case dotprod
        /// NEON with dot products and products of 8-bit matrices (FEAT_I8MM).
        case i8mm
    }

    /// One level's kernels; nil if this machine cannot run them.
    public init?(level: Level) {
        let table =
            switch level {
            case .scalar: qwen_kernels_at_level(QWEN_LEVEL_SCALAR)
            case .avx2: qwen_kernels_at_level(QWEN_LEVEL_AVX2)
            case .avx512: qwen_kernels_at_level(QWEN_LEVEL_AVX512)
            case .neon: qwen_kernels_at_level(QWEN_LEVEL_NEON)
            case .dotprod: qwen_kernels_at_level(QWEN_LEVEL_DOTPROD)
            case .i8mm: qwen_kernels_at_level(QWEN_LEVEL_I8MM)
            }
        guard let table else { return nil }
        self.table = table
    }

    /// The level's name, as `QWEN_KERNELS` spells it.
    public var name: String { String(cString: table.pointee.name) }

    /// Whether products of many rows are faster here than through the system's BLAS, if it has one.
    ///
    /// Measured on Zen 4, one core, k = 1,024 to 3,072: AVX-512 reaches 96–108 GFLOP/s from 8 rows to 512 where OpenBLAS
    /// 0.3.21 reaches 35 with 16 rows, 70 with 64 and 96 with 512. Accelerate has matrix hardware of its own.
    var outpaceBLAS: Bool {
        table.pointee.level == QWEN_LEVEL_AVX2 || table.pointee.level == QWEN_LEVEL_AVX512 || !BLAS.isAvailable
    }

    /// Whether float products with up to eight rows of x read W from memory once, however much of it they get.
    var readsFewRowsOnce: Bool { table.pointee.level == QWEN_LEVEL_AVX2 }

    /// Whether products of BF16 weights with inputs rounded to BF16 are faster than with floats.
    var hasFastBFloat16: Bool { table.pointee.has_fast_bf16 }

    /// The product of BF16 weights and inputs.
    @inline(__always)
    var bfloat16Product:
        @convention(c) (
            UnsafeRawPointer, Int, Int, Int, UnsafePointer<UInt16>, Int, Int, UnsafeMutablePointer<Float>, Int
        ) -> Void
    {
        table.pointee.multiply_bf16
    }

    /// Writes a row as integers.
    @inline(__always)
    var quantizeRow: qwen_quantize_input { table.pointee.packed.quantize }

    /// Writes a row as 16-bit integers.
    @inline(__always)
    var quantizeRow16: qwen_quantize16_input { table.pointee.packed.quantize16 }

    /// Packs up to 16 rows.
    @inline(__always)
    var packGroup: @convention(c) (qwen_packed, UnsafeRawPointer, Int, Int, Int, UnsafeMutableRawPointer) -> Void {
        table.pointee.pack_group
    }

    /// The product with a packed layout and 8-bit integers.
    @inline(__always)
    func packedProduct(_ layout: qwen_packed) -> qwen_packed_multiply {
        switch layout {
        case QWEN_PACKED_Q8_0: table.pointee.packed.multiply.0
        case QWEN_PACKED_Q4_0: table.pointee.packed.multiply.1
        case QWEN_PACKED_Q4_K: table.pointee.packed.multiply.2
        default: table.pointee.packed.multiply.3
        }
    }

    /// The product with a packed layout and 16-bit integers.
    @inline(__always)
    func packedProduct16(_ layout: qwen_packed) -> qwen_packed_multiply16 {
        switch layout {
        case QWEN_PACKED_Q8_0: table.pointee.packed.multiply16.0
        case QWEN_PACKED_Q4_0: table.pointee.packed.multiply16.1
        case QWEN_PACKED_Q4_K: table.pointee.packed.multiply16.2
        default: table.pointee.packed.multiply16.3
        }
    }

    /// The kernels of an element type.
    @inline(__always)
    private func of(_ type: ElementType) -> qwen_type_kernels {
        switch type {
        case .float32: table.pointee.types.0
        case .float16: table.pointee.types.1
        case .bfloat16: table.pointee.types.2
        case .block: preconditionFailure("elements of a block have no address")
        }
    }
}

// MARK: Elements

extension Kernels {
    /// Converts elements to floats: plain ones exactly, those of blocks as their format defines, each product rounded.
    ///
    /// - Parameters:
    ///   - source: the first element, the first of its block.
    ///   - type: how the elements are stored.
    ///   - destination: where the floats go.
    ///   - count: the elements, whole blocks.
    public func convert(
        from source: UnsafeRawPointer,
        _ type: ElementType,
        to destination: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        if case .block(let format) = type {
            qwen_dequantize_scalar(format.kernelBlock)(source, destination, count)
        } else {
            of(type).to_f32(source, destination, count)
        }
    }

    /// Converts floats to plain elements, rounding to nearest, ties to even.
    public func convert(
        from source: UnsafePointer<Float>,
        to destination: UnsafeMutableRawPointer,
        _ type: ElementType,
        count: Int
    ) {
        of(type).from_f32(source, destination, count)
    }

    /// Whether no element is NaN or infinite.
    public func allFinite(_ source: UnsafeRawPointer, _ type: ElementType, count: Int) -> Bool {
        if case .block(let format) = type {
            qwen_blocks_finite(format.kernelBlock, source, count)
        } else {
            of(type).all_finite(source, count)
        }
    }
}

// MARK: Matrix products

extension Kernels {
    /// y[i, r] = Σ x[i, j] w[r, j] for m rows of x and `rows` rows of w.
    ///
    /// One row of x is multiplied as fast as w can be read. Several rows read w once per four of them, so that w
    /// should be no more than the second-level cache holds; multiples of 48 rows of w are best.
    ///
    /// - Parameters:
    ///   - w: [rows, k].
    ///   - type: how w's elements are stored.
    ///   - rowByteCount: the bytes from one row of w to the next.
    ///   - rows: the rows of w.
    ///   - k: the columns of w and of x.
    ///   - x: [m, k].
    ///   - ldx: the floats from one row of x to the next.
    ///   - m: the rows of x and y.
    ///   - y: [m, rows].
    ///   - ldy: the floats from one row of y to the next.
    public func multiplyRows(
        _ w: UnsafeRawPointer,
        _ type: ElementType,
        rowByteCount: Int,
        rows: Int,
        k: Int,
        x: UnsafePointer<Float>,
        ldx: Int,
        m: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        if m == 1 {
            of(type).multiply_vector(w, rowByteCount, rows, k, x, y)
        } else {
            of(type).matmul_rows(w, rowByteCount, rows, k, x, ldx, m, y, ldy)
        }
    }
}

// MARK: Vectors

extension Kernels {
    /// y = weight · x / √(mean(x²) + epsilon). y may be x. Source: Zhang and Sennrich 2019, RMSNorm.
    public func rmsNorm(
        _ x: UnsafePointer<Float>,
        weight: UnsafePointer<Float>,
        epsilon: Float,
        count: Int,
        y: UnsafeMutablePointer<Float>
    ) {
        table.pointee.rms_norm(x, weight, epsilon, count, y)
    }

    /// Σ x².
    public func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Float {
        table.pointee.sum_of_squares(x, count)
    }

    /// The rotary embedding (NeoX's half-split form) in place on `heads` vectors that lie `stride` floats apart.
    ///
    /// - Parameters:
    ///   - x: the vectors.
    ///   - heads: how many.
    ///   - stride: the floats from one vector to the next.
    ///   - dimension: the length of a vector, even.
    ///   - cosines: [dimension / 2], of the vectors' position.
    ///   - sines: [dimension / 2].
    public func rotate(
        _ x: UnsafeMutablePointer<Float>,
        heads: Int,
        stride: Int,
        dimension: Int,
        cosines: UnsafePointer<Float>,
        sines: UnsafePointer<Float>
    ) {
        table.pointee.rotary(x, heads, stride, dimension, cosines, sines)
    }

    /// y = silu(gate) · up, where silu(g) = g / (1 + e⁻ᵍ). y may be gate or up.
    public func siluMultiply(
        gate: UnsafePointer<Float>,
        up: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        table.pointee.silu_multiply(gate, up, y, count)
    }

    /// y += x.
    public func add(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.add(x, y, count)
    }

    /// y += factor · x.
    public func add(_ x: UnsafePointer<Float>, times factor: Float, to y: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.add_scaled(factor, x, y, count)
    }

    /// x *= factor.
    public func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        table.pointee.scale(factor, x, count)
    }

    /// x = softmax(x); −∞ becomes 0, and all −∞ becomes all 0.
    public func softmax(_ x: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.softmax(x, count)
    }

    /// The largest element; −∞ when there is none. NaN is passed over.
    public func maximum(_ x: UnsafePointer<Float>, count: Int) -> Float {
        table.pointee.maximum(x, count)
    }

    /// The index of the largest element, the first on a tie; 0 when there is none. NaN is passed over.
    public func indexOfMaximum(_ x: UnsafePointer<Float>, count: Int) -> Int {
        table.pointee.index_of_maximum(x, count)
    }

    /// log Σ eˣ, summed in double precision; −∞ when there is nothing to sum.
    public func logSumExp(_ x: UnsafePointer<Float>, count: Int) -> Double {
        table.pointee.log_sum_exp(x, count)
    }
}

// MARK: Attention

extension Kernels {
    private typealias AttendPartially =
        @convention(c) (
            UnsafePointer<Float>, Int, Int, UnsafePointer<qwen_paged_head>, Int, Int, Float, UnsafeMutablePointer<Float>
        ) -> Void

    private typealias AttendRows =
        @convention(c) (
            UnsafePointer<Float>, Int, Int, Int, Int, Int, UnsafePointer<qwen_paged_head>, Float,
            UnsafeMutablePointer<Float>, Int, UnsafeMutablePointer<Float>
        ) -> Void

    @inline(__always)
    private func partialAttention(_ type: KeyValueType) -> AttendPartially {
        switch type {
        case .float32: table.pointee.types.0.attention_partial
        case .float16: table.pointee.types.1.attention_partial
        case .bfloat16: table.pointee.types.2.attention_partial
        case .int8: table.pointee.q8_cache.attention_partial
        }
    }

    @inline(__always)
    private func rowsAttention(_ type: KeyValueType) -> AttendRows {
        switch type {
        case .float32: table.pointee.types.0.attention_rows
        case .float16: table.pointee.types.1.attention_rows
        case .bfloat16: table.pointee.types.2.attention_rows
        case .int8: table.pointee.q8_cache.attention_rows
        }
    }

    /// Puts a position's key and value into the cache, rounded to its type.
    ///
    /// - Parameters:
    ///   - key: [headDimension].
    ///   - value: [headDimension].
    ///   - headDimension: the length of a head, as ``supportsHeadDimension(_:)`` wants it.
    ///   - tile: where the tile's keys begin.
    ///   - tileByteCount: the bytes of a tile's keys, and of its values.
    ///   - index: the position's place in the tile.
    ///   - type: how keys and values are stored.
    public func store(
        key: UnsafePointer<Float>,
        value: UnsafePointer<Float>,
        headDimension: Int,
        tile: UnsafeMutableRawPointer,
        tileByteCount: Int,
        index: Int,
        _ type: KeyValueType
    ) {
        let convert: @convention(c) (UnsafePointer<Float>, UnsafeMutableRawPointer, Int) -> Void
        switch type {
        case .float32: convert = table.pointee.types.0.from_f32
        case .float16: convert = table.pointee.types.1.from_f32
        case .bfloat16: convert = table.pointee.types.2.from_f32
        case .int8:
            table.pointee.q8_cache.store(key, value, headDimension, tile, tileByteCount, index)
            return
        }
        let place = tile + index * type.rowByteCount(headDimension: headDimension)
        convert(key, place, headDimension)
        convert(value, place + tileByteCount, headDimension)
    }

    /// The head dimensions that the attention kernels accept: multiples of 8 up to 256.
    public static func supportsHeadDimension(_ dimension: Int) -> Bool {
        dimension > 0 && dimension <= Int(QWEN_MAX_HEAD_DIM) && dimension % 8 == 0
    }

    /// The floats of one partial result of ``attendPartially``.
    public static func attentionPartialSize(group: Int, headDimension: Int) -> Int {
        qwen_attention_partial_size(group, headDimension)
    }

    /// The floats of scratch that ``attendRows`` needs for each worker.
    public static func attentionScratchSize(headDimension: Int) -> Int {
        qwen_attention_scratch(headDimension)
    }

    /// Attention of one position over part of the cache, for the `group` query heads that share a key-value head.
    ///
    /// The result is unnormalised, so that workers can take parts of a long cache each; ``mergeAttention`` joins them.
    ///
    /// - Parameters:
    ///   - q: [group, headDimension].
    ///   - group: the query heads.
    ///   - headDimension: the length of a head, as ``supportsHeadDimension(_:)`` wants it.
    ///   - cache: the cached keys and values of this head.
    ///   - type: how keys and values are stored.
    ///   - positions: the positions to attend to; none is allowed.
    ///   - scale: usually 1/√headDimension.
    ///   - partial: attentionPartialSize floats.
    public func attendPartially(
        q: UnsafePointer<Float>,
        group: Int,
        headDimension: Int,
        cache: PagedHead,
        _ type: KeyValueType,
        positions: Range<Int>,
        scale: Float,
        partial: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: cache.head) {
            partialAttention(type)(
                q,
                group,
                headDimension,
                $0,
                positions.lowerBound,
                positions.count,
                scale,
                partial
            )
        }
    }

    /// Joins `parts` partial results, each `stride` floats after the one before, into out: [group, headDimension],
    /// heads `outStride` floats apart.
    public func mergeAttention(
        partials: UnsafePointer<Float>,
        stride: Int,
        parts: Int,
        group: Int,
        headDimension: Int,
        out: UnsafeMutablePointer<Float>,
        outStride: Int
    ) {
        table.pointee.attention_merge(partials, stride, parts, group, headDimension, out, outStride)
    }

    /// Causal attention of `rows` consecutive positions for the `group` query heads that share a key-value head.
    /// Row i is position `start` + i and sees the cached positions 0 … start + i, its own included.
    ///
    /// - Parameters:
    ///   - q: row i begins at q + i · qStride and holds [group, headDimension] contiguous floats.
    ///   - qStride: the floats from one row of q to the next.
    ///   - rows: the positions to compute.
    ///   - group: the query heads.
    ///   - headDimension: the length of a head, as ``supportsHeadDimension(_:)`` wants it.
    ///   - start: the position of row 0.
    ///   - cache: the cached keys and values of this head, from position 0 on.
    ///   - type: how keys and values are stored.
    ///   - scale: usually 1/√headDimension.
    ///   - out: like q, or q itself where the strides are the same.
    ///   - outStride: the floats from one row of out to the next.
    ///   - scratch: attentionScratchSize floats of this worker's own, 64-byte aligned.
    public func attendRows(
        q: UnsafePointer<Float>,
        qStride: Int,
        rows: Int,
        group: Int,
        headDimension: Int,
        start: Int,
        cache: PagedHead,
        _ type: KeyValueType,
        scale: Float,
        out: UnsafeMutablePointer<Float>,
        outStride: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: cache.head) {
            rowsAttention(type)(
                q,
                qStride,
                rows,
                group,
                headDimension,
                start,
                $0,
                scale,
                out,
                outStride,
                scratch
            )
        }
    }
}
