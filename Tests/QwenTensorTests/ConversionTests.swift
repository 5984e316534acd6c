import QwenTensor
import Testing

/// Every 16-bit pattern one way, and the edges of rounding the other way, bit for bit.
@Suite struct ConversionTests {
    static let patterns = (0...UInt16.max).map { $0 }

    @Test(arguments: RunnableLevel.all)
    func everyBFloat16(_ level: RunnableLevel) {
        let floats = decode(Self.patterns, .bfloat16, level)
        for (pattern, value) in zip(Self.patterns, floats) {
            guard value.bitPattern == UInt32(pattern) << 16 else {
                Issue.record("\(pattern) became \(value)")
                return
            }
        }
    }

    @Test(arguments: RunnableLevel.all)
    func everyFloat16(_ level: RunnableLevel) {
        let floats = decode(Self.patterns, .float16, level)
        for (pattern, value) in zip(Self.patterns, floats) {
            let expected = binary16(pattern)
            let equal =
                expected.isNaN
                ? value.isNaN && !value.isSignalingNaN && value.sign == expected.sign
                : value.bitPattern == expected.bitPattern
            guard equal else {
                Issue.record("\(pattern) became \(value), not \(expected)")
                return
            }
        }
    }

    /// Halfway between two neighbours goes to the even one; a little more or less goes to the nearer one.
    @Test(arguments: RunnableLevel.all, [ElementType.float16, .bfloat16])
    func rounding(_ level: RunnableLevel, _ type: ElementType) {
        let top: UInt16 = type == .float16 ? 0x7c00 : 0x7f80
        var numbers: [Float] = []
        var expected: [UInt16] = []
        for pattern in 0..<top - 1 {
            let low = type == .float16 ? binary16(pattern) : Float(bitPattern: UInt32(pattern) << 16)
            let high = type == .float16 ? binary16(pattern + 1) : Float(bitPattern: UInt32(pattern + 1) << 16)
            let middle = low + (high - low) / 2
            let even = pattern & 1 == 0 ? pattern : pattern + 1
            for (number, result) in [
                (low, pattern), (middle, even), (middle.nextDown, middle.nextDown == low ? pattern : pattern),
                (middle.nextUp, pattern + 1),
            ] where middle > low {
                numbers += [number, -number]
                expected += [result, result | 0x8000]
            }
        }
        // Past the largest number: rounds down, then to infinity.
        let largest: Float = type == .float16 ? 65504 : Float(bitPattern: 0x7f7f_0000)
        let limit: Float = type == .float16 ? 65520 : Float(bitPattern: 0x7f7f_8000)
        numbers += [largest, limit.nextDown, limit, .infinity, -.infinity, .greatestFiniteMagnitude]
        expected += [top - 1, top - 1, top, top, top | 0x8000, top]
        // Nothing left of a float's smallest numbers in binary16.
        if type == .float16 {
            numbers += [.leastNonzeroMagnitude, 0x1p-25, Float(0x1p-25).nextUp]
            expected += [0, 0, 1]
        }
        let results = encode(numbers, type, level)
        for (index, result) in results.enumerated() where result != expected[index] {
            Issue.record("\(numbers[index]) became \(result), not \(expected[index])")
            return
        }
    }

    @Test(arguments: RunnableLevel.all, [ElementType.float16, .bfloat16])
    func notANumber(_ level: RunnableLevel, _ type: ElementType) {
        let numbers: [Float] = [.nan, .signalingNaN, -.nan, Float(bitPattern: 0x7f80_0001)]
        let results = decode(encode(numbers, type, level), type, level)
        #expect(results.allSatisfy { $0.isNaN && !$0.isSignalingNaN })
    }

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func oddCounts(_ level: RunnableLevel, _ type: ElementType) {
        var random = RandomSource(1)
        for count in 0...70 {
            let numbers = random.floats(count)
            let stored = type.encode(numbers)
            var bytes = [UInt8](repeating: 0xaa, count: stored.bytes.count + 8)
            bytes.withUnsafeMutableBytes {
                level.kernels.convert(from: numbers, to: $0.baseAddress!, type, count: count)
            }
            #expect(Array(bytes.dropLast(8)) == stored.bytes)
            #expect(bytes.suffix(8).allSatisfy { $0 == 0xaa }, "\(count) numbers wrote past their end")
            var floats = [Float](repeating: 7, count: count + 3)
            stored.bytes.withUnsafeBytes { stored in
                guard let base = stored.baseAddress else { return }
                level.kernels.convert(from: base, type, to: &floats, count: count)
            }
            if count > 0 { #expect(Array(floats.prefix(count)) == stored.values) }
            #expect(floats.suffix(3).allSatisfy { $0 == 7 })
        }
    }

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func finiteness(_ level: RunnableLevel, _ type: ElementType) {
        let numbers = [Float](repeating: 1, count: 9001)
        #expect(isFinite(numbers, type, level))
        #expect(isFinite([], type, level))
        for bad in [Float.nan, .infinity, -.infinity] {
            for index in [0, 1, 31, 4095, 4096, 9000] {
                var spoilt = numbers
                spoilt[index] = bad
                #expect(!isFinite(spoilt, type, level), "\(bad) at \(index)")
            }
        }
        #expect(isFinite([type == .float16 ? 65504 : 3e38, .leastNonzeroMagnitude, -0.0], type, level))
    }

    func isFinite(_ numbers: [Float], _ type: ElementType, _ level: RunnableLevel) -> Bool {
        type.encode(numbers + [0]).bytes.withUnsafeBytes {
            level.kernels.allFinite($0.baseAddress!, type, count: numbers.count)
        }
    }

    func decode(_ patterns: [UInt16], _ type: ElementType, _ level: RunnableLevel) -> [Float] {
        var floats = [Float](repeating: 0, count: patterns.count)
        patterns.withUnsafeBytes {
            level.kernels.convert(from: $0.baseAddress!, type, to: &floats, count: patterns.count)
        }
        return floats
    }

    func encode(_ numbers: [Float], _ type: ElementType, _ level: RunnableLevel) -> [UInt16] {
        var patterns = [UInt16](repeating: 0, count: numbers.count)
        patterns.withUnsafeMutableBytes {
            level.kernels.convert(from: numbers, to: $0.baseAddress!, type, count: numbers.count)
        }
        return patterns
    }

    /// What a binary16 pattern stands for, by the definition in IEEE 754, §3.4.
    func binary16(_ pattern: UInt16) -> Float {
        let sign: Float = pattern & 0x8000 == 0 ? 1 : -1
        let fraction = Float(pattern & 0x3ff)
        switch pattern >> 10 & 31 {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : Float(bitPattern: sign < 0 ? 0xffc0_0000 : 0x7fc0_0000)
        case let exponent:
            return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: Int(exponent) - 15, significand: 1)
        }
    }
}
