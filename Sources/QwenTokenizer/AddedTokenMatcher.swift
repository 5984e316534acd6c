/// Finds added tokens in text, the longest at each place: a trie over their bytes.
struct AddedTokenMatcher: Sendable {
    private struct Node {
        let byte: UInt8
        var id: UInt32?
        var firstChild: Int?
        var nextSibling: Int?
    }

    private var nodes = [Node(byte: 0)]
    private var begins = Array(repeating: false, count: 256)

    /// Whether there is nothing to find.
    var isEmpty: Bool { nodes.count == 1 }

    /// Adds a token.
    ///
    /// - Parameters:
    ///   - text: its bytes, at least one.
    ///   - id: its id.
    mutating func insert(_ text: some Collection<UInt8>, id: UInt32) {
        var node = 0
        for byte in text {
            if let child = child(of: node, for: byte) {
                node = child
            } else {
                nodes.append(Node(byte: byte, nextSibling: nodes[node].firstChild))
                nodes[node].firstChild = nodes.count - 1
                node = nodes.count - 1
            }
        }
        nodes[node].id = id
        if let first = text.first { begins[Int(first)] = true }
    }

    private func child(of node: Int, for byte: UInt8) -> Int? {
        var child = nodes[node].firstChild
        while let candidate = child, nodes[candidate].byte != byte { child = nodes[candidate].nextSibling }
        return child
    }

    /// The first token that lies wholly within a range, the longest of those that begin there.
    ///
    /// - Complexity: O(bytes), times ``AddedToken/maximumLength`` at worst.
    func firstMatch(in text: UnsafePointer<UInt8>, _ range: Range<Int>) -> (id: UInt32, range: Range<Int>)? {
        begins.withUnsafeBufferPointer { begins in
            var position = range.lowerBound
            while position < range.upperBound {
                if begins[Int(text[position])], let match = match(in: text, position..<range.upperBound) {
                    return match
                }
                position &+= 1
            }
            return nil
        }
    }

    private func match(in text: UnsafePointer<UInt8>, _ range: Range<Int>) -> (id: UInt32, range: Range<Int>)? {
        var node = 0
        var position = range.lowerBound
        var longest: (id: UInt32, range: Range<Int>)?
        while position < range.upperBound, let child = child(of: node, for: text[position]) {
            node = child
            position += 1
            if let id = nodes[node].id { longest = (id, range.lowerBound..<position) }
        }
        return longest
    }
}
