internal import QwenJSON

/// A schema with its subschemas numbered and its references resolved. Nothing is ever fetched.
struct SchemaDocument {
    /// A subschema and where it stands.
    struct Place {
        let value: JSONValue
        /// A JSON pointer as a fragment: `#/properties/a`.
        let path: String
        /// The identifier that relative references are resolved against.
        let base: String
    }

    private(set) var places: [Place] = []
    private var numbers: [String: Int] = [:]
    /// Where an identifier, or an identifier with an anchor, leads.
    private var identifiers: [String: (value: JSONValue, path: String, base: String)] = [:]
    private var dynamicAnchors: [String: [String]] = [:]
    let dialect: SchemaDialect
    let root: JSONValue

    /// Keywords that hold a subschema or a list of them. What looks like an identifier elsewhere is none.
    private static let applicators: Set<String> = [
        "items", "additionalItems", "prefixItems", "unevaluatedItems", "contains", "additionalProperties",
        "unevaluatedProperties", "propertyNames", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
        "contentSchema",
    ]
    /// Keywords that hold subschemas by name.
    private static let collections: Set<String> = [
        "properties", "patternProperties", "$defs", "definitions", "dependencies", "dependentSchemas",
    ]

    init(_ root: JSONValue, dialect: SchemaDialect) {
        self.root = root
        self.dialect = dialect
        identifiers[""] = (root, "#", "")
        note(root, path: "#", base: "", depth: 0)
    }

    /// The number of a subschema; the same each time.
    mutating func number(of value: JSONValue, path: String, base: String) -> Int {
        if let known = numbers[path] { return known }
        var base = base
        if let identifier = identifier(of: value) { base = Self.resolve(identifier, against: base) }
        places.append(Place(value: value, path: path, base: base))
        numbers[path] = places.count - 1
        return places.count - 1
    }

    private func identifier(of value: JSONValue) -> String? {
        guard let object = value.object else { return nil }
        if dialect.ignoresSiblingsOfReferences, object["$ref"] != nil { return nil }
        // Draft 4 says `id`.
        let name = (dialect == .draft4 ? object["id"] : object["$id"])?.string
        guard let name, !name.hasPrefix("#") else { return nil }
        return name
    }

    private mutating func note(_ value: JSONValue, path: String, base: String, depth: Int) {
        guard depth < 400 else { return }
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                note(element, path: "\(path)/\(index)", base: base, depth: depth + 1)
            }
        case .object(let object):
            var base = base
            if let identifier = identifier(of: value) {
                base = Self.resolve(identifier, against: base)
                identifiers[Self.withoutFragment(base)] = (value, path, base)
            }
            let old = dialect == .draft4 ? object["id"]?.string : object["$id"]?.string
            if let old, old.hasPrefix("#") { identifiers[Self.withoutFragment(base) + old] = (value, path, base) }
            for keyword in ["$anchor", "$dynamicAnchor"] {
                guard let anchor = object[keyword]?.string else { continue }
                identifiers[Self.withoutFragment(base) + "#" + anchor] = (value, path, base)
                if keyword == "$dynamicAnchor" { dynamicAnchors[anchor, default: []].append(path) }
            }
            for member in object.members {
                let path = path + "/" + Self.escaped(member.key)
                if Self.applicators.contains(member.key) {
                    note(member.value, path: path, base: base, depth: depth + 1)
                } else if Self.collections.contains(member.key), let subschemas = member.value.object {
                    for subschema in subschemas {
                        let path = path + "/" + Self.escaped(subschema.key)
                        note(subschema.value, path: path, base: base, depth: depth + 1)
                    }
                }
            }
        default: break
        }
    }

    /// The subschema that a reference means, or nil where it leads out of the document.
    mutating func resolve(_ reference: String, from place: Int) -> Int? {
        let base = places[place].base
        let whole = Self.resolve(reference, against: base)
        if let target = identifiers[whole] {
            return number(of: target.value, path: target.path, base: target.base)
        }
        let document = Self.withoutFragment(whole)
        guard let resource = identifiers[document] else { return nil }
        let fragment = whole.utf8.count > document.utf8.count ? String(whole.dropFirst(document.count + 1)) : ""
        if fragment.isEmpty { return number(of: resource.value, path: resource.path, base: resource.base) }
        guard fragment.hasPrefix("/") else { return nil }
        var value = resource.value
        var path = resource.path
        var currentBase = resource.base
        for part in fragment.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let key = Self.unescaped(String(part))
            let child: JSONValue?
            switch value {
            case .object: child = value[key]
            case .array: child = Int(key).flatMap { value[$0] }
            default: child = nil
            }
            guard let child else { return nil }
            value = child
            path += "/" + Self.escaped(key)
            if let identifier = identifier(of: child) { currentBase = Self.resolve(identifier, against: currentBase) }
        }
        return number(of: value, path: path, base: currentBase)
    }

    /// Whether a dynamic reference is an ordinary one, because there is one anchor of its name at most.
    func isStatic(dynamicReference: String) -> Bool {
        let anchor =
            dynamicReference.split(separator: "#", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        if anchor.isEmpty || anchor.hasPrefix("/") { return true }
        return dynamicAnchors[anchor, default: []].count <= 1
    }

    // MARK: Identifiers

    static func escaped(_ key: String) -> String {
        var result = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func unescaped(_ part: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(part.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "~"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "0") {
                result.append(UInt8(ascii: "~"))
                index += 2
            } else if bytes[index] == UInt8(ascii: "~"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "1")
            {
                result.append(UInt8(ascii: "/"))
                index += 2
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func withoutFragment(_ identifier: String) -> String {
        identifier.firstIndex(of: "#").map { String(identifier[..<$0]) } ?? identifier
    }

    /// Resolves a reference against a base, as RFC 3986 says, as far as schemas use it.
    static func resolve(_ reference: String, against base: String) -> String {
        var reference = reference
        if reference.hasSuffix("#") { reference.removeLast() }
        let base = withoutFragment(base)
        if reference.isEmpty { return base }
        if reference.hasPrefix("#") { return base + reference }
        if hasScheme(reference) { return reference }
        guard let schemeEnd = base.range(ofText: "://") else {
            if base.hasPrefix("urn:") || reference.hasPrefix("/") { return reference }
            let folder = base.lastIndex(of: "/").map { String(base[...$0]) } ?? ""
            return normalized(folder + reference)
        }
        let pathStart = base[schemeEnd...].firstIndex(of: "/") ?? base.endIndex
        if reference.hasPrefix("/") { return String(base[..<pathStart]) + reference }
        let path = base[pathStart...]
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        return String(base[..<pathStart]) + normalized(folder + reference)
    }

    private static func hasScheme(_ reference: String) -> Bool {
        guard let colon = reference.firstIndex(of: ":") else { return false }
        return reference[..<colon].utf8.allSatisfy {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2B || $0 == 0x2D
                || $0 == 0x2E
        }
    }

    private static func normalized(_ path: String) -> String {
        guard path.contains("./") else { return path }
        var parts: [Substring] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            if part == "." { continue }
            if part == "..", parts.count > 1 { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

extension String {
    /// The place behind the first occurrence of a text.
    fileprivate func range(ofText text: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
