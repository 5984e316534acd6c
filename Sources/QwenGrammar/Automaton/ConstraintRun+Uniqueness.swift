extension ConstraintRun {
    /// How many beginnings are looked at before an element is taken to have a completion of its own.
    private static let searchLimit = 2_000

    /// Whether the element of a unique array that is being written can still become another one than those before it.
    ///
    /// The automaton knows no elements but by their form; that all elements of that form stand in the array already is
    /// found by a search for a completion, the shortest first. It ends at once where elements can be told apart by one
    /// more character, and gives up, with yes, where the forms are many.
    func canBecomeUnique() -> Bool {
        guard let trace, configuration >= 0 else { return true }
        for level in trace.containers.indices.reversed() {
            let container = trace.containers[level]
            guard !container.isObject, !container.elements.isEmpty else { continue }
            guard isUnique(level, of: trace.containers.count) else { continue }
            if !hasCompletion(level: level, used: container.elements.count) { return false }
        }
        return true
    }

    /// Whether an array that must be unique, or might have to be, has elements.
    var holdsElements: Bool { trace?.containers.contains { !$0.elements.isEmpty } ?? false }

    /// Whether the container at a level is an array whose elements must differ, for every thread.
    private func isUnique(_ level: Int, of count: Int) -> Bool {
        automaton.configurations[Int(configuration)].allSatisfy { thread in
            var frame = thread.frame
            for _ in 0..<count - 1 - level where frame >= 0 { frame = automaton.frames[Int(frame)].parent }
            guard frame >= 0, case let found = automaton.frames[Int(frame)], found.kind == .array else { return false }
            return automaton.graph.arrays[Int(found.shape)].isUnique
        }
    }

    private func hasCompletion(level: Int, used: Int) -> Bool {
        // Between two elements the array may end, if it has enough of them.
        var queue = [self]
        var head = 0
        if isBetweenElements(level), automaton.step(configuration, UInt8(ascii: "]")) >= 0 { return true }
        while head < queue.count, queue.count < Self.searchLimit {
            let run = queue[head]
            head += 1
            var branches = 0
            for byte in UInt8.min...UInt8.max where automaton.step(run.configuration, byte) >= 0 {
                // Used elements are as many; one branch more than them leads to another.
                guard branches <= used + 1 else { break }
                branches += 1
                var next = run
                guard next.append(byte) else { continue }
                if (next.trace?.containers.count ?? 0) <= level || next.isBetweenElements(level) { return true }
                queue.append(next)
            }
        }
        return head < queue.count
    }

    /// Whether an element of the array at a level has just been completed.
    private func isBetweenElements(_ level: Int) -> Bool {
        guard let trace, trace.containers.count == level + 1, !trace.isInScalar else { return false }
        return automaton.configurations[Int(configuration)].contains { $0.kind == .afterElement }
    }
}
