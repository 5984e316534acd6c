/// Mean and spread of a few measurements.
struct Statistics {
    let mean: Double
    /// The sample standard deviation; 0 for a single value.
    let deviation: Double
    /// The middle value; the mean of the two in the middle of an even number.
    let median: Double

    init(_ values: [Double]) {
        let count = Double(values.count)
        let mean = values.isEmpty ? 0 : values.reduce(0, +) / count
        self.mean = mean
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median = sorted.isEmpty ? 0 : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        guard values.count > 1 else {
            deviation = 0
            return
        }
        deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    }
}
