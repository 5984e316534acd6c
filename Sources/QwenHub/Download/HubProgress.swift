/// How far a download has come.
public struct HubProgress: Sendable, Hashable {
    /// How far one file has come.
    public struct File: Sendable, Hashable {
        /// The file's name in the repository.
        public let name: String
        /// The bytes that are on the disk, those of an earlier attempt included.
        public var bytesDone: Int
        /// The bytes that the file has.
        public let bytesTotal: Int
        /// Whether it is checked and in its place.
        public var isComplete: Bool
    }

    /// The files, in the repository's order. An index comes first, and the files it names once it is there.
    public var files: [File]
    /// The bytes that came over the network in the last seconds, per second; nil while that is not known.
    public var bytesPerSecond: Double?

    /// The bytes of all files that are on the disk.
    public var bytesDone: Int { files.reduce(0) { $0 + $1.bytesDone } }
    /// The bytes of all files.
    public var bytesTotal: Int { files.reduce(0) { $0 + $1.bytesTotal } }
    /// The time that the rest takes at that speed; nil while that is not known.
    public var remaining: Duration? {
        guard let bytesPerSecond, bytesPerSecond > 0 else { return nil }
        return .seconds(min(1e9, Double(bytesTotal - bytesDone) / bytesPerSecond))
    }
}
