/// Normalization form C (Unicode Standard Annex 15), as the version of Unicode in the reference's normaliser defines it.
///
/// Only the stretches that need it are taken apart: one goes from a scalar of combining class 0 that nothing can join to
/// what stands before it, up to the next such scalar.
struct CanonicalComposition {
    private let tables: UnicodeTables
    /// The stretch at hand: scalars in the upper 24 bits, combining classes in the lower 8.
    private var parts: [UInt32] = []

    init(tables: UnicodeTables) { self.tables = tables }

    /// Text in form C, or nil where it is in form C already. The text must be well-formed UTF-8.
    ///
    /// - Complexity: O(bytes), and O(stretch · log stretch) for a stretch of marks.
    mutating func normalize(_ text: UnsafeBufferPointer<UInt8>) -> NormalizedText? {
        guard let base = text.baseAddress else { return nil }
        var result: NormalizedText?
        var copied = 0
        var stretch = 0
        var position = 0
        while let (start, found) = nextToLookAt(base, from: position, stretch: stretch, end: text.count) {
            let end = endOfStretch(base, from: found, end: text.count)
            if !isNormalized(base, start..<end) {
                result = result ?? NormalizedText(capacity: text.count)
                result?.append(text[copied..<start])
                result?.replace(start..<end) { bytes in compose(base, start..<end, into: &bytes) }
                copied = end
            }
            stretch = end
            position = end
        }
        result?.append(text[copied...])
        return result
    }

    /// The next scalar that NFC must look at, and the start of the stretch it stands in.
    @inline(__always)
    private func nextToLookAt(
        _ text: UnsafePointer<UInt8>,
        from start: Int,
        stretch: Int,
        end: Int
    ) -> (stretch: Int, found: Int)? {
        var position = start
        var stretch = stretch
        while position < end {
            // Eight ASCII bytes at once.
            if position &+ 8 <= end {
                let word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self)
                if word & 0x8080_8080_8080_8080 == 0 {
                    stretch = position &+ 7
                    position &+= 8
                    continue
                }
            }
            let byte = text[position]
            if byte < 0xCC {
                // Below U+0300 everything is in form C and begins a stretch.
                stretch = position
                position &+= byte < 0x80 ? 1 : 2
                continue
            }
            let (scalar, length) = UTF8Scalar.decode(text + position)
            if tables.properties(of: scalar).needsALook { return (stretch, position) }
            stretch = position
            position &+= length
        }
        return nil
    }

    private func endOfStretch(_ text: UnsafePointer<UInt8>, from start: Int, end: Int) -> Int {
        var position = start
        while position < end {
            let (scalar, length) = UTF8Scalar.decode(text + position)
            if !tables.properties(of: scalar).needsALook { break }
            position += length
        }
        return position
    }

    private func isNormalized(_ text: UnsafePointer<UInt8>, _ stretch: Range<Int>) -> Bool {
        var position = stretch.lowerBound
        var last: UInt8 = 0
        while position < stretch.upperBound {
            let (scalar, length) = UTF8Scalar.decode(text + position)
            let properties = tables.properties(of: scalar)
            if properties.mayChange { return false }
            let current = properties.needsALook ? tables.combiningClass(of: scalar) : 0
            if current != 0, current < last { return false }
            last = current
            position += length
        }
        return true
    }

    private mutating func compose(_ text: UnsafePointer<UInt8>, _ stretch: Range<Int>, into bytes: inout [UInt8]) {
        parts.removeAll(keepingCapacity: true)
        var position = stretch.lowerBound
        while position < stretch.upperBound {
            let (scalar, length) = UTF8Scalar.decode(text + position)
            appendDecomposition(of: scalar)
            position += length
        }
        orderMarks()
        joinParts()
        for part in parts { UTF8Scalar.append(part >> 8, to: &bytes) }
    }

    private mutating func appendDecomposition(of scalar: UInt32) {
        if let syllable = Hangul.decompose(scalar) {
            for jamo in [syllable.leading, syllable.vowel] { parts.append(jamo << 8) }
            if let trailing = syllable.trailing { parts.append(trailing << 8) }
        } else if let decomposition = tables.decomposition(of: scalar) {
            for part in decomposition { parts.append(part << 8 | UInt32(tables.combiningClass(of: part))) }
        } else {
            parts.append(scalar << 8 | UInt32(tables.combiningClass(of: scalar)))
        }
    }

    /// Sorts each run of marks by combining class, equal classes in their order.
    private mutating func orderMarks() {
        var start = 0
        while start < parts.count {
            if parts[start] & 0xFF == 0 {
                start += 1
                continue
            }
            var end = start
            while end < parts.count, parts[end] & 0xFF != 0 { end += 1 }
            if end - start <= 16 { insertionSort(start..<end) } else { countingSort(start..<end) }
            start = end
        }
    }

    private mutating func insertionSort(_ run: Range<Int>) {
        for position in run.dropFirst() {
            let part = parts[position]
            var place = position
            while place > run.lowerBound, parts[place - 1] & 0xFF > part & 0xFF {
                parts[place] = parts[place - 1]
                place -= 1
            }
            parts[place] = part
        }
    }

    private mutating func countingSort(_ run: Range<Int>) {
        var next = Array(repeating: 0, count: 257)
        for position in run { next[Int(parts[position] & 0xFF) + 1] += 1 }
        for value in 1...256 { next[value] += next[value - 1] }
        let unsorted = Array(parts[run])
        for part in unsorted {
            let value = Int(part & 0xFF)
            parts[run.lowerBound + next[value]] = part
            next[value] += 1
        }
    }

    /// Joins parts to the starter before them wherever nothing blocks them.
    private mutating func joinParts() {
        var starter: Int?
        var lastClass: UInt32 = 0
        var written = 0
        for position in parts.indices {
            let part = parts[position]
            let partClass = part & 0xFF
            if let starter {
                // A mark of the same or a higher class in between blocks the way.
                if written == starter + 1 || lastClass < partClass,
                    let joined = composition(of: parts[starter] >> 8, part >> 8)
                {
                    parts[starter] = joined << 8
                    continue
                }
            }
            if partClass == 0 { starter = written }
            lastClass = partClass
            parts[written] = part
            written += 1
        }
        parts.removeSubrange(written...)
    }

    private func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.compose(first, second) ?? tables.composition(of: first, second)
    }
}
