/*
 * The operations of simd.h, each against plain C: everything rests on them. primitives_rows.h lists them; primitives.c
 * compiles their meaning, the files primitives_ISA.c the vectors. A row reads operands and writes an outcome; the two
 * outcomes are the same bytes.
 */
#ifndef QL_TESTS_KERNELS_PRIMITIVES_H
#define QL_TESTS_KERNELS_PRIMITIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };

typedef struct operands {
    float a[LANES], b[LANES], c[LANES];  /* anything, NaN too */
    float p[LANES], q[LANES];            /* no NaN */
    float w[LANES];                      /* within int32 */
    float g[LANES];                      /* normal, 1 / g too */
    double x[LANES], y[LANES], z[LANES]; /* anything */
    double u[LANES], v[LANES];           /* no NaN */
    double k[LANES];                     /* within int32 */
    int32_t i[LANES], j[LANES];          /* anything */
    int32_t on[LANES], also[LANES];      /* 0 or 1: conditions */
    float table[32];
    int32_t words[32];
    uint8_t bytes[2 * LANES];
    size_t n;    /* < LANES */
    float *edge; /* edge[-LANES] ... edge[-1] are memory, the rest is forbidden */
} operands;

typedef struct outcome {
    float f[LANES];            /* bits */
    float r[LANES];            /* results of arithmetic: a NaN is a NaN */
    double s[LANES], d[LANES]; /* the same of float64: r, f */
    int32_t i[LANES];
    int16_t narrow[LANES];
    uint32_t bits;
    uint64_t count;
} outcome;

typedef void primitive_run(const operands *in, outcome *out);

typedef struct primitive {
    const char *name;
    primitive_run *run;
} primitive;

/* Which lanes of `about` are 1 / g but for a relative error below 2^-11. */
uint32_t reciprocals(const operands *in, const float about[LANES]);

/* The least of max(p, end) over all lanes (sign -1), the greatest of min(p, end) (1). */
float nearest_of_all(const operands *in, float end, int sign);

/* Those of one instruction set, in the order of primitives_rows.h, and the sum of v[n] in its vectors: how fast memory can
 * be read. */
typedef struct primitive_set {
    const char *isa;
    const primitive *rows;
    int32_t (*sum)(const int32_t *v, size_t n);
} primitive_set;

/* 64 codes, of which many are alike in their low bytes. */
static inline int16_t code_at(const operands *in, int k)
{
    return (int16_t)(in->bytes[k % 32] << 8 | (in->bytes[(7 * k + 3) % 32] & 3));
}

extern const primitive_set primitives_avx2, primitives_avx512, primitives_neon;

/* NULL: none for that instruction set. */
const primitive_set *primitives_of(const char *isa);

/* Runs every primitive of the instruction set, `rounds` times; prints what differs. Returns how many do. */
unsigned primitives_check(const char *isa, uint64_t seed, unsigned rounds, unsigned *passed);

#endif
