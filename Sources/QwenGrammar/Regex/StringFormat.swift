/// The formats that JSON Schema defines for strings.
///
/// Where the definition is no regular language, or a needlessly large one, the automaton accepts a part of it: what it
/// accepts has the format.
enum StringFormat {
    case known(Result<ScalarAutomaton, LanguageError>)
    /// Defined by JSON Schema, but by nothing that an automaton can decide.
    case unenforceable
    /// Not defined by JSON Schema: an annotation.
    case undefined

    init(_ name: String) {
        switch name {
        case "date": self = .known(Self.date)
        case "time": self = .known(Self.time)
        case "date-time": self = .known(Self.dateTime)
        case "duration": self = .known(Self.duration)
        case "email", "idn-email": self = .known(Self.email)
        case "hostname", "idn-hostname": self = .known(Self.hostname)
        case "ipv4": self = .known(Self.ipv4)
        case "ipv6": self = .known(Self.ipv6)
        case "uuid": self = .known(Self.uuid)
        case "uri": self = .known(Self.uri)
        case "iri": self = .known(Self.iri)
        case "uri-reference": self = .known(Self.uriReference)
        case "iri-reference": self = .known(Self.iriReference)
        case "json-pointer": self = .known(Self.jsonPointer)
        case "relative-json-pointer": self = .known(Self.relativeJSONPointer)
        case "regex", "uri-template": self = .unenforceable
        default: self = .undefined
        }
    }

    private static func automaton(_ pattern: String) -> Result<ScalarAutomaton, LanguageError> {
        Result { () throws(LanguageError) in try .matchingWhole(pattern) }
    }

    // RFC 3339, seconds to the billionth, with the lengths of months and leap years, and a leap second at the end of a day in UTC only.
    private static let datePattern =
        #"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"#
        + #"|02-(?:0[1-9]|1[0-9]|2[0-8]))"#
        + #"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"#
    private static let timePattern =
        #"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"#
        + #"|23:59:60(?:\.[0-9]{1,9})?[zZ])"#
    static let date = automaton(datePattern)
    static let time = automaton(timePattern)
    static let dateTime = automaton(datePattern + "[Tt]" + timePattern)

    // RFC 3339, appendix A.
    static let duration = automaton(
        #"P(?:(?:(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"#
            + #"(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)"#
            + #"|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)|[0-9]+W)"#
    )

    // RFC 1123: labels of letters, digits and inner hyphens. The total of 253 characters is left to the labels.
    private static let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    static let hostname = Result { () throws(LanguageError) in
        let labels = try ScalarAutomaton.matchingWhole(#"(?:\#(label)\.)*\#(label)"#)
        // Labels with hyphens in the third and fourth place are encoded names with rules of their own.
        let encoded = try ScalarAutomaton.matching(#"(^|\.)..--"#)
        return try labels.intersection(encoded.complement)
    }

    private static let ipv4Pattern =
        "(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    static let ipv4 = automaton(ipv4Pattern)

    // RFC 4291, the dotted form of the last 32 bits included.
    private static let ipv6Pattern: String = {
        let group = "[0-9a-fA-F]{1,4}"
        let last = "(?:\(group):\(group)|\(ipv4Pattern))"
        var forms = ["(?:\(group):){6}\(last)"]
        for before in 0...7 {
            let head = before == 0 ? "" : "(?:\(group)(?::\(group)){0,\(before - 1)})?"
            let after = 7 - before
            if after >= 2 { forms.append("\(head)::(?:\(group):){\(after - 2)}\(last)") }
            if after == 1 { forms.append("\(head)::\(group)") }
            if after == 0 { forms.append("\(head)::") }
        }
        return "(?:" + forms.joined(separator: "|") + ")"
    }()
    static let ipv6 = automaton(ipv6Pattern)

    static let uuid = automaton("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

    // RFC 5321, dot-strings and quoted strings before the sign.
    static let email = automaton(
        #"(?:[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*"#
            + #"|"(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\[\x20-\x7E])*")"#
            + #"@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"#
            + #"|\[\#(ipv4Pattern)\]|\[IPv6:\#(ipv6Pattern)\])"#
    )

    // RFC 3986 and, with the characters beyond ASCII, RFC 3987.
    private static func uriPattern(_ others: String, isReference: Bool) -> String {
        let unreserved = "A-Za-z0-9._~\\-" + others
        let delimiters = "!$&'()*+,;="
        let escaped = "%[0-9A-Fa-f]{2}"
        let character = "(?:[\(unreserved)\(delimiters):@]|\(escaped))"
        let host =
            #"(?:\[(?:\#(ipv6Pattern)|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~\-!$&'()*+,;=:]+)\]"#
            + "|(?:[\(unreserved)\(delimiters)]|\(escaped))*)"
        let authority = "(?:(?:[\(unreserved)\(delimiters):]|\(escaped))*@)?\(host)(?::[0-9]*)?"
        let segments = "(?:/\(character)*)*"
        let path = "(?://\(authority)\(segments)|/(?:\(character)+\(segments))?|\(character)+\(segments)|)"
        let tail = "(?:\\?(?:\(character)|[/?])*)?(?:#(?:\(character)|[/?])*)?"
        let whole = "[A-Za-z][A-Za-z0-9+.\\-]*:\(path)\(tail)"
        guard isReference else { return whole }
        let first = "(?:[\(unreserved)\(delimiters)@]|\(escaped))+"
        let relative = "(?://\(authority)\(segments)|/(?:\(character)+\(segments))?|\(first)\(segments)|)"
        return "(?:\(whole)|\(relative)\(tail))"
    }

    private static let beyondASCII = #"\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}\u{10000}-\u{1FFFD}"#
    static let uri = automaton(uriPattern("", isReference: false))
    static let iri = automaton(uriPattern(beyondASCII, isReference: false))
    static let uriReference = automaton(uriPattern("", isReference: true))
    static let iriReference = automaton(uriPattern(beyondASCII, isReference: true))

    static let jsonPointer = automaton(#"(?:/(?:[^/~]|~[01])*)*"#)
    static let relativeJSONPointer = automaton(#"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^/~]|~[01])*)*)"#)
}
