import QwenModel
import Testing

@Suite struct Xoshiro256StarStarTests {
    /// The vectors of the Rust crate `rand_xoshiro`, made with the authors' C code.
    @Test func publishedVector() {
        var generator = Xoshiro256StarStar(state: (1, 2, 3, 4))
        let expected: [UInt64] = [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
        for value in expected { #expect(generator.next() == value) }
    }

    /// Seeding through SplitMix64, computed with the published algorithms in Python.
    @Test func seeding() {
        var generator = Xoshiro256StarStar(seed: 42)
        for value in [
            1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009,
            17_057_574_109_182_124_193,
        ] as [UInt64] { #expect(generator.next() == value) }
        var zero = Xoshiro256StarStar(seed: 0)
        #expect(zero.next() == 11_091_344_671_253_066_420)
    }

    @Test func units() {
        var generator = Xoshiro256StarStar(seed: 1)
        for _ in 0..<1000 { #expect((0..<1).contains(generator.nextUnit())) }
    }
}
