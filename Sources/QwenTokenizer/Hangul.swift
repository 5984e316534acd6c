/// The arithmetic of Hangul syllables (The Unicode Standard, 3.12).
enum Hangul {
    private static let syllables: UInt32 = 0xAC00
    private static let leadings: UInt32 = 0x1100
    private static let vowels: UInt32 = 0x1161
    private static let trailings: UInt32 = 0x11A7
    private static let leadingCount: UInt32 = 19
    private static let vowelCount: UInt32 = 21
    private static let trailingCount: UInt32 = 28

    /// The jamo of a syllable, or nil where the scalar is none.
    static func decompose(_ scalar: UInt32) -> (leading: UInt32, vowel: UInt32, trailing: UInt32?)? {
        let index = scalar &- syllables
        guard index < leadingCount * vowelCount * trailingCount else { return nil }
        let trailing = index % trailingCount
        return (
            leadings + index / (vowelCount * trailingCount),
            vowels + index / trailingCount % vowelCount,
            trailing == 0 ? nil : trailings + trailing
        )
    }

    /// The syllable of a leading consonant and a vowel, or of such a syllable and a trailing consonant; else nil.
    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let leading = first &- leadings
        let vowel = second &- vowels
        if leading < leadingCount, vowel < vowelCount {
            return syllables + (leading * vowelCount + vowel) * trailingCount
        }
        let index = first &- syllables
        let trailing = second &- trailings
        if index < leadingCount * vowelCount * trailingCount, index % trailingCount == 0,
            trailing > 0, trailing < trailingCount
        {
            return first + trailing
        }
        return nil
    }
}
