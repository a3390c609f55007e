/* The core kernels that count or collect, in vectors of 16 lanes: see vector.h. */
#ifndef QL_KERNELS_VECTOR_COUNT_H
#define QL_KERNELS_VECTOR_COUNT_H

#include "kernels/vector_fetch.h"

#include <math.h>

static const int32_t lane_numbers[WIDTH] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/*
 * Counting takes two steps: which counter of 16 elements in vectors, then each counter one up. The first runs PIECE elements
 * ahead of the second, so that nothing waits for anything. Lane i counts in copy i mod QL_TABLES of a table.
 */
enum { PIECE = 512 };

/* Where the counters of 16 elements from element i on are. */
typedef void find_counters(const void *context, const void *elements, size_t i, uint32_t at[WIDTH]);

/* Where each lane's copy of a table begins, `stride` counters apart. */
QL_SIMD vi tables_of_lanes(size_t stride)
{
    int32_t begin[WIDTH];
    for (size_t i = 0; i < WIDTH; i++) {
        begin[i] = (int32_t)(i % QL_TABLES * stride);
    }
    return vi_load(begin);
}

/* One up. An address that is made before takes fewer slots of the processor than one that compilers make of table and
   index in the instruction that adds. */
QL_SIMD void count_one(uint32_t *counter)
{
    __asm__("" : "+r"(counter));
    ++*counter;
}

QL_SIMD void count_16(uint32_t *table, const uint32_t counter[WIDTH])
{
    for (int k = 0; k < WIDTH; k++) {
        count_one(&table[counter[k]]);
    }
}

/* Counts n elements, a multiple of 16. */
QL_SIMD void count_all(find_counters find, const void *context, const void *elements, size_t n, uint32_t *table)
{
    uint32_t at[2 * PIECE];
    for (size_t i = 0; i < n + PIECE; i += WIDTH) {
        if (i < n) {
            find(context, elements, i, at + i % (2 * PIECE));
        }
        if (i >= PIECE) {
            const size_t ready = i - PIECE;
            if (ready >= n) {
                break;
            }
            count_16(table, at + ready % (2 * PIECE));
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
        count_all(find_upper_by_value, NULL, x, whole, counts);
    } else {
        count_all(find_upper_by_magnitude, NULL, x, whole, counts);
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
    size_t stride; /* of the copies of the table; 0: counters of one */
    vi tables;     /* tables_of_lanes */
} bin_plan;

/* False when float32 is too coarse. */
static bool plan_bins(const ql_binning *axis, bin_plan *plan)
{
    const double width = axis->hi - axis->lo, per_unit = axis->bins / width;
    const double low = fabs(axis->lo), high = fabs(axis->hi);
    const double reach = 2 * (low > high ? low : high) * per_unit + axis->bins + 2;
    *plan = (bin_plan) {
        .axis = axis,
        .scale = (float)per_unit,
        .offset = (float)(1 - axis->lo * per_unit),
        .near = (float)(reach * 0x1p-23),
        .top = (float)axis->bins + 1.5f,
        .stride = axis->bins + QL_OUTSIDE,
        .tables = tables_of_lanes(axis->bins + QL_OUTSIDE),
    };
    return width > 0 && per_unit > 0x1p-100 && per_unit < 0x1p100 && plan->near < 0.125f;
}

/* The counters of values too near to an edge, by the definition. */
QL_SIMD void settle_near(const bin_plan *plan, uint32_t near, const float *v, uint32_t at[WIDTH])
{
    for (; near; near &= near - 1) {
        const int lane = __builtin_ctz(near);
        at[lane] = ql_counter_of(plan->axis, v[lane]) + (uint32_t)((size_t)lane % QL_TABLES * plan->stride);
    }
}

/* The counters of 16 values. */
QL_SIMD void find_bins_of(const bin_plan *plan, vf x, const float *v, uint32_t at[WIDTH])
{
    vf t = vf_fma(x, vf_set(plan->scale), vf_set(plan->offset));
    t = vf_min(vf_max(t, vf_set(0.5f)), vf_set(plan->top));
    vi_store_u32(at, vi_add(vf_to_int(t), plan->tables));
    settle_near(plan, vm_bits(vf_gt(vf_set(plan->near), vf_abs(vf_sub(t, vf_round(t))))), v, at);
}

QL_SIMD void find_bins(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const float *v = (const float *)elements + i;
    fetch_next_tile(v);
    find_bins_of(context, vf_load(v), v, at);
}

QL_SIMD void find_bins_of_magnitudes(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const float *v = (const float *)elements + i;
    fetch_next_tile(v);
    find_bins_of(context, vf_abs(vf_load(v)), v, at);
}

static void histogram(const ql_binning *axis, const float *v, size_t n, uint32_t *tables)
{
    bin_plan plan;
    const size_t whole = plan_bins(axis, &plan) ? n / WIDTH * WIDTH : 0;
    if (axis->magnitude) {
        count_all(find_bins_of_magnitudes, &plan, v, whole, tables);
    } else {
        count_all(find_bins, &plan, v, whole, tables);
    }
    plain_histogram(axis, v + whole, n - whole, tables);
}

static void counters(const ql_binning *axis, const float *v, size_t n, uint32_t *at)
{
    bin_plan plan;
    const bool is_planned = !axis->magnitude && plan_bins(axis, &plan);
    plan.stride = 0;
    plan.tables = vi_set(0);
    size_t i = 0;
    for (; is_planned && i + WIDTH <= n; i += WIDTH) {
        find_bins_of(&plan, vf_load(v + i), v + i, at + i);
    }
    plain_counters(axis, v + i, n - i, at + i);
}

typedef struct codes_from {
    int code_lo;
    const float *next;
    vi tables; /* tables_of_lanes */
} codes_from;

QL_SIMD void find_codes(const void *context, const void *elements, size_t i, uint32_t at[WIDTH])
{
    const codes_from *from = context;
    const vi codes = vi_load_u16((const uint16_t *)elements + i), lo = vi_set(from->code_lo);
    __builtin_prefetch(from->next ? from->next + i : NULL);
    vi_store_u32(at, vi_add(vi_and(vi_sub(codes, lo), vi_set(0xFFFF)), from->tables));
}

static void count_codes(const int16_t *codes, size_t n, int code_lo, uint32_t code_count, uint32_t *tables,
                        const float *next)
{
    const codes_from from = { code_lo, next, tables_of_lanes(code_count) };
    const size_t whole = n / WIDTH * WIDTH;
    count_all(find_codes, &from, codes, whole, tables);
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

#endif
