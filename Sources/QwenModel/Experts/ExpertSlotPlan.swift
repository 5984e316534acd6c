/// How many bytes go to which layers for experts that are read on demand.
///
/// Memory is divided into slots, each for one expert. Each layer has slots of its own, as many as every other, because all layers
/// are passed equally often: a memory for all in which the least recently used expert makes way would keep the same experts while
/// tokens are decoded, but after a long prompt, whose rows need every expert of a layer, hold the last layers' only. Where a layer
/// would have fewer slots than a token needs, one pool serves all layers.
struct ExpertSlotPlan: Hashable {
    /// Slots of the same size.
    struct Pool: Hashable {
        let slotByteCount: Int
        let slotCount: Int
    }

    let pools: [Pool]
    /// The pool of each sparse layer.
    let poolOfLayer: [Int]

    /// The bytes of all slots.
    var byteCount: Int { pools.reduce(0) { $0 + $1.slotByteCount * $1.slotCount } }

    /// Where matrices begin in a slot.
    static let alignment = 64

    /// The bytes of a slot that holds matrices of some sizes.
    static func slotByteCount(_ matrices: [Int]) -> Int {
        matrices.reduce(0) { $0 + ($1 + alignment - 1) / alignment * alignment }
    }

    /// Divides memory.
    ///
    /// - Parameters:
    ///   - layers: the bytes of a slot for each sparse layer; at least one.
    ///   - mixture: how many experts there are, and how many a token passes through.
    ///   - byteLimit: the most bytes in all.
    /// - Throws: `EngineError.expertLimitTooSmall`.
    init(layers: [Int], _ mixture: MixtureOfExperts, byteLimit: Int) throws(EngineError) {
        let largest = layers.max() ?? 0
        let minimum = largest * mixture.expertsPerToken
        guard byteLimit >= minimum, largest > 0 else {
            throw .expertLimitTooSmall(byteLimit: byteLimit, minimum: minimum)
        }
        let round = layers.reduce(0, +)
        let each = min(byteLimit / round, mixture.experts)
        guard each >= mixture.expertsPerToken else {
            let count = min(byteLimit / largest, layers.count * mixture.experts)
            pools = [Pool(slotByteCount: largest, slotCount: count)]
            poolOfLayer = layers.map { _ in 0 }
            return
        }
        var left = byteLimit - each * round
        pools = layers.map { size in
            let takesOneMore = each < mixture.experts && left >= size
            if takesOneMore { left -= size }
            return Pool(slotByteCount: size, slotCount: each + (takesOneMore ? 1 : 0))
        }
        poolOfLayer = Array(layers.indices)
    }
}
