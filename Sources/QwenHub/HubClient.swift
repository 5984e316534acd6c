#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Gets models onto this machine, and finds those that are there.
///
/// ```swift
/// let hub = HubClient()
/// let folder = try await hub.fetch(ModelReference("Qwen/Qwen3-0.6B"))
/// ```
public struct HubClient: Sendable {
    /// Where models are kept, and how the Hub is reached.
    public var configuration: HubConfiguration
    /// What sends requests; nil where this build has no network code.
    public var transport: (any HubTransport)?

    /// Creates a client.
    ///
    /// - Parameter configuration: where models are kept, and how the Hub is reached; what the environment says if not given.
    public init(configuration: HubConfiguration = HubConfiguration()) {
        self.configuration = configuration
        #if canImport(Darwin)
        transport = URLSessionTransport(idleTimeout: configuration.idleTimeout)
        #elseif Hub
        transport = AsyncHTTPClientTransport(idleTimeout: configuration.idleTimeout)
        #else
        transport = nil
        #endif
    }

    /// Creates a client with a transport of the program's own.
    ///
    /// - Parameters:
    ///   - configuration: where models are kept, and how the Hub is reached.
    ///   - transport: what sends requests.
    public init(configuration: HubConfiguration, transport: any HubTransport) {
        self.configuration = configuration
        self.transport = transport
    }

    /// Finds a model that is on the disk, without the network.
    ///
    /// - Parameter model: the model.
    /// - Returns: the checkpoint's folder, or the GGUF file. Ollama's file has no suffix.
    /// - Throws: ``HubError``, which lists what is missing where the model is there in part.
    public func locate(_ model: ModelReference) throws(HubError) -> URL {
        switch model {
        case .hub(let repository, let revision, let file):
            try configuration.cache.model(repository, revision: revision, file: file)
        case .ollama(let name): try configuration.ollama.model(name).file
        case .lmStudio(let repository, let file): try configuration.lmStudio.model(repository, file: file)
        }
    }

    /// Gets a model: finds it on the disk, or downloads what is missing.
    ///
    /// A branch or tag is looked up first, so that what has changed on the Hub is noticed. Where the Hub cannot be reached and
    /// the model is on the disk as it last was, that is used; so is a commit that is there, without a question.
    ///
    /// Only the files that a model is made of are downloaded: configuration, tokenizer, chat template, and `model.safetensors`
    /// or the shards of its index; or one GGUF file. Each is checked against the digest in the repository's listing before it is
    /// visible. What breaks is resumed where it broke, in this call and by the next one, after a `SIGKILL` too. Another process
    /// that downloads the same file is waited for. Ollama's and LM Studio's models are only found, and Ollama's are read once
    /// to check their digest.
    ///
    /// Cancelling the task stops the download; what has come stays for the next time.
    ///
    /// - Parameters:
    ///   - model: the model.
    ///   - progress: called some times a second, on any thread.
    /// - Returns: the checkpoint's folder, or the GGUF file.
    /// - Throws: ``HubError``, or `CancellationError`.
    public func fetch(
        _ model: ModelReference,
        progress: (@Sendable (HubProgress) -> Void)? = nil
    ) async throws -> URL {
        switch model {
        case .hub(let repository, let revision, let file):
            return try await fetch(repository, revision: revision, file: file, progress: progress)
        case .ollama(let name):
            let found = try configuration.ollama.model(name)
            try await configuration.ollama.verify(found)
            return found.file
        case .lmStudio:
            return try locate(model)
        }
    }

    /// Begins to get a model, and tells how far that has come.
    ///
    /// - Parameter model: the model.
    /// - Returns: the download, which has begun. It stops when nobody holds it any more.
    public func download(_ model: ModelReference) -> HubDownload {
        HubDownload { progress in try await fetch(model, progress: progress) }
    }

    private func fetch(
        _ repository: HubRepository,
        revision: String,
        file: String?,
        progress: (@Sendable (HubProgress) -> Void)?
    ) async throws -> URL {
        let cache = configuration.cache
        if configuration.isOffline {
            do throws(HubError) {
                return try cache.model(repository, revision: revision, file: file)
            } catch .notCached {
                throw HubError.offline(model: repository.id)
            }
        }
        if HubCache.isCommit(revision), let found = try? cache.model(repository, revision: revision, file: file) {
            return found
        }
        guard let transport else {
            do throws(HubError) {
                return try cache.model(repository, revision: revision, file: file)
            } catch .notCached {
                throw HubError.networkNotBuilt
            }
        }
        let connection = HubConnection(configuration: configuration, transport: transport, repository: repository)
        let commit: String
        do {
            commit = try await connection.commit(of: revision)
        } catch let error as HubError where RetryPolicy.isTransient(error) {
            if let found = try? cache.model(repository, revision: revision, file: file) { return found }
            throw error
        }
        let download = SnapshotDownload(
            connection: connection,
            revision: revision,
            commit: commit,
            recorder: ProgressRecorder(progress)
        )
        return try await download.run(file: file)
    }
}
