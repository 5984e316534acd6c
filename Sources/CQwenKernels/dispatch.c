#include <pthread.h>
#include <stdlib.h>

#include "levels.h"

#if QWEN_X86
#include <cpuid.h>

/// The register sets that the operating system saves (XCR0); without that the instructions must not be used,
/// whatever CPUID says.
static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_level(qwen_level level) {
    if (level == QWEN_LEVEL_SCALAR) return true;
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if ((c & (fma | osxsave | avx | f16c)) != (fma | osxsave | avx | f16c)) return false;
    const uint64_t state = saved_state(), ymm = 0x6, zmm = 0xe6;
    if ((state & ymm) != ymm) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    const uint32_t avx2 = 1u << 5, avx512f = 1u << 16, avx512dq = 1u << 17, avx512bw = 1u << 30, avx512vl = 1u << 31;
    if ((b & avx2) == 0) return false;
    if (level == QWEN_LEVEL_AVX2) return true;
    const uint32_t needed = avx512f | avx512dq | avx512bw | avx512vl;
    return level == QWEN_LEVEL_AVX512 && (b & needed) == needed && (state & zmm) == zmm;
}

bool qwen_has_vnni(void) {
    uint32_t a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & 1u << 11) != 0;
}

bool qwen_has_bf16(void) {
    uint32_t a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5) != 0;
}
#else
bool qwen_has_vnni(void) { return false; }

/// What the kernels use beyond arm64's baseline.
typedef struct features {
    bool dotprod, i8mm, bf16;
} features;

#if QWEN_NEON && defined(__linux__)
#include <sys/auxv.h>

// Bits of AT_HWCAP and AT_HWCAP2, some of which older headers lack. Source: Linux, Documentation/arch/arm64/elf_hwcaps.rst and
// arch/arm64/include/uapi/asm/hwcap.h.
#define CAPABILITY_ASIMDDP (1ul << 20)
#define CAPABILITY_2_I8MM (1ul << 13)
#define CAPABILITY_2_BF16 (1ul << 14)

static features machine(void) {
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    return (features){(first & CAPABILITY_ASIMDDP) != 0, (second & CAPABILITY_2_I8MM) != 0, (second & CAPABILITY_2_BF16) != 0};
}
#elif QWEN_NEON && defined(__APPLE__)
#include <sys/sysctl.h>

static bool has(const char *name) {
    int32_t value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

/// Source: Apple, Determining Instruction Set Characteristics.
static features machine(void) {
    return (features){has("hw.optional.arm.FEAT_DotProd"), has("hw.optional.arm.FEAT_I8MM"), has("hw.optional.arm.FEAT_BF16")};
}
#else
static features machine(void) { return (features){false, false, false}; }
#endif

static bool has_level(qwen_level level) {
    switch (level) {
        case QWEN_LEVEL_SCALAR: return true;
        case QWEN_LEVEL_NEON: return QWEN_NEON;
        case QWEN_LEVEL_DOTPROD: return machine().dotprod;
        case QWEN_LEVEL_I8MM: return machine().dotprod && machine().i8mm;
        default: return false;
    }
}

bool qwen_has_bf16(void) { return machine().bf16; }
#endif

static qwen_kernels tables[QWEN_LEVEL_COUNT];
static bool available[QWEN_LEVEL_COUNT];
static const qwen_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
    void (*const fill[QWEN_LEVEL_COUNT])(qwen_kernels *) = {
        [QWEN_LEVEL_SCALAR] = qwen_fill_scalar,
        [QWEN_LEVEL_AVX2] = qwen_fill_avx2,
        [QWEN_LEVEL_AVX512] = qwen_fill_avx512,
        [QWEN_LEVEL_NEON] = qwen_fill_neon,
        [QWEN_LEVEL_DOTPROD] = qwen_fill_dotprod,
        [QWEN_LEVEL_I8MM] = qwen_fill_i8mm,
    };
    const char *wanted = getenv("QWEN_KERNELS");
    for (int level = 0; level < QWEN_LEVEL_COUNT; level++) {
        available[level] = has_level((qwen_level)level);
        if (!available[level]) continue;
        qwen_fill_scalar(&tables[level]);
        fill[level](&tables[level]);
        tables[level].level = (qwen_level)level;
        chosen = &tables[level];  // the levels are in order: the last one is the best
    }
    for (int level = 0; wanted != NULL && level < QWEN_LEVEL_COUNT; level++) {
        if (available[level] && strcmp(tables[level].name, wanted) == 0) chosen = &tables[level];
    }
}

const qwen_kernels *qwen_kernels_get(void) {
    pthread_once(&once, fill_tables);
    return chosen;
}

const qwen_kernels *qwen_kernels_at_level(qwen_level level) {
    pthread_once(&once, fill_tables);
    return (unsigned)level < QWEN_LEVEL_COUNT && available[level] ? &tables[level] : NULL;
}
