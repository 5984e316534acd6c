internal import Synchronization

/// Automata of patterns that were used lately, so that a schema that is compiled again costs little.
enum CommonAutomata {
    private static let cache = Mutex<[String: ScalarAutomaton]>([:])
    private static let capacity = 512
    /// Larger automata are not worth the memory.
    private static let largest = 20_000

    static func matching(_ pattern: String) throws(LanguageError) -> ScalarAutomaton {
        if let known = cache.withLock({ $0[pattern] }) { return known }
        let automaton = try ScalarAutomaton.matching(pattern)
        if automaton.transitions.count <= largest {
            cache.withLock { cache in
                if cache.count >= capacity { cache.removeAll() }
                cache[pattern] = automaton
            }
        }
        return automaton
    }
}
