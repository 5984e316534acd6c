/// One call's way from text to ids, with the scratch memory that it needs.
struct TextEncoder: ~Copyable {
    private let tokens: TokenBytes.View
    private let words: WordTable.View
    private let rules: MergeRules.View
    private let characters: WholeCharacters.View
    private let tables = UnicodeTables()
    private let wordRules: PreTokenizer.Rules
    private var merger = BytePairMerger()
    private var cache: WordCache
    /// The ids so far.
    private(set) var output: TokenBuffer

    init(
        tokens: TokenBytes.View,
        words: WordTable.View,
        rules: MergeRules.View,
        characters: WholeCharacters.View,
        wordRules: PreTokenizer.Rules,
        textLength: Int
    ) {
        self.wordRules = wordRules
        self.tokens = tokens
        self.words = words
        self.rules = rules
        self.characters = characters
        cache = WordCache(textLength: textLength)
        output = TokenBuffer(capacity: textLength / 3)
    }

    /// Appends an added token.
    mutating func append(_ id: UInt32) {
        output.reserve(1)
        output.append(id)
    }

    /// Appends the tokens of text without added tokens, as it is.
    ///
    /// The text is well-formed UTF-8 and outlives the encoder, unless ``forgetText()`` is called first.
    mutating func encode(_ text: UnsafePointer<UInt8>, count: Int) {
        let scanner = PreTokenizer(text, count: count, tables: tables)
        var start = 0
        switch wordRules {
        case .qwen:
            while start < count {
                let end = scanner.endOfWord(from: start)
                encodeWord(text + start, count: end &- start, readable: count &- start)
                start = end
            }
        case .smolLM:
            while start < count {
                let end = scanner.endOfPlainWord(from: start)
                encodeWord(text + start, count: end &- start, readable: count &- start)
                start = end
            }
        }
    }

    /// Must be called before text that was encoded goes away.
    mutating func forgetText() { cache.forget() }

    @inline(__always)
    private mutating func encodeWord(_ word: UnsafePointer<UInt8>, count: Int, readable: Int) {
        output.reserve(1)
        if count == 1 {
            let id = rules.id(of: word[0])
            if id != MergeRules.none { output.append(id) }
            return
        }
        let seed = words.seed
        let key = ByteHash.key(word, count: count, readable: readable, seed: seed)
        if let id = words.find(word, count: count, key: key, tokens: tokens) { return output.append(id) }
        if let known = cache.find(word, count: count, key: key, seed: seed) {
            output.reserve(known.count)
            return output.append(again: known.start, count: known.count)
        }
        let start = output.count
        merger.merge(word, count: count, rules: rules, characters: characters, into: &output)
        if count <= WordCache.longestWord {
            cache.insert(word, count: count, key: key, seed: seed, tokens: start..<output.count)
        }
    }
}
