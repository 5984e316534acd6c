/// Finds the tokens that configurations allow, and remembers them.
///
/// In three ways, the cheapest that fits:
/// within a string, what the tokens do is known for the state of the string alone, and only what follows a closing quote
/// depends on what stands around it; within a member's name that may be any, the same, and the listed names are gone
/// through on their own; everywhere else the tree of tokens is walked, which ends soon, because structure allows little.
final class MaskComputation {
    let automaton: ConstraintAutomaton
    let vocabulary: TokenVocabulary
    private var masks: [Int32: TokenMask] = [:]
    private var slices: [Slice: StringSlice] = [:]
    /// The places within strings that were met once: for those a walk is less than a slice.
    private var visited: Set<Slice> = []
    /// What is known about each automaton's states within strings.
    private var states: [StringStates?]
    private let anyString: Int32?
    private let anyStringSlice: AnyStringSlice?
    private var stack: [Int32]

    private struct Slice: Hashable {
        var automaton: Int32
        var state: Int32
        var countsScalars: Bool
    }

    /// Where the threads of a configuration stand, if all are at one place of one string.
    private struct StringPlace {
        var automaton: Int32
        var state: Int32
        var isCounted: Bool
        /// How many more code points there must be at least, and may be at most.
        var least: Int
        var most: Int
        /// The configuration behind the string.
        var after: Int32
    }

    /// Masks take 19 KB each with Qwen's vocabulary.
    private static let maskLimit = 1_024
    /// Slices up to 33 times as much.
    private static let sliceLimit = 64

    init(_ automaton: ConstraintAutomaton, vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
        anyString = automaton.graph.automata.firstIndex { $0 == ByteAutomaton.anyString }.map {
            Int32($0)
        }
        anyStringSlice = vocabulary.sliceOfAnyString()
        states = Array(repeating: nil, count: automaton.graph.automata.count)
        stack = [Int32](repeating: 0, count: vocabulary.trie.maximumDepth + 1)
    }

    /// The tokens after which a configuration can still be completed.
    func mask(_ configuration: Int32) -> TokenMask {
        if let known = masks[configuration] { return known }
        if masks.count >= Self.maskLimit { masks.removeAll(keepingCapacity: true) }
        let mask = compute(configuration)
        masks[configuration] = mask
        return mask
    }

    private func compute(_ configuration: Int32) -> TokenMask {
        guard configuration >= 0 else { return TokenMask(count: vocabulary.size) }
        let threads = automaton.configurations[Int(configuration)]
        if let mask = maskWithinString(configuration) ?? maskWithinName(configuration, threads) {
            return mask
        }
        var mask = TokenMask(count: vocabulary.size)
        walk(vocabulary.trie, from: configuration, &mask)
        return mask
    }

    /// Adds the tokens of a tree that a configuration allows.
    private func walk(_ trie: TokenTrie, from configuration: Int32, _ mask: inout TokenMask) {
        walk(trie, nodes: 0..<trie.count, depth: 0, from: configuration, &mask)
    }

    private func walk(
        _ trie: TokenTrie,
        nodes: Range<Int>,
        depth start: Int,
        from configuration: Int32,
        _ mask: inout TokenMask
    ) {
        if stack.count <= trie.maximumDepth {
            stack += repeatElement(0, count: trie.maximumDepth - stack.count + 1)
        }
        stack[start] = configuration
        var node = nodes.lowerBound
        while node < nodes.upperBound {
            let depth = Int(trie.nodes[node].depth)
            let next = automaton.step(stack[depth - 1], trie.nodes[node].byte)
            let end = Int(trie.nodes[node].end)
            guard next >= 0 else {
                node = end
                continue
            }
            stack[depth] = next
            for index in trie.tokenRange(node) { mask.insert(trie.tokens[index]) }
            // Within a string there is no need to work out configurations one by one.
            if end > node + 1, let place = stringPlace(next) {
                walkString(trie, nodes: node + 1..<end, place, &mask)
                node = end
            } else {
                node += 1
            }
        }
    }

    // MARK: Strings

    /// Nil at the first visit.
    private func slice(_ place: StringPlace) -> StringSlice? {
        let key = Slice(automaton: place.automaton, state: place.state, countsScalars: place.isCounted)
        if let known = slices[key] { return known }
        if visited.insert(key).inserted { return nil }
        let made = StringSlice(
            stringStates(place.automaton),
            state: place.state,
            vocabulary: vocabulary,
            countsScalars: place.isCounted
        )
        if slices.count >= Self.sliceLimit { slices.removeAll(keepingCapacity: true) }
        slices[key] = made
        return made
    }

    private func stringStates(_ number: Int32) -> StringStates {
        if let known = states[Int(number)] { return known }
        let made = StringStates(automaton.graph.automata[Int(number)])
        states[Int(number)] = made
        return made
    }

    /// Nil where not all threads are at the same place of the same string.
    private func stringPlace(_ configuration: Int32) -> StringPlace? {
        let threads = automaton.configurations[Int(configuration)]
        guard let first = threads.first, first.kind == .string else { return nil }
        for thread in threads.dropFirst()
        where thread.kind != .string || thread.a != first.a || thread.b != first.b
            || thread.count != first.count
        {
            return nil
        }
        let shape = automaton.graph.strings[Int(first.a)]
        let after = automaton.number(
            of: ConstraintAutomaton.sorted(threads.map { automaton.completed($0.frame) })
        )
        let least = Int(max(0, shape.minimum - first.count))
        let most = shape.maximum.map { Int($0 - first.count) } ?? .max
        // A bound that no token reaches does not matter yet.
        let reach = vocabulary.trie.maximumDepth + stringStates(shape.automaton).largestDistance
        return StringPlace(
            automaton: shape.automaton,
            state: first.b,
            isCounted: least > 0 || most < reach,
            least: least,
            most: most,
            after: after
        )
    }

    private func maskWithinString(_ configuration: Int32) -> TokenMask? {
        guard let place = stringPlace(configuration) else { return nil }
        if place.automaton == anyString, place.state == 0, let anyStringSlice {
            return mask(anyStringSlice, place)
        }
        guard let slice = slice(place) else {
            var mask = TokenMask(count: vocabulary.size)
            walkString(vocabulary.trie, nodes: 0..<vocabulary.trie.count, place, &mask)
            return mask
        }
        var mask = slice.inside(atMost: place.most)
        for (node, count) in slice.exits where Int(count) >= place.least && Int(count) <= place.most {
            leave(vocabulary.trie, at: Int(node), to: place.after, &mask)
        }
        return mask
    }

    private func mask(_ slice: AnyStringSlice, _ place: StringPlace) -> TokenMask {
        var mask = slice.slice.inside(atMost: place.most)
        if !place.isCounted {
            leave(slice.allExits, to: place.after, &mask)
        } else {
            let least = min(place.least, StringSlice.countLimit)
            for count in slice.exits.indices where count >= least && count <= place.most {
                leave(slice.exits[count], to: place.after, &mask)
            }
        }
        return mask
    }

    /// Adds the tokens of subtrees that begin within a string.
    private func walkString(
        _ trie: TokenTrie,
        nodes: Range<Int>,
        _ place: StringPlace,
        _ mask: inout TokenMask
    ) {
        var exits: [Int] = []
        trie.walkString(nodes, from: place.state, stringStates(place.automaton)) { range, offset in
            for index in range
            where !place.isCounted || offset + Int(trie.tokenScalars[index]) <= place.most {
                mask.insert(trie.tokens[index])
            }
        } exit: { node, count in
            if !place.isCounted || count >= place.least && count <= place.most { exits.append(node) }
        }
        for node in exits { leave(trie, at: node, to: place.after, &mask) }
    }

    /// Adds the tokens that end a string at a node, behind which stands a configuration.
    private func leave(_ trie: TokenTrie, at node: Int, to after: Int32, _ mask: inout TokenMask) {
        guard after >= 0 else { return }
        for index in trie.tokenRange(node) { mask.insert(trie.tokens[index]) }
        let depth = Int(trie.nodes[node].depth)
        walk(trie, nodes: node + 1..<Int(trie.nodes[node].end), depth: depth, from: after, &mask)
    }

    /// Adds the tokens that end a string: behind the quote, the first byte of all, stands a configuration.
    private func leave(_ exits: TokenTrie, to after: Int32, _ mask: inout TokenMask) {
        guard after >= 0, exits.count > 0 else { return }
        if stack.count <= exits.maximumDepth {
            stack += repeatElement(0, count: exits.maximumDepth + 1)
        }
        for index in exits.tokenRange(0) { mask.insert(exits.tokens[index]) }
        walk(exits, nodes: 1..<exits.count, depth: 1, from: after, &mask)
    }

    // MARK: Names

    /// Nil where other names than the listed ones are not free to be any.
    private func maskWithinName(
        _ configuration: Int32,
        _ threads: [ConstraintAutomaton.Thread]
    )
        -> TokenMask?
    {
        guard let anyString, let anyStringSlice else { return nil }
        var isAny = false
        for thread in threads {
            guard thread.kind == .name else { return nil }
            if thread.b < 0 { continue }
            let shape = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)]
            guard shape.unlistedNames == anyString, thread.b == 0 else { return nil }
            isAny = true
        }
        guard isAny else { return nil }
        // As if nothing were listed …
        var unlisted: [ConstraintAutomaton.Thread] = []
        for thread in threads where thread.b >= 0 {
            var thread = thread
            thread.a = NameTrie.dead
            automaton.step(thread, UInt8(ascii: "\""), &unlisted)
        }
        var mask = anyStringSlice.slice.inside(atMost: .max)
        leave(
            anyStringSlice.allExits,
            to: automaton.number(of: ConstraintAutomaton.sorted(unlisted)),
            &mask
        )
        // … and then the tokens that end a listed name, as it is.
        correct(configuration, node: nil, &mask)
        return mask
    }

    /// Goes along the listed names and decides anew on tokens that end one.
    private func correct(_ configuration: Int32, node: Int?, _ mask: inout TokenMask) {
        let threads = automaton.configurations[Int(configuration)]
        let trie = vocabulary.trie
        var child = node.map { $0 + 1 } ?? 0
        let end = node.map { Int(trie.nodes[$0].end) } ?? trie.count
        while child < end {
            let byte = trie.nodes[child].byte
            var isListed = false
            var endsName = false
            for thread in threads where thread.kind == .name && thread.a >= 0 {
                let names = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)].trie
                if names.step(thread.a, byte) >= 0 { isListed = true }
                if names.nodes[Int(thread.a)].name >= 0 { endsName = true }
            }
            let next = automaton.step(configuration, byte)
            if isListed {
                if next >= 0 { correct(next, node: child, &mask) }
            } else if endsName, byte == UInt8(ascii: "\"") {
                for index in trie.tokensBelow(child) { mask.remove(trie.tokens[index]) }
                if next >= 0 {
                    for index in trie.tokenRange(child) { mask.insert(trie.tokens[index]) }
                    let depth = Int(trie.nodes[child].depth)
                    walk(trie, nodes: child + 1..<Int(trie.nodes[child].end), depth: depth, from: next, &mask)
                }
            }
            child = Int(trie.nodes[child].end)
        }
    }
}
