internal import QwenDigest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that is read or written from beginning to end, with a digest of what went through.
final class HashedFile {
    private let path: String
    private let descriptor: Int32
    private var hash = MessageDigest(.sha256)
    /// Where the next byte is.
    private var offset = 0
    /// What a file that is written is called until it is complete.
    private var temporaryPath: String?

    /// What the system transfers at a time at most: Linux moves no more than 2^31 − 4096 bytes, macOS fails beyond 2^31 − 1.
    private static let largestTransfer = 1 << 30

    /// Opens a file to be read.
    init(reading path: String) throws(SavedContextError) {
        // Without O_NONBLOCK opening a pipe would wait for somebody to write to it.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else { throw .cannotOpen(path: path, code: errno) }
    }

    /// Begins a file that takes its name when it is complete, in place of one that has it. Only its owner may read it: it holds
    /// what was said.
    init(writing path: String) throws(SavedContextError) {
        var random = SystemRandomNumberGenerator()
        let temporary = "\(path).\(String(random.next(), radix: 36)).incomplete"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        self.path = path
        guard descriptor >= 0 else { throw .cannotOpen(path: path, code: errno) }
        temporaryPath = temporary
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if let temporaryPath { unlink(temporaryPath) }
    }

    /// The size of the file.
    func byteCount() throws(SavedContextError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .transferFailed(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size) else {
            throw .notAFile(path: path)
        }
        return size
    }

    /// Fills a buffer with the next bytes.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SavedContextError) {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor,
                base + done,
                min(buffer.count - done, Self.largestTransfer),
                off_t(offset + done)
            )
            if count > 0 {
                done += count
            } else if count == 0 {
                // Somebody has cut it short since its size was taken.
                throw .wrongSize(expected: offset + buffer.count, found: offset + done)
            } else if errno != EINTR {
                throw .transferFailed(path: path, code: errno)
            }
        }
        offset += done
        hash.update(UnsafeRawBufferPointer(buffer))
    }

    /// The next bytes.
    func read(_ count: Int) throws(SavedContextError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: SavedContextError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(SavedContextError) {
                try read(into: buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Adds bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SavedContextError) {
        guard let base = bytes.baseAddress else { return }
        hash.update(bytes)
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor,
                base + done,
                min(bytes.count - done, Self.largestTransfer),
                off_t(offset + done)
            )
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .transferFailed(path: path, code: errno)
            }
        }
        offset += done
    }

    /// The digest of all bytes so far.
    var digest: [UInt8] { hash.finish() }

    /// Gives the written file its name.
    func complete() throws(SavedContextError) {
        guard let temporaryPath, rename(temporaryPath, path) == 0 else {
            throw .transferFailed(path: path, code: errno)
        }
        self.temporaryPath = nil
    }
}
