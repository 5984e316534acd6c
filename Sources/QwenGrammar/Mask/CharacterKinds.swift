/// A set of kinds of characters, to tell at one glance whether a state within a string takes all of a subtree's texts.
struct CharacterKinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    static let lowercase = CharacterKinds(rawValue: 1 << 0)
    static let uppercase = CharacterKinds(rawValue: 1 << 1)
    static let digits = CharacterKinds(rawValue: 1 << 2)
    static let space = CharacterKinds(rawValue: 1 << 3)
    /// Whole characters beyond ASCII.
    static let beyondASCII = CharacterKinds(rawValue: 1 << 4)
    /// What has to be looked at byte by byte: control characters, quotes, backslashes, parts of characters.
    static let other = CharacterKinds(rawValue: 1 << 5)

    /// Signs that patterns tell apart have kinds of their own, the others share one.
    private static let signs = Array("-_./:@,'()+#&=%?!~*$;".utf8)
    private static let firstSign = 6
    private static let rareSigns = CharacterKinds(rawValue: 1 << UInt32(firstSign + signs.count))

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The kind of a byte.
    init(_ byte: UInt8) { self = Self.kinds[Int(byte)] }

    private static let kinds: [CharacterKinds] = (0...255).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return .lowercase
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return .uppercase
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return .digits
        case UInt8(ascii: " "): return .space
        case 0x80...: return .beyondASCII
        case ..<0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "\\"): return .other
        case let sign:
            guard let index = signs.firstIndex(of: sign) else { return rareSigns }
            return CharacterKinds(rawValue: 1 << UInt32(firstSign + index))
        }
    }

    /// The bytes of ASCII of each kind that stands for itself in a string.
    static let members: [(kind: CharacterKinds, bytes: [UInt8])] = {
        var members: [CharacterKinds: [UInt8]] = [:]
        for byte in UInt8(0x20)..<0x7F where kinds[Int(byte)] != .other {
            members[kinds[Int(byte)], default: []].append(byte)
        }
        return members.map { ($0.key, $0.value) }
    }()

    /// How many bytes a character goes on for behind its first; 0 where the byte begins none of several.
    static func continuationCount(after byte: UInt8) -> UInt8 {
        switch byte {
        case 0xC2...0xDF: 1
        case 0xE0...0xEF: 2
        case 0xF0...0xF4: 3
        default: 0
        }
    }

    /// Whether every continuation byte may follow. Behind the others, some are forms that UTF-8 does not have.
    static func isCertain(_ byte: UInt8) -> Bool { byte != 0xE0 && byte != 0xED && byte != 0xF0 && byte != 0xF4 }
}
