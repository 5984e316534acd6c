/// A deterministic automaton over bytes whose every state leads to something accepted: what may be refused is refused at
/// the first byte that cannot be completed.
struct ByteAutomaton: Hashable, Sendable {
    static let dead: Int32 = -1

    /// The class of every byte.
    let classes: [UInt8]
    let classCount: Int
    /// The next state, `[states, classes]`; ``dead`` where the byte is refused.
    let next: [Int32]
    /// What each state accepts; 0 for nothing.
    let labels: [Int32]
    /// For every state, the fewest code points to something accepted, those excluded of which bytes were read.
    let distances: [Int32]
    /// Whether a state lies between two code points rather than within one.
    let isBetween: [Bool]

    var stateCount: Int { labels.count }

    @inline(__always)
    func step(_ state: Int32, _ byte: UInt8) -> Int32 {
        next[Int(state) * classCount + Int(classes[Int(byte)])]
    }

    @inline(__always)
    func accepts(_ state: Int32) -> Bool { labels[Int(state)] != 0 }

    /// Whether more than the empty text can follow a state.
    func hasSuccessors(_ state: Int32) -> Bool {
        next[Int(state) * classCount..<(Int(state) + 1) * classCount].contains { $0 >= 0 }
    }
}

/// Collects states and edges, then numbers bytes by class.
struct ByteAutomatonBuilder {
    private(set) var edges: [[(bytes: ClosedRange<UInt8>, target: Int32)]] = []
    private var labels: [Int32] = []
    private var distances: [Int32] = []
    private var isBetween: [Bool] = []

    var count: Int { edges.count }

    mutating func addState(label: Int32, distance: Int, isBetween: Bool) -> Int32 {
        edges.append([])
        labels.append(label)
        distances.append(Int32(clamping: distance))
        self.isBetween.append(isBetween)
        return Int32(edges.count - 1)
    }

    mutating func setLabel(_ label: Int32, of state: Int32) { labels[Int(state)] = label }

    mutating func addEdge(from state: Int32, _ bytes: ClosedRange<UInt8>, to target: Int32) {
        if let last = edges[Int(state)].last, last.target == target, last.bytes.upperBound &+ 1 == bytes.lowerBound {
            edges[Int(state)][edges[Int(state)].count - 1].bytes = last.bytes.lowerBound...bytes.upperBound
        } else {
            edges[Int(state)].append((bytes, target))
        }
    }

    func build() -> ByteAutomaton {
        // Bytes are of one class where no range of any state parts them: ranges begin and end only between classes.
        var isStart = [Bool](repeating: false, count: 257)
        isStart[0] = true
        for edges in edges {
            for edge in edges {
                isStart[Int(edge.bytes.lowerBound)] = true
                isStart[Int(edge.bytes.upperBound) + 1] = true
            }
        }
        var classes = [UInt8](repeating: 0, count: 256)
        var classCount = 0
        for byte in 0..<256 {
            if isStart[byte] { classCount += 1 }
            classes[byte] = UInt8(classCount - 1)
        }
        var next = [Int32](repeating: ByteAutomaton.dead, count: edges.count * classCount)
        for (state, edges) in edges.enumerated() {
            for edge in edges {
                let first = Int(classes[Int(edge.bytes.lowerBound)])
                let last = Int(classes[Int(edge.bytes.upperBound)])
                for classIndex in first...last { next[state * classCount + classIndex] = edge.target }
            }
        }
        return ByteAutomaton(
            classes: classes,
            classCount: classCount,
            next: next,
            labels: labels,
            distances: distances,
            isBetween: isBetween
        )
    }
}
