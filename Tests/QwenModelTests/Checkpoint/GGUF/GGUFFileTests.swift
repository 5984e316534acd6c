import Foundation
import QwenModel
import Testing

/// Files that are not what the format says: each gives an error that says why.
///
/// Every case of llama.cpp's own tests of its reader (`tests/test-gguf.cpp`) has an equal here.
@Suite struct GGUFFileTests {
    /// Opens a file with the given bytes and returns why it was refused, or nil where it was not.
    private func refusal(_ bytes: [UInt8]) throws -> GGUFError? {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(bytes, to: "a.gguf")
        do throws(CheckpointError) {
            _ = try GGUFFile(path: URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path + "/a.gguf")
            return nil
        } catch {
            guard case .gguf(_, let reason) = error else {
                Issue.record("\(error)")
                return nil
            }
            return reason
        }
    }

    private func refusal(_ body: (inout GGUFBuilder) -> Void) throws -> GGUFError? {
        var builder = GGUFBuilder()
        body(&builder)
        return try refusal(builder.file)
    }

    private func open(_ builder: GGUFBuilder) throws -> GGUFFile {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(builder.file, to: "a.gguf")
        return try GGUFFile(path: URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path + "/a.gguf")
    }

    // MARK: The header

    @Test func empty() throws {
        #expect(try refusal { _ in } == nil)
        #expect(try refusal { $0.version = 2 } == nil)
        #expect(try refusal([]) == .notGGUF(firstBytes: []))
    }

    @Test func wrongMagic() throws {
        #expect(try refusal { $0.magic = Array("FUGG".utf8) } == .notGGUF(firstBytes: Array("FUGG".utf8)))
        #expect(try refusal(Array("GGU".utf8)) == .notGGUF(firstBytes: Array("GGU".utf8)))
    }

    @Test(arguments: [0, 1, 4, 0xFFFF] as [UInt32])
    func wrongVersion(_ version: UInt32) throws {
        #expect(try refusal { $0.version = version } == .unsupportedVersion(version))
    }

    @Test func bigEndian() throws {
        #expect(try refusal { $0.version = 3 << 24 } == .bigEndian)
    }

    @Test func impossibleCounts() throws {
        #expect(
            try refusal { $0.tensorCount = .max }
                == .impossibleCount(what: "tensors", count: .max, limit: 16 / 24)
        )
        #expect(
            try refusal { $0.entryCount = .max }
                == .impossibleCount(what: "metadata entries", count: .max, limit: 8 / 14)
        )
        for type in [0, 4, 8, 12] as [UInt32] {
            let reason = try refusal {
                $0.add("key", type: 9, GGUFBuilder.bytes(type) + GGUFBuilder.bytes(1 << 61 as UInt64))
            }
            guard case .impossibleCount("elements of \"key\"", 1 << 61, ...32)? = reason else {
                Issue.record("\(String(describing: reason))")
                continue
            }
        }
    }

    /// Every prefix of a good file is refused, and none traps.
    @Test func truncated() throws {
        var builder = GGUFBuilder()
        builder.add("text", "value")
        builder.add("numbers", [1, 2, 3] as [Int32])
        builder.add("texts", ["a", "", "b"])
        builder.add(tensor: "x", [4, 2], bytes: [UInt8](repeating: 1, count: 32))
        let file = builder.file
        #expect(try refusal(file) == nil)
        for count in 0..<file.count { #expect(try refusal(Array(file.prefix(count))) != nil, "\(count) bytes") }
    }

    // MARK: Metadata

    @Test func values() throws {
        var builder = GGUFBuilder()
        builder.add("u8", type: 0, [200])
        builder.add("i8", type: 1, [200])
        builder.add("u16", type: 2, [0xFF, 0xFF])
        builder.add("i16", type: 3, [0xFE, 0xFF])
        builder.add("u32", type: 4, [0xFF, 0xFF, 0xFF, 0xFF])
        builder.add("i32", type: 5, [0xFF, 0xFF, 0xFF, 0xFF])
        builder.add("f32", 0.5)
        builder.add("no", type: 7, [0])
        builder.add("yes", type: 7, [2])
        builder.add("text", "naïve")
        builder.add("u64", type: 10, [UInt8](repeating: 0xFF, count: 8))
        builder.add("i64", type: 11, [UInt8](repeating: 0xFF, count: 8))
        builder.add("f64", type: 12, GGUFBuilder.bytes((-0.25).bitPattern))
        builder.add("texts", ["a", ""])
        builder.add("numbers", [7, -8] as [Int32])
        builder.add("flags", type: 9, GGUFBuilder.bytes(7 as UInt32) + GGUFBuilder.bytes(2 as UInt64) + [1, 0])
        let file = try open(builder)
        #expect(file.metadata.count == 16)
        #expect(file[key: "u8"] == .unsigned(200))
        #expect(file[key: "i8"] == .signed(-56))
        #expect(file[key: "u16"] == .unsigned(65_535))
        #expect(file[key: "i16"] == .signed(-2))
        #expect(file[key: "u32"] == .unsigned(4_294_967_295))
        #expect(file[key: "i32"] == .signed(-1))
        #expect(file[key: "f32"] == .float(0.5))
        #expect(file[key: "no"] == .bool(false))
        #expect(file[key: "yes"] == .bool(true))
        #expect(file[key: "text"] == .string("naïve"))
        #expect(file[key: "u64"] == .unsigned(.max))
        #expect(file[key: "u64"]?.int == nil)
        #expect(file[key: "i64"] == .signed(-1))
        #expect(file[key: "f64"]?.double == -0.25)
        #expect(file[key: "texts"] == .strings(["a", ""]))
        guard case .numbers(let numbers)? = file[key: "numbers"] else {
            Issue.record("no numbers")
            return
        }
        #expect(numbers.ints == [7, -8])
        guard case .numbers(let flags)? = file[key: "flags"] else {
            Issue.record("no flags")
            return
        }
        #expect(flags[0] == .bool(true) && flags[1] == .bool(false) && flags.ints == nil)
        #expect(file[key: "none"] == nil)
    }

    @Test func keys() throws {
        let tooLong = GGUFBuilder.bytes(UInt64.max)
        guard case .textTooLong(_, .max, _)? = try refusal({ $0.add(rawEntry: tooLong + [1, 2, 3, 4, 5, 6]) }) else {
            Issue.record("a key of 2^64 - 1 bytes")
            return
        }
        let half = GGUFBuilder.bytes(UInt64(1) << 63)
        guard case .textTooLong(_, 0x8000_0000_0000_0000, _)? = try refusal({ $0.add("key", type: 8, half) }) else {
            Issue.record("a text of 2^63 bytes")
            return
        }
        #expect(try refusal { $0.add("", 1 as UInt32) } == .invalidName(what: "key", position: 0))
        let noUTF8 = GGUFBuilder.bytes(2 as UInt64) + [0xC3, 0x28] + GGUFBuilder.bytes(0 as UInt32) + [1]
        #expect(try refusal { $0.add(rawEntry: noUTF8) } == .invalidName(what: "key", position: 0))
        #expect(
            try refusal {
                $0.add("a", 1 as UInt32)
                $0.add("b", "x")
                $0.add("a", "y")
            } == .duplicateKey("a")
        )
    }

    @Test func valueTypes() throws {
        for type in [13, 255, .max] as [UInt32] {
            #expect(try refusal { $0.add("key", type: type, [0]) } == .unsupportedValueType(key: "key", type: type))
            let list = GGUFBuilder.bytes(type) + GGUFBuilder.bytes(0 as UInt64)
            #expect(try refusal { $0.add("key", type: 9, list) } == .unsupportedValueType(key: "key", type: type))
        }
        // A list of lists.
        let nested = GGUFBuilder.bytes(9 as UInt32) + GGUFBuilder.bytes(1 as UInt64)
        #expect(try refusal { $0.add("key", type: 9, nested) } == .unsupportedValueType(key: "key", type: 9))
    }

    @Test(arguments: [0, 13, 48, 1 << 31, .max] as [UInt32])
    func alignmentsThatCannotBe(_ alignment: UInt32) throws {
        #expect(
            try refusal { $0.add("general.alignment", alignment) } == .invalidAlignment(.unsigned(UInt64(alignment)))
        )
    }

    @Test func alignments() throws {
        #expect(
            try refusal { $0.add("general.alignment", type: 5, GGUFBuilder.bytes(32 as Int32)) }
                == .invalidAlignment(.signed(32))
        )
        for alignment in [1, 8, 4096] {
            var builder = GGUFBuilder()
            builder.alignment = alignment
            builder.add("general.alignment", UInt32(alignment))
            builder.add(tensor: "x", [3], bytes: [UInt8](repeating: 1, count: 12))
            builder.add(tensor: "y", [3], bytes: [UInt8](repeating: 2, count: 12))
            let file = try open(builder)
            #expect(file.alignment == alignment)
            #expect(file.tensors[1].fileRange.lowerBound % alignment == 0)
        }
        // The offsets do not fit the alignment that the metadata names.
        var builder = GGUFBuilder()
        builder.alignment = 1
        builder.add(tensor: "x", [3], bytes: [UInt8](repeating: 1, count: 12))
        builder.add(tensor: "y", [3], bytes: [UInt8](repeating: 2, count: 12))
        #expect(try refusal(builder.file) == .wrongOffset(tensor: "y", expected: 32, found: 12))
    }

    // MARK: Tensors

    @Test func tensors() throws {
        var builder = GGUFBuilder()
        builder.add(tensor: "scalar", [], bytes: [0, 0, 0, 0])
        builder.add(tensor: "x", [64, 3, 2], type: 8, bytes: [UInt8](repeating: 0, count: 408))
        builder.add(tensor: "none", [32, 0], type: 2, bytes: [])
        builder.add(tensor: "y", [2], type: 27, bytes: [UInt8](repeating: 0, count: 16))
        let file = try open(builder)
        #expect(file.tensors.map(\.name) == ["scalar", "x", "none", "y"])
        #expect(file["x"]?.shape == [2, 3, 64])
        #expect(file["x"]?.type == .q8_0)
        #expect(file["x"]?.byteCount == 408)
        #expect(file["none"]?.byteCount == 0)
        #expect(file["y"]?.type.elementType == nil)
        #expect(file["z"] == nil)
    }

    @Test func names() throws {
        let long = String(repeating: "n", count: 64)
        #expect(
            try refusal { $0.add(tensor: long, [1], bytes: [0, 0, 0, 0]) }
                == .textTooLong(what: "the name of tensor 0", byteCount: 64, limit: 63)
        )
        #expect(
            try refusal {
                $0.add(tensor: "x", [8], bytes: [UInt8](repeating: 0, count: 32))
                $0.add(tensor: "x", [8], bytes: [UInt8](repeating: 0, count: 32))
            } == .duplicateTensor("x")
        )
    }

    @Test func dimensions() throws {
        for count in [5, .max] as [UInt32] {
            let tensor = GGUFBuilder.text("x") + GGUFBuilder.bytes(count) + [UInt8](repeating: 1, count: 64)
            #expect(try refusal { $0.add(rawTensor: tensor) } == .tooManyDimensions(tensor: "x", count: count))
        }
        let impossible: [[UInt64]] = [
            [.max], [1 << 63], [1 << 62, 4], [1 << 32, 1 << 32], [1 << 31, 1 << 31, 4], [1 << 61, 0, 8],
            // 2^64 - 16 bytes, which rounding up to the alignment would bring to 0.
            [4, 1_073_741_823, 1_073_741_825],
        ]
        for dimensions in impossible {
            #expect(
                try refusal { $0.add(tensor: "x", dimensions, offset: 0) }
                    == .impossibleSize(tensor: "x", dimensions: dimensions)
            )
        }
        // As many elements as can be counted, but of 8 bytes each.
        #expect(
            try refusal { $0.add(tensor: "x", [1 << 60, 1], type: 27, offset: 0) }
                == .impossibleSize(tensor: "x", dimensions: [1 << 60, 1])
        )
        // Two tensors of bytes whose sizes together overflow.
        let most: UInt64 = 0x7FFF_FFFF_FFFF_FFC0
        #expect(
            try refusal {
                $0.add(tensor: "x", [most], type: 24, offset: 0)
                $0.add(tensor: "y", [most], type: 24, offset: most)
            } == .impossibleSize(tensor: "x", dimensions: [most])
        )
        let huge: UInt64 = 0x3FFF_FFFF_FFFF_FFC0
        let file = try refusal {
            $0.add(tensor: "x", [huge], type: 24, offset: 0)
            $0.add(tensor: "y", [huge], type: 24, offset: huge)
        }
        guard case .outOfFile("x", _, _)? = file else {
            Issue.record("\(String(describing: file))")
            return
        }
    }

    @Test func types() throws {
        for type in [4, 5, 31, 36, 42, .max] as [UInt32] {
            #expect(
                try refusal { $0.add(tensor: "x", [32], type: type, offset: 0) }
                    == .unknownTensorType(tensor: "x", type: type)
            )
        }
        #expect(
            try refusal { $0.add(tensor: "x", [31, 32], type: 8, offset: 0) }
                == .incompleteBlock(tensor: "x", type: .q8_0, columns: 31)
        )
        #expect(
            try refusal { $0.add(tensor: "x", [128, 256], type: 12, offset: 0) }
                == .incompleteBlock(tensor: "x", type: .q4_K, columns: 128)
        )
    }

    @Test func offsets() throws {
        #expect(
            try refusal { $0.add(tensor: "x", [1], offset: 32) } == .wrongOffset(tensor: "x", expected: 0, found: 32)
        )
        #expect(
            try refusal { $0.add(tensor: "x", [1], offset: .max) }
                == .wrongOffset(tensor: "x", expected: 0, found: .max)
        )
        // An overlap.
        #expect(
            try refusal {
                $0.add(tensor: "x", [16], bytes: [UInt8](repeating: 0, count: 64))
                $0.add(tensor: "y", [16], offset: 32)
            } == .wrongOffset(tensor: "y", expected: 64, found: 32)
        )
    }

    @Test func notEnoughData() throws {
        var builder = GGUFBuilder()
        builder.add(tensor: "x", [16], bytes: [UInt8](repeating: 0, count: 64))
        let file = builder.file
        #expect(
            try refusal(Array(file.dropLast()))
                == .outOfFile(tensor: "x", end: file.count, fileByteCount: file.count - 1)
        )
        // More than needed is harmless.
        #expect(try refusal(file + [1, 2, 3]) == nil)
    }

    /// Bytes that flip anywhere in the header never do more than give an error or another good file.
    @Test func flippedBytes() throws {
        var builder = GGUFBuilder()
        builder.add("general.architecture", "qwen3")
        builder.add("general.alignment", 32 as UInt32)
        builder.add("texts", ["a", "bc"])
        builder.add("numbers", [1, 2] as [Int32])
        builder.add(tensor: "x", [32, 2], type: 2, bytes: [UInt8](repeating: 0, count: 36))
        let file = builder.file
        for position in 0..<builder.header.count {
            for flip in [0x01, 0x80, 0xFF] as [UInt8] {
                var bytes = file
                bytes[position] ^= flip
                _ = try refusal(bytes)
            }
        }
    }
}
