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
    let anyString: Int32?
    let anyStringSlice: AnyStringSlice?
    private var stack: [Int32]

    private struct Slice: Hashable {
        var automaton: Int32
        var state: Int32
        var countsScalars: Bool
    }

    /// A place within a string at which one thread stands, or several with different things around the string.
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
        // What any of the threads takes is allowed.
        let threads = automaton.configurations[Int(configuration)]
        let names = threads.filter { $0.kind == .name }
        var masks: [TokenMask] = names.isEmpty ? [] : [maskWithinNames(names)]
        masks += stringPlaces(threads).map { self.mask(within: $0) }
        var mask = masks.first ?? TokenMask(count: vocabulary.size)
        for other in masks.dropFirst() { mask.formUnion(other) }
        let others = threads.filter { $0.kind != .name && $0.kind != .string }
        if !others.isEmpty { walk(vocabulary.trie, from: automaton.number(of: others), &mask) }
        return mask
    }

    /// Adds the tokens of a tree that a configuration allows.
    private func walk(_ trie: TokenTrie, from configuration: Int32, _ mask: inout TokenMask) {
        walk(trie, nodes: 0..<trie.count, depth: 0, from: configuration, &mask)
    }

    func walk(
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
            if end > node + 1, walkText(trie, nodes: node + 1..<end, from: next, &mask) {
                node = end
            } else {
                node += 1
            }
        }
    }

    /// Adds the tokens of subtrees, if all threads of a configuration are within strings or all within names.
    private func walkText(
        _ trie: TokenTrie,
        nodes: Range<Int>,
        from configuration: Int32,
        _ mask: inout TokenMask
    ) -> Bool {
        let threads = automaton.configurations[Int(configuration)]
        guard let kind = threads.first?.kind, kind == .string || kind == .name else { return false }
        guard threads.allSatisfy({ $0.kind == kind }) else { return false }
        if kind == .string {
            for place in stringPlaces(threads) { walkString(trie, nodes: nodes, place, &mask) }
        } else {
            for group in unlistedNames(threads) { walkUnlisted(trie, nodes: nodes, group, &mask) }
            walkListed(threads, trie, nodes: nodes, &mask)
        }
        return true
    }

    // MARK: Strings

    /// Nil at the first visit.
    func slice(_ number: Int32, _ state: Int32, countsScalars: Bool) -> StringSlice? {
        let key = Slice(automaton: number, state: state, countsScalars: countsScalars)
        if let known = slices[key] { return known }
        if visited.insert(key).inserted { return nil }
        let made = StringSlice(
            stringStates(number),
            state: state,
            vocabulary: vocabulary,
            countsScalars: countsScalars
        )
        if slices.count >= Self.sliceLimit { slices.removeAll(keepingCapacity: true) }
        slices[key] = made
        return made
    }

    func stringStates(_ number: Int32) -> StringStates {
        if let known = states[Int(number)] { return known }
        let made = StringStates(automaton.graph.automata[Int(number)])
        states[Int(number)] = made
        return made
    }

    /// The places within strings at which threads stand.
    private func stringPlaces(_ threads: [ConstraintAutomaton.Thread]) -> [StringPlace] {
        var places: [StringPlace] = []
        var rest = threads.filter { $0.kind == .string }
        while let first = rest.first {
            let isHere = { (thread: ConstraintAutomaton.Thread) in
                thread.a == first.a && thread.b == first.b && thread.count == first.count
            }
            let after = rest.filter(isHere).map { automaton.completed($0.frame) }
            rest.removeAll(where: isHere)
            let shape = automaton.graph.strings[Int(first.a)]
            let least = Int(max(0, shape.minimum - first.count))
            let most = shape.maximum.map { Int($0 - first.count) } ?? .max
            // A bound that no token reaches does not matter yet.
            let reach = vocabulary.trie.maximumDepth + stringStates(shape.automaton).largestDistance
            places.append(
                StringPlace(
                    automaton: shape.automaton,
                    state: first.b,
                    isCounted: least > 0 || most < reach,
                    least: least,
                    most: most,
                    after: automaton.number(of: ConstraintAutomaton.sorted(after))
                )
            )
        }
        return places
    }

    private func mask(within place: StringPlace) -> TokenMask {
        if place.automaton == anyString, place.state == 0, let anyStringSlice {
            return mask(anyStringSlice, place)
        }
        guard let slice = slice(place.automaton, place.state, countsScalars: place.isCounted) else {
            var mask = TokenMask(count: vocabulary.size)
            walkString(vocabulary.trie, nodes: 0..<vocabulary.trie.count, place, &mask)
            return mask
        }
        var mask = slice.inside(atMost: place.most)
        for exit in slice.exits where exit.count >= place.least && exit.count <= place.most {
            leave(vocabulary.trie, at: exit.node, to: place.after, &mask)
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
        } exit: { node, count, _ in
            if !place.isCounted || count >= place.least && count <= place.most { exits.append(node) }
        }
        for node in exits { leave(trie, at: node, to: place.after, &mask) }
    }

    /// Adds the tokens that end a string at a node, behind which stands a configuration.
    func leave(_ trie: TokenTrie, at node: Int, to after: Int32, _ mask: inout TokenMask) {
        guard after >= 0 else { return }
        for index in trie.tokenRange(node) { mask.insert(trie.tokens[index]) }
        let depth = Int(trie.nodes[node].depth)
        guard behindName(after) else {
            return walk(trie, nodes: node + 1..<Int(trie.nodes[node].end), depth: depth, from: after, &mask)
        }
        // Nothing but a colon follows.
        let colon = UInt8(ascii: ":")
        guard let child = trie.child(of: node, over: colon), case let next = automaton.step(after, colon), next >= 0
        else { return }
        for index in trie.tokenRange(child) { mask.insert(trie.tokens[index]) }
        walk(trie, nodes: child + 1..<Int(trie.nodes[child].end), depth: depth + 1, from: next, &mask)
    }

    private func behindName(_ configuration: Int32) -> Bool {
        automaton.graph.whitespace != .flexible
            && automaton.configurations[Int(configuration)].allSatisfy { $0.kind == .colon }
    }

    /// Adds the tokens that end a string: behind the quote, the first byte of all, stands a configuration.
    func leave(_ exits: TokenTrie, to after: Int32, _ mask: inout TokenMask) {
        guard after >= 0, exits.count > 0 else { return }
        if stack.count <= exits.maximumDepth {
            stack += repeatElement(0, count: exits.maximumDepth + 1)
        }
        for index in exits.tokenRange(0) { mask.insert(exits.tokens[index]) }
        walk(exits, nodes: 1..<exits.count, depth: 1, from: after, &mask)
    }
}
