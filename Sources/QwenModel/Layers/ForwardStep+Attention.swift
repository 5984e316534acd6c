import QwenTensor

extension ForwardStep {
    /// delta = output(attention(x)), complete after a barrier; ends with that barrier.
    func attentionBlock(_ plan: UnsafePointer<LayerPlan>, layer: Int, _ worker: inout Worker) {
        let residual: Residual = layer == 0 ? .none : residual(after: plan - 1)
        normalize(plan.pointee.inputNorm, adding: residual, &worker)
        projectHeads(plan, &worker)
        worker.barrier()
        if let sequences {
            attendSequences(plan, sequences, layer: layer, &worker)
        } else {
            let cache = LayerCache(layout, pages, layer: layer)
            if rows == 1 {
                attendOneRow(plan, cache, &worker)
            } else if computesRowsAlone {
                attendRowsAlone(plan, cache, &worker)
            } else {
                attendRows(plan, cache, &worker)
            }
        }
        worker.barrier()
        prepare(attended, inputs: queryStride, &worker)
        multiply(
            plan.pointee.output,
            x: attended,
            ldx: queryStride,
            rows: rows,
            y: delta,
            ldy: shape.hidden,
            &worker
        )
        worker.barrier()
    }

    // Memory that is attention's alone: it is the feed-forward block's when this block is done.
    private var query: UnsafeMutablePointer<Float> { memory.attention.query }
    private var key: UnsafeMutablePointer<Float> { memory.attention.key }
    private var value: UnsafeMutablePointer<Float> { memory.attention.value }
    private var attended: UnsafeMutablePointer<Float> { memory.attention.attended }
    private var partials: UnsafeMutablePointer<Float> { memory.partials }
    private var attentionScratch: UnsafeMutablePointer<Float> { memory.attentionScratch }

    private var queryStride: Int { shape.heads * shape.headDimension }
    private var keyStride: Int { shape.keyValueHeads * shape.headDimension }

    /// Query, key and value of every row; three products in a row, whose pieces the workers share without waiting.
    private func projectHeads(_ plan: UnsafePointer<LayerPlan>, _ worker: inout Worker) {
        let x = blockInput(worker)
        multiply(
            plan.pointee.query,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: query,
            ldy: queryStride,
            &worker
        )
        multiply(
            plan.pointee.key,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: key,
            ldy: keyStride,
            &worker
        )
        multiply(
            plan.pointee.value,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: value,
            ldy: keyStride,
            &worker
        )
    }

    /// Norms and rotates the heads of one key–value head's group at one row, and puts key and value into the cache.
    private func prepare(
        _ plan: UnsafePointer<LayerPlan>,
        row: Int,
        position: Int,
        head: Int,
        _ cache: LayerCache
    ) {
        let dimension = shape.headDimension
        let cosines = cosines + position * (dimension / 2)
        let sines = sines + position * (dimension / 2)
        let queries = query + row * queryStride + head * shape.group * dimension
        let key = key + row * keyStride + head * dimension
        let value = value + row * keyStride + head * dimension
        if let queryNorm = plan.pointee.queryNorm {
            for index in 0..<shape.group {
                let query = queries + index * dimension
                kernels.rmsNorm(query, weight: queryNorm, epsilon: shape.epsilon, count: dimension, y: query)
            }
        }
        if let keyNorm = plan.pointee.keyNorm {
            kernels.rmsNorm(key, weight: keyNorm, epsilon: shape.epsilon, count: dimension, y: key)
        }
        kernels.rotate(
            queries,
            heads: shape.group,
            stride: dimension,
            dimension: dimension,
            cosines: cosines,
            sines: sines
        )
        kernels.rotate(key, heads: 1, stride: dimension, dimension: dimension, cosines: cosines, sines: sines)
        kernels.store(
            key: key,
            value: value,
            headDimension: dimension,
            tile: cache.tile(head, position: position),
            tileByteCount: layout.tileByteCount,
            index: position % PagedHead.tilePositions,
            layout.type
        )
    }

    /// One row: each worker prepares a head and attends with it at once, unless the heads do not divide among the workers
    /// and the cache is long; then a head's positions are shared too.
    private func attendOneRow(
        _ plan: UnsafePointer<LayerPlan>,
        _ cache: LayerCache,
        _ worker: inout Worker
    ) {
        let positions = start + 1
        let parts = parts(positions: positions, workers: worker.count)
        let size = Kernels.attentionPartialSize(group: shape.group, headDimension: shape.headDimension)
        while let claimed = worker.nextRange(of: shape.keyValueHeads, chunk: 1) {
            let head = claimed.lowerBound
            prepare(plan, row: 0, position: start, head: head, cache)
            if parts == 1 {
                let partial = partials + head * size
                attend(row: 0, head: head, positions: 0..<positions, cache, partial: partial)
                merge(row: 0, head: head, partials: partial, size: size, parts: 1)
            }
        }
        guard parts > 1 else { return }
        worker.barrier()
        let length = partLength(positions: positions, parts: parts)
        while let claimed = worker.nextRange(of: shape.keyValueHeads * parts, chunk: 1) {
            let (head, part) = claimed.lowerBound.quotientAndRemainder(dividingBy: parts)
            let range = min(part * length, positions)..<min((part + 1) * length, positions)
            let partial = partials + claimed.lowerBound * size
            attend(row: 0, head: head, positions: range, cache, partial: partial)
        }
        worker.barrier()
        while let claimed = worker.nextRange(of: shape.keyValueHeads, chunk: 1) {
            let head = claimed.lowerBound
            merge(row: 0, head: head, partials: partials + head * parts * size, size: size, parts: parts)
        }
    }

    /// Several rows, each with the sums of `attendOneRow` in their order: a worker takes a head with all its rows, whose keys
    /// and values are in the cache after the first.
    private func attendRowsAlone(
        _ plan: UnsafePointer<LayerPlan>,
        _ cache: LayerCache,
        _ worker: inout Worker
    ) {
        let heads = shape.keyValueHeads
        while let claimed = worker.nextRange(of: heads * rows, chunk: 1) {
            let (head, row) = claimed.lowerBound.quotientAndRemainder(dividingBy: rows)
            prepare(plan, row: row, position: start + row, head: head, cache)
        }
        worker.barrier()
        let size = Kernels.attentionPartialSize(group: shape.group, headDimension: shape.headDimension)
        let partials = partials + worker.index * maximumParts * size
        while let claimed = worker.nextRange(of: heads * rows, chunk: heads % worker.count == 0 ? rows : 1) {
            for task in claimed {
                let (head, row) = task.quotientAndRemainder(dividingBy: rows)
                let positions = start + row + 1
                let parts = parts(positions: positions, workers: worker.count)
                let length = partLength(positions: positions, parts: parts)
                for part in 0..<parts {
                    let range = min(part * length, positions)..<min((part + 1) * length, positions)
                    attend(row: row, head: head, positions: range, cache, partial: partials + part * size)
                }
                merge(row: row, head: head, partials: partials, size: size, parts: parts)
            }
        }
    }

    /// Rows of different sequences: each worker prepares a head of a row and attends with it at once. There are enough of them
    /// to share.
    private func attendSequences(
        _ plan: UnsafePointer<LayerPlan>,
        _ sequences: UnsafePointer<SequencePlace>,
        layer: Int,
        _ worker: inout Worker
    ) {
        let size = Kernels.attentionPartialSize(group: shape.group, headDimension: shape.headDimension)
        // There is room for more parts than workers.
        let partial = partials + worker.index * size
        while let claimed = worker.nextRange(of: rows * shape.keyValueHeads, chunk: 1) {
            let (row, head) = claimed.lowerBound.quotientAndRemainder(dividingBy: shape.keyValueHeads)
            let place = sequences[row]
            let cache = LayerCache(layout, place.pages, layer: layer)
            prepare(plan, row: row, position: place.position, head: head, cache)
            attend(row: row, head: head, positions: 0..<place.position + 1, cache, partial: partial)
            merge(row: row, head: head, partials: partial, size: size, parts: 1)
        }
    }

    /// Into how many parts a head's positions are split.
    private func parts(positions: Int, workers: Int) -> Int {
        guard positions >= 512, shape.keyValueHeads % workers != 0 else { return 1 }
        return max(1, min(positions / 128, (4 * workers + shape.keyValueHeads - 1) / shape.keyValueHeads, maximumParts))
    }

    /// The positions of a part: whole tiles of the cache.
    private func partLength(positions: Int, parts: Int) -> Int {
        let tile = PagedHead.tilePositions
        return ((positions + parts - 1) / parts + tile - 1) / tile * tile
    }

    private func attend(
        row: Int,
        head: Int,
        positions: Range<Int>,
        _ cache: LayerCache,
        partial: UnsafeMutablePointer<Float>
    ) {
        kernels.attendPartially(
            q: query + row * queryStride + head * shape.group * shape.headDimension,
            group: shape.group,
            headDimension: shape.headDimension,
            cache: cache.head(head),
            layout.type,
            positions: positions,
            scale: shape.scale,
            partial: partial
        )
    }

    private func merge(row: Int, head: Int, partials: UnsafePointer<Float>, size: Int, parts: Int) {
        kernels.mergeAttention(
            partials: partials,
            stride: size,
            parts: parts,
            group: shape.group,
            headDimension: shape.headDimension,
            out: attended + row * queryStride + head * shape.group * shape.headDimension,
            outStride: shape.headDimension
        )
    }

    /// Rows that one worker takes at a time for one head.
    private static var rowBlock: Int { 32 }

    /// Several rows: all keys and values go into the cache first, then blocks of rows attend, the longest first.
    private func attendRows(
        _ plan: UnsafePointer<LayerPlan>,
        _ cache: LayerCache,
        _ worker: inout Worker
    ) {
        let heads = shape.keyValueHeads
        let blocks = (rows + Self.rowBlock - 1) / Self.rowBlock
        while let claimed = worker.nextRange(of: heads * blocks, chunk: 1) {
            let (block, head) = claimed.lowerBound.quotientAndRemainder(dividingBy: heads)
            for row in block * Self.rowBlock..<min((block + 1) * Self.rowBlock, rows) {
                prepare(plan, row: row, position: start + row, head: head, cache)
            }
        }
        worker.barrier()
        let scratch = attentionScratch + worker.index * attentionScratchStride
        while let claimed = worker.nextRange(of: heads * blocks, chunk: 1) {
            let (reversed, head) = claimed.lowerBound.quotientAndRemainder(dividingBy: heads)
            let first = (blocks - 1 - reversed) * Self.rowBlock
            let offset = first * queryStride + head * shape.group * shape.headDimension
            kernels.attendRows(
                q: query + offset,
                qStride: queryStride,
                rows: min(Self.rowBlock, rows - first),
                group: shape.group,
                headDimension: shape.headDimension,
                start: start + first,
                cache: cache.head(head),
                layout.type,
                scale: shape.scale,
                out: attended + offset,
                outStride: queryStride,
                scratch: scratch
            )
        }
    }
}

/// One layer's part of a sequence's cache.
private struct LayerCache {
    private let pages: UnsafePointer<UnsafeRawPointer>
    /// Bytes from a page's beginning to the layer's first head.
    private let offset: Int
    private let layout: KeyValueLayout

    init(_ layout: KeyValueLayout, _ pages: UnsafePointer<UnsafeRawPointer>, layer: Int) {
        self.pages = pages
        self.layout = layout
        offset = layer * layout.heads * layout.headStride
    }

    /// Where the tile of a position begins for a head.
    func tile(_ head: Int, position: Int) -> UnsafeMutableRawPointer {
        let inside = position & (KeyValueLayout.pagePositions - 1)
        return UnsafeMutableRawPointer(mutating: pages[position >> KeyValueLayout.pageShift])
            + offset + head * layout.headStride + 2 * (inside / PagedHead.tilePositions) * layout.tileByteCount
    }

    func head(_ head: Int) -> PagedHead {
        PagedHead(
            pages: pages,
            pageShift: KeyValueLayout.pageShift,
            offset: offset + head * layout.headStride,
            tileByteCount: layout.tileByteCount
        )
    }
}
