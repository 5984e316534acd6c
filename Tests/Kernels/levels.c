// Every instruction set's kernels against the scalar ones that define them, in C: for machines without a Swift toolchain, such
// as an emulator of one user program.
//
//   levels [LEVEL...]    fails if a level's kernels differ, if the machine can run others than those named, or if not the best of
//                        them is chosen, or the one that QWEN_KERNELS names

#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint32_t random_bits(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static struct {
    void *base;
    size_t bytes;
} regions[64];
static size_t region_count;

void *allocate(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    char *base = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || region_count == sizeof regions / sizeof *regions) {
        perror("no memory");
        _exit(2);
    }
    mprotect(base + whole, page, PROT_NONE);
    regions[region_count].base = base;
    regions[region_count++].bytes = whole + page;
    return base + whole - bytes;
}

float *random_floats(size_t n) {
    float *x = allocate(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = random_float();
    return x;
}

void release_all(void) {
    while (region_count > 0) {
        region_count--;
        munmap(regions[region_count].base, regions[region_count].bytes);
    }
}

size_t failures;

void fail(const char *format, ...) {
    if (failures++ >= 20) return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

bool same_float(float a, float b) { return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)); }

int main(int count, char **names) {
    const qwen_kernels *twin = qwen_kernels_at_level(QWEN_LEVEL_SCALAR);
    const char *wanted = getenv("QWEN_KERNELS"), *best = twin->name;
    bool has_wanted = wanted != NULL && strcmp(wanted, best) == 0;
    int found = 0;
    for (int level = 1; level < QWEN_LEVEL_COUNT; level++) {
        const qwen_kernels *kernels = qwen_kernels_at_level((qwen_level)level);
        if (kernels == NULL) continue;
        found++;
        best = kernels->name;
        if (wanted != NULL && strcmp(wanted, best) == 0) has_wanted = true;
        if (count > 1 && (found >= count || strcmp(names[found], kernels->name) != 0)) fail("unexpected %s", kernels->name);
        size_t before = failures;
        check_packed(kernels, twin);
        check_floats(kernels, twin);
        check_attention(kernels, twin);
        check_bf16(kernels, twin);
        printf("%s%s: %s\n", kernels->name, kernels->has_fast_bf16 ? " with BF16" : "",
               failures == before ? "equal" : "DIFFERENT");
    }
    if (count > 1 && found + 1 != count) fail("%d levels instead of %d", found, count - 1);
    const char *chosen = qwen_kernels_get()->name;
    if (strcmp(chosen, has_wanted ? wanted : best) != 0) fail("%s is chosen", chosen);
    return failures == 0 ? 0 : 1;
}
