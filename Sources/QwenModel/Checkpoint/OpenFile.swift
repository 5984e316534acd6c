internal import QwenTensor

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A regular file that is open for reading at any offset, by any thread; or bytes in memory that stand for one.
///
/// Files are read with `pread`, and mapped only for those who ask for it: where another process shortens a mapped file, touching the lost pages kills
/// the program, whereas a read merely comes back short.
final class OpenFile: Sendable {
    let path: String
    /// The size when the file was opened, in bytes.
    let byteCount: Int
    private let source: Source

    private enum Source {
        case descriptor(Int32)
        case memory(EmbeddedFiles.Bytes)
    }

    /// Opens a file by a path without symbolic links at its end.
    init(path: String) throws(CheckpointError) {
        // Without O_NONBLOCK opening a pipe would wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .cannotOpen(path: path, code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG, let byteCount = Int(exactly: status.st_size) else {
            close(descriptor)
            throw .notAFile(path: path)
        }
        self.path = path
        self.byteCount = byteCount
        source = .descriptor(descriptor)
    }

    /// A file that is part of the program.
    init(path: String, memory: EmbeddedFiles.Bytes) {
        self.path = path
        byteCount = memory.buffer.count
        source = .memory(memory)
    }

    deinit {
        if case .descriptor(let descriptor) = source { close(descriptor) }
    }

    /// Fills a buffer with the bytes from an offset on.
    ///
    /// - Throws: ``CheckpointError/fileShrank(path:offset:)`` where the file ends before the buffer is full.
    func read(into buffer: UnsafeMutableRawBufferPointer, from offset: Int) throws(CheckpointError) {
        switch source {
        case .descriptor(let descriptor): try read(descriptor, into: buffer, from: offset)
        case .memory(let memory):
            let bytes = memory.buffer
            // Offsets are those of a checked header; a wrong one must not read what lies behind.
            guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
                throw .fileShrank(path: path, offset: bytes.count)
            }
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
        }
    }

    private func read(
        _ descriptor: Int32,
        into buffer: UnsafeMutableRawBufferPointer,
        from offset: Int
    ) throws(CheckpointError) {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            // Linux reads at most 2^31 − 4096 bytes at a time, and macOS fails beyond 2^31 − 1.
            let wanted = min(buffer.count - done, 1 << 30)
            let count = pread(descriptor, base + done, wanted, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw .fileShrank(path: path, offset: offset + done)
            } else if errno != EINTR {
                throw .readFailed(path: path, code: errno)
            }
        }
    }

    /// Asks the system to read some bytes before they are asked for. Advice: without it everything works.
    func prefetch(_ range: Range<Int>) {
        guard case .descriptor(let descriptor) = source else { return }
        #if canImport(Darwin)
        var advice = radvisory(
            ra_offset: off_t(range.lowerBound),
            ra_count: Int32(clamping: range.count)
        )
        _ = fcntl(descriptor, F_RDADVISE, &advice)
        #else
        // Linux begins to read no more than the device's read-ahead at a time, 128 KiB unless it was set.
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 17) {
            let byteCount = min(1 << 17, range.upperBound - start)
            _ = posix_fadvise(descriptor, off_t(start), off_t(byteCount), POSIX_FADV_WILLNEED)
        }
        #endif
    }

    /// The whole file mapped into memory; nil where it is no file that could be.
    ///
    /// - Throws: ``CheckpointError/fileShrank(path:offset:)`` where it is shorter than when it was opened.
    func mapped() throws(CheckpointError) -> Storage? {
        guard case .descriptor(let descriptor) = source, byteCount > 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .readFailed(path: path, code: errno) }
        guard status.st_size >= byteCount else { throw .fileShrank(path: path, offset: Int(status.st_size)) }
        do {
            return try Storage(mapping: descriptor, byteCount: byteCount)
        } catch {
            throw .tensor(error)
        }
    }

    /// The whole file, if it is not larger than a limit.
    func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
        guard byteCount <= limit else { throw .fileTooLarge(path: path, byteCount: byteCount, limit: limit) }
        return try bytes(from: 0, count: byteCount)
    }

    /// Some bytes from an offset on.
    func bytes(from offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
        var failure: CheckpointError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(CheckpointError) {
                try read(
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]),
                    from: offset
                )
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
