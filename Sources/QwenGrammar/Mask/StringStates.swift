/// An automaton of strings, and what is found out about its states while tokens are looked at.
final class StringStates {
    let automaton: ByteAutomaton
    /// The most code points that a text needs from any state to its end.
    let largestDistance: Int
    /// One for each state; ``unknown`` before it is asked for.
    private let kinds: UnsafeMutablePointer<CharacterKinds>
    private static let unknown = CharacterKinds(rawValue: .max)

    init(_ automaton: ByteAutomaton) {
        self.automaton = automaton
        largestDistance = Int(automaton.distances.max() ?? 0)
        kinds = .allocate(capacity: automaton.stateCount)
        kinds.initialize(repeating: Self.unknown, count: automaton.stateCount)
    }

    deinit { kinds.deallocate() }

    /// The kinds of characters that lead from a state to itself, all characters of each.
    func staying(_ state: Int32) -> CharacterKinds {
        let known = kinds[Int(state)]
        if known != Self.unknown { return known }
        var result: CharacterKinds = []
        if automaton.isBetween[Int(state)] {
            for (kind, bytes) in CharacterKinds.members
            where bytes.allSatisfy({ automaton.step(state, $0) == state }) {
                result.insert(kind)
            }
            if staysBeyondASCII(state) { result.insert(.beyondASCII) }
        }
        kinds[Int(state)] = result
        return result
    }

    private func staysBeyondASCII(_ state: Int32) -> Bool {
        func leadsBack(_ inner: Int32, _ count: UInt8) -> Bool {
            if count == 0 { return inner == state }
            guard inner >= 0 else { return false }
            let targets = Set((UInt8(0x80)...0xBF).map { automaton.step(inner, $0) })
            return targets.allSatisfy { leadsBack($0, count - 1) }
        }
        return (UInt8(0xC2)...0xF4).allSatisfy { byte in
            !CharacterKinds.isCertain(byte)
                || leadsBack(automaton.step(state, byte), CharacterKinds.continuationCount(after: byte))
        }
    }
}

extension TokenTrie {
    /// Walks through a part of the tree within a string.
    ///
    /// - Parameters:
    ///   - range: subtrees side by side.
    ///   - state: where the string stands before them.
    ///   - states: the string's automaton.
    ///   - inside: takes places of tokens that stay within the string, and an offset: a token's code points, and those that
    ///     the string needs behind it at least, are as many as the offset and `tokenScalars` say together.
    ///   - exit: takes nodes at which the string ends, the code points before them, and the state.
    @inline(__always)
    func walkString(
        _ range: Range<Int>,
        from state: Int32,
        _ states: StringStates,
        inside: (Range<Int>, Int) -> Void,
        exit: (Int, Int, Int32) -> Void
    ) {
        guard !range.isEmpty else { return }
        let automaton = states.automaton
        let classCount = automaton.classCount
        let base = Int(nodes[range.lowerBound].depth) - 1
        let parentScalars = base == 0 ? 0 : Int(nodes[range.lowerBound - 1].scalars)
        // For every depth the state there, the code points on the way, and how they compare with the nodes' own count.
        var path = [(state: Int32, count: Int32, staying: CharacterKinds, offset: Int)](
            repeating: (0, 0, [], 0),
            count: maximumDepth - base + 2
        )
        func place(_ state: Int32, _ count: Int32, scalars: Int) -> (Int32, Int32, CharacterKinds, Int) {
            let offset = Int(count) - scalars + Int(automaton.distances[Int(state)])
            return (state, count, states.staying(state), offset)
        }
        path[0] = place(state, 0, scalars: parentScalars)
        nodes.withUnsafeBufferPointer { nodes in
            automaton.next.withUnsafeBufferPointer { table in
                automaton.classes.withUnsafeBufferPointer { classes in
                    path.withUnsafeMutableBufferPointer { path in
                        var index = range.lowerBound
                        while index < range.upperBound {
                            let node = nodes[index]
                            let depth = Int(node.depth) - base
                            let before = path[depth - 1]
                            if before.staying.isSuperset(of: node.characters) {
                                inside(Int(node.firstToken)..<Int(nodes[Int(node.end)].firstToken), before.offset)
                                index = Int(node.end)
                                continue
                            }
                            let next = table[Int(before.state) * classCount + Int(classes[Int(node.byte)])]
                            guard next >= 0 else {
                                if node.byte == UInt8(ascii: "\""), automaton.accepts(before.state) {
                                    exit(index, Int(before.count), before.state)
                                }
                                index = Int(node.end)
                                continue
                            }
                            let count = before.count + (automaton.isBetween[Int(before.state)] ? 1 : 0)
                            path[depth] = place(next, count, scalars: Int(node.scalars))
                            let end = Int(nodes[index + 1].firstToken)
                            if end > Int(node.firstToken) {
                                inside(Int(node.firstToken)..<end, path[depth].offset)
                            }
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
