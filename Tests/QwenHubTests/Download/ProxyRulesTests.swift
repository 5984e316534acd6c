import QwenHub
import Testing

@Suite struct ProxyRulesTests {
    @Test func theSchemeChoosesTheProxy() {
        let rules = ProxyRules(environment: [
            "https_proxy": "http://user:word@proxy.example:3128", "ALL_PROXY": "socks5://socks.example",
            "no_proxy": "localhost,.inside.example, other.example",
        ])
        let secure = rules.proxy(scheme: "https", host: "huggingface.co")
        #expect(secure?.host == "proxy.example")
        #expect(secure?.port == 3128)
        #expect(secure?.credentials == "user:word")
        #expect(secure?.isSOCKS == false)
        let plain = rules.proxy(scheme: "http", host: "huggingface.co")
        #expect(plain?.host == "socks.example")
        #expect(plain?.port == 1080)
        #expect(plain?.isSOCKS == true)
        for host in ["localhost", "a.inside.example", "inside.example", "OTHER.example"] {
            #expect(rules.proxy(scheme: "https", host: host) == nil)
        }
        #expect(rules.proxy(scheme: "https", host: "another.example") != nil)
    }

    @Test(arguments: ["", "ftp://x:1", "http://", "http://x:99999", "http://x:y"])
    func whatIsNoProxyIsNone(text: String) {
        #expect(ProxyRules.Proxy(text) == nil)
    }

    @Test func capitalsAreNotReadForPlainRequests() {
        let rules = ProxyRules(environment: ["HTTP_PROXY": "http://x:1", "HTTPS_PROXY": "http://y:1"])
        #expect(rules.proxy(scheme: "http", host: "a") == nil)
        #expect(rules.proxy(scheme: "https", host: "a")?.host == "y")
    }
}
