import Foundation
import QwenHub
import Testing

@Suite struct HubCacheTests {
    private let repository: HubRepository

    init() throws {
        repository = try HubRepository("Qwen/Tiny-Test")
    }

    @Test(arguments: [
        (["HF_HUB_CACHE": "/a", "HF_HOME": "/b"], "/a"),
        (["HUGGINGFACE_HUB_CACHE": "/l", "HF_HOME": "/b"], "/l"),
        (["HF_HOME": "/b", "XDG_CACHE_HOME": "/c"], "/b/hub"),
        (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/huggingface/hub"),
        (["HOME": "/h"], "/h/.cache/huggingface/hub"),
        (["HOME": "/h", "HF_HUB_CACHE": ""], "/h/.cache/huggingface/hub"),
        (["HOME": "/h", "HF_HOME": "~/x"], "/h/x/hub"),
        (["HOME": "/h", "DISK": "/d", "HF_HUB_CACHE": "$DISK/${DISK}/$NONE"], "/d//d/$NONE"),
    ])
    func theEnvironmentNamesIt(variables: [String: String], expected: String) {
        #expect(HubCache(environment: variables).directory.path == URL(filePath: expected).path)
    }

    @Test func findsWhatPythonDownloaded() throws {
        let cache = HubCache(directory: Fixtures.pythonCache)
        let found = try cache.repositories()
        #expect(found.map(\.repository) == [repository])
        let revision = try #require(found.first?.revisions.first)
        #expect(revision.commit == Fixtures.commit)
        #expect(revision.references == ["main"])
        let files = [
            "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "sub/notes.txt",
        ]
        #expect(revision.files == files)
        #expect(found.first?.byteCount == 653)
        let folder = try cache.model(repository)
        #expect(folder == revision.folder)
        #expect(try cache.model(repository, revision: Fixtures.commit) == folder)
    }

    @Test func saysWhatIsMissing() throws {
        let temporary = try TemporaryFolder()
        let cache = HubCache(directory: try temporary.copyPythonCache())
        let other = try HubRepository("Qwen/Other")
        #expect(throws: HubError.notCached(model: "Qwen/Other", folder: cache.directory.path)) {
            try cache.model(other)
        }
        #expect(throws: HubError.self) { try cache.model(repository, revision: "v2") }

        let folder = cache.snapshotFolder(repository, commit: Fixtures.commit)
        // The link stays, its content is gone: as after somebody cleaned up by hand.
        let content = URL(filePath: folder + "/model-00002-of-00002.safetensors").resolvingSymlinksInPath()
        try FileManager.default.removeItem(at: content)
        try FileManager.default.removeItem(atPath: folder + "/config.json")
        let missing = ["config.json", "model-00002-of-00002.safetensors"]
        #expect(throws: HubError.incomplete(folder: folder, missing: missing)) { try cache.model(repository) }
    }

    @Test func pythonFindsWhatWeWrite() throws {
        guard Python.hasHub else { return }
        let temporary = try TemporaryFolder()
        let cache = HubCache(directory: temporary.url.appending(path: "new/hub"))
        let files = ["config.json": "{}", "deep/er/file.txt": "far down", "model.safetensors": "weights"]
        try cache.prepare(repository, commit: Fixtures.commit)
        for (name, text) in files {
            let kind: ContentDigest.Kind = name == "model.safetensors" ? .sha256 : .gitBlob
            var hasher = ContentHasher(kind, byteCount: text.utf8.count)
            Array(text.utf8).withUnsafeBytes { hasher.update($0) }
            let digest = try #require(ContentDigest(hex: hasher.finish()))
            try Data(text.utf8).write(to: URL(filePath: cache.blob(repository, digest)))
            try cache.link(name, of: repository, commit: Fixtures.commit, to: digest)
            try cache.link(name, of: repository, commit: Fixtures.commit, to: digest)
        }
        try cache.setReference("main", of: repository, to: Fixtures.commit)
        try cache.setReference("refs/pr/1", of: repository, to: Fixtures.commit)
        try cache.setMissing("chat_template.jinja", of: repository, commit: Fixtures.commit)

        let names = Array(files.keys) + ["chat_template.jinja", "other"]
        let report = try Python.read(cache: cache.directory, repository: repository.id, files: names)
        #expect(report.warnings == [])
        #expect(report.repositories == [repository.id: [Fixtures.commit: ["main", "refs/pr/1"]]])
        #expect(report.files["chat_template.jinja"] == "no_exist")
        #expect(report.files["other"] == nil)
        for (name, text) in files {
            var hasher = ContentHasher(.sha256, byteCount: 0)
            Array(text.utf8).withUnsafeBytes { hasher.update($0) }
            #expect(report.files[name] == hasher.finish())
        }
        #expect(try cache.repositories().first?.revisions.first?.files == files.keys.sorted())
    }

    @Test func weFindWhatThisPythonDownloads() throws {
        guard Python.hasHub else { return }
        let temporary = try TemporaryFolder()
        let script = Fixtures.directory.appending(path: "make_cache.py").path
        try Python.run([script, temporary.url.path])
        let cache = HubCache(directory: temporary.url)
        let folder = try cache.model(repository)
        #expect(folder.path == cache.snapshotFolder(repository, commit: Fixtures.commit))
        #expect(try cache.repositories().map(\.byteCount) == [653])
    }

    @Test func removesAllOfARepository() throws {
        let temporary = try TemporaryFolder()
        let cache = HubCache(directory: try temporary.copyPythonCache())
        #expect(try cache.remove(repository) == 653)
        #expect(try cache.remove(repository) == nil)
        #expect(try cache.repositories() == [])
        #expect(!FileManager.default.fileExists(atPath: cache.repositoryFolder(repository)))
    }

    @Test func referencesThatAreNoCommitsLeadNowhere() throws {
        let temporary = try TemporaryFolder()
        let cache = HubCache(directory: try temporary.copyPythonCache())
        let reference = cache.repositoryFolder(repository) + "/refs/main"
        for text in ["../../../../etc", "", String(repeating: "x", count: 40), String(repeating: "c1", count: 3000)] {
            try Data(text.utf8).write(to: URL(filePath: reference))
            #expect(throws: HubError.self) { try cache.model(repository) }
        }
        // Python's writes no newline, people do.
        try Data((Fixtures.commit + "\n").utf8).write(to: URL(filePath: reference))
        #expect(try cache.commit(of: repository) == Fixtures.commit)
    }

    @Test func aLinkNeverLeavesTheCache() throws {
        let temporary = try TemporaryFolder()
        let cache = HubCache(directory: temporary.url)
        try cache.prepare(repository, commit: Fixtures.commit)
        let digest = try #require(ContentDigest(hex: String(repeating: "0", count: 64)))
        for name in ["../x", "/x", "a/../../x", ""] {
            #expect(throws: HubError.self) {
                try cache.link(name, of: repository, commit: Fixtures.commit, to: digest)
            }
        }
    }
}
