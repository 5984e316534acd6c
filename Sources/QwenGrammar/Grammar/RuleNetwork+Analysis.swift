extension RuleNetwork {
    /// The states from which the end of their rule can be reached.
    ///
    /// - Parameter reading: whether bytes may be read on the way.
    /// - Returns: for every state whether it is one of them.
    /// - Complexity: O(number of edges)
    private func statesThatFinish(reading: Bool) -> [Bool] {
        var reaches = edges.map { $0.contains(.finish) }
        var dependents = [[Int32]](repeating: [], count: edges.count)
        for (state, edges) in edges.enumerated() {
            for edge in edges {
                switch edge {
                case .free(let next): dependents[Int(next)].append(Int32(state))
                case .bytes(_, let next), .value(_, let next):
                    if reading { dependents[Int(next)].append(Int32(state)) }
                case .call(let rule, let back):
                    dependents[Int(starts[Int(rule)])].append(Int32(state))
                    dependents[Int(back)].append(Int32(state))
                case .finish: break
                }
            }
        }
        var pending = reaches.indices.filter { reaches[$0] }
        while let reached = pending.popLast() {
            for state in dependents[reached] where !reaches[Int(state)] {
                let nowReaches = edges[Int(state)].contains { edge in
                    switch edge {
                    case .free(let next): reaches[Int(next)]
                    case .bytes(_, let next), .value(_, let next): reading && reaches[Int(next)]
                    case .call(let rule, let back): reaches[Int(starts[Int(rule)])] && reaches[Int(back)]
                    case .finish: true
                    }
                }
                if nowReaches {
                    reaches[Int(state)] = true
                    pending.append(Int(state))
                }
            }
        }
        return reaches
    }

    /// Removes what can never end.
    mutating func removeDeadEnds() {
        let isLive = statesThatFinish(reading: true)
        for state in edges.indices {
            edges[state].removeAll { edge in
                switch edge {
                case .free(let next), .bytes(_, let next), .value(_, let next): !isLive[Int(next)]
                case .call(let rule, let back): !isLive[Int(starts[Int(rule)])] || !isLive[Int(back)]
                case .finish: false
                }
            }
        }
    }

    /// A rule that calls itself before anything is read, which no run from left to right can follow; nil for none.
    ///
    /// It lies on a circle of edges that read nothing, one of which enters a rule.
    func leftRecursiveRule() -> Int? {
        let isEmpty = statesThatFinish(reading: false)
        func successors(_ state: Int) -> [Int] {
            edges[state].flatMap { edge -> [Int] in
                switch edge {
                case .free(let next): return [Int(next)]
                case .bytes, .value, .finish: return []
                case .call(let rule, let back):
                    let start = Int(starts[Int(rule)])
                    return isEmpty[start] ? [start, Int(back)] : [start]
                }
            }
        }
        let components = stronglyConnectedComponents(count: edges.count, successors)
        for (state, edges) in edges.enumerated() {
            for case .call(let rule, _) in edges where components[state] == components[Int(starts[Int(rule)])] {
                return Int(rule)
            }
        }
        return nil
    }
}

/// The number of every node's strongly connected component (Tarjan 1972), without recursion.
///
/// - Complexity: O(number of nodes and edges)
private func stronglyConnectedComponents(count: Int, _ successors: (Int) -> [Int]) -> [Int] {
    var order = [Int](repeating: -1, count: count)
    var lowest = [Int](repeating: 0, count: count)
    var component = [Int](repeating: -1, count: count)
    var visited = 0
    var stack: [Int] = []
    for root in 0..<count where order[root] < 0 {
        var path: [(node: Int, rest: [Int])] = []
        func enter(_ node: Int) {
            order[node] = visited
            lowest[node] = visited
            visited += 1
            stack.append(node)
            path.append((node, successors(node)))
        }
        enter(root)
        while let (node, rest) = path.last {
            if let next = rest.last {
                path[path.count - 1].rest.removeLast()
                if order[next] < 0 {
                    enter(next)
                } else if component[next] < 0 {
                    lowest[node] = min(lowest[node], order[next])
                }
                continue
            }
            path.removeLast()
            if let parent = path.last?.node { lowest[parent] = min(lowest[parent], lowest[node]) }
            if lowest[node] == order[node] {
                while let member = stack.popLast() {
                    component[member] = node
                    if member == node { break }
                }
            }
        }
    }
    return component
}
