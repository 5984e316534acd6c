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
    private let anyString: Int32?
    private let anyStringSlice: StringSlice?
    private var stack: [Int32]

    private struct Slice: Hashable {
        var automaton: Int32
        var state: Int32
    }

    /// Masks take 19 KB each with Qwen's vocabulary.
    private static let maskLimit = 1_024

    init(_ automaton: ConstraintAutomaton, vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
        anyString = automaton.graph.automata.firstIndex { $0 == ByteAutomaton.anyString }.map { Int32($0) }
        anyStringSlice = vocabulary.sliceOfAnyString()
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
        if let mask = maskWithinString(threads) ?? maskWithinName(configuration, threads) { return mask }
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
        if stack.count <= trie.maximumDepth { stack += repeatElement(0, count: trie.maximumDepth - stack.count + 1) }
        stack[start] = configuration
        var node = nodes.lowerBound
        while node < nodes.upperBound {
            let depth = Int(trie.depths[node])
            let next = automaton.step(stack[depth - 1], trie.bytes[node])
            guard next >= 0 else {
                node = Int(trie.ends[node])
                continue
            }
            stack[depth] = next
            for index in trie.tokenRange(node) { mask.insert(trie.tokens[index]) }
            node += 1
        }
    }

    // MARK: Strings

    private func slice(_ number: Int32, _ state: Int32) -> StringSlice? {
        if number == anyString, state == 0 { return anyStringSlice }
        let key = Slice(automaton: number, state: state)
        if let known = slices[key] { return known }
        let made = StringSlice(
            automaton.graph.automata[Int(number)],
            state: state,
            vocabulary: vocabulary,
            countsScalars: false
        )
        if slices.count >= Self.maskLimit { slices.removeAll(keepingCapacity: true) }
        slices[key] = made
        return made
    }

    /// Nil where not all threads are at the same place of the same string, or where its length has to be looked at.
    private func maskWithinString(_ threads: [ConstraintAutomaton.Thread]) -> TokenMask? {
        guard let first = threads.first, first.kind == .string else { return nil }
        let shape = automaton.graph.strings[Int(first.a)]
        for thread in threads.dropFirst()
        where thread.kind != .string || thread.a != first.a || thread.b != first.b || thread.count != first.count {
            return nil
        }
        let isAny = shape.automaton == anyString && first.b == 0
        if shape.isCounted, !isAny { return nil }
        guard let slice = slice(shape.automaton, first.b) else { return nil }
        let after = automaton.number(of: ConstraintAutomaton.sorted(threads.map { automaton.completed($0.frame) }))
        let least = Int(max(0, shape.minimum - first.count))
        let most = shape.maximum.map { Int($0 - first.count) } ?? .max
        var mask = slice.inside[min(most, slice.inside.count - 1)]
        if least == 0, most >= slice.exits.count - 1 {
            leave(slice.allExits, to: after, &mask)
        } else {
            for count in slice.exits.indices where count >= min(least, StringSlice.countLimit) && count <= most {
                leave(slice.exits[count], to: after, &mask)
            }
        }
        return mask
    }

    /// Adds the tokens that end a string: behind the quote, the first byte of all, stands a configuration.
    private func leave(_ exits: TokenTrie, to after: Int32, _ mask: inout TokenMask) {
        guard after >= 0, exits.count > 0 else { return }
        if stack.count <= exits.maximumDepth { stack += repeatElement(0, count: exits.maximumDepth + 1) }
        for index in exits.tokenRange(0) { mask.insert(exits.tokens[index]) }
        walk(exits, nodes: 1..<exits.count, depth: 1, from: after, &mask)
    }

    // MARK: Names

    /// Nil where other names than the listed ones are not free to be any.
    private func maskWithinName(_ configuration: Int32, _ threads: [ConstraintAutomaton.Thread]) -> TokenMask? {
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
        var mask = anyStringSlice.inside[anyStringSlice.inside.count - 1]
        leave(anyStringSlice.allExits, to: automaton.number(of: ConstraintAutomaton.sorted(unlisted)), &mask)
        // … and then the tokens that end a listed name, as it is.
        correct(configuration, node: nil, &mask)
        return mask
    }

    /// Goes along the listed names and decides anew on tokens that end one.
    private func correct(_ configuration: Int32, node: Int?, _ mask: inout TokenMask) {
        let threads = automaton.configurations[Int(configuration)]
        let trie = vocabulary.trie
        var child = node.map { $0 + 1 } ?? 0
        let end = node.map { Int(trie.ends[$0]) } ?? trie.count
        while child < end {
            let byte = trie.bytes[child]
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
                    let depth = Int(trie.depths[child])
                    walk(trie, nodes: child + 1..<Int(trie.ends[child]), depth: depth, from: next, &mask)
                }
            }
            child = Int(trie.ends[child])
        }
    }
}
