/// The name of a model repository on a Hub: `Qwen/Qwen3-0.6B`.
public struct HubRepository: Sendable, Hashable {
    /// The name as it is written: an owner, a slash and a name, or a name alone, in ASCII.
    public let id: String

    /// Checks a name.
    ///
    /// - Parameter id: `owner/name`, or a name alone. Each part has 1 to 96 letters, digits, `-`, `_` and `.`, and does not
    ///   begin or end with `-` or `.`; there is no `--` and no `..`. These are the Hub's own rules.
    /// - Throws: ``HubError/invalidName(_:reason:)``.
    public init(_ id: String) throws(HubError) {
        let parts = id.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else {
            throw .invalidName(id, reason: "a repository is called owner/name")
        }
        for part in parts {
            guard (1...96).contains(part.count), part.allSatisfy(Self.isAllowed),
                let first = part.first, let last = part.last, !Self.isPunctuation(first), !Self.isPunctuation(last)
            else {
                throw .invalidName(
                    id,
                    reason: "each part has 1 to 96 letters, digits, -, _ and ., and does not begin or end with - or ."
                )
            }
        }
        guard !id.contains("--"), !id.contains("..") else {
            throw .invalidName(id, reason: "-- and .. are not allowed")
        }
        self.id = id
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// The folder's name in the cache: `models--Qwen--Qwen3-0.6B`.
    package var folderName: String {
        "models--" + id.split(separator: "/").joined(separator: "--")
    }

    /// Reads a folder's name; nil where it is not that of a model's repository.
    package init?(folderName: String) {
        let prefix = "models--"
        guard folderName.hasPrefix(prefix) else { return nil }
        // A name without an owner has no `--` in it; with one there is exactly one.
        let rest = String(folderName.dropFirst(prefix.count))
        try? self.init(rest.split(separator: "--", omittingEmptySubsequences: false).joined(separator: "/"))
    }
}

extension HubRepository: CustomStringConvertible {
    /// The name.
    public var description: String { id }
}
