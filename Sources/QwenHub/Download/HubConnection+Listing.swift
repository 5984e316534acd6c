internal import QwenJSON

extension HubConnection {
    private static let largestAnswer = 64 << 20
    private static let mostPages = 100

    /// The commit that a branch, tag or commit stands for.
    func commit(of revision: String) async throws -> String {
        let url =
            "\(configuration.endpoint)/api/models/\(repository.id)/revision/\(Self.escaped(revision, slash: false))"
        let (json, answer) = try await json(url, revision: revision)
        guard let commit = json["sha"]?.string, HubCache.isCommit(commit) else {
            throw HubError.malformedAnswer(url: answer.url, reason: "it names no commit")
        }
        return commit
    }

    /// The files of a commit.
    func listing(of commit: String) async throws -> RemoteListing {
        var files: [RemoteFile] = []
        var next: String? =
            "\(configuration.endpoint)/api/models/\(repository.id)/tree/\(commit)?recursive=true&expand=false"
        for _ in 0..<Self.mostPages {
            guard let url = next else { break }
            let (json, answer) = try await json(url, revision: commit)
            guard let entries = json.array else {
                throw HubError.malformedAnswer(url: answer.url, reason: "it is no list of files")
            }
            for entry in entries where entry["type"]?.string == "file" {
                guard let path = entry["path"]?.string, let oid = entry["lfs"]?["oid"]?.string ?? entry["oid"]?.string,
                    let size = entry["lfs"]?["size"]?.int ?? entry["size"]?.int, size >= 0,
                    let digest = ContentDigest(hex: oid)
                else {
                    throw HubError.malformedAnswer(url: answer.url, reason: "a file has no path, size or digest")
                }
                // A file that could not be stored is none that is needed.
                guard ModelReference.isRelativePath(path) else { continue }
                files.append(RemoteFile(path: path, byteCount: size, digest: digest))
            }
            next = answer.response.headers["Link"].flatMap(Self.nextPage)
        }
        return RemoteListing(commit: commit, files: files)
    }

    /// Where a file of a commit is.
    func url(of file: RemoteFile, commit: String) -> String {
        "\(configuration.endpoint)/\(repository.id)/resolve/\(commit)/\(Self.escaped(file.path, slash: true))"
    }

    private func json(_ url: String, revision: String) async throws -> (JSONValue, Answer) {
        try await persistently {
            let answer = try await send(.get, url)
            guard answer.response.status == 200 else {
                throw DelayedFailure(
                    error: error(for: answer, revision: revision, file: nil),
                    retryAfter: answer.response.headers["Retry-After"]
                )
            }
            var bytes: [UInt8] = []
            do {
                for try await piece in answer.response.body {
                    bytes += piece
                    guard bytes.count <= Self.largestAnswer else {
                        throw HubError.malformedAnswer(url: answer.url, reason: "it is too long")
                    }
                }
            } catch {
                throw try Self.failure(error, url: answer.url)
            }
            do {
                return (try JSONValue(parsing: bytes), answer)
            } catch {
                throw HubError.malformedAnswer(url: answer.url, reason: "\(error)")
            }
        }
    }

    /// The URL of `<https://…>; rel="next"`.
    private static func nextPage(_ link: String) -> String? {
        for part in link.split(separator: ",") where part.contains("rel=\"next\"") {
            guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"), start < end else {
                continue
            }
            return String(part[part.index(after: start)..<end])
        }
        return nil
    }

    /// A text as a part of a URL's path.
    private static func escaped(_ text: String, slash: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                escaped.append(byte)
            case UInt8(ascii: "/") where slash:
                escaped.append(byte)
            default:
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
