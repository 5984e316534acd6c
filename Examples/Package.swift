// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that those who depend on swift-qwen need not fetch swift-argument-parser.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "swift-qwen-examples",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "qwen", targets: ["qwen"])
    ],
    traits: [
        .default(enabledTraits: []),
        .trait(name: "Hub", description: "Lets `qwen` download models on Linux; builds async-http-client for that."),
    ],
    dependencies: [
        .package(
            name: "swift-qwen",
            path: "..",
            traits: [.defaults, .trait(name: "Hub", condition: .when(traits: ["Hub"]))]
        ),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "qwen",
            dependencies: [
                .product(name: "Qwen", package: "swift-qwen"),
                .product(name: "QwenHub", package: "swift-qwen"),
                .product(name: "QwenJSON", package: "swift-qwen"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "qwen",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "QuickStart",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "QuickStart",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ToolUse",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "ToolUse",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "StreamAnswer",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "StreamAnswer",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ThinkingBudget",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "ThinkingBudget",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "Router",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "Router",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "StructuredOutput",
            dependencies: [.product(name: "Qwen", package: "swift-qwen")],
            path: "StructuredOutput",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "CountTokens",
            dependencies: [.product(name: "QwenTokenizer", package: "swift-qwen")],
            path: "CountTokens",
            swiftSettings: swiftSettings
        ),
    ]
)
