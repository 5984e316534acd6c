extension MaskComputation {
    /// Threads within names of objects that have the same rules for names that are not listed, at one place.
    struct UnlistedNames {
        var automaton: Int32
        var state: Int32
        var threads: [ConstraintAutomaton.Thread]
    }

    /// The tokens that threads within names take.
    func maskWithinNames(_ threads: [ConstraintAutomaton.Thread]) -> TokenMask {
        let trie = vocabulary.trie
        var mask = TokenMask(count: vocabulary.size)
        // As if nothing were listed …
        for group in unlistedNames(threads) {
            if group.automaton == anyString, group.state == 0, let anyStringSlice {
                mask.formUnion(anyStringSlice.slice.inside(atMost: .max))
                leave(anyStringSlice.allExits, to: after(group, state: 0), &mask)
            } else if let slice = slice(group.automaton, group.state, countsScalars: false) {
                mask.formUnion(slice.inside(atMost: .max))
                leave(at: slice.exits, group, trie, &mask)
            } else {
                walkUnlisted(trie, nodes: 0..<trie.count, group, &mask)
            }
        }
        // … and then the listed names, as they are.
        walkListed(threads, trie, nodes: 0..<trie.count, &mask)
        return mask
    }

    // MARK: Unlisted names

    func unlistedNames(_ threads: [ConstraintAutomaton.Thread]) -> [UnlistedNames] {
        var groups: [UnlistedNames] = []
        for thread in threads where thread.b >= 0 {
            let number = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)].unlistedNames
            if let index = groups.firstIndex(where: { $0.automaton == number && $0.state == thread.b }) {
                groups[index].threads.append(thread)
            } else {
                groups.append(UnlistedNames(automaton: number, state: thread.b, threads: [thread]))
            }
        }
        return groups
    }

    /// The configuration behind a name that is not listed and ends in a state.
    private func after(_ group: UnlistedNames, state: Int32) -> Int32 {
        var next: [ConstraintAutomaton.Thread] = []
        for var thread in group.threads {
            thread.a = NameTrie.dead
            thread.b = state
            automaton.step(thread, UInt8(ascii: "\""), &next)
        }
        return automaton.number(of: ConstraintAutomaton.sorted(next))
    }

    /// Adds the tokens of subtrees that begin within a name, as if none were listed.
    func walkUnlisted(_ trie: TokenTrie, nodes: Range<Int>, _ group: UnlistedNames, _ mask: inout TokenMask) {
        var exits: [StringSlice.Exit] = []
        trie.walkString(nodes, from: group.state, stringStates(group.automaton)) { range, _ in
            for index in range { mask.insert(trie.tokens[index]) }
        } exit: { node, count, state in
            exits.append(.init(node: node, count: count, state: state))
        }
        leave(at: exits, group, trie, &mask)
    }

    private func leave(
        at exits: [StringSlice.Exit],
        _ group: UnlistedNames,
        _ trie: TokenTrie,
        _ mask: inout TokenMask
    ) {
        var known: [Int32: Int32] = [:]
        var last: (state: Int32, after: Int32) = (ByteAutomaton.dead, ConstraintAutomaton.dead)
        for exit in exits {
            if exit.state != last.state {
                last = (exit.state, known[exit.state] ?? after(group, state: exit.state))
                known[exit.state] = last.after
            }
            leave(trie, at: exit.node, to: last.after, &mask)
        }
    }

    // MARK: Listed names

    /// Goes along the listed names within subtrees, and decides anew on tokens that end one.
    func walkListed(
        _ threads: [ConstraintAutomaton.Thread],
        _ trie: TokenTrie,
        nodes: Range<Int>,
        _ mask: inout TokenMask
    ) {
        if threads.count == 1, let thread = threads.first {
            guard thread.a >= 0 else { return }
            let shape = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)]
            walkListed(thread, shape, trie, nodes: nodes, &mask)
        } else {
            walkListed(automaton.number(of: threads), trie, nodes: nodes, &mask)
        }
    }

    /// The same for one thread: configurations are only needed behind a name.
    private func walkListed(
        _ thread: ConstraintAutomaton.Thread,
        _ shape: ConstraintGraph.ObjectShape,
        _ trie: TokenTrie,
        nodes: Range<Int>,
        _ mask: inout TokenMask
    ) {
        for (byte, target) in shape.trie.edges(from: thread.a) {
            guard let child = trie.child(in: nodes, over: byte) else { continue }
            var next = thread
            next.a = target
            if thread.b >= 0 { next.b = automaton.graph.automata[Int(shape.unlistedNames)].step(thread.b, byte) }
            let names = shape.trie.nodes[Int(target)]
            let isFree = automaton.permission(thread.frame).names.hasMember(in: Int(names.first)..<Int(names.end))
            guard next.b >= 0 || isFree else { continue }
            for index in trie.tokenRange(child) { mask.insert(trie.tokens[index]) }
            walkListed(next, shape, trie, nodes: child + 1..<Int(trie.nodes[child].end), &mask)
        }
        guard shape.trie.nodes[Int(thread.a)].name >= 0 else { return }
        var after: [ConstraintAutomaton.Thread] = []
        automaton.step(thread, UInt8(ascii: "\""), &after)
        endName(trie, nodes: nodes, to: automaton.number(of: ConstraintAutomaton.sorted(after)), &mask)
    }

    private func walkListed(
        _ configuration: Int32,
        _ trie: TokenTrie,
        nodes: Range<Int>,
        _ mask: inout TokenMask
    ) {
        var bytes: [UInt8] = []
        var endsName = false
        for thread in automaton.configurations[Int(configuration)] where thread.kind == .name && thread.a >= 0 {
            let names = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)].trie
            for (byte, _) in names.edges(from: thread.a) where !bytes.contains(byte) { bytes.append(byte) }
            if names.nodes[Int(thread.a)].name >= 0 { endsName = true }
        }
        for byte in bytes {
            guard let child = trie.child(in: nodes, over: byte), case let next = automaton.step(configuration, byte),
                next >= 0
            else { continue }
            for index in trie.tokenRange(child) { mask.insert(trie.tokens[index]) }
            walkListed(next, trie, nodes: child + 1..<Int(trie.nodes[child].end), &mask)
        }
        if endsName {
            endName(trie, nodes: nodes, to: automaton.step(configuration, UInt8(ascii: "\"")), &mask)
        }
    }

    /// Decides on the tokens that end a listed name: whether it may be a member is not for unlisted names to say.
    private func endName(_ trie: TokenTrie, nodes: Range<Int>, to after: Int32, _ mask: inout TokenMask) {
        guard let child = trie.child(in: nodes, over: UInt8(ascii: "\"")) else { return }
        for index in trie.tokensBelow(child) { mask.remove(trie.tokens[index]) }
        leave(trie, at: child, to: after, &mask)
    }
}
