import QwenTokenizer
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.serialized) struct LinearTimeTests {
    /// Eight times the text may take far more than eight times as long on a busy machine, but not 64 times.
    @Test(
        arguments: [
            "a", "^", " ", "\n", "\n ", "'", "<", "<|im_", "ab", "的", "😀", "\u{0}", "0",
            "\u{301}", "e\u{301}", "\u{315}\u{334}", "\u{1161}", "\u{1100}\u{1161}\u{11A8}",
        ]
    )
    func takesNearLinearTime(unit: String) {
        let small = String(repeating: unit, count: 25_000 / unit.utf8.count)
        let large = String(repeating: unit, count: 200_000 / unit.utf8.count)
        _ = Tokenizer.qwen.count(small)
        let first = processorTime { _ = Tokenizer.qwen.count(small) }
        let second = processorTime { _ = Tokenizer.qwen.count(large) }
        #expect(second < first * 40 + .milliseconds(200))
    }

    /// The time that this thread computed: other tests run beside this one, and their time must not count.
    private func processorTime(_ body: () -> Void) -> Duration {
        func now() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        let start = now()
        body()
        return now() - start
    }

    @Test func keepsLongRunsExact() throws {
        // Lengths around the limit between the two ways to merge.
        for length in [1, 2, 63, 64, 65, 66, 127, 128, 129, 1000] {
            for unit in ["a", "ab", "的", "é", " ", "的a", "и"] {
                let text = String(repeating: unit, count: length)
                let ids = Tokenizer.qwen.encode(text)
                #expect(try hasSameBytes(Tokenizer.qwen.decode(ids), text))
                // A token of the text is a token of itself.
                for id in Set(ids) {
                    let token = try Tokenizer.qwen.bytes(of: id)
                    guard let word = String(validating: token, as: UTF8.self) else { continue }
                    #expect(Tokenizer.qwen.encode(word) == [id])
                }
            }
        }
    }
}
