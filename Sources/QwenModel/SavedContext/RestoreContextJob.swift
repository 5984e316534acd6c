internal import QwenDigest
import Synchronization

/// Reads a context from a file, some of it in each step.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state. The context
///   is new, and nobody else has it before the job is done.
final class RestoreContextJob: AnswerJob<InferenceEngine.RestoredContext>, @unchecked Sendable {
    private let context: InferenceContext
    private let path: String
    private var file: HashedFile?
    private var attachment: [UInt8] = []
    private var tokens: [Int32] = []
    private var nextRun = 0

    init(_ context: InferenceContext, path: String) {
        self.context = context
        self.path = path
    }

    override func advance(_ pass: ForwardPass) throws -> InferenceEngine.RestoredContext? {
        guard !pass.hasAdapters else { throw SavedContextError.adaptersAttached }
        let cache = context.cache.value
        guard let file else {
            guard let hash = try pass.advanceModelHash() else { return nil }
            file = try begin(cache, pass.configuration, hash)
            return nil
        }
        var read = 0
        let staging = try cache.makeStaging()
        while nextRun < cache.layout.runCount, read < SaveContextJob.stepByteCount {
            try cache.transfer(run: nextRun, positions: tokens.count, staging: staging, .writing) { part in
                try file.read(into: part)
                read += part.count
            }
            nextRun += 1
        }
        guard nextRun == cache.layout.runCount else { return nil }
        let digest = file.digest
        guard try file.read(MessageDigest.Algorithm.sha256.byteCount) == digest else {
            throw SavedContextError.corrupt(path: path)
        }
        pass.refresh(cache)
        cache.append(tokens[...])
        context.cachedCount.store(cache.count, ordering: .relaxed)
        pass.prefixes.publish(cache)
        return InferenceEngine.RestoredContext(context: context, attachment: attachment)
    }

    /// Reads what stands before the keys and values, and makes room for them.
    private func begin(
        _ cache: KeyValueCache,
        _ configuration: ModelConfiguration,
        _ hash: [UInt8]
    ) throws -> HashedFile {
        let file = try HashedFile(reading: path)
        let size = try file.byteCount()
        guard size >= SavedContextHeading.byteCount else { throw SavedContextError.notASavedContext(path: path) }
        let heading = try SavedContextHeading(parsing: file.read(SavedContextHeading.byteCount), path: path)
        let expected = heading.fileByteCount
        guard expected == size else {
            throw SavedContextError.wrongSize(expected: expected ?? Int.max, found: size)
        }
        guard heading.type == cache.layout.type else {
            throw SavedContextError.otherKeyValueType(heading.type, expected: cache.layout.type)
        }
        let own = SavedContextHeading(cache, configuration, attachmentByteCount: 0, modelHash: hash)
        guard heading.modelHash == hash, heading.layers == own.layers, heading.heads == own.heads,
            heading.headDimension == own.headDimension
        else { throw SavedContextError.otherModel }
        guard heading.tokens <= context.capacity else {
            throw SavedContextError.tooManyTokens(heading.tokens, capacity: context.capacity)
        }
        // The file is as large as everything that is made room for.
        attachment = try file.read(heading.attachmentByteCount)
        let bytes = try file.read(heading.tokens * 4)
        tokens = (0..<heading.tokens).map { index in
            bytes.withUnsafeBytes { Int32(littleEndian: $0.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)) }
        }
        for (index, token) in tokens.enumerated() where token < 0 || Int(token) >= configuration.vocabularySize {
            throw SavedContextError.tokenOutOfRange(
                id: Int(token),
                index: index,
                vocabularySize: configuration.vocabularySize
            )
        }
        try cache.reserve(max(1, heading.tokens))
        return file
    }
}
