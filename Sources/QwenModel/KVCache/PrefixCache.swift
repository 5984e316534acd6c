/// Finds keys and values that another sequence has computed already for the same beginning.
///
/// Sessions with the same instructions, or a conversation that is branched, begin with the same tokens, and the keys and values of
/// a token depend on the tokens before it only. What one sequence has is copied to another: a copy of a thousand tokens takes
/// milliseconds where computing them takes seconds. Not `Sendable`: the engine's thread has it.
struct PrefixCache {
    private struct Entry {
        weak var cache: KeyValueCache?
    }

    /// Every cache that was used and is alive, the latest last.
    private var known: [Entry] = []
    /// Caches kept alive after their conversation, the latest last.
    private var retained: [KeyValueCache] = []
    private let byteLimit: Int

    /// - Parameter byteLimit: how much memory the caches of conversations that have ended may keep.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Fewer tokens are computed sooner than looked for.
    private static let worthwhile = 16

    /// Lets a cache begin with what another has, if that is more than its own beginning.
    ///
    /// - Parameters:
    ///   - cache: the cache of a sequence that is about to be computed.
    ///   - tokens: the sequence.
    /// - Returns: how many tokens of the sequence the cache holds afterwards.
    /// - Throws: `TensorError` when memory for the copy cannot be had.
    /// - Complexity: O(caches × common tokens), and the copy.
    func extend(_ cache: KeyValueCache, for tokens: [Int32]) throws -> Int {
        let own = cache.commonPrefix(with: tokens)
        var best: (cache: KeyValueCache, count: Int)?
        for entry in known {
            guard
                let other = entry.cache, other !== cache, other.adapterGeneration == cache.adapterGeneration
            else { continue }
            let count = other.commonPrefix(with: tokens)
            if count > best?.count ?? own + Self.worthwhile - 1 { best = (other, count) }
        }
        guard let best else { return own }
        cache.share(best.cache, count: best.count)
        return best.count
    }

    /// Notes that a cache is in use, and keeps it for a while.
    mutating func note(_ cache: KeyValueCache) {
        known.removeAll { $0.cache == nil || $0.cache === cache }
        known.append(Entry(cache: cache))
        retained.removeAll { $0 === cache }
        retained.append(cache)
        trim()
    }

    /// Lets go of the oldest caches that take more memory than allowed.
    mutating func trim() {
        var bytes = 0
        var kept = 0
        for cache in retained.reversed() {
            bytes += cache.byteCount
            guard bytes <= byteLimit else { break }
            kept += 1
        }
        retained.removeFirst(retained.count - kept)
    }
}
