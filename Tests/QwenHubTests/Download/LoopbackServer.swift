import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small HTTP server on 127.0.0.1 whose answers can be wrong in every way: cut off, stalled, longer than announced.
///
/// One thread for a connection, one request for a connection.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        let method: String
        /// With the query.
        let target: String
        /// Names in lowercase.
        let headers: [String: String]
        /// Where it came in.
        let port: Int

        var path: String { String(target.prefix { $0 != "?" }) }
    }

    struct Answer: Sendable {
        enum Ending: Sendable {
            /// The connection ends after the body.
            case clean
            /// The connection ends after so many bytes of the body, whatever Content-Length says.
            case cut(after: Int)
            /// Nothing comes after so many bytes, and the connection stays open for some seconds.
            case stalled(after: Int)
        }

        var status = 200
        var headers: [(String, String)] = []
        var body = Data()
        var ending = Ending.clean
        /// Bytes a second; nil for as many as there are.
        var rate: Int?
        /// The length that the header gives; the body's if nil.
        var contentLength: Int?
    }

    let port: Int
    private let socket: Int32
    private let isStopped = Atomic<Bool>(false)
    private let log = Mutex<[Request]>([])

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let socket = Self.systemSocket(AF_INET, type, 0)
        self.socket = socket
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && listen(socket, 64) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        guard socket >= 0, bound else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(socket, nil, nil)
                if isStopped.load(ordering: .acquiring) { return }
                guard connection >= 0 else { continue }
                Thread.detachNewThread { [self] in
                    serve(connection, answer)
                    close(connection)
                }
            }
        }
    }

    private static func systemSocket(_ domain: Int32, _ type: Int32, _ proto: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.socket(domain, type, proto)
        #elseif canImport(Musl)
            Musl.socket(domain, type, proto)
        #else
            Darwin.socket(domain, type, proto)
        #endif
    }

    /// The requests so far.
    var requests: [Request] { log.withLock { $0 } }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private func serve(_ connection: Int32, _ answer: (Request) -> Answer) {
        guard let request = readRequest(connection) else { return }
        log.withLock { $0.append(request) }
        let answer = answer(request)
        var head = "HTTP/1.1 \(answer.status) Status\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(answer.contentLength ?? answer.body.count)\r\nConnection: close\r\n\r\n"
        guard send(Data(head.utf8), connection), request.method != "HEAD" else { return }
        switch answer.ending {
        case .clean: _ = send(answer.body, connection, rate: answer.rate)
        case .cut(let count): _ = send(answer.body.prefix(count), connection, rate: answer.rate)
        case .stalled(let count):
            _ = send(answer.body.prefix(count), connection, rate: answer.rate)
            Thread.sleep(forTimeInterval: 5)
        }
    }

    private func send(_ data: Data, _ connection: Int32, rate: Int? = nil) -> Bool {
        let piece = rate.map { max(1, $0 / 100) } ?? 1 << 20
        return data.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                if isStopped.load(ordering: .acquiring) { return false }
                let count = write(connection, buffer.baseAddress! + done, min(piece, buffer.count - done))
                if count <= 0 { return false }
                done += count
                if rate != nil { Thread.sleep(forTimeInterval: 0.01) }
            }
            return true
        }
    }

    private func readRequest(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard bytes.count < 1 << 16, read(connection, &byte, 1) == 1 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces
            )
        }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, port: port)
    }
}
