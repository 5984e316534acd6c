/// A model in one GGUF file, or in the parts of a split one.
public struct GGUFModel: Sendable {
    /// The parts in order; mostly there is one.
    public let files: [GGUFFile]
    /// The model's kind in the file's words: `general.architecture`.
    public let architectureName: String
    /// What the model looks like.
    let configuration: ModelConfiguration

    private let fileOfTensor: [String: Int]

    /// The metadata of the first part, which speaks for all.
    public var metadata: [GGUFFile.Entry] { files[0].metadata }

    /// The tensors of all parts.
    public var tensors: [GGUFFile.Tensor] { files.flatMap(\.tensors) }

    /// The metadata's value for a key.
    ///
    /// - Parameter key: the key.
    /// - Returns: the value, or nil where there is none.
    public subscript(key key: String) -> GGUFValue? { files[0][key: key] }

    /// The GGUF file that a path means: the file itself, or the only model in a folder that holds no other kind. Nil where the
    /// path means something else, or nothing.
    static func file(at path: String) throws(CheckpointError) -> String? {
        guard let isFolder = CheckpointFolder.isFolder(path) else { return nil }
        if !isFolder {
            if path.utf8.suffix(5).elementsEqual(".gguf".utf8) { return path }
            let file = try OpenFile(path: CheckpointFolder.resolved(path))
            return try file.bytes(from: 0, count: min(4, file.byteCount)).elementsEqual("GGUF".utf8) ? path : nil
        }
        let folder = try CheckpointFolder(path: path)
        if folder.contains("model.safetensors") || folder.contains("model.safetensors.index.json") { return nil }
        let names = try CheckpointFolder.names(in: path, endingIn: ".gguf").filter { name in
            GGUFPartName(name).map { $0.position == 0 } ?? true
        }
        guard names.count <= 1 else { throw .gguf(path: path, .severalModels(Array(names.prefix(32)))) }
        return names.first.map { path + "/" + $0 }
    }

    /// Opens the file that a path leads to, and the other parts beside it.
    init(path: String) throws(CheckpointError) {
        let first = try GGUFFile(OpenFile(path: CheckpointFolder.resolved(path)))
        let parts = try [first] + Self.otherParts(of: first, namedAs: path)
        var partOfTensor: [String: Int] = [:]
        for (number, file) in parts.enumerated() {
            for tensor in file.tensors where partOfTensor.updateValue(number, forKey: tensor.name) != nil {
                throw .gguf(path: file.path, .duplicateTensor(tensor.name))
            }
        }
        files = parts
        fileOfTensor = partOfTensor
        let metadata = GGUFConfigurationReader(first) { [partOfTensor] name in
            partOfTensor[name].flatMap { parts[$0][name] }
        }
        architectureName = try metadata.architectureName()
        configuration = try metadata.configuration()
    }

    /// A tensor by its name in the file, and the part that holds it.
    func tensor(_ name: String) -> (file: GGUFFile, tensor: GGUFFile.Tensor)? {
        guard let number = fileOfTensor[name], let tensor = files[number][name] else { return nil }
        return (files[number], tensor)
    }

    // MARK: Split files

    private static func otherParts(
        of first: GGUFFile,
        namedAs path: String
    ) throws(CheckpointError) -> [GGUFFile] {
        let count = try number("split.count", of: first) ?? 1
        let position = try number("split.no", of: first) ?? 0
        guard position == 0 else { throw .gguf(path: first.path, .notTheFirstPart(number: position, count: count)) }
        guard count > 1 else { return [] }
        let name = String(decoding: path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...], as: UTF8.self)
        guard let part = GGUFPartName(name), part.position == 0, part.count == count else {
            throw .gguf(
                path: first.path,
                .wrongPart(file: name, reason: "the first of \(count) parts must be called NAME-00001-of-0000N.gguf")
            )
        }
        let parent = String(decoding: path.utf8.dropLast(name.utf8.count), as: UTF8.self)
        let folder = try CheckpointFolder(path: parent.isEmpty ? "." : parent)
        var files: [GGUFFile] = []
        for position in 1..<count {
            let name = part.name(at: position)
            let file = try GGUFFile(folder.open(name))
            guard try number("split.no", of: file) == position, try number("split.count", of: file) == count else {
                throw .gguf(
                    path: file.path,
                    .wrongPart(file: name, reason: "its metadata does not call it part \(position + 1) of \(count)")
                )
            }
            files.append(file)
        }
        if let total = try number("split.tensors.count", of: first) {
            var found = first.tensors.count
            for file in files { found += file.tensors.count }
            guard found == total else {
                throw .gguf(
                    path: first.path,
                    .invalidValue(key: "split.tensors.count", reason: "it is \(total), and there are \(found)")
                )
            }
        }
        return files
    }

    private static func number(_ key: String, of file: GGUFFile) throws(CheckpointError) -> Int? {
        guard let value = file[key: key] else { return nil }
        guard let number = value.int, (0...GGUFFile.maximumTensors).contains(number) else {
            throw .gguf(path: file.path, .invalidValue(key: key, reason: "a small count is needed"))
        }
        return number
    }
}

/// The name of a part of a split model: `NAME-00001-of-00003.gguf`.
struct GGUFPartName {
    private let stem: String
    /// Which part, counted from 0.
    let position: Int
    /// The number of parts.
    let count: Int

    /// Nil where the name is not of that form.
    init?(_ name: String) {
        let bytes = Array(name.utf8)
        let suffixCount = "-00001-of-00003.gguf".utf8.count
        guard bytes.count > suffixCount else { return nil }
        let suffix = Array(bytes.suffix(suffixCount))
        guard
            suffix[0] == UInt8(ascii: "-"), suffix[6..<10].elementsEqual("-of-".utf8),
            suffix[15...].elementsEqual(".gguf".utf8),
            let position = Self.number(suffix[1..<6]), let count = Self.number(suffix[10..<15]),
            position >= 1, position <= count
        else { return nil }
        stem = String(decoding: bytes.dropLast(suffixCount), as: UTF8.self)
        self.position = position - 1
        self.count = count
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// The name of another part.
    func name(at position: Int) -> String {
        func five(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
        }
        return "\(stem)-\(five(position + 1))-of-\(five(count)).gguf"
    }
}
