/// Makes a vocabulary from tokens and merges that are written in the byte-level alphabet, and checks them.
struct VocabularyBuilder {
    private let alphabet: ByteLevelAlphabet
    private let addedTokens: [AddedToken]
    private var tokens = TokenBytes()
    /// Finds the tokens that byte pairs can make.
    private var textTokens: WordTable
    private var textIDs: [UInt32] = []

    /// Gives every id its bytes.
    ///
    /// - Parameters:
    ///   - textTokens: tokens in the byte-level alphabet, with their ids, in any order.
    ///   - addedTokens: the tokens beside them, which may stand among the text tokens too.
    ///   - alphabet: the alphabet.
    /// - Throws: ``TokenizerError`` for an id or a token that cannot be, or that is there twice.
    init(
        textTokens: [(token: String, id: Int)],
        addedTokens: [AddedToken],
        alphabet: ByteLevelAlphabet
    ) throws(TokenizerError) {
        self.alphabet = alphabet
        self.addedTokens = addedTokens
        self.textTokens = WordTable(capacity: textTokens.count)

        let names = try Self.names(textTokens: textTokens, addedTokens: addedTokens)
        var added: [Int: AddedToken] = [:]
        for token in addedTokens { added[token.id] = token }
        var byteCount = 0
        for id in names.indices {
            guard let name = names[id] else {
                tokens.append([])
                continue
            }
            let spelled = alphabet.bytes(of: name)
            let bytes: [UInt8]
            if added[id] != nil {
                bytes = Array(name.utf8)
            } else if let spelled {
                bytes = spelled
            } else {
                throw .notByteLevel(token: name, id: id)
            }
            byteCount += bytes.count
            guard byteCount <= TokenBytes.maximumByteCount else {
                throw .vocabularyTooLarge(bytes: byteCount, limit: TokenBytes.maximumByteCount)
            }
            tokens.append(bytes)
        }
        // An added token that byte pairs can make too is a text token as well.
        for (name, id) in textTokens {
            if added[id] == nil || alphabet.bytes(of: name).map({ $0.elementsEqual(name.utf8) }) == true {
                textIDs.append(UInt32(truncatingIfNeeded: id))
            }
        }
        textIDs.sort()
        try index()
    }

    /// The ids that may be left out, besides one for each token.
    private static let largestHole = 1 << 16

    /// The name of every id up to the largest.
    private static func names(
        textTokens: [(token: String, id: Int)],
        addedTokens: [AddedToken]
    ) throws(TokenizerError) -> [String?] {
        // Every id up to the largest takes memory, which a few tokens do not justify; no published vocabulary has such holes.
        let limit = min(MergeRules.maximumID, 2 * (textTokens.count + addedTokens.count) + largestHole)
        var largest = -1
        for (token, id) in textTokens + addedTokens.map({ ($0.content, $0.id) }) {
            guard id >= 0, id <= limit else { throw .idOutOfRange(token: token, id: id, limit: limit) }
            if token.isEmpty { throw .emptyToken(id: id) }
            largest = max(largest, id)
        }
        var names = [String?](repeating: nil, count: largest + 1)
        for (token, id) in textTokens {
            if let other = names[id] { throw .duplicateID(id, first: other, second: token) }
            names[id] = token
        }
        let textIDs = try textIDs(of: addedTokens, in: textTokens)
        var seen: [[UInt8]: Int] = [:]
        for token in addedTokens {
            let content = Array(token.content.utf8)
            guard content.count <= AddedToken.maximumLength else {
                throw .addedTokenTooLong(token.content, limit: AddedToken.maximumLength)
            }
            if let other = seen.updateValue(token.id, forKey: content) ?? textIDs[content], other != token.id {
                throw .addedTokenMismatch(token.content, id: token.id, otherID: other)
            }
            if let other = names[token.id], !other.utf8.elementsEqual(token.content.utf8) {
                throw .duplicateID(token.id, first: other, second: token.content)
            }
            names[token.id] = token.content
        }
        return names
    }

    /// The ids that the added tokens' texts have among the text tokens.
    private static func textIDs(
        of addedTokens: [AddedToken],
        in textTokens: [(token: String, id: Int)]
    ) throws(TokenizerError) -> [[UInt8]: Int] {
        let contents = Set(addedTokens.map { Array($0.content.utf8) })
        let longest = contents.map(\.count).max() ?? 0
        var ids: [[UInt8]: Int] = [:]
        for (token, id) in textTokens where token.utf8.count <= longest {
            let content = Array(token.utf8)
            guard contents.contains(content) else { continue }
            if let other = ids.updateValue(id, forKey: content) {
                throw .duplicateToken(token, firstID: other, secondID: id)
            }
        }
        return ids
    }

    private mutating func index() throws(TokenizerError) {
        let duplicate = tokens.withView { [textIDs] view -> (first: UInt32, second: UInt32)? in
            for id in textIDs {
                if let first = textTokens.insert(id, tokens: view) { return (first, id) }
            }
            return nil
        }
        if let duplicate {
            let name = String(decoding: tokens[Int(duplicate.first)], as: UTF8.self)
            throw .duplicateToken(name, firstID: Int(duplicate.first), secondID: Int(duplicate.second))
        }
    }

    private func id(of bytes: [UInt8]) -> UInt32? {
        guard !bytes.isEmpty else { return nil }
        return tokens.withView { tokens in
            textTokens.withView { table in
                bytes.withUnsafeBufferPointer { bytes in
                    guard let base = bytes.baseAddress else { return nil }
                    let key = ByteHash.key(base, count: bytes.count, readable: bytes.count, seed: table.seed)
                    return table.find(base, count: bytes.count, key: key, tokens: tokens)
                }
            }
        }
    }

    /// Makes the vocabulary.
    ///
    /// - Parameters:
    ///   - merges: pairs of tokens in the byte-level alphabet, by rank.
    ///   - ignoresMerges: whether a word that is a token becomes that token even where its bytes would not merge into it.
    ///   - normalizes: whether text is brought to NFC first.
    ///   - wordRules: how text is cut into words.
    /// - Returns: the vocabulary.
    /// - Throws: ``TokenizerError`` for a merge of a missing token, or one that is there twice.
    func build(
        merges: [(left: String, right: String)],
        ignoresMerges: Bool,
        normalizes: Bool,
        wordRules: PreTokenizer.Rules = .qwen
    ) throws(TokenizerError) -> Vocabulary {
        let rules = try rules(merges)
        let characters = WholeCharacters(tokens: tokens, rules: rules)
        return Vocabulary(
            tokens: tokens,
            rules: rules,
            characters: characters,
            words: ignoresMerges ? textTokens : wholeWords(rules, characters),
            addedTokens: addedTokens,
            normalizes: normalizes,
            wordRules: wordRules
        )
    }

    private func rules(_ merges: [(left: String, right: String)]) throws(TokenizerError) -> MergeRules {
        guard merges.count <= MergeRules.maximumCount else {
            throw .tooManyMerges(merges.count, limit: MergeRules.maximumCount)
        }
        var byteIDs = Array(repeating: MergeRules.none, count: 256)
        for byte in UInt8.min...UInt8.max {
            if let id = id(of: [byte]) { byteIDs[Int(byte)] = id }
        }
        var rules = MergeRules(byteIDs: byteIDs, capacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            guard let left = alphabet.bytes(of: merge.left), let leftID = id(of: left) else {
                throw .mergeOfMissingToken(rank: rank, token: merge.left)
            }
            guard let right = alphabet.bytes(of: merge.right), let rightID = id(of: right) else {
                throw .mergeOfMissingToken(rank: rank, token: merge.right)
            }
            guard let result = id(of: left + right) else {
                throw .mergeOfMissingToken(rank: rank, token: merge.left + merge.right)
            }
            guard rules.append(left: Int(leftID), right: Int(rightID), result: Int(result)) else {
                throw .duplicateMerge(rank: rank, left: merge.left, right: merge.right)
            }
        }
        rules.finish()
        return rules
    }

    /// The tokens whose bytes merge into nothing but the token, which can be looked up instead; no word of a text is like
    /// a token that is not well-formed UTF-8.
    private func wholeWords(_ rules: MergeRules, _ characters: WholeCharacters) -> WordTable {
        var words = WordTable(capacity: textIDs.count)
        tokens.withView { tokens in
            rules.withView { rules in
                characters.withView { characters in
                    var merger = BytePairMerger()
                    var output = TokenBuffer(capacity: 1024)
                    for id in textIDs where String(validating: self.tokens[Int(id)], as: UTF8.self) != nil {
                        output.removeAll()
                        merger.merge(
                            tokens.start(of: id),
                            count: tokens.length(of: id),
                            rules: rules,
                            characters: characters,
                            into: &output
                        )
                        if output.count == 1, output[0] == id { _ = words.insert(id, tokens: tokens) }
                    }
                }
            }
        }
        return words
    }
}
