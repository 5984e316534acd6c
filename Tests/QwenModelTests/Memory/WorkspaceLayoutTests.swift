import QwenModel
import Testing

@Suite("Where a pass computes") struct WorkspaceLayoutTests {
    private struct Part {
        var start: Int
        var count: Int
        var range: Range<Int> { start..<start + count }
    }

    /// Parts that are alive at the same time have no number in common, and all of them lie within the memory.
    @Test(arguments: [1, 2, 7, 512], [1, 2, 5])
    func keepsLiveThingsApart(rows: Int, workers: Int) {
        let sizes = WorkspaceSizes(RandomModel.configuration, rows: 512, logitRows: 8, workers: workers)
        let layout = WorkspaceLayout(sizes, rows: rows)
        let streams = rows == 1 ? workers : rows
        let always = [
            Part(start: layout.hidden, count: streams * 32),
            Part(start: layout.normed, count: streams * 32),
            Part(start: layout.delta, count: rows * 32),
            Part(start: layout.partials, count: sizes.partials),
            Part(start: layout.attentionScratch, count: workers * sizes.attentionScratchStride),
        ]
        let attention = [
            Part(start: layout.query, count: rows * 64),
            Part(start: layout.key, count: rows * 32),
            Part(start: layout.value, count: rows * 32),
        ]
        let feedForward = [Part(start: layout.gate, count: rows * 48)]
        let output = [Part(start: layout.logits, count: 8 * 96)]
        for parts in [always + attention, always + feedForward, always + output] {
            for (index, part) in parts.enumerated() {
                #expect(part.start % 16 == 0)
                #expect(part.range.upperBound <= layout.count)
                for other in parts[..<index] { #expect(!part.range.overlaps(other.range)) }
            }
        }
        #expect(layout.count <= sizes.floatCount)
    }
}
