import QwenTensor
import Testing

@Suite struct StorageArenaTests {
    /// Sizes around those of pages and of the arena's pieces, so that some share a piece and some cannot.
    @Test func storagesDoNotTouchEachOther() throws {
        var storages: [Storage] = []
        do {
            let arena = StorageArena()
            for (index, size) in [0, 1, 64, 4095, 4096, 4097, 3 << 20, 15 << 20, 17 << 20, 40 << 20, 9 << 20]
                .enumerated()
            {
                storages.append(
                    try Storage(byteCount: size, in: arena) { bytes in
                        #expect(bytes.count == size)
                        #expect(bytes.allSatisfy { $0 == 0 })
                        for position in bytes.indices { bytes[position] = UInt8(index + 1) }
                    }
                )
            }
        }
        // The arena is gone, the storages are not.
        for (index, storage) in storages.enumerated() {
            #expect(Int(bitPattern: storage.baseAddress) % 64 == 0)
            #expect(storage.bytes.allSatisfy { $0 == UInt8(index + 1) })
        }
        let remaining = storages[6]
        storages.removeAll()
        #expect(remaining.bytes.allSatisfy { $0 == 7 })
    }

    @Test func fromSeveralThreads() async throws {
        let arena = StorageArena()
        try await withThrowingTaskGroup(of: Storage.self) { group in
            for index in 0..<64 {
                group.addTask {
                    try Storage(byteCount: 100_000 + index, in: arena) { bytes in
                        for position in bytes.indices { bytes[position] = UInt8(index) }
                    }
                }
            }
            for try await storage in group {
                let index = storage.byteCount - 100_000
                #expect(storage.bytes.allSatisfy { $0 == UInt8(index) })
            }
        }
    }

    @Test func memoryThatCannotBeHad() {
        #expect(throws: TensorError.allocationFailed(byteCount: 1 << 60)) {
            try Storage(byteCount: 1 << 60, in: StorageArena()) { _ in }
        }
    }
}
