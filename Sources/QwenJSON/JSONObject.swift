/// A JSON object: members in the order in which they were written, no key twice.
///
/// Keys are compared byte by byte in UTF-8, not by canonical equivalence as `String` does: `"é"` written as one scalar
/// and as two are different keys.
public struct JSONObject: Sendable {
    /// One member of an object.
    public struct Member: Sendable {
        /// The key.
        public let key: String
        /// The value.
        public var value: JSONValue

        /// Creates a member.
        ///
        /// - Parameters:
        ///   - key: the key.
        ///   - value: the value.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members, in order.
    public private(set) var members: [Member]
    /// Finds keys in large objects; empty in small ones, which are searched one by one.
    private var index: KeyIndex

    /// Creates an empty object.
    public init() {
        members = []
        index = KeyIndex()
    }

    /// Creates an object from members; of two with the same key, the later value takes the earlier place.
    ///
    /// - Parameter members: the members, in order.
    public init(_ members: some Sequence<Member>) {
        self.init()
        for member in members { self[member.key] = member.value }
    }

    /// Creates an object, or reports the position of the first member whose key stands before it already.
    init(checking members: [Member], duplicate: inout Int?) {
        self.members = members
        self.index = KeyIndex()
        if members.count > KeyIndex.smallest {
            duplicate = index.rebuild(members)
        } else {
            for (position, member) in members.enumerated() where position > 0 {
                if members[..<position].contains(where: { hasSameBytes($0.key, member.key) }) {
                    duplicate = position
                    return
                }
            }
        }
    }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys, in order.
    public var keys: some RandomAccessCollection<String> & Sendable { members.lazy.map(\.key) }

    /// The values, in order.
    public var values: some RandomAccessCollection<JSONValue> & Sendable { members.lazy.map(\.value) }

    /// The position of the member with a key, or nil where there is none.
    ///
    /// - Parameter key: the key, compared byte by byte.
    /// - Returns: the position in ``members``.
    /// - Complexity: O(1) on average in objects of more than 16 members, O(``count``) in smaller ones.
    public func position(of key: String) -> Int? {
        if index.isEmpty { return members.firstIndex { hasSameBytes($0.key, key) } }
        return index.position(of: key, in: members)
    }

    /// The value for a key, or nil where there is none.
    ///
    /// Setting a value keeps the place of a key that is there already and appends one that is not; setting nil removes
    /// the member.
    ///
    /// - Parameter key: the key, compared byte by byte.
    /// - Complexity: O(1) on average to read or set; O(``count``) to remove.
    public subscript(key: String) -> JSONValue? {
        get {
            position(of: key).map { members[$0].value }
        }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                _ = index.rebuild(members)
            case (nil, let value?):
                members.append(Member(key: key, value: value))
                index.noteAppended(in: members)
            case (nil, nil):
                break
            }
        }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The first member's position, 0.
    public var startIndex: Int { 0 }

    /// The position after the last member's.
    public var endIndex: Int { members.count }

    /// The member at a position.
    ///
    /// - Parameter position: a position from 0 up to ``count``.
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Creates an object from a literal; of two members with the same key, the later value takes the earlier place.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.lazy.map { Member(key: $0.0, value: $0.1) })
    }
}

extension JSONObject: Hashable {
    /// Whether two objects hold equal members in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count
            && zip(left.members, right.members).allSatisfy { hasSameBytes($0.key, $1.key) && $0.value == $1.value }
    }

    /// Hashes the members in order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for member in members {
            hashBytes(of: member.key, into: &hasher)
            hasher.combine(member.value)
        }
    }
}
