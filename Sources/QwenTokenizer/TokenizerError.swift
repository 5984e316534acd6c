public import QwenJSON

/// Why a tokenizer could not be made, or could not decode.
public enum TokenizerError: Error, Sendable, Equatable {
    /// The file at this path could not be read.
    case unreadableFile(path: String, reason: String)
    /// The file is larger than any tokenizer's.
    case tooLarge(bytes: Int, limit: Int)
    /// The file is not JSON.
    case malformedJSON(JSONError)
    /// A field, named by its path as in `model.vocab`, is missing or is not what it must be.
    case invalidField(path: String, expected: String)
    /// A field, named by its path, asks for something that this library does not do.
    case unsupported(path: String, value: String)
    /// The pre-tokeniser cuts words by another pattern than Qwen's.
    case unsupportedPattern(String)

    /// A token's id is negative, or larger than any vocabulary's.
    case idOutOfRange(token: String, id: Int, limit: Int)
    /// Two tokens have the same id.
    case duplicateID(Int, first: String, second: String)
    /// Two tokens have the same bytes.
    case duplicateToken(String, firstID: Int, secondID: Int)
    /// A token has no text.
    case emptyToken(id: Int)
    /// A token holds a character that stands for no byte.
    case notByteLevel(token: String, id: Int)
    /// The tokens' bytes are more than can be held.
    case vocabularyTooLarge(bytes: Int, limit: Int)

    /// There are more merges than can be held.
    case tooManyMerges(Int, limit: Int)
    /// The merge of this rank, from 0, is not two tokens.
    case malformedMerge(rank: Int)
    /// The merge of this rank, from 0, takes or makes a token that the vocabulary lacks.
    case mergeOfMissingToken(rank: Int, token: String)
    /// The merge of this rank, from 0, has the same two tokens as an earlier one.
    case duplicateMerge(rank: Int, left: String, right: String)

    /// An added token's text is longer than the limit, in bytes.
    case addedTokenTooLong(String, limit: Int)
    /// An added token's text has another id in the vocabulary, or in an earlier entry.
    case addedTokenMismatch(String, id: Int, otherID: Int)

    /// No token has this id.
    case unknownID(Int, vocabularySize: Int)
}

extension TokenizerError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .unreadableFile(let path, let reason): "cannot read \(path): \(reason)"
        case .tooLarge(let bytes, let limit): "the tokenizer has \(bytes) bytes, more than \(limit)"
        case .malformedJSON(let error): "the tokenizer is not JSON: \(error)"
        case .invalidField(let path, let expected): "tokenizer.json: \(path) must be \(expected)"
        case .unsupported(let path, let value): "tokenizer.json: \(path) is \(value), which is not supported"
        case .unsupportedPattern(let pattern): "tokenizer.json: the pre-tokeniser's pattern is not Qwen's: \(pattern)"
        case .idOutOfRange(let token, let id, let limit):
            "the id \(id) of token \"\(token)\" is not within 0...\(limit)"
        case .duplicateID(let id, let first, let second):
            "the tokens \"\(first)\" and \"\(second)\" have the same id \(id)"
        case .duplicateToken(let token, let first, let second): "token \"\(token)\" has two ids, \(first) and \(second)"
        case .emptyToken(let id): "token \(id) is empty"
        case .notByteLevel(let token, let id): "token \(id), \"\(token)\", is not written in the byte-level alphabet"
        case .vocabularyTooLarge(let bytes, let limit): "the vocabulary has \(bytes) bytes, more than \(limit)"
        case .tooManyMerges(let count, let limit): "the vocabulary has \(count) merges, more than \(limit)"
        case .malformedMerge(let rank): "merge \(rank) is not two tokens"
        case .mergeOfMissingToken(let rank, let token): "merge \(rank) needs token \"\(token)\", which is missing"
        case .duplicateMerge(let rank, let left, let right):
            "merge \(rank) of \"\(left)\" and \"\(right)\" stands twice"
        case .addedTokenTooLong(let token, let limit): "added token \"\(token)\" is longer than \(limit) bytes"
        case .addedTokenMismatch(let token, let id, let other):
            "added token \"\(token)\" has two ids, \(id) and \(other)"
        case .unknownID(let id, let size): "no token has the id \(id); the vocabulary has \(size)"
        }
    }
}
