public import QwenJSON

/// What a text must be.
public enum Constraint: Sendable {
    /// JSON that satisfies a JSON Schema (2020-12; `$schema` names another edition).
    case jsonSchema(JSONValue)
    /// A text that a regular expression of ECMA-262 matches from end to end.
    case regex(String)
    /// One of these texts.
    case choices([String])
    /// A text that a grammar in extended Backus-Naur form describes, from its rule `root` on.
    ///
    /// ```
    /// root   ::= term (("+" | "-") term)*   # a comment
    /// term   ::= number | "(" root ")"
    /// number ::= [0-9]+ ("." [0-9]{1,2})?
    /// ```
    ///
    /// A rule is a name, `::=` and alternatives. Texts stand in double quotes, sets of characters in brackets, with ranges
    /// and `^` for all others; both know the escapes `\n`, `\r`, `\t`, `\xHH`, `\uHHHH` and a backslash before a sign that
    /// means something. `*`, `+`, `?`, `{n}`, `{n,}` and `{n,m}` repeat what stands before them. Rules may call each other
    /// and themselves, but not as the first thing that they do.
    case grammar(String)
}
