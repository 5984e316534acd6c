// A region starts when `epoch` changes and ends when `running` falls to 0. Waiting, for either or at a barrier,
// spins for about 50 µs (a barrier inside a layer is usually over in less) and then sleeps in the kernel, so that an
// idle pool costs nothing and a stolen CPU is not fought over.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "include/qwen_pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#if defined(__linux__) && !defined(QWEN_PARK_WITH_CONDITION)
#define QWEN_PARK_WITH_FUTEX 1
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#define QWEN_PARK_WITH_FUTEX 0
#endif

#if defined(__APPLE__)
#include <pthread/qos.h>
#endif

#define SPIN_NANOSECONDS 50000
#define STACK_BYTES (1u << 20)

/// A word that threads wait on. Sleepers are counted so that nobody makes a system call to wake no one.
typedef struct event {
    alignas(64) atomic_uint value;
    alignas(64) atomic_uint sleepers;
#if !QWEN_PARK_WITH_FUTEX
    pthread_mutex_t mutex;
    pthread_cond_t condition;
#endif
} event;

struct qwen_team {
    size_t count;
    alignas(64) atomic_uint arrived;
    alignas(64) _Atomic(uint64_t) ticket;
    event generation;
};

typedef struct worker_start {
    qwen_pool *pool;
    size_t index;
} worker_start;

struct qwen_pool {
    qwen_team team;
    event epoch;    // counts regions
    event running;  // workers other than the caller that are still in the region
    pthread_mutex_t turn;
    qwen_region region;
    void *context;
    bool ending;
    size_t thread_count;
    pthread_t *threads;
    worker_start *starts;
};

/// Whether this thread is inside a region (of any pool): a nested run must not wait for threads that wait for it.
static _Thread_local bool inside_region;

static bool event_init(event *e) {
    atomic_init(&e->value, 0);
    atomic_init(&e->sleepers, 0);
#if !QWEN_PARK_WITH_FUTEX
    if (pthread_mutex_init(&e->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&e->condition, NULL) != 0) {
        pthread_mutex_destroy(&e->mutex);
        return false;
    }
#endif
    return true;
}

static void event_destroy(event *e) {
#if !QWEN_PARK_WITH_FUTEX
    pthread_cond_destroy(&e->condition);
    pthread_mutex_destroy(&e->mutex);
#else
    (void)e;
#endif
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/// Waits until the value differs from `old`.
///
/// No wake-up is lost: a sleeper first counts itself and then looks at the value, the waker first changes the value
/// and then looks at the count, all in sequentially consistent order, so at least one of them sees the other.
static void event_wait(event *e, unsigned old) {
    for (int i = 0; i < 64; i++) {
        if (atomic_load_explicit(&e->value, memory_order_acquire) != old) return;
        relax();
    }
    int64_t deadline = now() + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < 32; i++) {
            if (atomic_load_explicit(&e->value, memory_order_acquire) != old) return;
            relax();
        }
    } while (now() < deadline);

#if QWEN_PARK_WITH_FUTEX
    atomic_fetch_add(&e->sleepers, 1);
    while (atomic_load(&e->value) == old) {
        // Returns at once if the value has changed meanwhile; interruptions and spurious returns go round again.
        syscall(SYS_futex, &e->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    }
    atomic_fetch_sub(&e->sleepers, 1);
#else
    pthread_mutex_lock(&e->mutex);
    atomic_fetch_add(&e->sleepers, 1);
    while (atomic_load(&e->value) == old) pthread_cond_wait(&e->condition, &e->mutex);
    atomic_fetch_sub(&e->sleepers, 1);
    pthread_mutex_unlock(&e->mutex);
#endif
}

/// Wakes whoever sleeps, after the value has been changed with sequential consistency.
static void event_wake(event *e) {
    if (atomic_load(&e->sleepers) == 0) return;
#if QWEN_PARK_WITH_FUTEX
    syscall(SYS_futex, &e->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
#else
    pthread_mutex_lock(&e->mutex);
    pthread_cond_broadcast(&e->condition);
    pthread_mutex_unlock(&e->mutex);
#endif
}

static bool team_init(qwen_team *team, size_t count) {
    team->count = count;
    atomic_init(&team->arrived, 0);
    atomic_init(&team->ticket, 0);
    return event_init(&team->generation);
}

void qwen_team_barrier(qwen_team *team) {
    if (team->count == 1) {
        atomic_store_explicit(&team->ticket, 0, memory_order_relaxed);
        return;
    }
    unsigned generation = atomic_load_explicit(&team->generation.value, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->count) {
        // The last one: everybody else waits, so the counters may be reset without a race.
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->ticket, 0, memory_order_relaxed);
        atomic_store(&team->generation.value, generation + 1);
        event_wake(&team->generation);
    } else {
        event_wait(&team->generation, generation);
    }
}

uint64_t qwen_team_ticket(qwen_team *team) {
    return atomic_fetch_add_explicit(&team->ticket, 1, memory_order_relaxed);
}

static void *worker_main(void *argument) {
    worker_start *start = argument;
    qwen_pool *pool = start->pool;
    inside_region = true;  // all that this thread ever runs is regions
#if defined(__APPLE__)
    pthread_set_qos_class_self_np(QOS_CLASS_USER_INITIATED, 0);
#endif
    for (unsigned epoch = 0;; epoch++) {
        event_wait(&pool->epoch, epoch);
        if (pool->ending) return NULL;
        pool->region(pool->context, &pool->team, start->index, pool->team.count);
        if (atomic_fetch_sub(&pool->running.value, 1) == 1) event_wake(&pool->running);
    }
}

static void begin(qwen_pool *pool) {
    atomic_fetch_add(&pool->epoch.value, 1);
    event_wake(&pool->epoch);
}

void qwen_pool_run(qwen_pool *pool, qwen_region region, void *context) {
    if (inside_region) {
        qwen_team alone;
        if (!team_init(&alone, 1)) abort();  // cannot happen with default attributes
        region(context, &alone, 0, 1);
        event_destroy(&alone.generation);
        return;
    }
    pthread_mutex_lock(&pool->turn);
    inside_region = true;
    pool->region = region;
    pool->context = context;
    atomic_store_explicit(&pool->team.ticket, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->running.value, (unsigned)pool->thread_count, memory_order_relaxed);
    if (pool->thread_count != 0) begin(pool);

    region(context, &pool->team, 0, pool->team.count);

    for (;;) {
        unsigned left = atomic_load_explicit(&pool->running.value, memory_order_acquire);
        if (left == 0) break;
        event_wait(&pool->running, left);
    }
    inside_region = false;
    pthread_mutex_unlock(&pool->turn);
}

static void end_threads(qwen_pool *pool) {
    pool->ending = true;
    begin(pool);
    for (size_t i = 0; i < pool->thread_count; i++) pthread_join(pool->threads[i], NULL);
}

static void free_pool(qwen_pool *pool) {
    event_destroy(&pool->team.generation);
    event_destroy(&pool->epoch);
    event_destroy(&pool->running);
    pthread_mutex_destroy(&pool->turn);
    free(pool->threads);
    free(pool->starts);
    free(pool);
}

qwen_pool *qwen_pool_create(size_t workers, int *error) {
    *error = 0;
    void *memory = NULL;
    if (workers == 0 || workers > 4096) {
        *error = EINVAL;
        return NULL;
    }
    if (posix_memalign(&memory, 64, sizeof(qwen_pool)) != 0) {
        *error = ENOMEM;
        return NULL;
    }
    qwen_pool *pool = memory;
    pool->region = NULL;
    pool->context = NULL;
    pool->ending = false;
    pool->thread_count = 0;
    pool->threads = calloc(workers, sizeof(pthread_t));
    pool->starts = calloc(workers, sizeof(worker_start));
    bool ready = team_init(&pool->team, workers);
    ready &= event_init(&pool->epoch);
    ready &= event_init(&pool->running);
    ready &= pthread_mutex_init(&pool->turn, NULL) == 0;
    if (!ready || pool->threads == NULL || pool->starts == NULL) {
        *error = ENOMEM;
        free_pool(pool);
        return NULL;
    }

    pthread_attr_t attributes;
    *error = pthread_attr_init(&attributes);
    if (*error == 0) {
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        for (size_t i = 1; i < workers; i++) {
            pool->starts[i] = (worker_start){pool, i};
            *error = pthread_create(&pool->threads[i - 1], &attributes, worker_main, &pool->starts[i]);
            if (*error != 0) break;
            pool->thread_count = i;
        }
        pthread_attr_destroy(&attributes);
    }
    if (*error != 0) {
        end_threads(pool);
        free_pool(pool);
        return NULL;
    }
    return pool;
}

void qwen_pool_destroy(qwen_pool *pool) {
    end_threads(pool);
    free_pool(pool);
}
