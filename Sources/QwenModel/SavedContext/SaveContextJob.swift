/// Writes a context to a file, some of it in each step.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class SaveContextJob: AnswerJob<Void>, @unchecked Sendable {
    private let context: InferenceContext
    private let path: String
    private let attachment: [UInt8]
    private var file: HashedFile?
    private var nextRun = 0

    /// Bytes written in one step, about.
    static let stepByteCount = 8 << 20

    init(_ context: InferenceContext, path: String, attachment: [UInt8]) {
        self.context = context
        self.path = path
        self.attachment = attachment
    }

    override func end() {
        file = nil
        context.release(from: cancellation)
    }

    override func advance(_ pass: ForwardPass) throws -> Void? {
        guard !pass.hasAdapters else { throw SavedContextError.adaptersAttached }
        let cache = context.cache.value
        guard let file else {
            guard let hash = try pass.advanceModelHash() else { return nil }
            pass.refresh(cache)
            file = try begin(cache, pass.configuration, hash)
            return nil
        }
        var written = 0
        let staging = try cache.makeStaging()
        while nextRun < cache.layout.runCount, written < Self.stepByteCount {
            try cache.transfer(run: nextRun, positions: cache.count, staging: staging, .reading) { part in
                try file.write(UnsafeRawBufferPointer(part))
                written += part.count
            }
            nextRun += 1
        }
        guard nextRun == cache.layout.runCount else { return nil }
        try file.digest.withUnsafeBytes { try file.write($0) }
        try file.complete()
        return ()
    }

    private func begin(
        _ cache: KeyValueCache,
        _ configuration: ModelConfiguration,
        _ hash: [UInt8]
    ) throws -> HashedFile {
        let heading = SavedContextHeading(
            cache,
            configuration,
            attachmentByteCount: attachment.count,
            modelHash: hash
        )
        let file = try HashedFile(writing: path)
        try heading.bytes.withUnsafeBytes { try file.write($0) }
        try attachment.withUnsafeBytes { try file.write($0) }
        try cache.tokens.map(\.littleEndian).withUnsafeBytes { try file.write($0) }
        return file
    }
}
