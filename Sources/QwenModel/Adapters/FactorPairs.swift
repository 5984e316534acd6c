/// The factors of an adapter's updates as a file names them, one tensor each, until both of a matrix are found.
struct FactorPairs<Stored> {
    /// A factor in the file.
    struct Factor {
        let name: String
        let shape: [Int]
        let stored: Stored
    }

    private var downs: [String: Factor] = [:]
    private var ups: [String: Factor] = [:]

    /// Notes a factor of a module's update: A where `isDown`, else B.
    mutating func insert(_ factor: Factor, of module: String, isDown: Bool) throws(AdapterError) {
        guard factor.shape.count == 2, factor.shape.allSatisfy({ $0 > 0 }) else {
            throw .unexpectedShape(name: factor.name, found: factor.shape)
        }
        if isDown { downs[module] = factor } else { ups[module] = factor }
    }

    /// Makes an update of each module's two factors, in the order of the modules' names.
    func updates(
        _ make: (_ module: String, _ down: Factor, _ up: Factor) throws(AdapterError) -> LoRAAdapter.Update
    ) throws(AdapterError) -> [LoRAAdapter.Update] {
        var updates: [LoRAAdapter.Update] = []
        for module in Set(downs.keys).union(ups.keys).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard let down = downs[module], let up = ups[module] else { throw .missingFactor(module: module) }
            guard up.shape[1] == down.shape[0] else { throw .unexpectedShape(name: up.name, found: up.shape) }
            updates.append(try make(module, down, up))
        }
        return updates
    }
}
