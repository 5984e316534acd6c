public import QwenGrammar
public import QwenJSON
public import QwenSchema

extension ChatSession {
    /// Says something and waits for an answer of a type.
    ///
    /// The answer is JSON that satisfies the type's schema, whatever the model would like to write: only tokens that can
    /// lead there are sampled, and those that the schema leaves no choice about are not sampled at all. Thinking, where
    /// there is any, comes before it and is free.
    ///
    /// ```swift
    /// struct Trip: Decodable { var city: String; var days: Int }
    /// let trip = try await session.respond(to: "Plan a trip to Kyoto", generating: Trip.self).content
    /// ```
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - type: what the answer is decoded as.
    ///   - schema: what the answer must satisfy; `nil` for the type's own schema, without other members than it reads.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the value, and the answer that it was decoded from.
    /// - Throws: `SchemaDerivationError`, `ConstraintError`, ``StructuredResponseError`` where the answer ends too early,
    ///   `DecodingError` where the type wants more than its schema says, or what ``respond(to:thinking:options:)`` throws.
    public func respond<Content: Decodable & Sendable>(
        to prompt: String,
        generating type: Content.Type,
        schema: JSONSchema? = nil,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) async throws -> StructuredResponse<Content> {
        let schema = try schema ?? JSONSchema(of: type).closed()
        let reply = try await respond(to: prompt, schema: schema, thinking: thinking, options: options)
        return StructuredResponse(content: try reply.content.decode(type), response: reply.response)
    }

    /// Says something and waits for an answer that is JSON and satisfies a schema.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - schema: what the answer must satisfy.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the value, and the answer that it was read from.
    /// - Throws: `ConstraintError`, ``StructuredResponseError`` where the answer ends too early, or what
    ///   ``respond(to:thinking:options:)`` throws.
    public func respond(
        to prompt: String,
        schema: JSONSchema,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) async throws -> StructuredResponse<JSONValue> {
        let constraint = Constraint.jsonSchema(schema.json)
        let response = try await respond(to: prompt, constraint: constraint, thinking: thinking, options: options)
        return try StructuredResponse(reading: response)
    }

    /// Says something and gives an answer of a type as it comes: more and more of its JSON, then the value.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - type: what the answer is decoded as.
    ///   - schema: what the answer must satisfy; `nil` for the type's own schema, without other members than it reads.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the events of the answer.
    /// - Throws: `SchemaDerivationError` where the type has no schema, `ConstraintError` where it cannot be enforced.
    public func streamResponse<Content: Decodable & Sendable>(
        to prompt: String,
        generating type: Content.Type,
        schema: JSONSchema? = nil,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) throws -> StructuredResponseStream<Content> {
        let schema = try schema ?? JSONSchema(of: type).closed()
        let constraint = Constraint.jsonSchema(schema.json)
        let stream = try streamResponse(to: prompt, constraint: constraint, thinking: thinking, options: options)
        return StructuredResponseStream(stream) { try $0.decode(Content.self) }
    }

    /// Says something and waits for an answer that satisfies a constraint.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - constraint: what the answer must be: JSON of a schema, a match of a regular expression or grammar, one of several texts.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the answer; the beginning of a valid one where it ended for another reason than `stop`.
    /// - Throws: `ConstraintError`, or what ``respond(to:thinking:options:)`` throws.
    public func respond(
        to prompt: String,
        constraint: Constraint,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) async throws -> Response {
        let stream = try streamResponse(to: prompt, constraint: constraint, thinking: thinking, options: options)
        for try await event in stream {
            if case .finished(let response) = event { return response }
        }
        throw CancellationError()
    }

    /// Says something and gives an answer that satisfies a constraint, as it comes.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - constraint: what the answer must be.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the events of the answer; at any time the text so far is the beginning of a valid one.
    /// - Throws: `ConstraintError` where the constraint cannot be compiled.
    public func streamResponse(
        to prompt: String,
        constraint: Constraint,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) throws(ConstraintError) -> ResponseStream {
        let compiled = try CompiledConstraint(constraint)
        let request = Request(
            prompt: prompt,
            thinking: thinking,
            options: options ?? self.options,
            constraint: compiled
        )
        return ResponseStream(session: self, request: request)
    }
}
