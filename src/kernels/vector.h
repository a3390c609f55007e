/*
 * The core kernels in vectors of 16 lanes, once for all instruction sets (simd.h). body.h says what each means; here stands
 * only how to get there faster with the same bits:
 *
 *   Decisions that are defined in float64 are taken in float32 where the float32 error cannot matter, and blocks of 64
 *   elements in which it might
 *   (a quotient near k + 0.5, a value near the edge of a bin) are done again in float64. What is near is computed from the
 *   sizes of the numbers.
 *
 * The last elements of an array, less than a block, go through the definition.
 */
#include "kernels/body.h"
#include "kernels/simd.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 16, BLOCK = 4 * WIDTH };

/* The processor's own prefetching starts anew with every page, so kernels fetch what probably comes next, which need not
   exist: nothing is read. Quick kernels fetch a page ahead; counting, which takes longer than reading, a whole tile, for the
   quick kernel that will look at it first. */
enum { FETCH_AHEAD = 1024, FETCH_TILE = 4096 };

QL_SIMD void fetch_next(const float *x)
{
    __builtin_prefetch(x + FETCH_AHEAD);
}

QL_SIMD void fetch_next_tile(const float *x)
{
    __builtin_prefetch(x + FETCH_TILE);
}

/* 1.5 2^23: adding it to |v| < 2^22 rounds v to an integer, ties to even, which its lowest bits then hold. */
#define MAGIC 0x1.8p23f
enum { MAGIC_BITS = 0x4B400000 };

/* ---- Statistics */

static void range(const float *x, size_t n, float *lo, float *hi)
{
    vf least[4], greatest[4];
    for (int k = 0; k < 4; k++) {
        least[k] = vf_set(*lo);
        greatest[k] = vf_set(*hi);
    }
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        for (int k = 0; k < 4; k++) {
            const vf v = vf_load(x + i + k * WIDTH);
            least[k] = vf_min(least[k], v);
            greatest[k] = vf_max(greatest[k], v);
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        const vf v = vf_load(x + i);
        least[0] = vf_min(least[0], v);
        greatest[0] = vf_max(greatest[0], v);
    }
    for (int k = 1; k < 4; k++) {
        least[0] = vf_min(least[0], least[k]);
        greatest[0] = vf_max(greatest[0], greatest[k]);
    }
    *lo = vf_least(least[0]);
    *hi = vf_greatest(greatest[0]);
    plain_range(x + i, n - i, lo, hi);
}

typedef struct census_lanes {
    vd sum, abs, square;
    vf lo, hi;
    vi largest; /* bits of |x|: those of NaN and infinity are the largest */
    size_t zeros;
} census_lanes;

static bool census(const float *x, size_t n, ql_census *out)
{
    census_lanes c = { .sum = vd_load(out->sum),
                       .abs = vd_load(out->abs),
                       .square = vd_load(out->square),
                       .lo = vf_set(out->lo),
                       .hi = vf_set(out->hi),
                       .largest = vi_set(0) };
    ql_census last = { .lo = out->lo, .hi = out->hi };
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const vf v = vf_load(x + i);
        const vd d = vd_load_f(x + i);
        fetch_next(x + i);
        c.sum = vd_add(c.sum, d);
        c.abs = vd_add(c.abs, vd_abs(d));
        c.square = vd_add_exact_product(c.square, d, d);
        c.largest = vi_max_u(c.largest, vf_bits(vf_abs(v)));
        c.zeros += (size_t)__builtin_popcount(vm_bits(vf_eq(v, vf_set(0))));
        c.lo = vf_min(c.lo, v);
        c.hi = vf_max(c.hi, v);
    }
    vd_store(last.sum, c.sum);
    vd_store(last.abs, c.abs);
    vd_store(last.square, c.square);
    last.zeros = out->zeros + c.zeros;
    if (vi_greatest_u(c.largest) >= 0x7F800000 || !plain_census(x + i, n - i, &last)) {
        return false;
    }
    const float lo = vf_least(c.lo), hi = vf_greatest(c.hi);
    last.lo = lo < last.lo ? lo : last.lo;
    last.hi = hi > last.hi ? hi : last.hi;
    *out = last;
    return true;
}

static void moments(const float *x, size_t n, double center, ql_moments *out)
{
    vd m2 = vd_load(out->m2), m3 = vd_load(out->m3), m4 = vd_load(out->m4);
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const vd c = vd_sub(vd_load_f(x + i), vd_set(center)), c2 = vd_mul(c, c);
        fetch_next(x + i);
        m2 = vd_add(m2, c2);
        m3 = vd_add(m3, vd_mul(c2, c));
        m4 = vd_add(m4, vd_mul(c2, c2));
    }
    vd_store(out->m2, m2);
    vd_store(out->m3, m3);
    vd_store(out->m4, m4);
    plain_moments(x + i, n - i, center, out);
}

/* ---- Counting */

/*
 * Counting takes two steps: which counter of 16 elements in vectors, then each counter one up. The first runs PIECE elements
 * ahead of the second, so that nothing waits for anything.
 */
enum { PIECE = 512 };

/* Where the counters of 16 elements from element i on are. */
typedef void find_counters(const void *context, const void *elements, size_t i, uint32_t at[WIDTH]);

/* Counts n elements, a multiple of 16, in the QL_TABLES copies of a table, `stride` counters apart. */
QL_SIMD void count_all(find_counters find, const void *context, const void *elements, size_t n, size_t stride,
                       uint32_t *table)
{
    uint32_t *second = table + stride, *third = second + stride, *fourth = third + stride;
    uint32_t at[2 * PIECE];
    for (size_t i = 0; i < n + PIECE; i += WIDTH) {
        if (i < n) {
            find(context, elements, i, at + i % (2 * PIECE));
        }
        if (i < PIECE) {
            continue;
        }
        const size_t ready = i - PIECE;
        if (ready >= n) {
            break;
        }
        const uint32_t *counter = at + ready % (2 * PIECE);
        for (int k = 0; k < WIDTH; k += QL_TABLES) {
            table[counter[k]]++;
            second[counter[k + 1]]++;
            third[counter[k + 2]]++;
            fourth[counter[k + 3]]++;
        }
    }
}

QL_SIMD vi keys_of(ql_order order, vf v)
{
    const vi bits = vf_bits(v);
    return order == QL_BY_MAGNITUDE ? vi_and(bits, vi_set(0x7FFFFFFF))
                                    : vi_xor(bits, vi_or(vi_sar(bits, 31), vi_set((int32_t)0x80000000u)));
}

QL_SIMD void find_upper_by_value(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    (void)context;
    fetch_next_tile((const float *)elements + i);
    vi_store_u32(at, vi_shr(keys_of(QL_BY_VALUE, vf_load((const float *)elements + i)), 16));
}

QL_SIMD void find_upper_by_magnitude(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    (void)context;
    fetch_next_tile((const float *)elements + i);
    vi_store_u32(at, vi_shr(keys_of(QL_BY_MAGNITUDE, vf_load((const float *)elements + i)), 16));
}

static void count_upper(ql_order order, const float *x, size_t n, uint32_t counts[65536])
{
    const size_t whole = n / WIDTH * WIDTH;
    if (order == QL_BY_VALUE) {
        count_all(find_upper_by_value, NULL, x, whole, 0, counts);
    } else {
        count_all(find_upper_by_magnitude, NULL, x, whole, 0, counts);
    }
    plain_count_upper(order, x + whole, n - whole, counts);
}

/*
 * The wanted keys are few and the ranges many: a set of 1,024 bits, indexed by the lowest bits of the upper half of a
 * value's own bits, tells most values apart from all ranges at once. What passes is compared with every range.
 */
typedef struct filter {
    uint32_t bits[32];
    bool all; /* a range is too wide for it */
} filter;

static uint32_t bits_of_key(ql_order order, uint32_t key)
{
    return order == QL_BY_MAGNITUDE ? key : key & 1u << 31 ? key & 0x7FFFFFFF : ~key;
}

static filter filter_of(ql_order order, const uint32_t (*ranges)[2], unsigned count)
{
    enum { WIDEST = 256 };
    filter f = { .all = false };
    for (unsigned r = 0; r < count && !f.all; r++) {
        const uint32_t first = ranges[r][0] >> 16, last = ranges[r][1] >> 16;
        f.all = last - first >= WIDEST;
        for (uint32_t upper = first; upper <= last && !f.all; upper++) {
            const uint32_t index = bits_of_key(order, upper << 16) >> 16;
            f.bits[index / 32 % 32] |= 1u << index % 32;
        }
    }
    return f;
}

/* Which keys lie in a range. */
QL_SIMD vm in_ranges(const uint32_t (*ranges)[2], unsigned count, vi keys)
{
    vm in = vm_none();
    for (unsigned r = 0; r < count; r++) {
        in = vm_or(in, vi_le_u(vi_sub(keys, vi_set((int32_t)ranges[r][0])), vi_set((int32_t)(ranges[r][1] - ranges[r][0]))));
    }
    return in;
}

/* The next lanes of an array and how many they are: 16, or what is left. */
QL_SIMD vf next_lanes(const float *p, size_t left, size_t *width)
{
    *width = left < WIDTH ? left : WIDTH;
    return left < WIDTH ? vf_load_head(p, left) : vf_load(p);
}

static const int32_t lane_numbers[WIDTH] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* A range and the lanes in it and not above it. */
typedef struct one_range {
    vi first, last, span;
} one_range;

QL_SIMD vm is_in(const one_range *range, vi keys)
{
    return vi_le_u(vi_sub(keys, range->first), range->span);
}

QL_SIMD size_t count_lanes(vm m)
{
    return (size_t)__builtin_popcount(vm_bits(m));
}

QL_SIMD size_t collect_one(ql_order order, const uint32_t ends[2], const float *x, size_t n, uint32_t *at, uint64_t *above)
{
    const vi lanes = vi_load(lane_numbers), first = vi_set((int32_t)ends[0]), last = vi_set((int32_t)ends[1]);
    const one_range range = { first, last, vi_sub(last, first) };
    size_t kept = 0, not_above = 0, i = 0, width;
    for (; i + BLOCK <= n; i += BLOCK) {
        vm in[4], any = vm_none();
        for (int k = 0; k < 4; k++) {
            const vi keys = keys_of(order, vf_load(x + i + k * WIDTH));
            fetch_next(x + i + k * WIDTH);
            in[k] = is_in(&range, keys);
            any = vm_or(any, in[k]);
            not_above += count_lanes(vi_le_u(keys, last));
        }
        for (int k = 0; vm_bits(any) && k < 4; k++) {
            kept += vi_compress(at + kept, in[k], vi_add(lanes, vi_set((int32_t)i + k * WIDTH)));
        }
    }
    for (; i < n; i += width) {
        const vi keys = keys_of(order, next_lanes(x + i, n - i, &width));
        not_above += count_lanes(vm_and(vi_le_u(keys, last), vm_head(width)));
        kept += vi_compress(at + kept, vm_and(is_in(&range, keys), vm_head(width)), vi_add(lanes, vi_set((int32_t)i)));
    }
    *above += n - not_above;
    return kept;
}

QL_SIMD size_t collect_few(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n,
                           uint32_t *at, uint64_t *above)
{
    const vi lanes = vi_load(lane_numbers);
    size_t kept = 0, width;
    for (size_t i = 0; i < n; i += width) {
        const vi keys = keys_of(order, next_lanes(x + i, n - i, &width));
        fetch_next(x + i);
        const vm in = vm_and(in_ranges(ranges, count, keys), vm_head(width));
        for (unsigned r = 0; r < count; r++) {
            const vm at_most = vm_and(vi_le_u(keys, vi_set((int32_t)ranges[r][1])), vm_head(width));
            above[r] += width - (size_t)__builtin_popcount(vm_bits(at_most));
        }
        if (vm_bits(in)) {
            kept += vi_compress(at + kept, in, vi_add(lanes, vi_set((int32_t)i)));
        }
    }
    return kept;
}

/* What passed the filter: values and their places. */
typedef struct waiting {
    float value[256 + WIDTH];
    uint32_t at[256 + WIDTH];
    size_t count;
} waiting;

/* The places of those that lie in a range. */
QL_SIMD size_t keep_exact(ql_order order, const uint32_t (*ranges)[2], unsigned count, waiting *w, uint32_t *at)
{
    size_t kept = 0, width;
    for (size_t i = 0; i < w->count; i += width) {
        const vi keys = keys_of(order, next_lanes(w->value + i, w->count - i, &width));
        kept += vi_compress(at + kept, vm_and(in_ranges(ranges, count, keys), vm_head(width)),
                            vi_load((const int32_t *)w->at + i));
    }
    w->count = 0;
    return kept;
}

QL_SIMD size_t collect_many(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n,
                            uint32_t *at)
{
    const filter f = filter_of(order, ranges, count);
    const vi lanes = vi_load(lane_numbers);
    waiting w;
    w.count = 0;
    size_t kept = 0, width;
    for (size_t i = 0; i < n; i += width) {
        const vf v = next_lanes(x + i, n - i, &width);
        fetch_next(x + i);
        const vm may = vm_and(f.all ? vm_head(WIDTH) : vi_has_bit(f.bits, vi_shr(vf_bits(v), 16)), vm_head(width));
        if (vm_bits(may)) {
            vi_compress(w.at + w.count, may, vi_add(lanes, vi_set((int32_t)i)));
            w.count += vf_compress(w.value + w.count, may, v);
            if (w.count > sizeof w.value / sizeof *w.value - 2 * WIDTH) {
                kept += keep_exact(order, ranges, count, &w, at + kept);
            }
        }
    }
    return kept + keep_exact(order, ranges, count, &w, at + kept);
}

QL_SIMD size_t collect_by(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n,
                          uint32_t *at, uint64_t *above)
{
    return !above       ? collect_many(order, ranges, count, x, n, at)
           : count == 1 ? collect_one(order, ranges[0], x, n, at, above)
                        : collect_few(order, ranges, count, x, n, at, above);
}

static size_t collect(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n, uint32_t *at,
                      uint64_t *above)
{
    return order == QL_BY_MAGNITUDE ? collect_by(QL_BY_MAGNITUDE, ranges, count, x, n, at, above)
                                    : collect_by(QL_BY_VALUE, ranges, count, x, n, at, above);
}

/*
 * Bins in float32: t = v scale + offset is the exact place plus an error below `near`, which is shown below; where t is
 * within `near` of an integer the exact rule decides. Counter 0 is what lies below, 1.. are the bins, then comes what lies
 * above.
 *
 *   t = fma(v, s, o), s = float(bins / width), o = float(1 - lo bins / width): s and o carry a relative error of 2^-24 each
 *   and
 *   the fma one of 2^-24 of the result, all at most (|v| + |lo|) bins / width + bins + 2 in size.
 */
typedef struct bin_plan {
    const ql_binning *axis;
    float scale, offset, near, top;
} bin_plan;

/* False when float32 is too coarse. */
static bool plan_bins(const ql_binning *axis, bin_plan *plan)
{
    const double width = axis->hi - axis->lo, per_unit = axis->bins / width;
    const double reach = 2 * fmax(fabs(axis->lo), fabs(axis->hi)) * per_unit + axis->bins + 2;
    *plan = (bin_plan) {
        .axis = axis,
        .scale = (float)per_unit,
        .offset = (float)(1 - axis->lo * per_unit),
        .near = (float)(reach * 0x1p-23),
        .top = (float)axis->bins + 1.5f,
    };
    return width > 0 && per_unit > 0x1p-100 && per_unit < 0x1p100 && plan->near < 0.125f;
}

/* The counters of 16 values; of those too near to an edge by the definition. */
QL_SIMD void find_bins_of(const bin_plan *plan, vf x, const float *v, uint32_t at[WIDTH])
{
    vf t = vf_fma(x, vf_set(plan->scale), vf_set(plan->offset));
    fetch_next_tile(v);
    t = vf_min(vf_max(t, vf_set(0.5f)), vf_set(plan->top));
    vi_store_u32(at, vf_to_int(t));
    for (uint32_t near = vm_bits(vf_gt(vf_set(plan->near), vf_abs(vf_sub(t, vf_round(t))))); near; near &= near - 1) {
        const int lane = __builtin_ctz(near);
        at[lane] = ql_counter_of(plan->axis, v[lane]);
    }
}

QL_SIMD void find_bins(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const float *v = (const float *)elements + i;
    find_bins_of(context, vf_load(v), v, at);
}

QL_SIMD void find_bins_of_magnitudes(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const float *v = (const float *)elements + i;
    find_bins_of(context, vf_abs(vf_load(v)), v, at);
}

static void histogram(const ql_binning *axis, const float *v, size_t n, uint32_t *tables)
{
    bin_plan plan;
    const size_t whole = plan_bins(axis, &plan) ? n / WIDTH * WIDTH : 0, stride = axis->bins + QL_OUTSIDE;
    if (axis->magnitude) {
        count_all(find_bins_of_magnitudes, &plan, v, whole, stride, tables);
    } else {
        count_all(find_bins, &plan, v, whole, stride, tables);
    }
    plain_histogram(axis, v + whole, n - whole, tables);
}

typedef struct codes_from {
    int code_lo;
    const float *next;
} codes_from;

QL_SIMD void find_codes(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const codes_from *from = context;
    const vi codes = vi_load_u16((const uint16_t *)elements + i), lo = vi_set(from->code_lo);
    __builtin_prefetch(from->next ? from->next + i : NULL);
    vi_store_u32(at, vi_and(vi_sub(codes, lo), vi_set(0xFFFF)));
}

static void count_codes(const int16_t *codes, size_t n, int code_lo, uint32_t code_count, uint32_t *tables,
                        const float *next)
{
    const codes_from from = { code_lo, next };
    const size_t whole = n / WIDTH * WIDTH;
    count_all(find_codes, &from, codes, whole, code_count, tables);
    plain_count_codes(codes + whole, n - whole, code_lo, code_count, tables, NULL);
}

static void fine(const ql_fine_axis *axis, const float *x, size_t n, uint64_t *table)
{
    enum { AT_ONCE = 256 };
    const vi last_bin = vi_set(axis->bins - 1), last_part = vi_set((1 << QL_FINE_BITS) - 1);
    const vd lo = vd_set(axis->lo), per_unit = vd_set(axis->per_unit), end = vd_set(axis->bins), parts = vd_set(0x1p20);
    uint32_t bin[AT_ONCE], part[AT_ONCE];
    size_t i = 0;
    for (; i + AT_ONCE <= n; i += AT_ONCE) {
        for (int k = 0; k < AT_ONCE; k += WIDTH) {
            const vd t = vd_min(vd_max(vd_mul(vd_sub(vd_load_f(x + i + k), lo), per_unit), vd_zero()), end);
            fetch_next(x + i + k);
            const vi b = vi_min(vd_to_int(t), last_bin);
            vi_store_u32(bin + k, b);
            vi_store_u32(part + k, vi_min(vd_to_int(vd_mul(vd_sub(t, vd_from_int(b)), parts)), last_part));
        }
        for (int k = 0; k < AT_ONCE; k++) {
            table[bin[k]] += (1ull << QL_FINE_COUNT_SHIFT) + part[k];
        }
    }
    plain_fine(axis, x + i, n - i, table);
}

/* ---- Uniform codes */

/*
 * v = x (1 / step) in float32 is the quotient up to a relative error below 2^-22; it is rounded by adding MAGIC, and clamped
 * as a float, which keeps every bit. f = v - rne(v) within `near` of 0.5 means that the exact quotient might round
 * otherwise.
 */
enum {
    FAR = 1 << 21,
    NEAR_ZERO = 1024
}; /* codes beyond it are done exactly; with a zero for each element, zeros beyond the other */

static inline float near_tie(double least, double most)
{
    return (float)(0.5 - (fmax(fabs(least), fabs(most)) + 2) * 0x1p-21);
}

static inline bool is_quick_step(float step)
{
    return step > 0x1p-100f && step < 0x1p100f;
}

/* 16 elements by the definition; returns which codes had to be clamped. */
QL_SIMD vm exact_codes(vd d, vd z, vd lo, vd hi, const float *x, int16_t *q, float *y)
{
    const vd limit = vd_set(0x1p33), magic = vd_set(0x1.8p52);
    vd quotient = vd_div(vd_load_f(x), d);
    quotient = vd_min(vd_max(quotient, vd_sub(vd_zero(), limit)), limit);
    const vd code = vd_add(vd_sub(vd_add(quotient, magic), magic), z);
    const vd clamped = vd_min(vd_max(code, lo), hi);
    vi_store_i16(q, vd_to_int(clamped));
    vf_store(y, vd_to_float(vd_mul(vd_sub(clamped, z), d)));
    return vm_or(vd_gt(lo, code), vd_gt(code, hi));
}

/* Before they are clamped, 16 codes as MAGIC + code - zero. */
QL_SIMD vf quick_places(vf inverse, const float *x)
{
    return vf_fma(vf_load(x), inverse, vf_set(MAGIC));
}

/* What 64 elements have shown: the largest distance from an integer, and bits that clamping has changed. */
typedef struct block_check {
    vf worst;
    vi changed;
} block_check;

/* 16 elements quickly. */
QL_SIMD void quick_codes(vf inverse, vf step, vi bias, vf lo, vf hi, const float *x, int16_t *q, float *y,
                         block_check *check)
{
    fetch_next(x);
    const vf v = vf_load(x), magic = vf_set(MAGIC), at = quick_places(inverse, x), clamped = vf_min(vf_max(at, lo), hi);
    check->worst = vf_max_abs(check->worst, vf_sub(vf_mul(v, inverse), vf_sub(at, magic)));
    check->changed = vi_or(check->changed, vi_xor(vf_bits(at), vf_bits(clamped)));
    vi_store_i16(q, vi_sub(vf_bits(clamped), bias));
    vf_store(y, vf_mul(vf_sub(clamped, magic), step));
}

/* How many of 16 codes have to be clamped. */
QL_SIMD uint64_t count_outside(vf inverse, vf lo, vf hi, const float *x)
{
    const vf at = quick_places(inverse, x);
    return (uint64_t)__builtin_popcount(vm_bits(vm_or(vf_gt(lo, at), vf_gt(at, hi))));
}

/* False when a quotient is too near to a tie. */
QL_SIMD bool is_sure(const block_check *check, float near)
{
    return !vm_bits(vf_ge(check->worst, vf_set(near)));
}

QL_SIMD bool is_any_clamped(const block_check *check)
{
    return vm_bits(vi_eq(check->changed, vi_set(0))) != 0xFFFF;
}

/* A block of 64 elements of a run. */
QL_SIMD uint64_t run_block(ql_uniform codes, float step, int32_t zero, bool quick, float near, const float *x, int16_t *q,
                           float *y)
{
    uint64_t outside = 0;
    if (quick) {
        block_check check = { vf_set(0), vi_set(0) };
        const vi bias = vi_set(MAGIC_BITS - zero);
        const vf inverse = vf_set(1 / step);
        const vf lo = vf_set(MAGIC + (float)(codes.code_lo - zero)), hi = vf_set(MAGIC + (float)(codes.code_hi - zero));
        for (int k = 0; k < BLOCK; k += WIDTH) {
            quick_codes(inverse, vf_set(step), bias, lo, hi, x + k, q + k, y + k, &check);
        }
        if (is_sure(&check, near)) {
            for (int k = 0; k < BLOCK && is_any_clamped(&check); k += WIDTH) {
                outside += count_outside(inverse, lo, hi, x + k);
            }
            return outside;
        }
    }
    for (int k = 0; k < BLOCK; k += WIDTH) {
        outside += (uint64_t)__builtin_popcount(vm_bits(
            exact_codes(vd_set(step), vd_set(zero), vd_set(codes.code_lo), vd_set(codes.code_hi), x + k, q + k, y + k)));
    }
    return outside;
}

static uint64_t uniform_run(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q, float *y)
{
    const double least = (double)codes.code_lo - zero, most = (double)codes.code_hi - zero;
    const bool quick = is_quick_step(step) && fabs(least) < FAR && fabs(most) < FAR;
    const float near = near_tie(least, most);
    uint64_t outside = 0;
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        outside += run_block(codes, step, zero, quick, near, x + i, q + i, y + i);
    }
    return outside + plain_uniform_run(codes, step, zero, x + i, n - i, q + i, y + i);
}

/* The parameters of 16 elements that each have their own. */
typedef struct own_steps {
    vf step, inverse, lo, hi;
    vi bias;
    vm far; /* too large or small to be quick */
} own_steps;

QL_SIMD own_steps steps_of(ql_uniform codes, const float *step, const int32_t *zero)
{
    const vi none = vi_set(0), z = zero ? vi_load(zero) : none;
    const vf d = vf_load(step), guess = vf_reciprocal(d), two = vf_set(2);
    const vf better = vf_mul(guess, vf_sub(two, vf_mul(d, guess)));
    return (own_steps) {
        .step = d,
        .inverse = vf_mul(better, vf_sub(two, vf_mul(d, better))),
        .lo = vf_from_bits(vi_sub(vi_set(MAGIC_BITS + codes.code_lo), z)),
        .hi = vf_from_bits(vi_sub(vi_set(MAGIC_BITS + codes.code_hi), z)),
        .bias = vi_sub(vi_set(MAGIC_BITS), z),
        .far = vm_or(vm_or(vf_gt(vf_set(0x1p-100f), d), vf_gt(d, vf_set(0x1p100f))),
                     vi_gt(vi_max(z, vi_sub(none, z)), vi_set(NEAR_ZERO))),
    };
}

/* A block of 64 elements. */
QL_SIMD uint64_t each_block(ql_uniform codes, const float *step, const int32_t *zero, float near, const float *x, int16_t *q,
                            float *y)
{
    block_check check = { vf_set(0), vi_set(0) };
    vm far = vm_none();
    uint64_t outside = 0;
    for (int k = 0; k < BLOCK; k += WIDTH) {
        const own_steps own = steps_of(codes, step + k, zero ? zero + k : NULL);
        far = vm_or(far, own.far);
        quick_codes(own.inverse, own.step, own.bias, own.lo, own.hi, x + k, q + k, y + k, &check);
    }
    if (!vm_bits(far) && is_sure(&check, near)) {
        for (int k = 0; k < BLOCK && is_any_clamped(&check); k += WIDTH) {
            const own_steps own = steps_of(codes, step + k, zero ? zero + k : NULL);
            outside += count_outside(own.inverse, own.lo, own.hi, x + k);
        }
        return outside;
    }
    for (int k = 0; k < BLOCK; k += WIDTH) {
        const vd z = zero ? vd_from_int(vi_load(zero + k)) : vd_zero();
        outside += (uint64_t)__builtin_popcount(
            vm_bits(exact_codes(vd_load_f(step + k), z, vd_set(codes.code_lo), vd_set(codes.code_hi), x + k, q + k, y + k)));
    }
    return outside;
}

static uint64_t uniform_each(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n, int16_t *q,
                             float *y)
{
    const float near = near_tie(codes.code_lo - NEAR_ZERO, codes.code_hi + NEAR_ZERO);
    uint64_t outside = 0;
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        outside += each_block(codes, step + i, zero ? zero + i : NULL, near, x + i, q + i, y + i);
    }
    return outside + plain_uniform_each(codes, step + i, zero ? zero + i : NULL, x + i, n - i, q + i, y + i);
}

/* ---- Errors */

static void errors(const float *x, const float *y, size_t n, float *e, ql_error_sums *sums, double *square)
{
    vd abs = vd_load(sums->abs), squares = vd_load(square), xy = vd_load(sums->xy), yy = vd_load(sums->yy);
    vd largest = vd_set(sums->max_abs);
    size_t i = 0, zeros = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const vf yf = vf_load(y + i);
        const vd xd = vd_load_f(x + i), yd = vd_load_f(y + i), error = vd_sub(xd, yd);
        fetch_next_tile(x + i);
        vf_store(e + i, vf_sub(vf_load(x + i), yf));
        zeros += (size_t)__builtin_popcount(vm_bits(vf_eq(yf, vf_set(0))));
        largest = vd_max_abs(largest, error);
        abs = vd_add(abs, vd_abs(error));
        squares = vd_add(squares, vd_mul(error, error));
        xy = vd_add_exact_product(xy, xd, yd);
        yy = vd_add_exact_product(yy, yd, yd);
    }
    vd_store(sums->abs, abs);
    vd_store(square, squares);
    vd_store(sums->xy, xy);
    vd_store(sums->yy, yy);
    sums->max_abs = vd_greatest(largest);
    sums->zeros += zeros;
    plain_errors(x + i, y + i, n - i, e + i, sums, square);
}

/* (x - y)^2 of 16 values of a candidate; quick as uniform codes are. */
static void candidate_errors(const ql_candidate *c, const float *x, size_t n, double lanes[QL_LANES])
{
    const double least = (double)c->codes.code_lo - c->zero, most = (double)c->codes.code_hi - c->zero;
    const bool quick = is_quick_step(c->step) && fabs(least) < FAR && fabs(most) < FAR;
    const float near = near_tie(least, most);
    size_t i = 0;
    if (quick) {
        const vf inverse = vf_set(1 / c->step), magic = vf_set(MAGIC), lo = vf_set((float)least), hi = vf_set((float)most);
        const vd step = vd_set(c->step);
        vd sum = vd_load(lanes);
        for (; i + WIDTH <= n; i += WIDTH) {
            const vf v = vf_load(x + i), at = vf_sub(vf_fma(v, inverse, magic), magic);
            fetch_next(x + i);
            const vm sure =
                vf_gt(vf_set(near), vf_abs(vf_sub(vf_mul(v, inverse), at))); /* not where the quotient is infinite */
            if (vm_bits(sure) != 0xFFFF) {
                vd_store(lanes, sum);
                plain_candidate_errors(c, x + i, WIDTH, lanes);
                sum = vd_load(lanes);
                continue;
            }
            const vd y = vd_mul(vf_to_double(vf_min(vf_max(at, lo), hi)), step), error = vd_sub(vd_load_f(x + i), y);
            sum = vd_add(sum, vd_mul(error, error));
        }
        vd_store(lanes, sum);
    }
    plain_candidate_errors(c, x + i, n - i, lanes);
}

#define VECTOR_MEMBERS                                                                                                      \
    .range = range, .range_each = plain_range_each, .census = census, .moments = moments, .beyond = plain_beyond,           \
    .count_upper = count_upper, .collect = collect, .histogram = histogram, .count_codes = count_codes, .fine = fine,       \
    .uniform_run = uniform_run, .uniform_each = uniform_each, .errors = errors, .square_each = plain_square_each,           \
    .candidate_errors = candidate_errors,
