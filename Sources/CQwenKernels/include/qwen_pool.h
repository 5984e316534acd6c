// A team of threads that runs one function on all of them at once (SPMD), with barriers and work claiming.
#ifndef QWEN_POOL_H
#define QWEN_POOL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// The threads, parked between regions.
typedef struct qwen_pool qwen_pool;

/// What the workers of one region share: the barrier and the ticket counter.
typedef struct qwen_team qwen_team;

/// The function that every worker runs, once per region.
typedef void (*qwen_region)(void *context, qwen_team *team, size_t index, size_t count);

/// Starts `workers - 1` threads (the caller of qwen_pool_run is the missing one).
/// On failure returns NULL and stores an errno value; no thread is left running.
#if defined(__clang__)
qwen_pool *_Nullable qwen_pool_create(size_t workers, int *error);
#else
qwen_pool *qwen_pool_create(size_t workers, int *error);
#endif

/// Ends the threads and frees the pool. No region may be running.
void qwen_pool_destroy(qwen_pool *pool);

/// Runs `region` on every worker, the calling thread being worker 0, and returns when all have returned. Allocates
/// nothing. Calls from several threads take turns. A call from inside a region runs alone on the calling thread
/// (index 0, count 1).
void qwen_pool_run(qwen_pool *pool, qwen_region region, void *context);

/// Waits until every worker of the team has arrived, and resets the tickets to 0.
void qwen_team_barrier(qwen_team *team);

/// The next ticket: 0, 1, 2, … since the region began or since the last barrier.
uint64_t qwen_team_ticket(qwen_team *team);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
