// swift-tools-version: 6.1
import PackageDescription

// The guide, in a package of its own so that the library does not depend on the documentation plugin:
//
//     swift package --package-path DocsSource --allow-writing-to-directory site \
//         generate-documentation --target QwenGuide --output-path site
let package = Package(
    name: "swift-qwen-documentation",
    platforms: [.macOS(.v15)],
    // Snippets see the modules below a product.
    products: [.library(name: "QwenGuide", targets: ["QwenGuide"])],
    dependencies: [
        .package(name: "swift-qwen", path: ".."),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .target(name: "QwenGuide", dependencies: [.product(name: "Qwen", package: "swift-qwen")])
    ]
)
