/// Runs a constraint over bytes.
///
/// A configuration is the set of threads that are alive after some bytes: each knows which value, member or element it
/// is in and, by a frame, the containers around it. Frames and configurations are stored once and numbered; the step
/// from a configuration over a byte is worked out at its first use and remembered. Thus the nondeterministic machine
/// with a stack becomes a table, as far as it is ever used.
///
/// Every thread can be completed: what cannot be has been removed from the graph, and what would become impossible
/// (no room for a required member, say) is refused when it is begun.
final class ConstraintAutomaton {
    /// No configuration: the bytes are refused.
    static let dead: Int32 = -1
    static let unknown: Int32 = -2

    /// What is around a place in a text, from the inside out.
    struct Frame: Hashable {
        enum Kind: UInt8 { case array, object, rule }

        var kind: Kind
        /// The number of the array or object; for a rule, the state in which it goes on.
        var shape: Int32
        /// How many elements or members there are, as far as it matters.
        var count: Int32 = 0
        /// The listed names that are members, by number.
        var used: Int32 = 0
        /// Which witnesses have been found; how many elements counted for each containment, 8 bits each.
        var found: UInt32 = 0
        var parent: Int32
    }

    enum Kind: UInt8 {
        /// Before the value `a`. A count below 0 says, here and behind a comma, that a space is owed.
        case value
        /// Within `null`, `true` or `false` (`a` 0, 1, 2), behind `b` bytes.
        case literal
        /// Within a number: automaton `a`, state `b`.
        case number
        /// Within a string: shape `a`, state `b`.
        case string
        case arrayStart
        case afterElement
        case objectStart
        case afterMember
        /// Behind the comma in an object.
        case memberStart
        /// Within a member's name: node `a` of the listed names, state `b` of the automaton of the others; -1 for none.
        case name
        /// Before the colon; the value `a` follows.
        case colon
        case end
        /// Within a text without JSON: automaton `a`, state `b`.
        case text
        /// At the state `a` of a grammar's rules.
        case rule
    }

    struct Thread: Hashable {
        var kind: Kind
        var a: Int32 = 0
        var b: Int32 = 0
        var count: Int32 = 0
        var frame: Int32 = -1

        static func precedes(_ left: Thread, _ right: Thread) -> Bool {
            (left.kind.rawValue, left.a, left.b, left.count, left.frame)
                < (right.kind.rawValue, right.a, right.b, right.count, right.frame)
        }
    }

    /// What a frame of an object allows next.
    struct Permission {
        var names: NameSet
        var allowsUnlisted: Bool
        var allowsEnd: Bool
        var allowsName: Bool
    }

    let graph: ConstraintGraph
    private(set) var frames: [Frame] = []
    private var frameNumbers: [Frame: Int32] = [:]
    private var permissions: [Permission?] = []
    private var sets: [NameSet] = []
    private var setNumbers: [NameSet: Int32] = [:]

    private(set) var configurations: [[Thread]] = []
    private var configurationNumbers: [[Thread]: Int32] = [:]
    /// The next configuration for every byte.
    private var rows: [UnsafeMutablePointer<Int32>?] = []
    /// The only byte that can follow, -1 where there are several or none, unknown before it is asked for.
    private var forcedBytes: [Int32] = []
    /// Whether a text may end in each configuration.
    private var isAccepting: [Bool] = []
    private(set) var start: Int32 = 0
    /// What threads within rules lead to without reading.
    var expansions: [Thread: [Thread]] = [:]

    init(_ graph: ConstraintGraph) {
        self.graph = graph
        switch graph.start {
        case .value(let value): start = number(of: [Thread(kind: .value, a: value)])
        case .text(let automaton): start = number(of: [Thread(kind: .text, a: automaton)])
        case .rule: start = graph.rules.map { number(of: [Thread(kind: .rule, a: $0.starts[0])]) } ?? Self.dead
        }
    }

    deinit {
        for row in rows { row?.deallocate() }
    }

    var configurationCount: Int { configurations.count }

    func number(of threads: [Thread]) -> Int32 {
        if threads.isEmpty { return Self.dead }
        if let known = configurationNumbers[threads] { return known }
        let number = Int32(configurations.count)
        configurations.append(threads)
        configurationNumbers[threads] = number
        rows.append(nil)
        forcedBytes.append(Self.unknown)
        isAccepting.append(threads.contains { accepts($0) })
        return number
    }

    /// The configuration behind a byte.
    @inline(__always)
    func step(_ configuration: Int32, _ byte: UInt8) -> Int32 {
        if let row = rows[Int(configuration)] {
            let next = row[Int(byte)]
            if next != Self.unknown { return next }
        }
        return computeStep(configuration, byte)
    }

    @inline(never)
    private func computeStep(_ configuration: Int32, _ byte: UInt8) -> Int32 {
        if rows[Int(configuration)] == nil {
            let row = UnsafeMutablePointer<Int32>.allocate(capacity: 256)
            row.initialize(repeating: Self.unknown, count: 256)
            rows[Int(configuration)] = row
        }
        var next: [Thread] = []
        for thread in configurations[Int(configuration)] { step(thread, byte, &next) }
        let number = number(of: Self.sorted(next))
        rows[Int(configuration)]?[Int(byte)] = number
        return number
    }

    static func sorted(_ threads: [Thread]) -> [Thread] {
        guard threads.count > 1 else { return threads }
        var result: [Thread] = []
        for thread in threads.sorted(by: Thread.precedes) where result.last != thread { result.append(thread) }
        return result
    }

    /// Whether the text may end here.
    func accepts(_ configuration: Int32) -> Bool { isAccepting[Int(configuration)] }

    private func accepts(_ thread: Thread) -> Bool {
        switch thread.kind {
        case .end: true
        case .number: graph.automata[Int(thread.a)].accepts(thread.b) && accepts(completed(thread.frame))
        case .text: graph.automata[Int(thread.a)].accepts(thread.b)
        case .rule: expansion(of: thread).contains { $0.kind == .end }
        default: false
        }
    }

    /// The only byte that can follow a configuration; nil where there are several, or where the text may end instead.
    func forcedByte(_ configuration: Int32) -> UInt8? {
        guard configuration >= 0 else { return nil }
        let known = forcedBytes[Int(configuration)]
        if known != Self.unknown { return UInt8(exactly: known) }
        var forced: Int32 = -1
        if !accepts(configuration) {
            for byte in UInt8.min...UInt8.max where step(configuration, byte) >= 0 {
                if forced >= 0 {
                    forced = -1
                    break
                }
                forced = Int32(byte)
            }
        }
        forcedBytes[Int(configuration)] = forced
        return UInt8(exactly: forced)
    }

    // MARK: Frames

    func number(of frame: Frame) -> Int32 {
        if let known = frameNumbers[frame] { return known }
        let number = Int32(frames.count)
        frames.append(frame)
        frameNumbers[frame] = number
        permissions.append(nil)
        return number
    }

    func number(of set: NameSet) -> Int32 {
        if let known = setNumbers[set] { return known }
        let number = Int32(sets.count)
        sets.append(set)
        setNumbers[set] = number
        return number
    }

    func set(_ number: Int32) -> NameSet { sets[Int(number)] }

    func permission(_ frame: Int32) -> Permission {
        if let known = permissions[Int(frame)] { return known }
        let permission = computePermission(frames[Int(frame)])
        permissions[Int(frame)] = permission
        return permission
    }

    private func computePermission(_ frame: Frame) -> Permission {
        let shape = graph.objects[Int(frame.shape)]
        let used = sets[Int(frame.used)]
        var owed = shape.required
        for (name, other) in shape.dependencies where used.contains(name) { owed.insert(other) }
        let missing = owed.count(notIn: used)
        let missingWitnesses = shape.witnessCount - frame.found.nonzeroBitCount
        let allowsEnd = missing == 0 && missingWitnesses == 0 && Int(frame.count) >= shape.minimum
        var names = shape.possible.subtracting(used)
        var allowsUnlisted = shape.unlistedNames >= 0
        if let maximum = shape.maximum {
            let room = maximum - Int(frame.count)
            for name in names.members(in: 0..<shape.names.count) {
                var used = used
                used.insert(name)
                // What a name owes may owe more in turn.
                var owed = owed
                owed.insert(name)
                var hasChanged = !shape.dependencies.isEmpty
                while hasChanged {
                    hasChanged = false
                    for (name, other) in shape.dependencies where owed.contains(name) && !owed.contains(other) {
                        owed.insert(other)
                        hasChanged = true
                    }
                }
                if 1 + owed.count(notIn: used) + missingWitnesses > room { names.remove(name) }
            }
            allowsUnlisted = allowsUnlisted && 1 + missing + max(0, missingWitnesses - 1) <= room
            // Whether a member that is no witness has room is looked at when it is chosen.
        }
        return Permission(
            names: names,
            allowsUnlisted: allowsUnlisted,
            allowsEnd: allowsEnd,
            allowsName: allowsUnlisted || names.hasMember(in: 0..<shape.names.count)
        )
    }
}
