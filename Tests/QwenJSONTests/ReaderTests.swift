import QwenJSON
import Testing

@Suite struct ReaderTests {
    private func read<Result>(_ text: String, _ body: (inout JSONReader) throws -> Result) throws -> Result {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var reader = try JSONReader(bytes)
            return try body(&reader)
        }
    }

    private func expect(
        _ event: JSONEvent,
        from reader: inout JSONReader,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let read = try reader.next()
        #expect(read == event, sourceLocation: sourceLocation)
    }

    @Test func eventsInOrder() throws {
        try read(#"{"a\n":[1,"x",true,null],"b":{}}"#) { reader in
            try expect(.beginObject, from: &reader)
            #expect(reader.depth == 1)
            try expect(.key, from: &reader)
            #expect(reader.text == "a\n")
            try expect(.beginArray, from: &reader)
            #expect(reader.depth == 2)
            try expect(.number, from: &reader)
            #expect(reader.integer == 1)
            #expect(reader.offset == 8)
            try expect(.string, from: &reader)
            #expect(reader.withText { Array($0) } == [UInt8(ascii: "x")])
            try expect(.bool(true), from: &reader)
            try expect(.null, from: &reader)
            try expect(.endArray, from: &reader)
            try expect(.key, from: &reader)
            try expect(.beginObject, from: &reader)
            try expect(.endObject, from: &reader)
            try expect(.endObject, from: &reader)
            try expect(.end, from: &reader)
            try expect(.end, from: &reader)
        }
    }

    @Test func skipping() throws {
        try read(#"{"a":{"x":[1,{"y":2}]},"b":3,"c":[1,[2]]}"#) { reader in
            _ = try reader.next()
            try expect(.key, from: &reader)
            try reader.skip()
            try expect(.key, from: &reader)
            #expect(reader.text == "b")
            try reader.skip()
            try expect(.key, from: &reader)
            try expect(.beginArray, from: &reader)
            try reader.skip()
            try expect(.endObject, from: &reader)
            try expect(.end, from: &reader)
        }
    }

    @Test func locatedErrors() throws {
        try read("{\n\"a\":1}") { reader in
            _ = try reader.next()
            _ = try reader.next()
            let error = reader.error(.duplicateKey("a"))
            #expect(error.line == 2)
            #expect(error.column == 1)
        }
    }
}
