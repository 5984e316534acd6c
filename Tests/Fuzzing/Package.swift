// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody who depends on swift-qwen builds it. run.sh adds the sanitizers on the command line.

let package = Package(
    name: "swift-qwen-fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-qwen", path: "../..")],
    targets: [
        .executableTarget(
            name: "Fuzz",
            dependencies: ["QwenJSON", "QwenTokenizer", "QwenGrammar", "QwenModel", "QwenChat", "QwenTensor"].map {
                .product(name: $0, package: "swift-qwen")
            },
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        )
    ]
)
