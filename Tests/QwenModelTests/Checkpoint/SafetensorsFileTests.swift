import Foundation
import QwenJSON
import QwenModel
import Testing

/// Files that are not what the format says: each gives an error that says why.
@Suite struct SafetensorsFileTests {
    /// Opens a file with the given bytes and returns why it was refused, or nil where it was not.
    private func refusal(_ bytes: [UInt8]) throws -> SafetensorsError? {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(bytes, to: "a.safetensors")
        let path = try #require(realPath(folder.path))
        do throws(CheckpointError) {
            _ = try SafetensorsFile(path: path + "/a.safetensors")
            return nil
        } catch {
            guard case .safetensors(_, let reason) = error else {
                Issue.record("\(error)")
                return nil
            }
            return reason
        }
    }

    private func realPath(_ path: String) -> String? {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private func refusal(header: String, data: Int = 0) throws -> SafetensorsError? {
        try refusal(CheckpointFolderBuilder.safetensors(header: header, dataByteCount: data))
    }

    private func entry(_ dtype: String, _ shape: [Int], _ offsets: [Int]) -> String {
        "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test func wellFormed() throws {
        let header = """
            {"__metadata__":{"a":"b"},"x":\(entry("F32", [2, 3], [8, 32])),"y":\(entry("BF16", [4], [0, 8])),
            "scalar":\(entry("F16", [], [32, 34])),"empty":\(entry("F32", [0, 5], [34, 34]))}
            """ + "     "
        #expect(try refusal(header: header, data: 34) == nil)
        #expect(try refusal(header: "{}") == nil)
        #expect(try refusal(header: #"{"q":\#(entry("F4", [4], [0, 2]))}"#, data: 2) == nil)
    }

    @Test func headersLength() throws {
        for count in 0..<8 {
            #expect(try refusal([UInt8](repeating: 0, count: count)) == .noHeader(fileByteCount: count))
        }
        #expect(try refusal([UInt8](repeating: 0xFF, count: 8)) == .headerTooLong(.max, limit: 0))
        #expect(try refusal([UInt8](repeating: 0xFF, count: 100)) == .headerTooLong(.max, limit: 92))
        let good = CheckpointFolderBuilder.safetensors(header: "{}")
        #expect(try refusal([3] + good.dropFirst()) == .headerTooLong(3, limit: 2))
        #expect(try refusal([0] + good.dropFirst()) == .headerIsNoObject(firstByte: nil))
        // The same number in the upper half of the length.
        #expect(try refusal([0, 0, 0, 0, 2, 0, 0, 0] + good.dropFirst(8)) == .headerTooLong(2 << 32, limit: 2))
    }

    /// The file has room for it, but the format has not.
    @Test func headersBeyondTheFormat() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let length = withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { Array($0) }
        try folder.write(length + Array("{}".utf8), to: "a.safetensors")
        let path = try #require(realPath(folder.path)) + "/a.safetensors"
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: 200_000_000)
        try handle.close()
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error == .safetensors(path: path, .headerTooLong(100_000_001, limit: 100_000_000)))
    }

    @Test func headersBeginning() throws {
        #expect(try refusal(header: " {}") == .headerIsNoObject(firstByte: 0x20))
        #expect(try refusal(header: "\u{FEFF}{}") == .headerIsNoObject(firstByte: 0xEF))
        #expect(try refusal(header: "[]") == .headerIsNoObject(firstByte: UInt8(ascii: "[")))
        for header in ["{", "{}x", "{}\0", "{\"a\"", "{\"a\":{\"dtype\":\"F32\""] {
            guard case .malformed = try refusal(header: header) else {
                Issue.record("\(header)")
                return
            }
        }
    }

    @Test func duplicates() throws {
        let x = entry("F32", [1], [0, 4])
        let y = entry("F32", [1], [4, 8])
        for (header, key) in [
            ("{\"a\":\(x),\"a\":\(y)}", "a"), ("{\"a\":\(x),\"\\u0061\":\(y)}", "a"),
            ("{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__"),
            ("{\"__metadata__\":{\"k\":\"1\",\"\\u006b\":\"2\"}}", "k"),
            (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "dtype"),
        ] {
            guard case .malformed(let error) = try refusal(header: header, data: 8) else {
                Issue.record("\(header)")
                return
            }
            #expect(error.reason == .duplicateKey(key))
        }
    }

    @Test func metadata() throws {
        #expect(try refusal(header: #"{"__metadata__":{"a":1}}"#) == .invalidMetadata(key: "a"))
        #expect(try refusal(header: #"{"__metadata__":{"a":{"b":"c"}}}"#) == .invalidMetadata(key: "a"))
        #expect(try refusal(header: #"{"__metadata__":["a"]}"#) == .invalidMetadata(key: "__metadata__"))
    }

    @Test func fields() throws {
        for (value, field) in [
            ("3", ""), ("[]", ""), (#"{"shape":[1],"data_offsets":[0,4]}"#, "dtype"),
            (#"{"dtype":3,"shape":[1],"data_offsets":[0,4]}"#, "dtype"),
            (#"{"dtype":"F32","data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"F32","shape":[1]}"#, "data_offsets"),
            (#"{"dtype":"F32","shape":[1],"data_offsets":[0]}"#, "data_offsets"),
            (#"{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}"#, "data_offsets"),
            (#"{"dtype":"F32","shape":[1],"data_offsets":[4,0]}"#, "data_offsets"),
            (#"{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}"#, "data_offsets"),
            (#"{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1}"#, "extra"),
        ] {
            #expect(try refusal(header: "{\"t\":\(value)}", data: 4) == .invalidField(tensor: "t", field: field))
        }
        #expect(
            try refusal(header: "{\"t\":\(entry("F33", [1], [0, 4]))}", data: 4)
                == .unknownElementType(tensor: "t", dtype: "F33")
        )
    }

    @Test func sizes() throws {
        #expect(
            try refusal(header: "{\"t\":\(entry("F32", [2], [0, 4]))}", data: 4)
                == .sizeMismatch(tensor: "t", expected: 8, found: 4)
        )
        for shape in [[4_294_967_296, 4_294_967_296], [Int.max, 2], [Int.max / 8, 3, 3], [Int.max]] {
            #expect(
                try refusal(header: "{\"t\":\(entry("F32", shape, [0, 4]))}", data: 4)
                    == .impossibleSize(tensor: "t", shape: shape)
            )
        }
        #expect(
            try refusal(header: "{\"t\":\(entry("F4", [3], [0, 2]))}", data: 2)
                == .impossibleSize(tensor: "t", shape: [3])
        )
    }

    @Test func layout() throws {
        func two(_ first: [Int], _ second: [Int]) -> String {
            "{\"a\":\(entry("F32", [1], first)),\"b\":\(entry("F32", [1], second))}"
        }
        #expect(try refusal(header: two([0, 4], [4, 8]), data: 8) == nil)
        #expect(try refusal(header: two([4, 8], [0, 4]), data: 8) == nil)
        // A hole, before and between; an overlap; the same place twice.
        #expect(
            try refusal(header: two([4, 8], [8, 12]), data: 12)
                == .notContiguous(tensor: "a", expectedOffset: 0, foundOffset: 4)
        )
        #expect(
            try refusal(header: two([0, 4], [8, 12]), data: 12)
                == .notContiguous(tensor: "b", expectedOffset: 4, foundOffset: 8)
        )
        #expect(
            try refusal(header: two([0, 4], [2, 6]), data: 6)
                == .notContiguous(tensor: "b", expectedOffset: 4, foundOffset: 2)
        )
        guard case .notContiguous = try refusal(header: two([0, 4], [0, 4]), data: 4) else {
            Issue.record("two tensors in one place")
            return
        }
        // Bytes after the last tensor, and too few.
        #expect(try refusal(header: two([0, 4], [4, 8]), data: 9) == .wrongFileSize(expected: 8, found: 9))
        #expect(try refusal(header: two([0, 4], [4, 8]), data: 7) == .wrongFileSize(expected: 8, found: 7))
        #expect(try refusal(header: "{}", data: 1) == .wrongFileSize(expected: 0, found: 1))
    }

    @Test func everyPrefixAndManyFlippedBytes() throws {
        let file = TinyModel.file([("a", [2]), ("b", [1])])
        for length in 0..<file.count { #expect(try refusal(Array(file[..<length])) != nil) }
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let path = try #require(realPath(folder.path)) + "/a.safetensors"
        for position in file.indices {
            for bit in 0..<8 {
                var changed = file
                changed[position] ^= 1 << bit
                try folder.write(changed, to: "a.safetensors")
                // Accepted or refused, but never a trap: bits of names and of the data are free to change.
                _ = try? SafetensorsFile(path: path)
            }
        }
    }

    @Test func largeHeaders() throws {
        // 100,000 tensors, and 20 MB of metadata.
        var entries = (0..<100_000).map { "\"model.layers.\($0).weight\":\(entry("F32", [1], [$0 * 4, $0 * 4 + 4]))" }
        entries.append("\"__metadata__\":{\"long\":\"" + String(repeating: "x", count: 20 << 20) + "\"}")
        let bytes = CheckpointFolderBuilder.safetensors(
            header: "{" + entries.joined(separator: ",") + "}",
            dataByteCount: 400_000
        )
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try refusal(bytes) == nil)
        #expect(clock.now - start < .seconds(30))
        // A header of brackets is refused at the first of them that does not belong, not gathered.
        let brackets = CheckpointFolderBuilder.safetensors(
            header: "{\"a\":[" + String(repeating: "[],", count: 1 << 22)
        )
        #expect(try refusal(brackets) == .invalidField(tensor: "a", field: ""))
    }
}
