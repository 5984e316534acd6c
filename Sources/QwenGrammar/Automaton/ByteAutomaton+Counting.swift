extension ByteAutomaton {
    /// How many texts can follow each state; `Int.max` where there is no end of them, or more than can be counted.
    ///
    /// - Complexity: O(number of states and edges)
    func completionCounts() -> [Int] {
        var sizes = [Int](repeating: 0, count: classCount)
        for classIndex in classes { sizes[Int(classIndex)] += 1 }
        enum Progress: UInt8 { case new, begun, done }
        var progress = [Progress](repeating: .new, count: stateCount)
        var counts = [Int](repeating: 0, count: stateCount)
        var path: [(state: Int, classIndex: Int)] = []
        for root in 0..<stateCount where progress[root] == .new {
            path.append((root, 0))
            progress[root] = .begun
            while let (state, classIndex) = path.last {
                if classIndex == classCount {
                    path.removeLast()
                    progress[state] = .done
                    var count = accepts(Int32(state)) ? 1 : 0
                    for (index, size) in sizes.enumerated() {
                        let target = Int(next[state * classCount + index])
                        guard target >= 0 else { continue }
                        // What has begun leads back here: a circle, every text through which can be longer.
                        let (product, isLarge) = counts[target].multipliedReportingOverflow(by: size)
                        let (sum, isLarger) = count.addingReportingOverflow(product)
                        count = progress[target] == .begun || target == state || isLarge || isLarger ? .max : sum
                        if count == .max { break }
                    }
                    counts[state] = count
                    continue
                }
                path[path.count - 1].classIndex += 1
                let target = Int(next[state * classCount + classIndex])
                if target >= 0, progress[target] == .new {
                    progress[target] = .begun
                    path.append((target, 0))
                }
            }
        }
        return counts
    }
}
