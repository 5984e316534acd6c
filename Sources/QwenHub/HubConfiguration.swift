#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where models are kept, and how the Hub is reached.
public struct HubConfiguration: Sendable {
    /// Where models from the Hub are kept.
    public var cache: HubCache
    /// Where Ollama keeps its models.
    public var ollama: OllamaStore
    /// Where LM Studio keeps its models.
    public var lmStudio: LMStudioStore
    /// The Hub's address, without a slash at its end: a mirror's where `HF_ENDPOINT` names one.
    public var endpoint: String
    /// What opens private and gated repositories. It is sent to the endpoint's host only, never to where that redirects to.
    public var token: String?
    /// Whether the network is left alone.
    public var isOffline: Bool
    /// How many files come in at the same time; at least 1.
    public var concurrentFiles = 4
    /// How often a request that brings nothing new is made before it is given up; at least 1.
    public var attempts = 6
    /// How long to wait after the first failure; each further wait is twice as long, up to a minute. What the server asks for
    /// in `Retry-After` has precedence, up to ``longestDelay``.
    public var firstDelay: Duration = .seconds(1)
    /// The longest wait that a server may ask for.
    public var longestDelay: Duration = .seconds(300)
    /// How long a connection, an answer or the next piece of it may take.
    public var idleTimeout: Duration = .seconds(30)

    /// Reads the environment as `huggingface_hub` does.
    ///
    /// `HF_ENDPOINT` names a mirror. The token is that of `HF_TOKEN`, else the contents of the file that `HF_TOKEN_PATH` names,
    /// else of `token` in `HF_HOME`; with `HF_HUB_DISABLE_IMPLICIT_TOKEN` there is none. `HF_HUB_OFFLINE` or
    /// `TRANSFORMERS_OFFLINE` forbid the network. For the folders see ``HubCache/init(environment:)``,
    /// ``OllamaStore/init(environment:)`` and ``LMStudioStore/init(environment:)``.
    ///
    /// - Parameter environment: the variables; those of the process if not given.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let variables = EnvironmentVariables(environment)
        cache = HubCache(environment: environment)
        ollama = OllamaStore(environment: environment)
        lmStudio = LMStudioStore(environment: environment)
        var endpoint = variables["HF_ENDPOINT"] ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
        token = variables.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? nil : Self.token(variables)
        isOffline = variables.isTrue("HF_HUB_OFFLINE") || variables.isTrue("TRANSFORMERS_OFFLINE")
    }

    private static func token(_ variables: EnvironmentVariables) -> String? {
        let file = variables.path("HF_TOKEN_PATH") ?? variables.hubHome + "/token"
        let stored = (try? FileSystem.contents(file, limit: 4096)) ?? nil
        let named = (variables["HF_TOKEN"] ?? variables["HUGGING_FACE_HUB_TOKEN"]).map { Array($0.utf8) }
        guard let bytes = named ?? stored else { return nil }
        let token = TrimmedText.of(bytes)
        // It becomes a header's field: what could end the line is no token.
        let isPlain = !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? token : nil
    }
}
