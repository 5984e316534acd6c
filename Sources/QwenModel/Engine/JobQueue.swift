#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A first-in, first-out queue of jobs between any thread that asks and the engine's thread that works.
///
/// - Note: `@unchecked Sendable` because the compiler cannot see what guards the state: `jobs` and `isClosed` are read and
///   written only while `mutex` is held, and the two pointers never change after `init`.
final class JobQueue: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [EngineJob] = []
    private var retired: [EngineConfined<KeyValueCache>] = []
    private var isClosed = false

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deinitialize(count: 1).deallocate()
        mutex.deinitialize(count: 1).deallocate()
    }

    /// Adds a job at the end and wakes the thread that waits.
    func push(_ job: EngineJob) {
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Hands over the cache of a context that nobody has any more.
    func retire(_ cache: EngineConfined<KeyValueCache>) {
        pthread_mutex_lock(mutex)
        retired.append(cache)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Lets `takeAll` return nil once the queue is empty.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// How long to block until there is something.
    enum Wait {
        case never
        case briefly
        case always
    }

    /// What waits for the engine's thread.
    struct Arrivals {
        /// The jobs, oldest first.
        var jobs: [EngineJob]
        /// The caches of contexts that nobody has any more. They went before any of the jobs came that were pushed later.
        var retired: [EngineConfined<KeyValueCache>]
    }

    /// Takes everything that waits.
    ///
    /// - Parameter wait: how long to block until there is something.
    /// - Returns: what waited; nil when the queue is closed and no job is left.
    func takeAll(_ wait: Wait) -> Arrivals? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        switch wait {
        case .never: break
        case .briefly: waitBriefly()
        case .always:
            while isEmpty && !isClosed {
                pthread_cond_wait(condition, mutex)
            }
        }
        if jobs.isEmpty && isClosed { return nil }
        defer {
            jobs.removeAll(keepingCapacity: true)
            retired = []
        }
        return Arrivals(jobs: jobs, retired: retired)
    }

    private var isEmpty: Bool { jobs.isEmpty && retired.isEmpty }

    /// Waits some milliseconds, in which whoever loaded a model asks it something, or got an answer goes on or ends.
    private func waitBriefly() {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_nsec += 20_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_nsec -= 1_000_000_000
            end.tv_sec += 1
        }
        while isEmpty && !isClosed {
            guard pthread_cond_timedwait(condition, mutex, &end) == 0 else { return }
        }
    }
}
