/// Which proxy a request goes through, as curl reads it from the environment.
///
/// `https_proxy` and `http_proxy` name one by the request's scheme, `all_proxy` one for both; `no_proxy` lists hosts, with
/// all below them, that are reached directly. Names may be in capitals too, but for `HTTP_PROXY`, which a web server's caller
/// could set (CGI).
package struct ProxyRules: Sendable {
    /// A proxy.
    package struct Proxy: Sendable, Hashable {
        package let host: String
        package let port: Int
        package let isSOCKS: Bool
        /// `user:password`, or nil.
        package let credentials: String?

        /// Reads `http://user:password@host:port`; nil where it is none.
        package init?(_ text: String) {
            var rest = text[...]
            var scheme = "http"
            if let end = rest.range(of: "://") {
                scheme = rest[..<end.lowerBound].lowercased()
                rest = rest[end.upperBound...]
            }
            guard ["http", "https", "socks5", "socks5h", "socks"].contains(scheme) else { return nil }
            isSOCKS = scheme.hasPrefix("socks")
            if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
            let at = rest.lastIndex(of: "@")
            credentials = at.map { String(rest[..<$0]) }
            if let at { rest = rest[rest.index(after: at)...] }
            let colon = rest.lastIndex(of: ":")
            host = String(rest[..<(colon ?? rest.endIndex)])
            let standard = isSOCKS ? 1080 : scheme == "https" ? 443 : 80
            let number = colon.map { Int(rest[rest.index(after: $0)...]) } ?? standard
            guard let number, (1...65535).contains(number), !host.isEmpty else { return nil }
            port = number
        }
    }

    private let byScheme: [String: Proxy]
    private let direct: [String]

    package init(environment: [String: String]) {
        let variables = EnvironmentVariables(environment)
        let all = variables["all_proxy"] ?? variables["ALL_PROXY"]
        let https = variables["https_proxy"] ?? variables["HTTPS_PROXY"] ?? all
        let http = variables["http_proxy"] ?? all
        var byScheme: [String: Proxy] = [:]
        byScheme["https"] = https.flatMap { Proxy($0) }
        byScheme["http"] = http.flatMap { Proxy($0) }
        self.byScheme = byScheme
        let list = variables["no_proxy"] ?? variables["NO_PROXY"] ?? ""
        direct = list.split { $0 == "," || $0 == " " }.map { name in
            String(name.hasPrefix(".") ? name.dropFirst() : name[...]).lowercased()
        }
    }

    /// The proxy for a URL; nil where it is reached directly.
    package func proxy(scheme: String, host: String) -> Proxy? {
        let host = host.lowercased()
        if direct.contains(where: { $0 == "*" || host == $0 || host.hasSuffix("." + $0) }) { return nil }
        return byScheme[scheme.lowercased()]
    }
}

extension Substring {
    /// Where a text is first found.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
