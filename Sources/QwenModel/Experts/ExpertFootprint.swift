import QwenTensor

/// What a checkpoint's experts take in memory, from the headings of its files alone.
struct ExpertFootprint {
    /// The bytes of a slot for an expert of each sparse layer.
    private(set) var slotByteCounts: [Int] = []
    /// A weight that keeps experts from being read on demand; nil where there is none.
    private(set) var unreadable: String?

    /// - Complexity: O(number of experts in all layers)
    init(_ checkpoint: Checkpoint, _ arithmetic: Arithmetic) {
        let configuration = checkpoint.configuration
        guard let mixture = configuration.mixture else { return }
        for layer in 0..<configuration.layerCount where mixture.isSparse(layer: layer) {
            var first: [StoredMatrix.Form]?
            for expert in 0..<mixture.experts {
                let weights = configuration.weights(ofExpert: expert, inLayer: layer)
                let forms = weights.compactMap { Self.form(checkpoint, $0, arithmetic) }
                if forms.count < weights.count || forms != first ?? forms {
                    unreadable = weights.first?.name
                    return
                }
                first = forms
            }
            slotByteCounts.append(ExpertSlotPlan.slotByteCount(first?.map(\.byteCount) ?? []))
        }
    }

    private static func form(
        _ checkpoint: Checkpoint,
        _ weight: WeightShape,
        _ arithmetic: Arithmetic
    ) -> StoredMatrix.Form? {
        guard
            weight.shape.count == 2, checkpoint.quantizedMatrix(weight) == nil,
            let stored = checkpoint.stored(weight.name), let type = stored.elementType, stored.rotaryRows == nil
        else { return nil }
        return try? StoredMatrix.Form(type, outputs: weight.shape[0], inputs: weight.shape[1], for: arithmetic)
    }
}

extension ExpertResidency {
    /// What this comes to for a model on this machine.
    ///
    /// - Parameters:
    ///   - checkpoint: the model; nil for weights that come from somewhere else.
    ///   - configuration: its shape.
    ///   - options: how the engine will use the machine.
    /// - Returns: `.resident` or `.onDemand`.
    /// - Throws: `EngineError.expertLimitTooSmall` or `.expertNotReadable`.
    func resolved(
        for checkpoint: Checkpoint?,
        _ configuration: ModelConfiguration,
        _ options: EngineOptions
    ) throws(EngineError) -> ExpertResidency {
        guard let mixture = configuration.mixture, self != .resident,
            let layer = (0..<configuration.layerCount).first(where: { mixture.isSparse(layer: $0) })
        else { return .resident }
        guard let checkpoint else {
            guard case .onDemand = self else { return .resident }
            throw .expertNotReadable(name: configuration.weights(ofExpert: 0, inLayer: layer).first?.name ?? "")
        }
        switch self {
        case .resident:
            return .resident
        case .onDemand(let byteLimit):
            let footprint = ExpertFootprint(checkpoint, options.arithmetic)
            if let name = footprint.unreadable { throw .expertNotReadable(name: name) }
            _ = try ExpertSlotPlan(layers: footprint.slotByteCounts, mixture, byteLimit: byteLimit)
            return self
        case .automatic:
            guard let available = AvailableMemory.byteCount else { return .resident }
            return automatic(checkpoint, mixture, options, available: available)
        }
    }

    /// Decides by the memory that there is.
    ///
    /// - Complexity: O(number of tensors); O(number of experts in all layers) where the model does not fit with ease.
    package func automatic(
        _ checkpoint: Checkpoint,
        _ mixture: MixtureOfExperts,
        _ options: EngineOptions,
        available: Int
    ) -> ExpertResidency {
        let configuration = checkpoint.configuration
        let tokens = min(8192, configuration.contextLength)
        // Most models fit, and are not to pay for the question.
        let keys = configuration.keyValueByteCount(tokens: tokens, storedAs: .float32) ?? .max / 2
        if available / 2 > checkpoint.weightByteCount, available / 4 > keys, available > 4 << 30 { return .resident }
        var options = options
        options.experts = .resident
        guard let plan = try? MemoryPlan(checkpoint, options: options, contextTokens: tokens),
            plan.total > available - available / 16
        else { return .resident }
        let footprint = ExpertFootprint(checkpoint, options.arithmetic)
        guard footprint.unreadable == nil else { return .resident }
        let others = plan.weights - plan.experts + plan.keysAndValues + plan.scratch
        let smallest = (footprint.slotByteCounts.max() ?? 0) * mixture.expertsPerToken
        return .onDemand(byteLimit: max(smallest, available - available / 8 - others))
    }
}
