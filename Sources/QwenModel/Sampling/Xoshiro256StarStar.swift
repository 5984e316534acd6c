/// The generator of random numbers behind sampling: xoshiro256**, seeded through SplitMix64.
///
/// The same seed gives the same numbers on every platform and with every version of Swift.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021; the authors' public-domain code,
/// `xoshiro256starstar.c` and `splitmix64.c`.
public struct Xoshiro256StarStar: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Creates a generator.
    ///
    /// - Parameter seed: any number.
    public init(seed: UInt64) {
        var seeder = SplitMix64(state: seed)
        // Four successive outputs of SplitMix64 are never all zero.
        state = (seeder.next(), seeder.next(), seeder.next(), seeder.next())
    }

    /// Creates a generator in a given state.
    package init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    /// The next 64 random bits.
    ///
    /// - Returns: any number, all equally likely.
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number from 0 up to but not including 1: the upper 53 bits of ``next()`` over 2^53.
    ///
    /// - Returns: a multiple of 2^−53.
    public mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

/// Spreads a seed over the state of another generator.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
