/*
 * Kernels: the inner loops that everything calls. body.h, encode_body.h and decode_body.h define each in plain C. Every
 * instruction set compiles the definitions, or replaces members by its own (vector.h ...), and gives the same bits.
 *
 * All take n >= 0 elements at any alignment, read nothing outside their inputs, write exactly n outputs unless a contract
 * says more, never allocate and never fail. x is finite unless a contract says otherwise. Sums are float64 in QL_LANES
 * interleaved lanes: element i is added to lane i mod QL_LANES, products are rounded before they are added. A caller that
 * cuts a chunk into pieces cuts at multiples of QL_LANES.
 */
#ifndef QL_KERNELS_KERNELS_H
#define QL_KERNELS_KERNELS_H

#include "kernels/decode.h"
#include "kernels/encode.h"
#include "qloupe.h"

#include <string.h>

enum { QL_LANES = 16 };

/* What one look at values finds. */
typedef struct ql_census {
    double sum[QL_LANES], abs[QL_LANES], square[QL_LANES]; /* x, |x|, x^2 */
    float lo, hi;                                          /* least, greatest */
    uint64_t zeros;
} ql_census;

/* Powers of the distance c from a center. */
typedef struct ql_moments {
    double m2[QL_LANES], m3[QL_LANES], m4[QL_LANES]; /* c^2, c^2 c, c^2 c^2 */
} ql_moments;

/* Sums over x, y = dequantized x, and e = x - y in float64. */
typedef struct ql_error_sums {
    double abs[QL_LANES];              /* |e| */
    double xy[QL_LANES], yy[QL_LANES]; /* x y, y^2 */
    double max_abs;                    /* of e */
    uint64_t zeros;                    /* y == 0 */
} ql_error_sums;

/* Uniform codes: q = clamp(rne(x / step) + zero, code_lo, code_hi), y = (q - zero) * step rounded once to float32. The
   quotient is taken in float64 (decisions as in exact arithmetic: a quotient of two 24-bit numbers never rounds onto or off
   a tie); zero fits int32; code_hi - code_lo < 65536. */
typedef struct ql_uniform {
    int code_lo, code_hi;
} ql_uniform;

/* Order of values for selection: QL_BY_VALUE by value, -0 before 0; QL_BY_MAGNITUDE by |x|. A key is 32 bits that compare
   as unsigned integers in that order: by magnitude the bits of |x|, by value the bits of x made monotonic. */
typedef enum ql_order { QL_BY_VALUE, QL_BY_MAGNITUDE } ql_order;

static inline uint32_t ql_key_of(ql_order order, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return order == QL_BY_MAGNITUDE ? bits & 0x7FFFFFFF : bits & 1u << 31 ? ~bits : bits | 1u << 31;
}

/* The value of a key, or its magnitude. */
static inline float ql_value_of_key(ql_order order, uint32_t key)
{
    const uint32_t bits = order == QL_BY_MAGNITUDE ? key : key & 1u << 31 ? key & 0x7FFFFFFF : ~key;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* Equal bins over [lo, hi]: v is in bin floor((v - lo) * bins / (hi - lo)) in float64, hi itself in the last one; all in bin
   0 when hi = lo. lo <= hi are finite, bins is a power of two <= 2^16, hi - lo is finite. */
typedef struct ql_binning {
    double lo, hi;
    uint32_t bins;
    bool magnitude; /* of |v| instead of v */
} ql_binning;

/* The counter of a value in a histogram: 0 for what lies below lo, 1.. for the bins, bins + 1 for what lies above hi. */
static inline uint32_t ql_counter_of(const ql_binning *axis, float v)
{
    const double at = axis->magnitude && v < 0 ? -(double)v : (double)v, width = axis->hi - axis->lo;
    if (at < axis->lo) {
        return 0;
    }
    if (at > axis->hi) {
        return axis->bins + 1;
    }
    const uint32_t bin = width > 0 ? (uint32_t)((at - axis->lo) * axis->bins / width) : 0;
    return 1 + (bin < axis->bins ? bin : axis->bins - 1);
}

/* Counters come in QL_TABLES copies, so that equal neighbours do not wait for each other; where a count goes is the kernel's
   choice, the sum of the copies is the count. A counter holds at most 2^32 - 1. QL_OUTSIDE: a histogram has a counter before
   its bins, for what lies below lo, and one behind them, for what lies above hi. */
enum { QL_TABLES = 4, QL_OUTSIDE = 2 };

/* A fine histogram that keeps sums: t = min(max((x - lo) * per_unit, 0), bins) in float64, 0 of any NaN; b = min(floor(t),
   bins - 1) is its bin, f = min(floor((t - b) 2^20), 2^20 - 1) its place in it. A counter holds 2^40 times how many there
   are plus the sum of their f: at most 2^20 of them. x may be anything: it may change after it was found to be finite. */
typedef struct ql_fine_axis {
    double lo, per_unit;
    int32_t bins; /* <= 2^16 */
} ql_fine_axis;
enum { QL_FINE_BITS = 20, QL_FINE_COUNT_SHIFT = 40, QL_FINE_MOST = 1 << 20 };

/* What a report counts of errors e, values y and codes, as histogram and count_codes do, in tables of QL_TABLES copies, of
   which the last two may be NULL: not counted. blocks: in each of them the y of one code are the same; size 0: that is not
   known. wanted: keys by magnitude of e, first to last. */
typedef struct ql_tally {
    ql_binning error_axis, value_axis; /* not of magnitudes */
    int code_lo;
    uint32_t code_count;
    uint32_t *error_table, *value_table, *code_table;
    ql_blocks blocks;
    uint32_t wanted[2];
} ql_tally;

/* One candidate of a search for a step: y = (q - zero) * step in float64, not rounded to float32. */
typedef struct ql_candidate {
    float step;
    int32_t zero;
    ql_uniform codes;
} ql_candidate;

typedef struct ql_kernels {
    const char *name;

    /* ---- Statistics */

    /* Lowers *lo and raises *hi to the least and greatest of x[n]. */
    void (*range)(const float *x, size_t n, float *lo, float *hi);

    /* The same element by element: lo[i], hi[i]. */
    void (*range_each)(const float *x, size_t n, float *lo, float *hi);

    /* Adds x[n], any values, to the census. False, and nothing is added, when one is NaN or infinite. */
    bool (*census)(const float *x, size_t n, ql_census *census);

    /* Adds the moments of x[n] about `center`. */
    void (*moments)(const float *x, size_t n, double center, ql_moments *moments);

    /* How many |x - center| (float64) are greater than limit[0], limit[1] >= limit[0]: added to beyond[2]. */
    void (*beyond)(const float *x, size_t n, double center, const double limit[2], uint64_t beyond[2]);

    /* ---- Counting */

    /* counts[upper 16 bits of the key of x[i]]++ */
    void (*count_upper)(ql_order order, const float *x, size_t n, uint32_t counts[65536]);

    /* Where the x are whose key lies in one of the `ranges` [first, last], ascending and disjoint: their places to at[n +
       QL_LANES], ascending; returns how many. May write more than that. above[count]: adds how many lie above each range;
       may be NULL. count > 0. */
    size_t (*collect)(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n, uint32_t *at,
                      uint64_t *above);

    /* Counts v[n] in tables[QL_TABLES][axis.bins + QL_OUTSIDE]. */
    void (*histogram)(const ql_binning *axis, const float *v, size_t n, uint32_t *tables);

    /* at[i] = ql_counter_of(axis, v[i]) */
    void (*counters)(const ql_binning *axis, const float *v, size_t n, uint32_t *at);

    /* Counts codes[i] - code_lo in tables[QL_TABLES][codes]. Meanwhile next[n], the values that will be read next, come into
       the cache; they need not exist: nothing is read. NULL: nothing. */
    void (*count_codes)(const int16_t *codes, size_t n, int code_lo, uint32_t code_count, uint32_t *tables,
                        const float *next);

    /* Counts x[n] in table[axis.bins]. */
    void (*fine)(const ql_fine_axis *axis, const float *x, size_t n, uint64_t *table);

    /* ---- Uniform codes */

    /* One step and zero for all of x[n]; returns how many rounded codes lay outside [code_lo, code_hi]. */
    uint64_t (*uniform_run)(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q, float *y);

    /* The same with a step and a zero for every block of x: step[], zero[] (NULL: all 0). */
    uint64_t (*uniform_blocks)(ql_uniform codes, const float *step, const int32_t *zero, ql_blocks blocks, const float *x,
                               size_t n, int16_t *q, float *y);

    /* The same for every element: step[n], zero[n]. */
    uint64_t (*uniform_each)(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n, int16_t *q,
                             float *y);

    /* ---- Errors */

    /* e[i] = x[i] - y[i] rounded to float32; adds to the sums; square: e^2 of the unrounded e, [QL_LANES]. */
    void (*errors)(const float *x, const float *y, size_t n, float *e, ql_error_sums *sums, double *square);

    /* errors, and what is counted of e, y and codes; where the e are whose keys are wanted goes to at[n + QL_LANES] as of
       collect, which returns how many; *above: adds how many have keys above the wanted ones. */
    size_t (*measure)(const ql_tally *tally, const float *x, const float *y, const int16_t *codes, size_t n, float *e,
                      ql_error_sums *sums, double *square, uint32_t *at, uint64_t *above);

    /* square[i] += e^2 for i < n, e = x[i] - y[i] in float64. */
    void (*square_each)(const float *x, const float *y, size_t n, double *square);

    /* Adds (x - y)^2 of a candidate to lanes. */
    void (*candidate_errors)(const ql_candidate *candidate, const float *x, size_t n, double lanes[QL_LANES]);

    ql_encode_kernels encode;
    ql_decode_kernels decode;
} ql_kernels;

extern const ql_kernels ql_kernels_scalar;
extern const ql_kernels ql_kernels_avx2, ql_kernels_avx512; /* on x86-64 only */
extern const ql_kernels ql_kernels_neon;                    /* on AArch64 only */

/* The kernels in use: the fastest that this machine runs, unless ql_isa_use chose others. */
const ql_kernels *ql_kernels_active(void);

/* The kernels of each instruction set in the order of ql_isa_at; NULL where this machine cannot run them, and at the end. */
const ql_kernels *ql_kernels_at(size_t index);

/* The sum of lanes in the fixed tree: 16 -> 8 -> 4 -> 2 -> 1, lane i with lane i + half. */
double ql_lanes_total(const double lanes[QL_LANES]);

#endif
