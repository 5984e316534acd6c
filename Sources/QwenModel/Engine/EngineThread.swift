#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The thread on which an engine computes.
///
/// It is a thread of its own, since a job blocks for as long as the model needs, and Swift's cooperative pool must not be
/// blocked. It owns the forward pass and ends when the queue is closed and the last job is done.
enum EngineThread {
    /// Starts a thread that works off `queue` with `pass`.
    ///
    /// - Throws: `EngineError.threadUnavailable`.
    static func start(queue: JobQueue, pass: sending ForwardPass) throws(EngineError) {
        let state = Unmanaged.passRetained(State(queue: queue, pass: pass))
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let code = pthread_create(
            &thread,
            &attributes,
            { argument in
                #if canImport(Darwin)
                let state = Unmanaged<State>.fromOpaque(argument).takeRetainedValue()
                #else
                guard let argument else { return nil }
                let state = Unmanaged<State>.fromOpaque(argument).takeRetainedValue()
                #endif
                state.work()
                return nil
            },
            state.toOpaque()
        )
        guard code == 0 else {
            state.release()
            throw .threadUnavailable(code: code)
        }
    }

    private final class State {
        let queue: JobQueue
        let pass: ForwardPass

        init(queue: JobQueue, pass: ForwardPass) {
            self.queue = queue
            self.pass = pass
        }

        /// Gives every active job one step in turn, so that none waits for the end of another.
        func work() {
            var active: [EngineJob] = []
            var idle: JobQueue.Wait = pass.lacksWeights ? .briefly : .always
            while let arrived = queue.takeAll(active.isEmpty ? idle : .never) {
                if !arrived.retired.isEmpty {
                    for cache in arrived.retired {
                        pass.prefixes.publish(cache.value)
                        // From here on the tree alone holds the pages: the context's own reference may go a little later.
                        cache.value.truncate(to: 0)
                    }
                    pass.prefixes.trim()
                }
                active.append(contentsOf: arrived.jobs)
                guard !active.isEmpty else {
                    idle = pass.bringWeightsWhileIdle() ? .never : .always
                    continue
                }
                idle = pass.lacksWeights ? .briefly : .always
                // A cancelled job ends before any other steps: its context may already belong to a newer one.
                active.removeAll { job in
                    guard job.cancellation.isRaised else { return false }
                    job.finishCancelled()
                    return true
                }
                // One job alone, the usual case, is not to cost an allocation.
                let batch = active.count > 1 ? active.filter { $0.nextToken != nil } : []
                guard batch.count > 1 else {
                    active.removeAll { !$0.step(pass) }
                    continue
                }
                // Those that decode go together; the others (prompts, evaluations) have their step in between.
                var ended: Set<ObjectIdentifier> = []
                for job in active where job.nextToken == nil && !job.step(pass) { ended.insert(ObjectIdentifier(job)) }
                for start in stride(from: 0, to: batch.count, by: pass.maximumBatch) {
                    let part = batch[start..<min(start + pass.maximumBatch, batch.count)]
                    for job in Batch(Array(part)).run(pass) { ended.insert(ObjectIdentifier(job)) }
                }
                active.removeAll { ended.contains(ObjectIdentifier($0)) }
            }
        }
    }
}
