import Foundation
import QwenJSON
import Testing

/// Inputs that are made to hurt: each costs a bounded amount of time, memory and stack.
@Suite struct HostileInputTests {
    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"]) func deepNesting(opening: String) {
        for depth in [513, 10_000, 1_000_000] {
            let text = String(repeating: opening, count: depth)
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
            #expect(error?.reason == .tooDeep(limit: 512))
        }
    }

    @Test func depthLimitIsExact() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(512)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(513)) }
        let shallow = JSONReadingOptions(maximumDepth: 2)
        #expect(throws: Never.self) { try JSONValue(parsing: nested(2), options: shallow) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(3), options: shallow) }
        // No option lifts the bound that keeps comparing and releasing within a thread's stack.
        #expect(JSONReadingOptions.deepestNesting == 512)
        let deep = JSONReadingOptions(maximumDepth: .max)
        #expect(throws: Never.self) { try JSONValue(parsing: nested(512), options: deep) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(513), options: deep) }
        #expect(error?.reason == .tooDeep(limit: 512))
    }

    @Test func deepestNestingFitsASmallStack() {
        let finished = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var isSame = false
        let thread = Thread {
            let depth = JSONReadingOptions.deepestNesting
            let text = String(repeating: "{\"a\":[", count: depth / 2) + String(repeating: "]}", count: depth / 2)
            let options = JSONReadingOptions(maximumDepth: depth)
            if let one = try? JSONValue(parsing: text, options: options),
                let other = try? JSONValue(parsing: text, options: options)
            {
                isSame = one == other && one.hashValue == other.hashValue && one.serialized() == text
            }
            finished.signal()
        }
        // What a secondary thread has on Apple's platforms; unoptimised code takes more.
        #if DEBUG
            thread.stackSize = 1024 << 10
        #else
            thread.stackSize = 512 << 10
        #endif
        thread.start()
        finished.wait()
        #expect(isSame)
    }

    @Test func megabyteStrings() throws {
        for piece in ["a", "^", " ", "e\u{301}", "\\n", "\\ud83d\\ude00", "😀"] {
            let text = "\"" + String(repeating: piece, count: 1 << 20) + "\""
            let value = try JSONValue(parsing: text)
            #expect(value.string?.isEmpty == false)
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
    }

    @Test func timeGrowsInStep() throws {
        // Eight times the input must not take anything like 64 times as long. The guard is wide: machines are noisy.
        func seconds(_ text: String) throws -> Double {
            let bytes = Array(text.utf8)
            var best = Double.infinity
            for _ in 0..<3 {
                let time = try ContinuousClock().measure { _ = try JSONValue(parsing: bytes) }
                best = min(best, time / .seconds(1))
            }
            return best
        }
        let documents: [(Int) -> String] = [
            { count in "{" + (0..<count).map { "\"key \($0)\":\($0)" }.joined(separator: ",") + "}" },
            { count in "[" + String(repeating: "[],", count: count) + "1]" },
            { count in "\"" + String(repeating: "\\\\", count: count) + "\"" },
            { count in "[" + String(repeating: "{\"a\":{\"b\":[1.5,null]}},", count: count) + "1]" },
        ]
        for document in documents {
            let small = try seconds(document(10_000))
            let large = try seconds(document(80_000))
            #expect(large < small * 32 + 0.05)
        }
    }

    @Test func hugeNumbers() throws {
        let digits = String(repeating: "9", count: 1 << 20)
        let value = try JSONValue(parsing: digits)
        #expect(value.int == nil)
        #expect(value.double == nil)
        #expect(value.serialized(.python) == digits)
        #expect(try JSONValue(parsing: "1e" + digits).double == nil)
        #expect(try JSONValue(parsing: "1e-" + digits).double == 0)
    }

    @Test func everyPrefixAndEveryFlippedByteIsHandled() {
        let text = Array(#"{"a":[1,-2.5e+3,true,false,null,"x\n\ud83d\ude00é"],"b":{"c":[[],{}]}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<length])) }
        }
        for position in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[position] = byte
                if let value = try? JSONValue(parsing: changed) {
                    #expect((try? JSONValue(parsing: value.serializedBytes())) == value)
                }
            }
        }
    }
}
