import QwenChat
import QwenModel
import QwenTensor

/// GGUF: after a byte that says how many KiB of zeros to add to each, the parts of a model, which begin where `GGUF` stands.
enum GGUFTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let padding = input.first else { return }
        let parts = parts(Array(input.dropFirst()))
        let zeros = [UInt8](repeating: 0, count: Int(padding) << 10)
        var names = ["model.gguf"]
        if parts.count > 1 { names = (1...parts.count).map { "model-0000\($0)-of-0000\(parts.count).gguf" } }
        let paths = zip(names, parts).map { name, part in TemporaryFolder.write(part + zeros, as: name) }
        defer { for name in names { TemporaryFolder.remove(name) } }
        guard let checkpoint = try? Checkpoint(path: paths[0]) else { return }
        var options = ReadingOptions()
        if padding % 2 == 1 { options.access = .mapped }
        Loading.run(checkpoint, options: options)
        _ = try? ChatTemplateFamily(checkpoint: checkpoint)
    }

    private static func parts(_ bytes: [UInt8]) -> [[UInt8]] {
        var starts = [0]
        var position = 1
        while position + 4 <= bytes.count, starts.count < 3 {
            if bytes[position..<position + 4].elementsEqual("GGUF".utf8) { starts.append(position) }
            position += 1
        }
        return zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
    }
}
