// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that those who depend on swift-qwen never fetch or build it.
//
//     swift package --package-path Benchmarks benchmark
//
// Without its default traits the benchmark library needs nothing but Swift; its counts of allocations read 0 then.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func suite(_ name: String, measures products: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: [.product(name: "Benchmark", package: "benchmark")]
            + products.map { .product(name: $0, package: "swift-qwen") },
        path: "Benchmarks/\(name)",
        swiftSettings: swiftSettings,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    )
}

let package = Package(
    name: "swift-qwen-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-qwen", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        suite("TokenizerBenchmarks", measures: ["QwenTokenizer", "QwenJSON"]),
        suite("GrammarBenchmarks", measures: ["QwenGrammar", "QwenTokenizer", "QwenJSON"]),
        suite("MatrixVectorBenchmarks", measures: ["QwenTensor"]),
        suite("InferenceBenchmarks", measures: ["QwenModel"]),
    ]
)
