/// A complete deterministic finite automaton over Unicode code points.
///
/// Code points are divided into classes that no transition tells apart. Every state has a transition for every class, so
/// that the complement is had by exchanging what is accepted. State 0 is where one begins.
struct ScalarAutomaton: Hashable, Sendable {
    /// The first code point of every class, from 0 up.
    let starts: [UInt32]
    /// The next state, `[states, classes]`, row-major.
    let transitions: [Int32]
    /// What each state accepts: 0 for nothing, else a label.
    let labels: [UInt64]

    /// The most states that an automaton may have unless told.
    static let stateLimit = 20_000
    /// The most transitions.
    static let transitionLimit = 4_000_000

    var classCount: Int { starts.count }
    var stateCount: Int { labels.count }

    /// The range of code points of a class.
    func range(ofClass index: Int) -> ClosedRange<UInt32> {
        starts[index]...(index + 1 < starts.count ? starts[index + 1] - 1 : ScalarSet.last)
    }

    func classIndex(of scalar: UInt32) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= scalar { low = middle } else { high = middle }
        }
        return low
    }

    @inline(__always)
    func next(_ state: Int, classIndex: Int) -> Int { Int(transitions[state * starts.count + classIndex]) }

    /// The label of the state that a text leads to; 0 where the text is not accepted.
    func label(of text: some Sequence<Unicode.Scalar>) -> UInt64 {
        var state = 0
        for scalar in text { state = next(state, classIndex: classIndex(of: scalar.value)) }
        return labels[state]
    }

    func accepts(_ text: some Sequence<Unicode.Scalar>) -> Bool { label(of: text) != 0 }

    /// Enumerates the states that can be reached from a first one, with `step` for the state that a class leads to and
    /// `label` for what a state accepts.
    static func explore<State: Hashable>(
        starts: [UInt32],
        from start: State,
        limit: Int = stateLimit,
        step: (State, Int) -> State,
        label: (State) -> UInt64
    ) throws(LanguageError) -> ScalarAutomaton {
        var numbers: [State: Int32] = [start: 0]
        var states = [start]
        var transitions: [Int32] = []
        var labels: [UInt64] = []
        var index = 0
        while index < states.count {
            let state = states[index]
            labels.append(label(state))
            for classIndex in starts.indices {
                let next = step(state, classIndex)
                if let number = numbers[next] {
                    transitions.append(number)
                } else {
                    let number = Int32(states.count)
                    guard states.count < limit, transitions.count < transitionLimit else {
                        throw .tooManyStates(limit: limit)
                    }
                    numbers[next] = number
                    states.append(next)
                    transitions.append(number)
                }
            }
            index += 1
        }
        return ScalarAutomaton(starts: starts, transitions: transitions, labels: labels)
    }

    /// Every text.
    static let all = ScalarAutomaton(starts: [0], transitions: [0], labels: [1])
    /// No text.
    static let none = ScalarAutomaton(starts: [0], transitions: [0], labels: [0])

    /// The texts of some length, counted in code points.
    static func lengths(_ minimum: Int, _ maximum: Int?) throws(LanguageError) -> ScalarAutomaton {
        let last = maximum.map { $0 + 1 } ?? minimum
        return try explore(starts: [0], from: 0) { count, _ in
            min(count + 1, last)
        } label: { count in
            count >= minimum && count <= (maximum ?? .max) ? 1 : 0
        }
    }

    /// Exactly these texts.
    static func texts(_ texts: some Sequence<String>) throws(LanguageError) -> ScalarAutomaton {
        var scalars: Set<UInt32> = []
        var children: [[UInt32: Int]] = [[:]]
        var labels: [UInt64] = [0]
        for text in texts {
            var node = 0
            for scalar in text.unicodeScalars {
                scalars.insert(scalar.value)
                if let child = children[node][scalar.value] {
                    node = child
                } else {
                    guard children.count < stateLimit else { throw .tooManyStates(limit: stateLimit) }
                    children[node][scalar.value] = children.count
                    node = children.count
                    children.append([:])
                    labels.append(0)
                }
            }
            labels[node] = 1
        }
        var starts: Set<UInt32> = [0]
        for scalar in scalars {
            starts.insert(scalar)
            if scalar < ScalarSet.last { starts.insert(scalar + 1) }
        }
        let sorted = starts.sorted()
        let dead = children.count
        guard (dead + 1) * sorted.count <= transitionLimit else { throw .tooManyStates(limit: stateLimit) }
        var transitions = [Int32](repeating: Int32(dead), count: (dead + 1) * sorted.count)
        for (node, edges) in children.enumerated() {
            for (classIndex, start) in sorted.enumerated() {
                if let child = edges[start] { transitions[node * sorted.count + classIndex] = Int32(child) }
            }
        }
        labels.append(0)
        return ScalarAutomaton(starts: sorted, transitions: transitions, labels: labels)
    }
}
