// What the process may use of the machine.
#ifndef QWEN_MACHINE_H
#define QWEN_MACHINE_H

#include <stddef.h>

/// The number of physical cores that this process may use, at least 1: on Linux what the CPU affinity allows, without
/// the second thread of a core, and no more than the cgroup's CPU quota; on Apple silicon the performance cores.
size_t qwen_usable_cores(void);

#endif
