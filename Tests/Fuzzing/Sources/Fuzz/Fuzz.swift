#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// What libFuzzer, which brings the program's `main`, calls. One program is for all targets: it starts itself anew with other
// arguments (-merge, -minimize_crash), so that the target's name comes in the environment.

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> CInt {
    let name = getenv("QWEN_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        print("QWEN_FUZZ_TARGET is one of " + FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
        exit(2)
    }
    FuzzTarget.current = target
    target.prepare()
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    FuzzTarget.current.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
