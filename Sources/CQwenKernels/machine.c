#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "include/qwen_machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>

/// Reads one unsigned number from a file of /sys, or -1.
static long number_in(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return -1;
    long value = -1;
    if (fscanf(file, "%ld", &value) != 1) value = -1;
    fclose(file);
    return value;
}

/// The first CPU of the core that `cpu` is a thread of; `cpu` itself if the kernel does not say.
static long first_sibling(int cpu) {
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    long first = number_in(path);
    return first < 0 ? cpu : first;
}

/// The allowed CPUs, counting each core once.
static size_t cores_by_affinity(void) {
    for (int limit = 1024; limit <= 1 << 16; limit *= 2) {
        cpu_set_t *allowed = CPU_ALLOC((size_t)limit);
        bool *seen = calloc((size_t)limit, sizeof(bool));
        if (allowed == NULL || seen == NULL) {
            if (allowed != NULL) CPU_FREE(allowed);
            free(seen);
            return 1;
        }
        size_t size = CPU_ALLOC_SIZE((size_t)limit), cores = 0;
        bool known = sched_getaffinity(0, size, allowed) == 0;
        for (int cpu = 0; known && cpu < limit; cpu++) {
            if (!CPU_ISSET_S((size_t)cpu, size, allowed)) continue;
            long core = first_sibling(cpu);
            if (core >= limit) core = cpu;
            if (!seen[core]) cores++;
            seen[core] = true;
        }
        CPU_FREE(allowed);
        free(seen);
        if (known) return cores;  // otherwise the machine has more CPUs than `limit`
    }
    return 1;
}

/// The CPU quota in whole CPUs (rounded up) of a cgroup's cpu.max ("max 100000" or "150000 100000"); 0 for none.
static size_t quota_in(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    long quota = 0, period = 0;
    int fields = fscanf(file, "%ld %ld", &quota, &period);
    fclose(file);
    if (fields != 2 || quota <= 0 || period <= 0) return 0;
    return (size_t)((quota - 1) / period + 1);
}

/// The tightest quota among this process's cgroup and its parents (version 2), or of version 1's root; 0 for none.
static size_t quota_by_cgroup(void) {
    size_t tightest = 0;
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[1024];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) != 0) continue;
        char *group = line + 3;
        group[strcspn(group, "\n")] = 0;
        for (;;) {
            char path[1200];
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", strcmp(group, "/") == 0 ? "" : group);
            size_t quota = quota_in(path);
            if (quota != 0 && (tightest == 0 || quota < tightest)) tightest = quota;
            char *slash = strrchr(group, '/');
            if (slash == NULL || group[1] == 0) break;
            slash[slash == group ? 1 : 0] = 0;
        }
    }
    if (file != NULL) fclose(file);
    long quota = number_in("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    long period = number_in("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (quota > 0 && period > 0) {
        size_t whole = (size_t)((quota - 1) / period + 1);
        if (tightest == 0 || whole < tightest) tightest = whole;
    }
    return tightest;
}

size_t qwen_usable_cores(void) {
    size_t cores = cores_by_affinity(), quota = quota_by_cgroup();
    if (quota != 0 && quota < cores) cores = quota;
    return cores == 0 ? 1 : cores;
}

#elif defined(__APPLE__)
#include <stdint.h>
#include <sys/sysctl.h>

size_t qwen_usable_cores(void) {
    // Efficiency cores would make every barrier wait for them.
    const char *names[] = {"hw.perflevel0.physicalcpu", "hw.physicalcpu"};
    for (size_t i = 0; i < 2; i++) {
        int32_t count = 0;
        size_t size = sizeof count;
        if (sysctlbyname(names[i], &count, &size, NULL, 0) == 0 && count > 0) return (size_t)count;
    }
    return 1;
}

#else

size_t qwen_usable_cores(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}

#endif
