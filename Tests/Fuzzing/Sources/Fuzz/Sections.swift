/// An input that stands for several texts: they are cut at zero bytes, which no JSON has.
struct Sections {
    private let parts: [[UInt8]]

    init(_ input: some Sequence<UInt8>) {
        parts = input.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    }

    /// The text at a position; empty where there is none.
    subscript(index: Int) -> [UInt8] { index < parts.count ? parts[index] : [] }

    var count: Int { parts.count }
}
