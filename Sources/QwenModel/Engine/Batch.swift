/// Jobs whose next tokens are computed together.
///
/// Decoding is bound by reading the weights, and a batch reads them once for all its rows. Jobs join and leave between any two
/// tokens ("continuous batching"; Yu et al. 2022, Orca).
struct Batch {
    private let jobs: [EngineJob]

    init(_ jobs: [EngineJob]) {
        self.jobs = jobs
    }

    /// Computes a token of each.
    ///
    /// - Returns: the jobs that ended.
    func run(_ pass: ForwardPass) -> [EngineJob] {
        var ended: [EngineJob] = []
        var rows: [EngineJob] = []
        for job in jobs {
            if job.prepareRow() { rows.append(job) } else { ended.append(job) }
        }
        guard rows.count > 1 else {
            return ended + rows.filter { !$0.step(pass) }
        }
        do {
            try pass.run(rows.compactMap(\.nextToken))
        } catch {
            // No memory for the batch: each by itself needs less.
            return ended + rows.filter { !$0.step(pass) }
        }
        for start in stride(from: 0, to: rows.count, by: pass.maximumLogitRows) {
            let part = start..<min(start + pass.maximumLogitRows, rows.count)
            pass.projectBatch(part)
            for index in part where !rows[index].finishRow(pass, row: index - start) { ended.append(rows[index]) }
        }
        return ended
    }
}
