import QwenTokenizer
import Testing

@Suite struct TokenizerTests {
    @Test func encodesAndDecodes() throws {
        let ids = Tokenizer.qwen.encode("Hello, world!")
        #expect(ids == [9707, 11, 1879, 0])
        #expect(try Tokenizer.qwen.decode(ids) == "Hello, world!")
    }
}
