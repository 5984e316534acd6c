import Foundation
import QwenHub
import Testing

@Suite struct FileLockTests {
    @Test func onlyOneHasIt() async throws {
        let temporary = try TemporaryFolder()
        let path = temporary.url.appending(path: "a.lock").path
        var lock = try FileLock(trying: path)
        #expect(lock != nil)
        #expect(try FileLock(trying: path) == nil)
        let waiting = Task { try await FileLock.acquire(path, interval: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(20))
        lock = nil
        _ = try await waiting.value
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func waitingCanBeCancelled() async throws {
        let temporary = try TemporaryFolder()
        let path = temporary.url.appending(path: "a.lock").path
        let lock = try FileLock(trying: path)
        let waiting = Task { try await FileLock.acquire(path) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        _ = lock
    }

    /// Who waits for Python waits for us, and the other way round.
    @Test func itIsPythonsLock() throws {
        guard Python.hasHub else { return }
        let temporary = try TemporaryFolder()
        let path = temporary.url.appending(path: "a.lock").path
        let script =
            "import filelock, sys\ntry: filelock.FileLock(sys.argv[1], timeout=0.2).acquire()\nexcept filelock.Timeout: print('busy')\nelse: print('free')"
        func ask() throws -> String { try String(decoding: Python.run(["-c", script, path]), as: UTF8.self) }
        #expect(try ask() == "free\n")
        let lock = try FileLock(trying: path)
        #expect(try ask() == "busy\n")
        _ = lock
    }

    @Test func aFolderThatIsNotThereIsAnError() {
        #expect(throws: HubError.self) { try FileLock(trying: "/nowhere/at/all.lock") }
    }
}
