import QwenTensor
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
    @Test func defaultCount() {
        #expect(WorkerPool.defaultWorkerCount >= 1)
    }

    @Test(arguments: [0, -1, 4097, Int.max, Int.min])
    func impossibleCounts(_ count: Int) {
        #expect(throws: TensorError.invalidWorkerCount(count)) { try WorkerPool(workerCount: count) }
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyWorkerRunsOnce(_ count: Int) throws {
        let pool = try WorkerPool(workerCount: count)
        let runs = try AlignedBuffer<Int>(count: count)
        for _ in 0..<500 {
            pool.run { worker in
                runs.baseAddress[worker.index] += worker.count
            }
        }
        #expect(runs.elements.allSatisfy { $0 == 500 * count })
    }

    /// After each barrier every worker must see what all others wrote before it.
    @Test(arguments: [1, 2, 3, 7])
    func barriers(_ count: Int) throws {
        let pool = try WorkerPool(workerCount: count)
        let steps = try AlignedBuffer<Int>(count: count)
        let mistakes = Atomic(0)
        for _ in 0..<20 {
            for i in 0..<count { steps.elements[i] = 0 }
            pool.run { worker in
                for step in 1...50 {
                    steps.baseAddress[worker.index] = step
                    worker.barrier()
                    for other in 0..<worker.count where steps.baseAddress[other] != step {
                        mistakes.add(1, ordering: .relaxed)
                    }
                    worker.barrier()
                }
            }
        }
        #expect(mistakes.load(ordering: .relaxed) == 0)
    }

    /// Several claiming loops between barriers, of different lengths, some empty: every item exactly once.
    @Test(arguments: [1, 2, 5])
    func claiming(_ count: Int) throws {
        let pool = try WorkerPool(workerCount: count)
        let loops = [(100, 7), (0, 3), (1, 1), (64, 64), (65, 64), (999, 10)]
        let total = loops.reduce(0) { $0 + $1.0 }
        let taken = try AlignedBuffer<Int>(count: total)
        pool.run { worker in
            for round in 0..<30 {
                var base = 0
                for (n, chunk) in loops {
                    while let range = worker.nextRange(of: n, chunk: chunk) {
                        for i in range { taken.baseAddress[base + i] += 1 }
                    }
                    base += n
                }
                // Without a barrier after every round too: tickets carry over from loop to loop.
                if round % 3 != 0 { worker.barrier() }
                if round % 3 == 0 { worker.barrier() }
            }
        }
        #expect(taken.elements.allSatisfy { $0 == 30 })
    }

    @Test(arguments: [1, 2, 3, 16])
    func evenShares(_ count: Int) throws {
        let pool = try WorkerPool(workerCount: count)
        let lower = try AlignedBuffer<Int>(count: count)
        let upper = try AlignedBuffer<Int>(count: count)
        for (n, multiple) in [(0, 1), (1, 1), (100, 1), (100, 16), (5, 8), (1000, 64)] {
            pool.run { worker in
                let range = worker.range(of: n, multipleOf: multiple)
                lower.baseAddress[worker.index] = range.lowerBound
                upper.baseAddress[worker.index] = range.upperBound
            }
            #expect(lower.elements[0] == 0 && upper.elements[count - 1] == n)
            for i in 1..<max(count, 1) where count > 1 {
                #expect(lower.elements[i] == upper.elements[i - 1])
                #expect(lower.elements[i] % multiple == 0 || lower.elements[i] == n)
            }
        }
    }

    /// A region inside a region runs alone, and its claims and barriers are its own.
    @Test func nestedRegions() throws {
        let pool = try WorkerPool(workerCount: 3)
        let other = try WorkerPool(workerCount: 2)
        let inner = Atomic(0)
        pool.run { worker in
            for nested in [pool, other] {
                nested.run { alone in
                    if alone.count == 1 && alone.index == 0 { inner.add(1, ordering: .relaxed) }
                    alone.barrier()
                    while let range = alone.nextRange(of: 10, chunk: 3) {
                        inner.add(range.count, ordering: .relaxed)
                    }
                }
            }
            worker.barrier()
        }
        #expect(inner.load(ordering: .relaxed) == 3 * 2 * 11)
    }

    @Test func callersTakeTurns() async throws {
        let pool = try WorkerPool(workerCount: 2)
        let counter = try AlignedBuffer<Int>(count: 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        pool.run { worker in
                            if worker.index == 0 { counter.baseAddress[0] += 1 }
                        }
                    }
                }
            }
        }
        #expect(counter.elements[0] == 400)
    }

    @Test func manyPoolsComeAndGo() throws {
        for count in 1...20 {
            let pool = try WorkerPool(workerCount: count)
            let seen = Atomic(0)
            if count % 2 == 0 { pool.run { _ in seen.add(1, ordering: .relaxed) } }
            #expect(seen.load(ordering: .relaxed) == (count % 2 == 0 ? count : 0))
        }
    }
}
