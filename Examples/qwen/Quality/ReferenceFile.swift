import Foundation
import Qwen

/// What a reference model says of a text, kept to compare others with: the windows' tokens and, for each judged token, the
/// logarithms of all probabilities as 16-bit floats.
///
/// Layout, little-endian: `QWENREF1`, the vocabulary's size, the window's length and the number of windows as 32-bit integers,
/// the windows' token ids as 32-bit integers, the logarithms.
struct ReferenceFile {
    private static let magic = Data("QWENREF1".utf8)

    enum Failure: Error, CustomStringConvertible {
        case notAReference(String)
        case wrongSize(String, expected: Int, found: Int)
        case otherVocabulary(Int, expected: Int)

        var description: String {
            switch self {
            case .notAReference(let path): "\(path) was not written by “qwen divergence --save”."
            case .wrongSize(let path, let expected, let found):
                "\(path) has \(found) bytes where its header promises \(expected)."
            case .otherVocabulary(let found, let expected):
                "The reference was made with a vocabulary of \(found) tokens, and this model has \(expected)."
            }
        }
    }

    let vocabularySize: Int
    let windows: [[Int]]
    private let file: FileHandle
    private let start: Int

    /// Judged tokens of a window.
    var judged: Range<Int> { windows[0].count / 2..<windows[0].count - 1 }

    /// Opens a file.
    init(path: String) throws {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let header = try handle.read(upToCount: 20) ?? Data()
        guard header.count == 20, header.prefix(8) == Self.magic else { throw Failure.notAReference(path) }
        let numbers = stride(from: 8, to: 20, by: 4).map { Self.integer(header, at: $0) }
        let (vocabulary, length, count) = (numbers[0], numbers[1], numbers[2])
        guard
            (1...1 << 24).contains(vocabulary), (8...1 << 20).contains(length), length % 2 == 0,
            (1...1 << 20).contains(count)
        else { throw Failure.notAReference(path) }
        let size = Int(try handle.seekToEnd())
        let start = 20 + 4 * length * count
        let expected = start + count * (length / 2 - 1) * vocabulary * 2
        guard size == expected else { throw Failure.wrongSize(path, expected: expected, found: size) }
        try handle.seek(toOffset: 20)
        let ids = try handle.read(upToCount: start - 20) ?? Data()
        guard ids.count == start - 20 else { throw Failure.wrongSize(path, expected: expected, found: size) }
        vocabularySize = vocabulary
        windows = (0..<count).map { window in
            (0..<length).map { Self.integer(ids, at: 4 * (window * length + $0)) }
        }
        file = handle
        self.start = start
    }

    private static func integer(_ data: Data, at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(data[data.startIndex + offset + $1]) << (8 * $1) }
    }

    /// The logarithms of one window, a row for each judged token.
    func logProbabilities(ofWindow window: Int) throws -> [[Float]] {
        let rows = judged.count
        try file.seek(toOffset: UInt64(start + window * rows * vocabularySize * 2))
        let bytes = try file.read(upToCount: rows * vocabularySize * 2) ?? Data()
        guard bytes.count == rows * vocabularySize * 2 else { throw CocoaError(.fileReadCorruptFile) }
        return bytes.withUnsafeBytes { buffer in
            (0..<rows).map { row in
                [Float](unsafeUninitializedCapacity: vocabularySize) { floats, count in
                    if let source = buffer.baseAddress, let destination = floats.baseAddress {
                        Kernels.current.convert(
                            from: source + row * vocabularySize * 2,
                            .float16,
                            to: destination,
                            count: vocabularySize
                        )
                    }
                    count = vocabularySize
                }
            }
        }
    }

    /// Writes a file, window by window.
    struct Writer {
        private let file: FileHandle

        init(path: String, vocabularySize: Int, windows: [[Int]]) throws {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
            file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            var header = ReferenceFile.magic
            for number in [vocabularySize, windows[0].count, windows.count] + windows.flatMap({ $0 }) {
                withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) { header.append(contentsOf: $0) }
            }
            try file.write(contentsOf: header)
        }

        func append(_ logProbabilities: [Float]) throws {
            var bytes = Data(count: logProbabilities.count * 2)
            bytes.withUnsafeMutableBytes { buffer in
                guard let destination = buffer.baseAddress else { return }
                Kernels.current.convert(
                    from: logProbabilities,
                    to: destination,
                    .float16,
                    count: logProbabilities.count
                )
            }
            try file.write(contentsOf: bytes)
        }
    }
}
