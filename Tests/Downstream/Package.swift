// swift-tools-version: 6.1
import PackageDescription

// Depends on swift-qwen as others do: by version, from a git repository. run.sh makes the repository and names it.
let package = Package(
    name: "downstream",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "file://\(Context.environment["SWIFT_QWEN_REPOSITORY"] ?? "")", exact: "0.1.0")
    ],
    targets: [
        .executableTarget(name: "Downstream", dependencies: [.product(name: "Qwen", package: "swift-qwen")]),
        .executableTarget(name: "OneLayer", dependencies: [.product(name: "QwenChat", package: "swift-qwen")]),
    ]
)
