/* Which kernels this machine can run, and which are in use. */
#include "base/error.h"
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    unsigned a, b, c = 0, d;
    __get_cpuid(1, &a, &b, &c, &d); /* clang 14 does not know "f16c" */
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && c & bit_F16C;
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

/* The fastest last. */
static const struct {
    const ql_kernels *kernels;
    bool (*runs)(void);
    const char *meaning;
} table[] = {
    { &ql_kernels_scalar, always, "plain C, every machine; the definition" },
#if defined(__x86_64__)
    { &ql_kernels_avx2, has_avx2, "x86-64 with AVX2, FMA and F16C" },
    { &ql_kernels_avx512, has_avx512, "x86-64 with AVX-512 F, BW, DQ and VL" },
#elif defined(__aarch64__)
    { &ql_kernels_neon, always, "AArch64 with NEON" },
#endif
};
enum { COUNT = sizeof table / sizeof table[0] };

static _Atomic(const ql_kernels *) active;

const ql_kernels *ql_kernels_active(void)
{
    if (!atomic_load_explicit(&active, memory_order_acquire)) {
        ql_isa_use(NULL, NULL);
    }
    return atomic_load_explicit(&active, memory_order_acquire);
}

const ql_kernels *ql_kernels_at(size_t index)
{
    return index < COUNT && table[index].runs() ? table[index].kernels : NULL;
}

bool ql_isa_at(size_t index, ql_isa_info *out)
{
    if (index >= COUNT) {
        return false;
    }
    *out = (ql_isa_info) {
        .name = table[index].kernels->name,
        .meaning = table[index].meaning,
        .runs_here = table[index].runs(),
        .in_use = table[index].kernels == ql_kernels_active(),
    };
    return true;
}

ql_status ql_isa_use(const char *name, ql_error *error)
{
    char names[64] = "";
    size_t used = 0;
    for (int i = COUNT - 1; i >= 0; i--) {
        if (!table[i].runs()) {
            continue;
        }
        if (!name || strcmp(name, table[i].kernels->name) == 0) {
            atomic_store_explicit(&active, table[i].kernels, memory_order_release);
            return QL_OK;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", table[i].kernels->name);
    }
    char shown[128];
    ql_text_print(shown, sizeof shown, ql_text_from(name), 30);
    return ql_fail(error, QL_BAD_USAGE, "'%s' is no instruction set that this machine runs; choose from: %s", shown, names);
}

double ql_lanes_total(const double lanes[QL_LANES])
{
    double sum[QL_LANES];
    for (int i = 0; i < QL_LANES; i++) {
        sum[i] = lanes[i];
    }
    for (int half = QL_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            sum[i] += sum[i + half];
        }
    }
    return sum[0];
}
