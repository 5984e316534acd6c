import Foundation
import QwenModel

/// Writes GGUF files byte by byte, right ones and wrong ones.
struct GGUFBuilder {
    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    /// What the header says, where it is not the truth.
    var tensorCount: UInt64?
    var entryCount: UInt64?
    private(set) var entries: [[UInt8]] = []
    private(set) var tensors: [[UInt8]] = []
    var alignment = 32
    var data: [UInt8] = []

    static func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

    /// Adds an entry: a key, a type, and the value's bytes.
    mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
        entries.append(Self.text(key) + Self.bytes(type) + value)
    }

    mutating func add(rawEntry bytes: [UInt8]) { entries.append(bytes) }

    mutating func add(_ key: String, _ value: UInt32) { add(key, type: 4, Self.bytes(value)) }

    mutating func add(_ key: String, _ value: Float) { add(key, type: 6, Self.bytes(value.bitPattern)) }

    mutating func add(_ key: String, _ value: String) { add(key, type: 8, Self.text(value)) }

    mutating func add(_ key: String, _ values: [String]) {
        add(key, type: 9, Self.bytes(8 as UInt32) + Self.bytes(UInt64(values.count)) + values.flatMap(Self.text))
    }

    mutating func add(_ key: String, _ values: [Int32]) {
        add(key, type: 9, Self.bytes(5 as UInt32) + Self.bytes(UInt64(values.count)) + values.flatMap(Self.bytes))
    }

    /// Adds a tensor's description: dimensions with the fastest first.
    mutating func add(tensor name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64) {
        tensors.append(
            Self.text(name) + Self.bytes(UInt32(dimensions.count)) + dimensions.flatMap(Self.bytes) + Self.bytes(type)
                + Self.bytes(offset)
        )
    }

    /// Adds a tensor after the others, with its bytes.
    mutating func add(tensor name: String, _ dimensions: [UInt64], type: UInt32 = 0, bytes: [UInt8]) {
        data += [UInt8](repeating: 0, count: (alignment - data.count % alignment) % alignment)
        add(tensor: name, dimensions, type: type, offset: UInt64(data.count))
        data += bytes
    }

    mutating func add(rawTensor bytes: [UInt8]) { tensors.append(bytes) }

    /// The file up to the data.
    var header: [UInt8] {
        magic + Self.bytes(version) + Self.bytes(tensorCount ?? UInt64(tensors.count))
            + Self.bytes(entryCount ?? UInt64(entries.count)) + entries.flatMap(\.self) + tensors.flatMap(\.self)
    }

    /// The whole file.
    var file: [UInt8] {
        let header = header
        return header + [UInt8](repeating: 0, count: (alignment - header.count % alignment) % alignment) + data
    }
}
