import Qwen

extension Checkpoint {
    /// Reads the weights and starts an engine, with a bar meanwhile.
    func startEngine(
        _ options: EngineOptions,
        preparing preparation: WeightPreparation = .beforeUse
    ) throws -> InferenceEngine {
        let bar = LoadingBar()
        defer { bar.clear() }
        var reading = ReadingOptions()
        reading.progress = { bar.show($0) }
        let pool = try WorkerPool(workerCount: options.threadCount ?? WorkerPool.defaultWorkerCount)
        reading.pool = pool
        let weights = try ModelWeights(
            configuration,
            from: reader(reading),
            arithmetic: options.arithmetic,
            pool: pool,
            preparation: preparation,
            experts: options.experts
        )
        return try InferenceEngine(weights, options: options)
    }
}
