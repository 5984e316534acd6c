internal import CQwenKernels

/// Threads that run one function on all of them at once: single program, multiple data.
///
/// A forward pass is one region. Every worker runs the same code over shared memory, takes its share of each loop
/// (``Worker/range(of:multipleOf:)`` or ``Worker/nextRange(of:chunk:)``), and meets the others at
/// ``Worker/barrier()`` where one step needs all of the step before. Between regions the threads sleep.
public final class WorkerPool: Sendable {
    // Sendable without "unchecked" because all mutable state is in C, behind atomics and a mutex.
    private let pool: PoolHandle

    /// The number of workers, the calling thread included.
    public let workerCount: Int

    /// The number of physical cores that this process may use: what the CPU affinity and the cgroup's quota leave on
    /// Linux, the performance cores on Apple silicon.
    public static let defaultWorkerCount = Int(qwen_usable_cores())

    /// Starts `workerCount - 1` threads; the thread that calls ``run(_:)`` is the missing one.
    ///
    /// - Throws: ``TensorError/invalidWorkerCount(_:)`` or ``TensorError/threadCreationFailed(code:)``.
    public init(workerCount: Int = WorkerPool.defaultWorkerCount) throws(TensorError) {
        guard workerCount >= 1, workerCount <= 4096 else { throw .invalidWorkerCount(workerCount) }
        var code: Int32 = 0
        guard let pool = qwen_pool_create(workerCount, &code) else { throw .threadCreationFailed(code: code) }
        self.pool = PoolHandle(pool: pool)
        self.workerCount = workerCount
    }

    deinit {
        qwen_pool_destroy(pool.pool)
    }

    /// Runs `body` on every worker and returns when all have returned.
    ///
    /// Calls from several threads take turns. A call from inside a region runs `body` on the calling thread alone, as
    /// the only worker of its own region.
    ///
    /// The caller's writes before `run` are visible to all workers, and theirs to the caller afterwards. A call allocates a
    /// little memory; what is called for every token is a ``WorkerRegion``.
    public func run(_ body: @Sendable (inout Worker) -> Void) {
        withoutActuallyEscaping(body) { body in run(ClosureRegion(body: body)) }
    }

    /// Runs a region on every worker and returns when all have returned, without allocating anything.
    public func run<Region: WorkerRegion>(_ region: Region) {
        withUnsafePointer(to: region) { region in
            var call = Call(type: Region.self, region: UnsafeRawPointer(region))
            withUnsafeMutablePointer(to: &call) { call in
                qwen_pool_run(
                    pool.pool,
                    { context, team, index, count in
                        let call = context.assumingMemoryBound(to: Call.self).pointee
                        var worker = Worker(team: team, index: index, count: count)
                        call.type.run(at: call.region, &worker)
                    },
                    call
                )
            }
        }
    }

    private struct Call {
        let type: any WorkerRegion.Type
        let region: UnsafeRawPointer
    }

    private struct ClosureRegion: WorkerRegion {
        let body: @Sendable (inout Worker) -> Void

        func run(_ worker: inout Worker) { body(&worker) }
    }
}

/// What all workers of a pool run at once, with the memory that it needs.
public protocol WorkerRegion: Sendable {
    /// Runs one worker's part.
    func run(_ worker: inout Worker)
}

extension WorkerRegion {
    fileprivate static func run(at region: UnsafeRawPointer, _ worker: inout Worker) {
        region.assumingMemoryBound(to: Self.self).pointee.run(&worker)
    }
}

/// A pointer to a C pool, which is safe to use from any thread: all functions of qwen_pool.h synchronise by themselves,
/// and only `WorkerPool.deinit`, when no one else can hold a reference, frees it.
private struct PoolHandle: @unchecked Sendable {
    let pool: OpaquePointer
}
