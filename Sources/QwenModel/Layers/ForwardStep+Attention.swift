import QwenTensor

extension ForwardStep {
    /// delta = output(attention(x)), complete after a barrier; ends with that barrier.
    func attentionBlock(_ plan: UnsafePointer<LayerPlan>, layer: Int, _ worker: inout Worker) {
        let residual: Residual = layer == 0 ? .none : residual(after: plan - 1)
        normalize(plan.pointee.inputNorm, adding: residual, &worker)
        projectHeads(plan, &worker)
        worker.barrier()
        let keys = cacheBase + 2 * layer * shape.keyValueHeads * cacheHeadStride
        let values = keys + shape.keyValueHeads * cacheHeadStride
        if rows == 1 {
            attendOneRow(plan, keys: keys, values: values, &worker)
        } else {
            attendRows(plan, keys: keys, values: values, &worker)
        }
        worker.barrier()
        quantize(attended, inputs: queryStride, &worker)
        Linear.apply(
            plan.pointee.output,
            x: attended,
            ldx: queryStride,
            rows: rows,
            y: delta,
            ldy: shape.hidden,
            worker: &worker,
            scratch: scratch,
            slot: inputSlot(worker)
        )
        worker.barrier()
    }

    private var queryStride: Int { shape.heads * shape.headDimension }
    private var keyStride: Int { shape.keyValueHeads * shape.headDimension }

    /// Query, key and value of every row; three products in a row, whose pieces the workers share without waiting.
    private func projectHeads(_ plan: UnsafePointer<LayerPlan>, _ worker: inout Worker) {
        let x = blockInput(worker)
        Linear.apply(
            plan.pointee.query,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: query,
            ldy: queryStride,
            worker: &worker,
            scratch: scratch,
            slot: inputSlot(worker)
        )
        Linear.apply(
            plan.pointee.key,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: key,
            ldy: keyStride,
            worker: &worker,
            scratch: scratch,
            slot: inputSlot(worker)
        )
        Linear.apply(
            plan.pointee.value,
            x: x,
            ldx: shape.hidden,
            rows: rows,
            y: value,
            ldy: keyStride,
            worker: &worker,
            scratch: scratch,
            slot: inputSlot(worker)
        )
    }

    /// Norms and rotates the heads of one key–value head's group at one row, and puts key and value into the cache.
    private func prepare(
        _ plan: UnsafePointer<LayerPlan>,
        row: Int,
        head: Int,
        keys: UnsafeMutableRawPointer,
        values: UnsafeMutableRawPointer
    ) {
        let dimension = shape.headDimension
        let position = start + row
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
        let place = head * cacheHeadStride + position * cacheStride
        kernels.convert(from: key, to: keys + place, cacheType, count: dimension)
        kernels.convert(from: value, to: values + place, cacheType, count: dimension)
    }

    /// One row: each worker prepares a head and attends with it at once, unless the heads do not divide among the workers
    /// and the cache is long; then a head's positions are shared too.
    private func attendOneRow(
        _ plan: UnsafePointer<LayerPlan>,
        keys: UnsafeMutableRawPointer,
        values: UnsafeMutableRawPointer,
        _ worker: inout Worker
    ) {
        let positions = start + 1
        let parts = parts(positions: positions, workers: worker.count)
        let size = Kernels.attentionPartialSize(group: shape.group, headDimension: shape.headDimension)
        while let claimed = worker.nextRange(of: shape.keyValueHeads, chunk: 1) {
            let head = claimed.lowerBound
            prepare(plan, row: 0, head: head, keys: keys, values: values)
            if parts == 1 {
                let partial = partials + head * size
                attend(head: head, positions: 0..<positions, keys: keys, values: values, partial: partial)
                merge(head: head, partials: partial, size: size, parts: 1)
            }
        }
        guard parts > 1 else { return }
        worker.barrier()
        let length = (positions + parts - 1) / parts
        while let claimed = worker.nextRange(of: shape.keyValueHeads * parts, chunk: 1) {
            let (head, part) = claimed.lowerBound.quotientAndRemainder(dividingBy: parts)
            let range = min(part * length, positions)..<min((part + 1) * length, positions)
            let partial = partials + claimed.lowerBound * size
            attend(head: head, positions: range, keys: keys, values: values, partial: partial)
        }
        worker.barrier()
        while let claimed = worker.nextRange(of: shape.keyValueHeads, chunk: 1) {
            let head = claimed.lowerBound
            merge(head: head, partials: partials + head * parts * size, size: size, parts: parts)
        }
    }

    /// Into how many parts a head's positions are split.
    private func parts(positions: Int, workers: Int) -> Int {
        guard positions >= 512, shape.keyValueHeads % workers != 0 else { return 1 }
        return max(1, min(positions / 128, (4 * workers + shape.keyValueHeads - 1) / shape.keyValueHeads, maximumParts))
    }

    private func attend(
        head: Int,
        positions: Range<Int>,
        keys: UnsafeMutableRawPointer,
        values: UnsafeMutableRawPointer,
        partial: UnsafeMutablePointer<Float>
    ) {
        let place = head * cacheHeadStride + positions.lowerBound * cacheStride
        kernels.attendPartially(
            q: query + head * shape.group * shape.headDimension,
            group: shape.group,
            headDimension: shape.headDimension,
            keys: keys + place,
            keyStride: cacheStride,
            values: values + place,
            valueStride: cacheStride,
            cacheType,
            count: positions.count,
            scale: shape.scale,
            partial: partial
        )
    }

    private func merge(head: Int, partials: UnsafePointer<Float>, size: Int, parts: Int) {
        kernels.mergeAttention(
            partials: partials,
            stride: size,
            parts: parts,
            group: shape.group,
            headDimension: shape.headDimension,
            out: attended + head * shape.group * shape.headDimension,
            outStride: shape.headDimension
        )
    }

    /// Rows that one worker takes at a time for one head.
    private static var rowBlock: Int { 32 }

    /// Several rows: all keys and values go into the cache first, then blocks of rows attend, the longest first.
    private func attendRows(
        _ plan: UnsafePointer<LayerPlan>,
        keys: UnsafeMutableRawPointer,
        values: UnsafeMutableRawPointer,
        _ worker: inout Worker
    ) {
        let heads = shape.keyValueHeads
        let blocks = (rows + Self.rowBlock - 1) / Self.rowBlock
        while let claimed = worker.nextRange(of: heads * blocks, chunk: 1) {
            let (block, head) = claimed.lowerBound.quotientAndRemainder(dividingBy: heads)
            for row in block * Self.rowBlock..<min((block + 1) * Self.rowBlock, rows) {
                prepare(plan, row: row, head: head, keys: keys, values: values)
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
                keys: keys + head * cacheHeadStride,
                keyStride: cacheStride,
                values: values + head * cacheHeadStride,
                valueStride: cacheStride,
                cacheType,
                scale: shape.scale,
                out: attended + offset,
                outStride: queryStride,
                scratch: scratch
            )
        }
    }
}
