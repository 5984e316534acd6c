import QwenTensor

/// A layer's weights laid out for the forward pass: plain pointers and matrices, reached without a reference count.
///
/// The pointers are owned by the `ModelWeights` that the plan was made from.
struct LayerPlan {
    let inputNorm: UnsafePointer<Float>
    let query: LinearWeights
    let key: LinearWeights
    let value: LinearWeights
    let output: LinearWeights
    let queryNorm: UnsafePointer<Float>?
    let keyNorm: UnsafePointer<Float>?
    let feedForwardNorm: UnsafePointer<Float>
    /// A dense layer's block; nil in a mixture.
    let dense: UnsafePointer<GatedBlockWeights>?
    /// A mixture's router; nil in a dense layer.
    let router: UnsafePointer<LinearWeights>?
    /// A mixture's experts; nil in a dense layer.
    let experts: UnsafePointer<GatedBlockWeights>?
    /// A mixture's expert for all tokens and its gate; nil where there is none.
    let shared: UnsafePointer<SharedExpertWeights>?
}

/// The plans of all layers, and the memory that they point into.
final class ModelPlan {
    /// One plan a layer.
    let layers: UnsafePointer<LayerPlan>

    /// The embedding table.
    let embeddings: UnsafePointer<LinearWeights>

    /// The output layer.
    let head: UnsafePointer<LinearWeights>

    /// The forms in which products want their inputs, besides floats.
    let inputForms: InputForms

    let weights: ModelWeights
    private let plans: UnsafeMutablePointer<LayerPlan>
    private var blocks: [(start: UnsafeMutablePointer<GatedBlockWeights>, count: Int)] = []
    private var linears: [UnsafeMutablePointer<LinearWeights>] = []
    private var sharedExperts: [UnsafeMutablePointer<SharedExpertWeights>] = []

    init(_ weights: ModelWeights) {
        self.weights = weights
        inputForms = weights.matrices.reduce(into: []) { $0.formUnion($1.inputForms) }
        plans = .allocate(capacity: max(weights.layers.count, 1))
        layers = UnsafePointer(plans)
        let both = [weights.embeddings, weights.head].map { matrix in
            let place = UnsafeMutablePointer<LinearWeights>.allocate(capacity: 1)
            place.initialize(to: matrix)
            return place
        }
        embeddings = UnsafePointer(both[0])
        head = UnsafePointer(both[1])
        linears = both
        for (index, layer) in weights.layers.enumerated() {
            (plans + index).initialize(to: plan(of: layer))
        }
    }

    deinit {
        plans.deinitialize(count: weights.layers.count).deallocate()
        for block in blocks {
            block.start.deinitialize(count: block.count).deallocate()
        }
        for linear in linears {
            linear.deinitialize(count: 1).deallocate()
        }
        for shared in sharedExperts {
            shared.deinitialize(count: 1).deallocate()
        }
    }

    private func plan(of layer: LayerWeights) -> LayerPlan {
        var dense: UnsafePointer<GatedBlockWeights>?
        var router: UnsafePointer<LinearWeights>?
        var experts: UnsafePointer<GatedBlockWeights>?
        var shared: UnsafePointer<SharedExpertWeights>?
        switch layer.feedForward {
        case .dense(let block):
            dense = place([block])
        case .mixture(let routing, let all, let common):
            let linear = UnsafeMutablePointer<LinearWeights>.allocate(capacity: 1)
            linear.initialize(to: routing)
            linears.append(linear)
            router = UnsafePointer(linear)
            experts = place(all)
            if let common {
                let place = UnsafeMutablePointer<SharedExpertWeights>.allocate(capacity: 1)
                place.initialize(to: common)
                sharedExperts.append(place)
                shared = UnsafePointer(place)
            }
        }
        return LayerPlan(
            inputNorm: UnsafePointer(layer.inputNorm.baseAddress),
            query: layer.query,
            key: layer.key,
            value: layer.value,
            output: layer.output,
            queryNorm: layer.queryNorm.map { UnsafePointer($0.baseAddress) },
            keyNorm: layer.keyNorm.map { UnsafePointer($0.baseAddress) },
            feedForwardNorm: UnsafePointer(layer.feedForwardNorm.baseAddress),
            dense: dense,
            router: router,
            experts: experts,
            shared: shared
        )
    }

    private func place(_ all: [GatedBlockWeights]) -> UnsafePointer<GatedBlockWeights> {
        let start = UnsafeMutablePointer<GatedBlockWeights>.allocate(capacity: max(all.count, 1))
        for (index, block) in all.enumerated() {
            (start + index).initialize(to: block)
        }
        blocks.append((start, all.count))
        return UnsafePointer(start)
    }
}
