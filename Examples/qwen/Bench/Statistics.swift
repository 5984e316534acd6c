/// Mean and spread of a few measurements.
struct Statistics {
    let mean: Double
    /// The sample standard deviation; 0 for a single value.
    let deviation: Double

    init(_ values: [Double]) {
        let count = Double(values.count)
        let mean = values.isEmpty ? 0 : values.reduce(0, +) / count
        self.mean = mean
        guard values.count > 1 else {
            deviation = 0
            return
        }
        deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    }
}
