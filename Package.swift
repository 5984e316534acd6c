// swift-tools-version: 6.1
import PackageDescription

// The core depends on nothing but the toolchain. What needs another package stands behind a trait that is
// off, or lives in the nested packages Examples/ and Benchmarks/: SwiftPM fetches the dependencies of unused products too, but
// not those that only disabled traits ask for.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "swift-qwen",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .visionOS(.v2), .watchOS(.v11)],
    products: [
        .library(name: "Qwen", targets: ["Qwen"]),
        .library(name: "QwenChat", targets: ["QwenChat"]),
        .library(name: "QwenHub", targets: ["QwenHub"]),
        .library(name: "QwenModel", targets: ["QwenModel"]),
        .library(name: "QwenTokenizer", targets: ["QwenTokenizer"]),
        .library(name: "QwenGrammar", targets: ["QwenGrammar"]),
        .library(name: "QwenTensor", targets: ["QwenTensor"]),
        .library(name: "QwenJSON", targets: ["QwenJSON"]),
        .library(name: "QwenSchema", targets: ["QwenSchema"]),
        .library(name: "QwenEmbedded", targets: ["QwenEmbedded"]),
    ],
    traits: [
        .default(enabledTraits: ["EmbeddedModel"]),
        .trait(
            name: "EmbeddedModel",
            description: "Qwen brings the demonstration model of 7 MB along: QwenLanguageModel.load() needs no files."
        ),
        .trait(
            name: "Hub",
            description:
                "Lets QwenHub download models on Linux, through async-http-client; Apple's systems need no package for it."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
    ],
    targets: [
        // Kernels in C, chosen at run time by the CPU's features; each has a scalar twin that defines it.
        .target(name: "CQwenKernels", exclude: ["make_codebooks.py"]),
        // SHA-256 and Git's SHA-1, which name the contents in the caches of models and tell models apart.
        .target(name: "CQwenDigest"),
        .target(name: "QwenDigest", dependencies: ["CQwenDigest"], swiftSettings: swiftSettings),
        // Qwen's vocabulary as bytes in the binary: no resource bundle to find at run time.
        .target(name: "CQwenVocabulary", exclude: ["qwen.bpe", "make_vocabulary.py", "make_unicode_tables.py"]),
        // A small trained checkpoint, likewise.
        .target(name: "CQwenEmbedded", exclude: ["checkpoint"]),

        .target(name: "QwenJSON", swiftSettings: swiftSettings),
        .target(name: "QwenSchema", dependencies: ["QwenJSON"], swiftSettings: swiftSettings),
        .target(
            name: "QwenTensor",
            dependencies: ["CQwenKernels"],
            swiftSettings: swiftSettings,
            linkerSettings: [
                .linkedFramework("Accelerate", .when(platforms: [.macOS, .iOS, .tvOS, .visionOS, .watchOS]))
            ]
        ),
        .target(name: "QwenTokenizer", dependencies: ["QwenJSON", "CQwenVocabulary"], swiftSettings: swiftSettings),
        .target(name: "QwenGrammar", dependencies: ["QwenJSON", "QwenTokenizer"], swiftSettings: swiftSettings),
        .target(
            name: "QwenModel",
            dependencies: ["CQwenKernels", "QwenDigest", "QwenJSON", "QwenTensor"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "QwenChat",
            dependencies: ["QwenGrammar", "QwenJSON", "QwenModel", "QwenSchema", "QwenTokenizer"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "QwenEmbedded",
            dependencies: ["QwenChat", "QwenModel", "CQwenEmbedded"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "QwenHub",
            dependencies: [
                "CQwenDigest", "QwenChat", "QwenDigest", "QwenJSON", "QwenModel", "QwenTensor",
                .product(
                    name: "AsyncHTTPClient",
                    package: "async-http-client",
                    condition: .when(platforms: [.linux], traits: ["Hub"])
                ),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(platforms: [.linux], traits: ["Hub"])),
                .product(
                    name: "NIOHTTP1",
                    package: "swift-nio",
                    condition: .when(platforms: [.linux], traits: ["Hub"])
                ),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Qwen",
            dependencies: [
                "QwenChat", "QwenGrammar", "QwenJSON", "QwenModel", "QwenSchema", "QwenTokenizer", "QwenTensor",
                .target(name: "QwenEmbedded", condition: .when(traits: ["EmbeddedModel"])),
            ],
            swiftSettings: swiftSettings
        ),

        .testTarget(
            name: "QwenJSONTests",
            dependencies: ["QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenSchemaTests",
            dependencies: ["QwenSchema", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenTensorTests",
            dependencies: ["QwenTensor", "CQwenKernels", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenTokenizerTests",
            dependencies: ["QwenTokenizer", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenGrammarTests",
            dependencies: ["QwenGrammar", "QwenTokenizer", "QwenJSON"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenModelTests",
            dependencies: ["QwenModel", "QwenJSON", "QwenTensor"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenChatTests",
            dependencies: ["QwenChat", "QwenModel", "QwenSchema", "QwenTensor", "QwenTokenizer", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenEmbeddedTests",
            dependencies: ["QwenEmbedded", "QwenChat", "QwenModel", "QwenTokenizer", "QwenTensor", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenHubTests",
            dependencies: ["QwenHub", "QwenChat", "QwenModel", "QwenJSON"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "QwenDigestTests",
            dependencies: ["QwenDigest", "CQwenDigest"],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "QwenTests", dependencies: ["Qwen"], swiftSettings: swiftSettings),
    ]
)
