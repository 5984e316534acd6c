/// Why no token could be chosen.
public enum SamplingError: Error, Sendable {
    /// A parameter lies outside its range.
    case invalid(parameter: String, value: Double, reason: String)
    /// A token id, in the prompt or in a bias, is negative or not below the vocabulary's size.
    case tokenOutOfVocabulary(token: Int, vocabularySize: Int)
    /// There are not as many logits as tokens.
    case wrongLogitCount(expected: Int, found: Int)
    /// A logit is NaN or positive infinity. (Negative infinity excludes a token and is no error.)
    case invalidLogit(token: Int, value: Float)
    /// All logits are negative infinity.
    case everyTokenExcluded
}

extension SamplingError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .invalid(let parameter, let value, let reason): "\(parameter) is \(value), but \(reason)"
        case .tokenOutOfVocabulary(let token, let size): "token \(token) is not in a vocabulary of \(size)"
        case .wrongLogitCount(let expected, let found): "\(found) logits for \(expected) tokens"
        case .invalidLogit(let token, let value): "the logit of token \(token) is \(value)"
        case .everyTokenExcluded: "no token is left to choose"
        }
    }
}

extension SamplingError: Equatable {
    /// Whether two errors say the same; values are compared by their bits, so that NaN equals itself.
    public static func == (left: SamplingError, right: SamplingError) -> Bool {
        switch (left, right) {
        case (.invalid(let leftName, let leftValue, let leftReason), .invalid(let name, let value, let reason)):
            leftName == name && leftValue.bitPattern == value.bitPattern && leftReason == reason
        case (.tokenOutOfVocabulary(let leftToken, let leftSize), .tokenOutOfVocabulary(let token, let size)):
            leftToken == token && leftSize == size
        case (.wrongLogitCount(let leftExpected, let leftFound), .wrongLogitCount(let expected, let found)):
            leftExpected == expected && leftFound == found
        case (.invalidLogit(let leftToken, let leftValue), .invalidLogit(let token, let value)):
            leftToken == token && leftValue.bitPattern == value.bitPattern
        case (.everyTokenExcluded, .everyTokenExcluded):
            true
        default:
            false
        }
    }
}
