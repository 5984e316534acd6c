import QwenJSON
import Testing

@Suite struct NumberTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("17", 17), ("-17", -17), ("9223372036854775807", Int.max),
            ("-9223372036854775808", Int.min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("12345678901234567890", nil), ("1.0", nil),
            ("1e3", nil),
        ] as [(String, Int?)]
    )
    func integers(literal: String, value: Int?) throws {
        #expect(try JSONValue(parsing: literal).int == value)
        #expect(try JSONValue(parsing: literal).serialized() == literal)
    }

    @Test(
        arguments: [
            ("0.1", 0.1), ("-0", -0.0), ("1e308", 1e308), ("1e309", nil), ("-1e309", nil), ("1e-400", 0),
            ("4.9e-324", Double.leastNonzeroMagnitude),
            ("9007199254740993", 9_007_199_254_740_992), ("1E+2", 100),
        ] as [(String, Double?)]
    )
    func doubles(literal: String, value: Double?) throws {
        #expect(try JSONValue(parsing: literal).double == value)
    }

    @Test(arguments: [
        "", "-", "+1", "01", "1.", ".1", "1e", "1e+", "0x1", "NaN", "Infinity", " 1", "1 ", "1_0", "--1", "1.2.3",
    ])
    func malformed(literal: String) {
        #expect(JSONNumber(literal: literal) == nil)
    }

    @Test func sameValue() throws {
        func same(_ left: String, _ right: String) throws -> Bool {
            try #require(JSONNumber(literal: left)).hasSameValue(as: #require(JSONNumber(literal: right)))
        }
        for (left, right) in [
            ("1", "1.0"), ("1", "10e-1"), ("0", "-0"), ("0", "0e99999999999999999999"), ("100", "1e2"),
            ("-1.50", "-15E-1"),
            ("123456789012345678901234567890", "12345678901234567890123456789e1"), ("0.001", "1e-3"),
            ("1e400", "10e399"),
        ] {
            #expect(try same(left, right), "\(left) \(right)")
        }
        for (left, right) in [
            ("1", "-1"), ("1", "1.0000000000000000000001"), ("9007199254740993", "9007199254740992"), ("1", "0"),
        ] {
            #expect(try !same(left, right), "\(left) \(right)")
        }
        #expect(try !same("1e99999999999999999999", "1e99999999999999999998"))
    }

    @Test func whole() throws {
        for literal in ["1", "1.0", "10e-1", "0", "0.0", "1e400", "-120e-1"] {
            #expect(JSONNumber(literal: literal)?.isWhole == true, "\(literal)")
        }
        for literal in ["1.5", "1e-1", "123e-3"] {
            #expect(JSONNumber(literal: literal)?.isWhole == false, "\(literal)")
        }
    }
}
