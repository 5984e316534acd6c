/// The types of metadata values in a GGUF file, by the format's own numbers.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
    /// An unsigned 8-bit integer.
    case uint8 = 0
    /// A signed 8-bit integer.
    case int8 = 1
    /// An unsigned 16-bit integer.
    case uint16 = 2
    /// A signed 16-bit integer.
    case int16 = 3
    /// An unsigned 32-bit integer.
    case uint32 = 4
    /// A signed 32-bit integer.
    case int32 = 5
    /// IEEE 754 binary32.
    case float32 = 6
    /// One byte; not zero is true.
    case bool = 7
    /// A length and bytes.
    case string = 8
    /// A type, a length and values.
    case array = 9
    /// An unsigned 64-bit integer.
    case uint64 = 10
    /// A signed 64-bit integer.
    case int64 = 11
    /// IEEE 754 binary64.
    case float64 = 12

    /// The bytes of one value; nil where they differ from value to value.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// A metadata value of a GGUF file.
public enum GGUFValue: Sendable, Hashable {
    /// A signed integer of any width.
    case signed(Int64)
    /// An unsigned integer of any width.
    case unsigned(UInt64)
    /// A float of either width.
    case float(Double)
    /// True or false.
    case bool(Bool)
    /// A text; bytes that are not UTF-8 were replaced.
    case string(String)
    /// A list of texts.
    case strings([String])
    /// A list of numbers or truth values, all of one type.
    case numbers(GGUFNumbers)

    /// The value as an integer, if it is one that `Int` holds.
    public var int: Int? {
        switch self {
        case .signed(let value): Int(exactly: value)
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value as a number, if it is one; 64-bit integers are rounded.
    public var double: Double? {
        switch self {
        case .signed(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// The value as a text, if it is one.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value as a truth value, if it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number of elements of a list; nil for a single value.
    public var count: Int? {
        switch self {
        case .strings(let list): list.count
        case .numbers(let list): list.count
        default: nil
        }
    }

    /// Reads a value of a fixed size.
    init(_ type: GGUFValueType, _ bytes: some Collection<UInt8>) {
        let bits = bytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        self =
            switch type {
            case .uint8, .uint16, .uint32, .uint64: .unsigned(bits)
            case .int8: .signed(Int64(Int8(truncatingIfNeeded: bits)))
            case .int16: .signed(Int64(Int16(truncatingIfNeeded: bits)))
            case .int32: .signed(Int64(Int32(truncatingIfNeeded: bits)))
            case .int64: .signed(Int64(bitPattern: bits))
            case .float32: .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
            case .float64: .float(Double(bitPattern: bits))
            case .bool: .bool(bits != 0)
            case .string, .array: .strings([])
            }
    }
}

/// A list of numbers or truth values, kept as the bytes of the file.
public struct GGUFNumbers: Sendable, Hashable {
    /// The type of each element; neither a text nor a list.
    public let type: GGUFValueType
    /// The number of elements.
    public let count: Int
    let bytes: [UInt8]

    init(type: GGUFValueType, count: Int, bytes: [UInt8]) {
        self.type = type
        self.count = count
        self.bytes = bytes
    }

    /// A list of signed 32-bit integers.
    ///
    /// - Parameter values: the elements.
    public init(_ values: [Int32]) {
        self.init(
            type: .int32,
            count: values.count,
            bytes: values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        )
    }

    /// An element.
    ///
    /// - Precondition: the position lies within 0 ..< ``count``.
    public subscript(position: Int) -> GGUFValue {
        let size = type.byteCount ?? 1
        return GGUFValue(type, bytes[position * size..<(position + 1) * size])
    }

    /// All elements as integers, or nil where one is none.
    ///
    /// - Complexity: O(n)
    public var ints: [Int]? {
        var integers: [Int] = []
        integers.reserveCapacity(count)
        for position in 0..<count {
            guard let integer = self[position].int else { return nil }
            integers.append(integer)
        }
        return integers
    }
}
