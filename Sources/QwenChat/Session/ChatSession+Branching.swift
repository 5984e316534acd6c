extension ChatSession {
    /// Begins another conversation that has the same past, and goes its own way.
    ///
    /// The keys and values of the common beginning are not computed again: the engine copies them from this session's
    /// context when the other first answers. Afterwards the two know nothing of each other. A request that is running here
    /// is not part of the past.
    ///
    /// ```swift
    /// let other = session.fork()
    /// async let bold = session.respond(to: "Continue boldly.")
    /// async let calm = other.respond(to: "Continue calmly.")
    /// ```
    ///
    /// - Parameter transcript: the past; `nil` for this session's as it stands.
    /// - Returns: a session with this one's model, tools, options, router and policies.
    /// - Complexity: O(1); the first answer copies O(tokens).
    public func fork(from transcript: Transcript? = nil) -> ChatSession {
        ChatSession(
            model,
            transcript: transcript ?? self.transcript,
            tools: tools,
            toolPolicy: toolPolicy,
            options: options,
            router: router,
            contextPolicy: contextPolicy,
            contextLength: contextLength
        )
    }

    /// Changes the past: takes back turns, or corrects what was said.
    ///
    /// The next answer computes only what follows the first changed token.
    ///
    /// ```swift
    /// try session.edit { $0.messages.removeLast(2) }
    /// let again = try await session.respond(to: "Let me put it differently: …")
    /// ```
    ///
    /// - Parameter change: changes the transcript.
    /// - Throws: ``SessionError/alreadyResponding`` while a request is being answered, and what `change` throws; the
    ///   transcript is as before then.
    public func edit(_ change: (inout Transcript) throws -> Void) throws {
        try claim()
        defer { release() }
        var transcript = transcript
        try change(&transcript)
        replaceTranscript(with: transcript)
    }
}
