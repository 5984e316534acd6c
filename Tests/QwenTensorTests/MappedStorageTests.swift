#if os(Linux)
    import Foundation
    import QwenTensor
    import Testing

    @Suite struct MappedStorageTests {
        /// The pages of a mapped file that are in this process's memory.
        private func residentByteCount(of path: String) throws -> Int {
            let maps = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
            var total = 0
            var isWanted = false
            for line in maps.split(separator: "\n") {
                if line.contains("-"), line.contains("/") { isWanted = line.hasSuffix(path) }
                guard isWanted, line.hasPrefix("Rss:") else { continue }
                total += (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
            }
            return total
        }

        @Test func packingLetsGoOfTheFilesPages() throws {
            let file = FileManager.default.temporaryDirectory.appending(path: "weights-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            let format = BlockFormat.q8_0
            let (outputs, inputs) = (1024, 1024)
            let bytes = outputs * inputs / format.elementsPerBlock * format.bytesPerBlock
            try Data(repeating: 0x11, count: bytes).write(to: file)
            let descriptor = open(file.path, O_RDONLY)
            defer { close(descriptor) }
            let storage = try Storage(mapping: descriptor, byteCount: bytes)
            let tensor = try Tensor(elementType: .block(format), shape: [outputs, inputs], storage: storage)
            let plain = try LinearWeights(tensor)
            var before = [Float](repeating: 0, count: inputs)
            before.withUnsafeMutableBufferPointer { plain.decode(rows: 700..<701, into: $0.baseAddress!) }
            let packed = try plain.prepared(for: .fast)
            #expect(try residentByteCount(of: file.path) <= 16384)
            var after = [Float](repeating: 0, count: inputs)
            after.withUnsafeMutableBufferPointer { packed.decode(rows: 700..<701, into: $0.baseAddress!) }
            #expect(before == after)
            // And what was let go of can be read again.
            after.withUnsafeMutableBufferPointer { plain.decode(rows: 700..<701, into: $0.baseAddress!) }
            #expect(before == after)
        }
    }
#endif
