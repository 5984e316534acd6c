/// What a message looks like, by its words and characters.
struct TaskSigns {
    /// Something to calculate, to prove or to puzzle out.
    let reasoning: Bool
    /// A program to write or to understand.
    let code: Bool
    /// Much text, or several requests in one.
    let isLong: Bool

    /// - Complexity: O(n), of the first 16,384 scalars.
    init(_ text: String) {
        let scalars = Array(text.unicodeScalars.prefix(16_384))
        let lowercased = String(String.UnicodeScalarView(scalars)).lowercased()
        let words = Self.words(of: lowercased)
        let wordSet = Set(words)

        let calculates = Self.hasCalculation(scalars)
        let numbers = words.count { $0.unicodeScalars.first.map(Self.isDigit) ?? false }
        let asksForNumber = ["how many", "how much", "how long", "how far", "how old"].contains {
            lowercased.contains($0)
        }
        let counts = asksForNumber && numbers >= 2
        // Orders that change a number, one after the other.
        let steps = numbers >= 2 && wordSet.intersection(Self.operations).count >= 2
        let puzzles =
            !wordSet.isDisjoint(with: Self.reasoningWords)
            || Self.chineseReasoning.contains { lowercased.contains($0) }
            || lowercased.contains("step by step")
        reasoning = calculates || counts || steps || puzzles
        code =
            lowercased.contains("```") || !wordSet.isDisjoint(with: Self.codeWords)
            || Self.chineseCode.contains { lowercased.contains($0) }
        let questions = scalars.count { $0 == "?" || $0 == "？" }
        // A Chinese word has about two characters, an English one six with its blank.
        let ideographs = scalars.count { (0x4E00...0x9FFF).contains($0.value) }
        isLong = words.count + ideographs / 2 > 150 || questions >= 3
    }

    private static func words(of text: String) -> [String] {
        text.unicodeScalars.split { scalar in
            !((0x61...0x7A).contains(scalar.value) || isDigit(scalar) || scalar == "_")
        }.map { String($0) }
    }

    private static let operations: Set<String> = [
        "add", "plus", "subtract", "minus", "multiply", "times", "divide", "divided", "double", "halve", "half",
        "square",
        "percent", "start", "sum", "remainder", "modulo", "mod",
    ]

    private static let reasoningWords: Set<String> = [
        "prove", "proof", "derive", "deduce", "solve", "equation", "integral", "derivative", "theorem", "prime",
        "divisible",
        "probability", "calculate", "compute", "puzzle", "riddle", "logic", "paradox", "strategy", "optimal",
        "optimize",
        "optimise", "minimize", "minimise", "maximize", "maximise", "tradeoff", "analyze", "analyse", "why", "whether",
    ]

    private static let codeWords: Set<String> = [
        "code", "function", "algorithm", "regex", "sql", "debug", "bug", "compile", "compiler", "refactor", "python",
        "swift",
        "javascript", "typescript", "java", "rust", "haskell", "script", "stacktrace", "segfault", "recursion",
        "complexity",
    ]

    private static let chineseReasoning = [
        "证明", "求解", "推导", "计算", "多少",
        "为什么", "方程", "概率", "分析", "推理",
    ]

    private static let chineseCode = ["代码", "程序", "函数", "算法"]

    /// Whether an operator stands between two digits, blanks and brackets aside.
    private static func hasCalculation(_ scalars: [Unicode.Scalar]) -> Bool {
        var hasNumber = false
        var operatorsSince = 0
        for scalar in scalars {
            switch scalar {
            case "0"..."9":
                if hasNumber, operatorsSince > 0 { return true }
                hasNumber = true
                operatorsSince = 0
            case "+", "*", "×", "·", "÷", "^", "=", "<", ">", "%", "−": operatorsSince += 1
            case " ", "(", ")", "\t": break
            default:
                hasNumber = false
                operatorsSince = 0
            }
        }
        return spacedOperator(scalars)
    }

    /// Whether `-` or `/` stands between two numbers and blanks, as in "12 - 5"; without the blanks it may be a date.
    private static func spacedOperator(_ scalars: [Unicode.Scalar]) -> Bool {
        guard scalars.count >= 5 else { return false }
        for index in 2..<scalars.count - 2 where scalars[index] == "-" || scalars[index] == "/" {
            let hasBlanks = scalars[index - 1] == " " && scalars[index + 1] == " "
            if hasBlanks, isDigit(scalars[index - 2]), isDigit(scalars[index + 2]) { return true }
        }
        return false
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        (0x30...0x39).contains(scalar.value)
    }
}
