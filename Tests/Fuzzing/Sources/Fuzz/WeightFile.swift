import QwenJSON

/// Makes a safetensors file of a header, so that the input need not hold the numbers.
enum WeightFile {
    /// No input describes more.
    static let largest = 1 << 18

    /// The file, with as many numbers as the header's last tensor needs.
    ///
    /// - Parameters:
    ///   - header: the JSON text.
    ///   - fill: each byte of the numbers.
    static func bytes(header: [UInt8], fill: UInt8) -> [UInt8] {
        var end = 0
        let options = JSONReadingOptions(maximumDepth: 8)
        for member in (try? JSONValue(parsing: header, options: options))?.object?.members ?? [] {
            end = max(end, member.value["data_offsets"]?.array?.last?.int ?? 0)
        }
        let count = UInt64(header.count)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return length + header + [UInt8](repeating: fill, count: min(max(end, 0), largest))
    }
}
