/* The vectors of primitives_rows.h for the instruction set that the including file is compiled for; PRIMITIVES names the
 * table. */
#include "kernels/simd.h"
#include "primitives.h"

#include <string.h>

#define A vf_load(in->a)
#define B vf_load(in->b)
#define C vf_load(in->c)
#define P vf_load(in->p)
#define Q vf_load(in->q)
#define W vf_load(in->w)
#define G vf_load(in->g)
#define X vd_load(in->x)
#define Y vd_load(in->y)
#define Z vd_load(in->z)
#define U vd_load(in->u)
#define V vd_load(in->v)
#define K vd_load(in->k)
#define I vi_load(in->i)
#define J vi_load(in->j)
#define M vi_gt(vi_load(in->on), vi_set(0))
#define N vi_gt(vi_load(in->also), vi_set(0))

#define ROW(NAME, VECTORS, PLAIN)                                                                                           \
    static void run_##NAME(const operands *in, outcome *out)                                                                \
    {                                                                                                                       \
        (void)in;                                                                                                           \
        VECTORS;                                                                                                            \
    }
#include "primitives_rows.h"
#undef ROW

#define ROW(NAME, VECTORS, PLAIN) { #NAME, run_##NAME },
static const primitive rows[] = {
#include "primitives_rows.h"
};

/* n is a multiple of 64. Four sums, so that none waits for the one before. */
static int32_t sum(const int32_t *v, size_t n)
{
    vi s[4] = { vi_set(0), vi_set(0), vi_set(0), vi_set(0) };
    int32_t lanes[LANES];
    uint32_t total = 0;
    for (size_t i = 0; i < n; i += 64) {
        for (size_t k = 0; k < 4; k++) {
            s[k] = vi_add(s[k], vi_load(v + i + 16 * k));
        }
    }
    vi_store(lanes, vi_add(vi_add(s[0], s[1]), vi_add(s[2], s[3])));
    for (size_t l = 0; l < LANES; l++) {
        total += (uint32_t)lanes[l];
    }
    return (int32_t)total;
}

const primitive_set SET = { ISA_NAME, rows, sum };
