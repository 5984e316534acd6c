internal import QwenJSON

/// What a schema leaves of all JSON values, kind by kind.
///
/// Scalars are sets that are closed under every Boolean operation. Arrays and objects are alternatives, each of which
/// says what it wants of elements and members by formulas. Alternatives may overlap.
struct SchemaForm: Sendable {
    var allowsNull = false
    var allowsTrue = false
    var allowsFalse = false
    var numbers = NumberLanguage.none
    var strings = StringLanguage.none
    var arrays: [ArrayForm] = []
    var objects: [ObjectForm] = []

    static let none = SchemaForm()
    static let all = SchemaForm(
        allowsNull: true,
        allowsTrue: true,
        allowsFalse: true,
        numbers: .all,
        strings: .all,
        arrays: [ArrayForm()],
        objects: [ObjectForm()]
    )

    /// The number of a formula; see ``Formulas``.
    typealias Formula = Int
}

/// An array's alternative.
struct ArrayForm: Hashable, Sendable {
    /// A demand on how many elements satisfy a formula.
    struct Containment: Hashable, Sendable {
        var formula: SchemaForm.Formula
        /// The first element that counts.
        var from = 0
        var minimum: Int
        var maximum: Int?
    }

    var prefix: [SchemaForm.Formula] = []
    var rest = Formulas.always
    var minimum = 0
    var maximum: Int?
    var isUnique = false
    var containments: [Containment] = []

    func formula(at index: Int) -> SchemaForm.Formula { index < prefix.count ? prefix[index] : rest }
}

/// An object's alternative.
struct ObjectForm: Hashable, Sendable {
    /// `patternProperties` and `additionalProperties` of one schema: a name that matches patterns must satisfy the
    /// formulas of all of them, another one the formula `otherwise`.
    struct Rule: Hashable, Sendable {
        var patterns: [PatternFormula]
        var otherwise: SchemaForm.Formula
    }

    struct PatternFormula: Hashable, Sendable {
        /// The number of an automaton over names.
        var pattern: Int
        var formula: SchemaForm.Formula
    }

    /// A demand that some member, its name of a set and none of the named, satisfies a formula.
    struct Witness: Hashable, Sendable {
        /// The number of an automaton over names; nil for all names.
        var pattern: Int?
        var formula: SchemaForm.Formula
    }

    var members: [Name: SchemaForm.Formula] = [:]
    var rules: [Rule] = []
    var required: Set<Name> = []
    var minimum = 0
    var maximum: Int?
    /// Where the first name is a member, the second must be one too.
    var dependencies: Set<[Name]> = []
    var witnesses: [Witness] = []
}

/// Formulas over subschemas, each stored once.
struct Formulas {
    enum Node: Hashable {
        case always
        case never
        /// The subschema of a number.
        case schema(Int)
        /// An array or object that satisfies an alternative, or anything else than an array or object, respectively.
        case array(ArrayForm)
        case object(ObjectForm)
        /// One value.
        case constant(JSONValue)
        case not(Int)
        case all([Int])
        case any([Int])
        case one([Int])
    }

    static let always = 0
    static let never = 1

    private(set) var nodes: [Node] = [.always, .never]
    private var numbers: [Node: Int] = [.always: 0, .never: 1]

    subscript(formula: Int) -> Node { nodes[formula] }

    mutating func add(_ node: Node) -> Int {
        if let known = numbers[node] { return known }
        nodes.append(node)
        numbers[node] = nodes.count - 1
        return nodes.count - 1
    }

    mutating func not(_ formula: Int) -> Int {
        if formula == Self.always { return Self.never }
        if formula == Self.never { return Self.always }
        if case .not(let inner) = nodes[formula] { return inner }
        return add(.not(formula))
    }

    mutating func all(_ formulas: some Sequence<Int>) -> Int {
        var parts: Set<Int> = []
        for formula in formulas {
            if case .all(let inner) = nodes[formula] { parts.formUnion(inner) } else { parts.insert(formula) }
        }
        parts.remove(Self.always)
        if parts.contains(Self.never) { return Self.never }
        for part in parts {
            if case .not(let inner) = nodes[part], parts.contains(inner) { return Self.never }
        }
        if parts.count <= 1 { return parts.first ?? Self.always }
        return add(.all(parts.sorted()))
    }

    mutating func any(_ formulas: some Sequence<Int>) -> Int {
        var parts: Set<Int> = []
        for formula in formulas {
            if case .any(let inner) = nodes[formula] { parts.formUnion(inner) } else { parts.insert(formula) }
        }
        parts.remove(Self.never)
        if parts.contains(Self.always) { return Self.always }
        for part in parts {
            if case .not(let inner) = nodes[part], parts.contains(inner) { return Self.always }
        }
        if parts.count <= 1 { return parts.first ?? Self.never }
        return add(.any(parts.sorted()))
    }

    mutating func one(_ formulas: [Int]) -> Int {
        let parts = formulas.filter { $0 != Self.never }
        if parts.count <= 1 { return parts.first ?? Self.never }
        return add(.one(parts.sorted()))
    }
}
