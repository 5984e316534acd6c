extension ConstraintAutomaton {
    private static let literals: [[UInt8]] = [Array("null".utf8), Array("true".utf8), Array("false".utf8)]
    /// The most white space in one place.
    private static let longestWhitespace: Int32 = 32

    /// Adds what becomes of a thread behind a byte.
    func step(_ thread: Thread, _ byte: UInt8, _ next: inout [Thread]) {
        switch thread.kind {
        case .literal:
            let word = Self.literals[Int(thread.a)]
            guard word[Int(thread.b)] == byte else { return }
            if Int(thread.b) + 1 == word.count {
                next.append(completed(thread.frame))
            } else {
                next.append(Thread(kind: .literal, a: thread.a, b: thread.b + 1, frame: thread.frame))
            }
        case .number:
            let automaton = graph.automata[Int(thread.a)]
            let state = automaton.step(thread.b, byte)
            if state >= 0 {
                next.append(Thread(kind: .number, a: thread.a, b: state, frame: thread.frame))
            } else if thread.frame >= 0, automaton.accepts(thread.b) {
                step(completed(thread.frame), byte, &next)
            }
        case .string:
            stepString(thread, byte, &next)
        case .name:
            stepName(thread, byte, &next)
        case .text:
            let state = graph.automata[Int(thread.a)].step(thread.b, byte)
            if state >= 0 { next.append(Thread(kind: .text, a: thread.a, b: state)) }
        case .end:
            return
        case .rule:
            stepRule(thread, byte, &next)
        case .value, .arrayStart, .afterElement, .objectStart, .afterMember, .memberStart, .colon:
            if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                var thread = thread
                if thread.count < 0 {
                    guard byte == 0x20 else { return }
                    thread.count = 0
                } else {
                    guard graph.whitespace == .flexible, thread.frame >= 0, thread.count < Self.longestWhitespace
                    else { return }
                    thread.count += 1
                }
                next.append(thread)
                return
            }
            guard thread.count >= 0 else { return }
            stepStructure(thread, byte, &next)
        }
    }

    private func stepStructure(_ thread: Thread, _ byte: UInt8, _ next: inout [Thread]) {
        switch (thread.kind, byte) {
        case (.value, _):
            begin(graph.values[Int(thread.a)], byte, frame: thread.frame, &next)
        case (.arrayStart, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")):
            let frame = frames[Int(thread.frame)]
            if allowsEnd(ofArray: frame) { next.append(completed(frame.parent)) }
        case (.arrayStart, _):
            for element in elements(thread.frame) { step(element, byte, &next) }
        case (.afterElement, UInt8(ascii: ",")):
            for var element in elements(thread.frame) {
                element.count = owedSpace
                next.append(element)
            }
        case (.objectStart, UInt8(ascii: "}")), (.afterMember, UInt8(ascii: "}")):
            if permission(thread.frame).allowsEnd { next.append(completed(frames[Int(thread.frame)].parent)) }
        case (.objectStart, UInt8(ascii: "\"")), (.memberStart, UInt8(ascii: "\"")):
            let permission = permission(thread.frame)
            guard permission.allowsName else { return }
            next.append(Thread(kind: .name, a: 0, b: permission.allowsUnlisted ? 0 : -1, frame: thread.frame))
        case (.afterMember, UInt8(ascii: ",")):
            if permission(thread.frame).allowsName {
                next.append(Thread(kind: .memberStart, count: owedSpace, frame: thread.frame))
            }
        case (.colon, UInt8(ascii: ":")):
            next.append(Thread(kind: .value, a: thread.a, count: owedSpace, frame: thread.frame))
        default:
            return
        }
    }

    /// What follows a complete value.
    func completed(_ frame: Int32) -> Thread {
        guard frame >= 0 else { return Thread(kind: .end) }
        switch frames[Int(frame)].kind {
        case .array: return Thread(kind: .afterElement, frame: frame)
        case .object: return Thread(kind: .afterMember, frame: frame)
        case .rule: return Thread(kind: .rule, a: frames[Int(frame)].shape, frame: frames[Int(frame)].parent)
        }
    }

    /// How a thread behind a comma or colon counts its white space.
    private var owedSpace: Int32 { graph.whitespace == .spaced ? -1 : 0 }

    /// Adds what the first byte of a value leads to.
    func begin(_ value: ConstraintGraph.Value, _ byte: UInt8, frame: Int32, _ next: inout [Thread]) {
        switch byte {
        case UInt8(ascii: "\""):
            if value.string >= 0 { next.append(Thread(kind: .string, a: value.string, frame: frame)) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard value.number >= 0 else { return }
            let state = graph.automata[Int(value.number)].step(0, byte)
            if state >= 0 { next.append(Thread(kind: .number, a: value.number, b: state, frame: frame)) }
        case UInt8(ascii: "n"):
            if value.allowsNull { next.append(Thread(kind: .literal, a: 0, b: 1, frame: frame)) }
        case UInt8(ascii: "t"):
            if value.allowsTrue { next.append(Thread(kind: .literal, a: 1, b: 1, frame: frame)) }
        case UInt8(ascii: "f"):
            if value.allowsFalse { next.append(Thread(kind: .literal, a: 2, b: 1, frame: frame)) }
        case UInt8(ascii: "["):
            for shape in value.arrays {
                let frame = number(of: Frame(kind: .array, shape: shape, parent: frame))
                next.append(Thread(kind: .arrayStart, frame: frame))
            }
        case UInt8(ascii: "{"):
            for shape in value.objects {
                let used = number(of: NameSet(count: graph.objects[Int(shape)].names.count))
                let frame = number(of: Frame(kind: .object, shape: shape, used: used, parent: frame))
                next.append(Thread(kind: .objectStart, frame: frame))
            }
        default:
            return
        }
    }

    // MARK: Strings

    private func stepString(_ thread: Thread, _ byte: UInt8, _ next: inout [Thread]) {
        let shape = graph.strings[Int(thread.a)]
        let automaton = graph.automata[Int(shape.automaton)]
        let state = automaton.step(thread.b, byte)
        guard state >= 0 else {
            if byte == UInt8(ascii: "\""), automaton.accepts(thread.b), thread.count >= shape.minimum {
                next.append(completed(thread.frame))
            }
            return
        }
        var count = thread.count
        if shape.isCounted, automaton.isBetween[Int(thread.b)] {
            count += 1
            if let maximum = shape.maximum {
                guard count + automaton.distances[Int(state)] <= maximum else { return }
            } else {
                count = min(count, shape.minimum)
            }
        }
        next.append(Thread(kind: .string, a: thread.a, b: state, count: count, frame: thread.frame))
    }

    // MARK: Arrays

    private func allowsEnd(ofArray frame: Frame) -> Bool {
        let shape = graph.arrays[Int(frame.shape)]
        guard Int(frame.count) >= shape.minimum else { return false }
        for (index, containment) in shape.containments.enumerated()
        where Self.found(frame.found, index) < containment.minimum {
            return false
        }
        return true
    }

    private static func found(_ found: UInt32, _ index: Int) -> Int { Int(found >> UInt32(8 * index) & 0xFF) }

    /// The values that may be the next element.
    private func elements(_ number: Int32) -> [Thread] {
        let frame = frames[Int(number)]
        let shape = graph.arrays[Int(frame.shape)]
        let index = Int(frame.count)
        if let maximum = shape.maximum, index >= maximum { return [] }
        var result: [Thread] = []
        for (counting, value) in shape.choices(at: index) {
            var next = frame
            next.count = Int32(min(index + 1, shape.countLimit))
            var isPossible = true
            for (number, containment) in shape.containments.enumerated() {
                var found = Self.found(frame.found, number)
                if counting >> UInt8(number) & 1 != 0 {
                    if let maximum = containment.maximum {
                        if found + 1 > maximum { isPossible = false }
                        found += 1
                    } else {
                        // Once there are enough there is nothing to count.
                        if found >= containment.minimum { isPossible = false }
                        found = min(found + 1, containment.minimum)
                    }
                    next.found += 1 << UInt32(8 * number)
                }
                if containment.minimum > found,
                    containment.minimum - found > places(for: number, from: index + 1, shape)
                {
                    isPossible = false
                }
            }
            guard isPossible else { continue }
            result.append(Thread(kind: .value, a: value, frame: self.number(of: next)))
        }
        return result
    }

    /// How many elements from a place on can count for a containment.
    private func places(for containment: Int, from start: Int, _ shape: ConstraintGraph.ArrayShape) -> Int {
        var places = 0
        for place in start..<max(start, shape.elements.count) {
            let isPossible = shape.elements[place].contains { $0.counting >> UInt8(containment) & 1 != 0 }
            if place == shape.elements.count - 1 { break }
            if place < shape.maximum ?? .max, isPossible { places += 1 }
        }
        guard shape.elements[shape.elements.count - 1].contains(where: { $0.counting >> UInt8(containment) & 1 != 0 })
        else { return places }
        guard let maximum = shape.maximum else { return .max }
        return places + max(0, maximum - max(start, shape.elements.count - 1))
    }

    // MARK: Members

    private func stepName(_ thread: Thread, _ byte: UInt8, _ next: inout [Thread]) {
        let frame = frames[Int(thread.frame)]
        let shape = graph.objects[Int(frame.shape)]
        let permission = permission(thread.frame)
        let listed = thread.a >= 0 ? shape.trie.step(thread.a, byte) : NameTrie.dead
        var unlisted = ByteAutomaton.dead
        if thread.b >= 0 { unlisted = graph.automata[Int(shape.unlistedNames)].step(thread.b, byte) }
        if listed < 0, unlisted < 0 {
            if byte == UInt8(ascii: "\"") { endName(thread, frame, shape, permission, &next) }
            return
        }
        // Where only a listed name can come of it, one that is free must.
        if unlisted < 0 {
            let node = shape.trie.nodes[Int(listed)]
            guard permission.names.hasMember(in: Int(node.first)..<Int(node.end)) else { return }
        }
        next.append(Thread(kind: .name, a: listed, b: unlisted, frame: thread.frame))
    }

    private func endName(
        _ thread: Thread,
        _ frame: Frame,
        _ shape: ConstraintGraph.ObjectShape,
        _ permission: Permission,
        _ next: inout [Thread]
    ) {
        var after = frame
        after.count = Int32(min(Int(frame.count) + 1, shape.countLimit))
        if thread.a >= 0, case let name = shape.trie.nodes[Int(thread.a)].name, name >= 0 {
            guard permission.names.contains(Int(name)) else { return }
            var used = set(frame.used)
            used.insert(Int(name))
            after.used = number(of: used)
            next.append(Thread(kind: .colon, a: shape.values[Int(name)], frame: number(of: after)))
            return
        }
        guard thread.b >= 0 else { return }
        let label = graph.automata[Int(shape.unlistedNames)].labels[Int(thread.b)]
        guard label > 0 else { return }
        for (witnesses, value) in shape.unlisted[Int(label) - 1] {
            guard frame.found & UInt32(witnesses) == 0 else { continue }
            after.found = frame.found | UInt32(witnesses)
            if let maximum = shape.maximum {
                var owed = shape.required
                let used = set(frame.used)
                for (name, other) in shape.dependencies where used.contains(name) { owed.insert(other) }
                let missing = owed.count(notIn: used) + shape.witnessCount - after.found.nonzeroBitCount
                guard Int(frame.count) + 1 + missing <= maximum else { continue }
            }
            next.append(Thread(kind: .colon, a: value, frame: number(of: after)))
        }
    }
}
