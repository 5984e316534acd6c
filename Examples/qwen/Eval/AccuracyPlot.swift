/// Accuracy by the number of steps, a line for each mode, as an SVG that is readable on light and on dark pages.
struct AccuracyPlot {
    private let results: [EvalResult]
    private let modes: [ThinkingMode]
    private let steps: [Int]

    private static let width = 720.0
    private static let height = 400.0
    private static let left = 56.0
    private static let right = 150.0
    private static let top = 20.0
    private static let bottom = 48.0
    /// Told apart on white and on black, and by eyes that confuse red and green (after Okabe and Ito).
    private static let colors = ["#d55e00", "#cc79a7", "#e69f00", "#009e73", "#56b4e9", "#0072b2"]

    init(_ report: EvalReport) {
        results = report.stepped
        modes = report.modes(of: results)
        steps = Set(results.map(\.steps)).sorted()
    }

    var svg: String {
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(Self.width)) \(number(Self.height))" \
            font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Accuracy by steps and thinking">
            """,
            "<style>text { fill: #57606a } .grid { stroke: #8b949e; stroke-opacity: 0.35 }",
            "@media (prefers-color-scheme: dark) { text { fill: #adbac7 } }</style>",
        ]
        lines += grid
        for (index, mode) in modes.enumerated() {
            lines += curve(mode, color: Self.colors[index % Self.colors.count])
        }
        lines += legend
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private var grid: [String] {
        var lines: [String] = []
        for percent in stride(from: 0, through: 100, by: 20) {
            let height = number(y(Double(percent) / 100))
            lines.append(
                "<line class=\"grid\" x1=\"\(number(Self.left))\" x2=\"\(number(Self.width - Self.right))\" "
                    + "y1=\"\(height)\" y2=\"\(height)\"/>"
            )
            lines.append(text("\(percent) %", Self.left - 8, y(Double(percent) / 100) + 4, anchor: "end"))
        }
        for step in steps { lines.append(text("\(step)", x(step), Self.height - Self.bottom + 20, anchor: "middle")) }
        let middle = (Self.left + Self.width - Self.right) / 2
        lines.append(text("operations, one after the other", middle, Self.height - 8, anchor: "middle"))
        return lines
    }

    /// A line through the shares, with a bar for each interval.
    private func curve(_ mode: ThinkingMode, color: String) -> [String] {
        let own = results.filter { $0.mode == mode }
        let points = own.map { "\(number(x($0.steps))),\(number(y($0.share)))" }.joined(separator: " ")
        var lines = ["<g stroke=\"\(color)\" fill=\"none\" stroke-width=\"2\"><polyline points=\"\(points)\"/>"]
        for result in own {
            let (low, high) = (y(result.interval.lowerBound), y(result.interval.upperBound))
            let place = number(x(result.steps))
            lines.append("<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(number(low))\" y2=\"\(number(high))\"/>")
            lines.append("<circle cx=\"\(place)\" cy=\"\(number(y(result.share)))\" r=\"3\" fill=\"\(color)\"/>")
        }
        return lines + ["</g>"]
    }

    /// The modes, the most thinking above, as the curves lie.
    private var legend: [String] {
        let place = Self.width - Self.right + 18
        var lines = [text("thinking", place, Self.top + 8, anchor: "start")]
        for (row, index) in modes.indices.reversed().enumerated() {
            let height = Self.top + 30 + 20 * Double(row)
            let color = Self.colors[index % Self.colors.count]
            lines.append(
                "<line x1=\"\(number(place))\" x2=\"\(number(place + 20))\" y1=\"\(number(height - 4))\" "
                    + "y2=\"\(number(height - 4))\" stroke=\"\(color)\" stroke-width=\"3\"/>"
            )
            lines.append(text(modes[index].heading, place + 28, height, anchor: "start"))
        }
        return lines
    }

    private func text(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private func x(_ step: Int) -> Double {
        let (first, last) = (steps.first ?? 0, steps.last ?? 0)
        let width = Self.width - Self.left - Self.right - 32
        return Self.left + 16 + width * Double(step - first) / Double(max(last - first, 1))
    }

    private func y(_ share: Double) -> Double {
        Self.top + (Self.height - Self.top - Self.bottom) * (1 - share)
    }

    private func number(_ value: Double) -> String { formatted(value, digits: 1) }
}
