/// Undoes the order of rows that GGUF files of Llama have in their query and key projections.
///
/// There the two rows of a pair that the rotation mixes follow one another; here the first rows of all pairs come before the
/// second ones. Only whole rows move, so that quantised ones stay what they are.
///
/// Source: `LlamaModel.permute` in llama.cpp's converter is the way there.
enum RotaryPairs {
    /// Reorders the rows of whole heads in place.
    ///
    /// - Parameters:
    ///   - bytes: whole heads.
    ///   - groupByteCount: the bytes of a head.
    ///   - rows: the rows of a head, an even number.
    static func separate(_ bytes: UnsafeMutableRawBufferPointer, groupByteCount: Int, rows: Int) {
        guard groupByteCount > 0, rows > 1, rows % 2 == 0, groupByteCount % rows == 0 else { return }
        let rowByteCount = groupByteCount / rows
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: groupByteCount, alignment: 16)
        defer { copy.deallocate() }
        for start in stride(from: 0, through: bytes.count - groupByteCount, by: groupByteCount) {
            let head = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + groupByteCount])
            copy.copyMemory(from: UnsafeRawBufferPointer(head))
            for row in 0..<rows {
                let source = (row % (rows / 2) * 2 + row / (rows / 2)) * rowByteCount
                UnsafeMutableRawBufferPointer(rebasing: head[row * rowByteCount..<(row + 1) * rowByteCount])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: copy[source..<source + rowByteCount]))
            }
        }
    }
}
