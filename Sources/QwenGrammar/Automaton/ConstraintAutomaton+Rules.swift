extension ConstraintAutomaton {
    /// What a thread within a rule leads to without reading: threads that read next, and the end of the text.
    func expansion(of thread: Thread) -> [Thread] {
        if let known = expansions[thread] { return known }
        var result: [Thread] = []
        guard let rules = graph.rules else { return result }
        var seen: Set<Thread> = []
        var stack = [thread]
        while let thread = stack.popLast() {
            guard seen.insert(thread).inserted else { continue }
            if thread.kind != .rule {
                // Behind the last rule, or back in JSON around it.
                result.append(thread)
                continue
            }
            var reads = false
            for edge in rules.edges[Int(thread.a)] {
                switch edge {
                case .bytes, .value: reads = true
                case .free(let target): stack.append(Thread(kind: .rule, a: target, frame: thread.frame))
                case .call(let rule, let back):
                    let frame = frame(for: back, in: thread.frame, rules)
                    stack.append(Thread(kind: .rule, a: rules.starts[Int(rule)], frame: frame))
                case .finish: stack.append(completed(thread.frame))
                }
            }
            if reads { result.append(thread) }
        }
        expansions[thread] = result
        return result
    }

    /// The frame for something that a rule calls. At the rule's end it comes back to where the rule itself was called:
    /// recursion from the right takes no memory.
    private func frame(for back: Int32, in parent: Int32, _ rules: RuleNetwork) -> Int32 {
        var state = back
        while rules.edges[Int(state)].count == 1, case .free(let next)? = rules.edges[Int(state)].first { state = next }
        if rules.edges[Int(state)] == [.finish] { return parent }
        return number(of: Frame(kind: .rule, shape: back, parent: parent))
    }

    /// Adds what becomes of a thread within a rule behind a byte.
    func stepRule(_ thread: Thread, _ byte: UInt8, _ next: inout [Thread]) {
        guard let rules = graph.rules else { return }
        for thread in expansion(of: thread) where thread.kind == .rule {
            for edge in rules.edges[Int(thread.a)] {
                switch edge {
                case .bytes(let bytes, let target) where bytes.contains(byte):
                    next.append(Thread(kind: .rule, a: target, frame: thread.frame))
                case .value(let value, let back):
                    let frame = frame(for: back, in: thread.frame, rules)
                    begin(graph.values[Int(value)], byte, frame: frame, &next)
                default: continue
                }
            }
        }
    }
}
