internal import QwenModel

/// Which files of a repository a model is made of.
package enum WeightFiles {
    static let index = "model.safetensors.index.json"
    static let single = "model.safetensors"
    /// What a checkpoint has beside the weights, as far as this package reads it; only the first must be there.
    static let descriptions = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
    ]

    /// The safetensors files that an index names, sorted.
    package static func shards(parsing index: [UInt8], path: String) throws(HubError) -> [String] {
        do {
            let names = try ShardIndex(parsing: index).files
            for name in names where name.contains("/") || !ModelReference.isRelativePath(name) {
                throw HubError.damagedRecord(path: path, reason: "it names a file \"\(name)\"")
            }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch let error as HubError {
            throw error
        } catch {
            throw .damagedRecord(path: path, reason: "\(error)")
        }
    }

    /// The GGUF file that is meant, or the files where it is split, the first part first.
    ///
    /// Without a wish a repository's only model is meant, else its `Q4_K_M`, else its `Q8_0`.
    ///
    /// - Parameters:
    ///   - wanted: a quantisation (`Q8_0`), a file's name, or nil.
    ///   - files: the repository's files.
    ///   - model: the model's name, for errors.
    /// - Returns: the files; of a split one as many as its name says, there or not.
    /// - Throws: ``HubError/noSuchFile(model:wanted:available:)``.
    package static func gguf(_ wanted: String?, among files: [String], model: String) throws(HubError) -> [String] {
        let models = Dictionary(grouping: files.compactMap(GGUFName.init)) { $0.stem }
        let stems = models.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        func first(_ wish: String) -> String? {
            stems.first { GGUFName.matches(stem: $0, wish) }
        }
        let found =
            wanted.map { first($0) } ?? (stems.count == 1 ? stems[0] : first("Q4_K_M") ?? first("Q8_0"))
        guard let found, let some = models[found]?.first else {
            throw .noSuchFile(model: model, wanted: wanted, available: stems.map { GGUFName.lastComponent($0) })
        }
        return some.allParts
    }

    static func hasGGUF(_ files: [String]) -> Bool {
        files.contains { GGUFName($0) != nil }
    }
}

/// The name of a GGUF file, perhaps one part of several: `Qwen3-32B-Q8_0-00001-of-00002.gguf`.
private struct GGUFName {
    /// The path without the part's number and `.gguf`.
    let stem: String
    private let partCount: Int?
    private let suffix: String

    /// Nil where the file is no model: another type, or what sees and calibrates.
    init?(_ path: String) {
        guard path.lowercased().hasSuffix(".gguf") else { return nil }
        suffix = String(path.suffix(5))
        let whole = String(path.dropLast(5))
        let name = Self.lastComponent(whole).lowercased()
        guard !name.hasPrefix("mmproj"), !name.contains("imatrix") else { return nil }
        // -00001-of-00002
        let tail = Array(whole.utf8.suffix(15))
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        if tail.count == 15, tail[0] == UInt8(ascii: "-"), tail[6...9].elementsEqual("-of-".utf8),
            tail[1...5].allSatisfy(isDigit), tail[10...14].allSatisfy(isDigit),
            let count = Int(String(decoding: tail[10...14], as: UTF8.self)), (1...1024).contains(count)
        {
            stem = String(whole.dropLast(15))
            partCount = count
        } else {
            stem = whole
            partCount = nil
        }
    }

    var allParts: [String] {
        guard let partCount else { return [stem + suffix] }
        func padded(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: 5 - digits.count) + digits
        }
        return (1...partCount).map { "\(stem)-\(padded($0))-of-\(padded(partCount))\(suffix)" }
    }

    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Whether a wish is a quantisation at a name's end, a folder's name, or the name itself; case does not matter.
    static func matches(stem: String, _ wish: String) -> Bool {
        let stem = stem.lowercased()
        var wish = wish.lowercased()
        if wish.hasSuffix(".gguf") { wish = GGUFName(wish)?.stem ?? wish }
        if stem == wish || lastComponent(stem) == wish { return true }
        return ["-", ".", "_"].contains { stem.hasSuffix($0 + wish) }
    }
}
