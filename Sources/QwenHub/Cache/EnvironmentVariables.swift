#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The variables that say where models are kept and how the Hub is reached, read as `huggingface_hub` reads them.
struct EnvironmentVariables {
    private let values: [String: String]

    init(_ values: [String: String]) {
        self.values = values
    }

    subscript(name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `1`, `on`, `yes` and `true` in any case mean yes.
    func isTrue(_ name: String) -> Bool {
        ["1", "ON", "YES", "TRUE"].contains(self[name]?.uppercased())
    }

    /// The user's own folder.
    var home: String {
        self["HOME"] ?? FileManager.default.homeDirectoryForCurrentUser.path
    }

    /// Where the Hub's clients keep their things.
    var hubHome: String {
        path("HF_HOME") ?? (path("XDG_CACHE_HOME") ?? home + "/.cache") + "/huggingface"
    }

    /// A variable that holds a path, with `~` and `$NAME` replaced.
    func path(_ name: String) -> String? {
        guard let value = self[name] else { return nil }
        let isHome = value == "~" || value.hasPrefix("~/")
        return expanded(isHome ? home + value.dropFirst() : value)
    }

    /// Replaces `$NAME` and `${NAME}`; what is not set stays as it is.
    private func expanded(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isBraced = rest.first == "{"
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let after = body[name.endIndex...]
            if let value = values[String(name)], !isBraced || after.first == "}" {
                result += value
                rest = isBraced ? after.dropFirst() : after
            } else {
                result += "$"
            }
        }
        return result + rest
    }
}
