/*
 * Kernels: the inner loops that everything calls. body.h is the definition of each; every instruction set compiles it, or replaces
 * members, and must give the same bits.
 *
 * All take n >= 0 elements at any alignment, read nothing outside their inputs, write exactly n outputs, never allocate and
 * never fail. x is finite. Sums are float64 in QL_LANES interleaved lanes: element i of a chunk is added to lane i mod
 * QL_LANES, products are rounded before they are added. A caller that cuts a chunk into pieces cuts at multiples of
 * QL_LANES.
 */
#ifndef QL_KERNELS_KERNELS_H
#define QL_KERNELS_KERNELS_H

#include "qloupe.h"

enum { QL_LANES = 16 };

/* Sums over x, y = dequantized x, and e = x - y. */
typedef struct ql_error_sums {
    double abs[QL_LANES], square[QL_LANES]; /* |e|, e^2 */
    double xy[QL_LANES], yy[QL_LANES];      /* x y, y^2 */
    double max_abs;                         /* of e */
    uint64_t zeros;                         /* y == 0 */
} ql_error_sums;

/* Uniform codes: q = clamp(rne(x / step) + zero, code_lo, code_hi), y = (q - zero) * step rounded once to float32. The
   quotient is taken in float64 (decisions as in exact arithmetic: a quotient of two 24-bit numbers never rounds onto or off
   a tie); zero fits int32. */
typedef struct ql_uniform {
    int code_lo, code_hi;
} ql_uniform;

typedef struct ql_kernels {
    const char *name;

    /* Lowers *lo and raises *hi to the least and greatest of x[n]. */
    void (*range)(const float *x, size_t n, float *lo, float *hi);

    /* One step and zero for all of x[n]; returns how many rounded codes lay outside [code_lo, code_hi]. */
    uint64_t (*uniform_run)(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q, float *y);

    /* The same with a step and a zero for every element: step[n], zero[n]. */
    uint64_t (*uniform_each)(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n, int16_t *q,
                             float *y);

    /* e[i] = (double)x[i] - y[i]; adds to the sums. */
    void (*errors)(const float *x, const float *y, size_t n, double *e, ql_error_sums *sums);

    /* Adds v[n] to the histogram; its lo and hi are set, lo <= hi, both finite. */
    void (*histogram)(const double *v, size_t n, ql_histogram *histogram);
} ql_kernels;

extern const ql_kernels ql_kernels_scalar, ql_kernels_avx2, ql_kernels_avx512; /* the last two on x86-64 only */

/* The kernels in use: the fastest that this machine runs, unless ql_isa_use chose others. */
const ql_kernels *ql_kernels_active(void);

/* The kernels of each instruction set in the order of ql_isa_at; NULL where this machine cannot run them, and at the end. */
const ql_kernels *ql_kernels_at(size_t index);

/* The sum of lanes in the fixed tree: 16 -> 8 -> 4 -> 2 -> 1, lane i with lane i + half. */
double ql_lanes_total(const double lanes[QL_LANES]);

#endif
