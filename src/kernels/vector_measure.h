/* What a report measures of a tile, in one walk in vectors of 16 lanes: see vector.h. */
#ifndef QL_KERNELS_VECTOR_MEASURE_H
#define QL_KERNELS_VECTOR_MEASURE_H

#include "kernels/vector_count.h"

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

/*
 * Sums are the work of the vector units, counting that of the others: both at once take little longer than the slower one.
 * Counters run LAG elements behind the vectors that find them.
 */
enum { LAG = 128 };

/* Which counters of 16 elements. */
typedef struct found_counters {
    _Alignas(64) uint32_t error[2 * LAG];
    _Alignas(64) uint32_t value[2 * LAG];
    _Alignas(64) uint32_t code[2 * LAG];
} found_counters;

typedef struct measure_lanes {
    vd abs, squares, xy, yy, largest;
    vi zeros, not_above;
} measure_lanes;

QL_SIMD uint64_t sum_lanes(vi v)
{
    int32_t lanes[WIDTH];
    uint64_t sum = 0;
    vi_store(lanes, v);
    for (int i = 0; i < WIDTH; i++) {
        sum += (uint32_t)lanes[i];
    }
    return sum;
}

/* An e of 0 lies on an edge, and comes often: its counter is known. */
QL_SIMD void find_error_bins(const bin_plan *plan, uint32_t of_zero, vf e, const float *at_e, uint32_t at[WIDTH])
{
    vf t = vf_fma(e, vf_set(plan->scale), vf_set(plan->offset));
    t = vf_min(vf_max(t, vf_set(0.5f)), vf_set(plan->top));
    const vm is_zero = vf_eq(e, vf_set(0)), is_near = vf_gt(vf_set(plan->near), vf_abs(vf_sub(t, vf_round(t))));
    vi_store_u32(at, vi_add(vi_select(is_zero, vi_set((int32_t)of_zero), vf_to_int(t)), plan->tables));
    settle_near(plan, vm_bits(is_near) & ~vm_bits(is_zero), at_e, at);
}

/* n elements, a multiple of 16. */
QL_SIMD size_t measure_all(const ql_tally *tally, const bin_plan *error_plan, const bin_plan *value_plan, bool has_codes,
                           const float *x, const float *y, const int16_t *codes, size_t n, float *e, ql_error_sums *sums,
                           double *square, uint32_t *at, uint64_t *above)
{
    const uint32_t of_zero = ql_counter_of(&tally->error_axis, 0);
    const vi code_tables = tables_of_lanes(tally->code_count);
    const vi lanes = vi_load(lane_numbers), first = vi_set((int32_t)tally->wanted[0]),
             last = vi_set((int32_t)tally->wanted[1]);
    const one_range range = { first, last, vi_sub(last, first) };
    measure_lanes m = { .abs = vd_load(sums->abs),
                        .squares = vd_load(square),
                        .xy = vd_load(sums->xy),
                        .yy = vd_load(sums->yy),
                        .largest = vd_set(sums->max_abs),
                        .zeros = vi_set(0),
                        .not_above = vi_set(0) };
    found_counters found;
    size_t kept = 0;
    for (size_t i = 0; i < n + LAG; i += WIDTH) {
        if (i < n) {
            const vf yf = vf_load(y + i), ef = vf_sub(vf_load(x + i), yf);
            const vd xd = vd_load_f(x + i), yd = vd_load_f(y + i), error = vd_sub(xd, yd);
            const size_t slot = i % (2 * LAG);
            fetch_next_tile(x + i);
            vf_store(e + i, ef);
            find_error_bins(error_plan, of_zero, ef, e + i, found.error + slot);
            if (value_plan) {
                find_bins_of(value_plan, yf, y + i, found.value + slot);
            }
            if (has_codes) {
                const vi code = vi_sub(vi_load_u16((const uint16_t *)codes + i), vi_set(tally->code_lo));
                vi_store_u32(found.code + slot, vi_add(vi_and(code, vi_set(0xFFFF)), code_tables));
            }
            const vi keys = keys_of(QL_BY_MAGNITUDE, ef);
            m.not_above = vi_add_where(vi_le_u(keys, last), m.not_above, vi_set(1));
            kept += vi_compress(at + kept, is_in(&range, keys), vi_add(lanes, vi_set((int32_t)i)));
            m.zeros = vi_add_where(vf_eq(yf, vf_set(0)), m.zeros, vi_set(1));
            m.largest = vd_max_abs(m.largest, error);
            m.abs = vd_add(m.abs, vd_abs(error));
            m.squares = vd_add(m.squares, vd_mul(error, error));
            m.xy = vd_add_exact_product(m.xy, xd, yd);
            m.yy = vd_add_exact_product(m.yy, yd, yd);
        }
        if (i >= LAG) {
            const size_t slot = (i - LAG) % (2 * LAG);
            count_16(tally->error_table, found.error + slot);
            if (value_plan) {
                count_16(tally->value_table, found.value + slot);
            }
            if (has_codes) {
                count_16(tally->code_table, found.code + slot);
            }
        }
    }
    vd_store(sums->abs, m.abs);
    vd_store(square, m.squares);
    vd_store(sums->xy, m.xy);
    vd_store(sums->yy, m.yy);
    sums->max_abs = vd_greatest(m.largest);
    sums->zeros += sum_lanes(m.zeros);
    *above += n - sum_lanes(m.not_above);
    return kept;
}

/* ---- Few codes */

enum { FEW_CODES = 16, CODES = 64 /* at once */, EIGHT = 8 };

/* Where the codes of one block are, 64 bits for each of 8 codes: how often it comes is how often its value does, whose bin is
   that of the first element that has it. */
QL_SIMD void count_eight(const uint64_t masks[EIGHT], uint64_t block, const uint32_t *bins, uint32_t *value_table,
                         uint32_t counts[EIGHT])
{
    for (size_t k = 0; k < EIGHT; k++) {
        const uint64_t mask = masks[k] & block;
        const uint32_t count = (uint32_t)__builtin_popcountll(mask);
        counts[k] += count;
        if (bins) {
            value_table[bins[__builtin_ctzll(mask | 1ull << 63)]] += count;
        }
    }
}

QL_SIMD void count_block(const ql_tally *t, const uint64_t masks[FEW_CODES], uint64_t block, const uint32_t *bins,
                         uint32_t counts[FEW_CODES])
{
    count_eight(masks, block, bins, t->value_table, counts);
    if (t->code_count > EIGHT) {
        count_eight(masks + EIGHT, block, bins, t->value_table, counts + EIGHT);
    }
}

/* Counts codes, and values with a plan, of n elements, a multiple of 64. */
QL_SIMD void count_few(const ql_tally *t, const bin_plan *plan, const float *y, const int16_t *codes, size_t n)
{
    uint32_t counts[FEW_CODES] = { 0 }, bins[CODES];
    uint64_t masks[FEW_CODES];
    size_t left = plan ? t->blocks.size - t->blocks.offset : 0; /* of the block */
    for (size_t i = 0; i < n; i += CODES) {
        const vb low = vb_load_low(codes + i);
        for (int k = 0; k < FEW_CODES; k++) { /* there are none behind the last code */
            masks[k] = vb_equal(low, (uint8_t)(t->code_lo + k));
        }
        if (!plan) {
            count_block(t, masks, UINT64_MAX, NULL, counts);
            continue;
        }
        for (size_t k = 0; k < CODES; k += WIDTH) {
            find_bins_of(plan, vf_load(y + i + k), y + i + k, bins + k);
        }
        for (size_t from = 0, run; from < CODES; from += run) {
            run = left < CODES - from ? left : CODES - from;
            count_block(t, masks, UINT64_MAX >> (CODES - run) << from, bins, counts);
            left = left > run ? left - run : t->blocks.size;
        }
    }
    for (uint32_t k = 0; k < t->code_count; k++) {
        t->code_table[k] += counts[k];
    }
}

/* Whether codes, and values if they are counted, are quicker counted code by code. */
static bool has_few_codes(const ql_tally *t)
{
    return t->code_table && t->code_count <= FEW_CODES && (!t->value_table || t->blocks.size >= 2 * (size_t)t->code_count);
}

/* ---- All of it */

/* The kernels one after the other: few elements, bins too fine for float32, or a processor that is no quicker with all at
   once. */
static size_t measure_apart(const ql_tally *t, const float *x, const float *y, const int16_t *codes, size_t n, float *e,
                            ql_error_sums *sums, double *square, uint32_t *at, uint64_t *above)
{
    errors(x, y, n, e, sums, square);
    histogram(&t->error_axis, e, n, t->error_table);
    if (t->value_table) {
        histogram(&t->value_axis, y, n, t->value_table);
    }
    if (t->code_table) {
        count_codes(codes, n, t->code_lo, t->code_count, t->code_table, NULL);
    }
    return collect_one(QL_BY_MAGNITUDE, t->wanted, e, n, at, above);
}

/* With plans of what is counted, n >= LAG. */
static size_t measure_planned(const ql_tally *t, const bin_plan *error, const bin_plan *value, const float *x,
                              const float *y, const int16_t *codes, size_t n, float *e, ql_error_sums *sums, double *square,
                              uint32_t *at, uint64_t *above)
{
    const size_t whole = n / WIDTH * WIDTH;
    const bool has_codes = t->code_table;
    const size_t kept = value && has_codes
                            ? measure_all(t, error, value, true, x, y, codes, whole, e, sums, square, at, above)
                        : value     ? measure_all(t, error, value, false, x, y, codes, whole, e, sums, square, at, above)
                        : has_codes ? measure_all(t, error, NULL, true, x, y, codes, whole, e, sums, square, at, above)
                                    : measure_all(t, error, NULL, false, x, y, codes, whole, e, sums, square, at, above);
    const size_t more =
        plain_measure(t, x + whole, y + whole, codes + whole, n - whole, e + whole, sums, square, at + kept, above);
    for (size_t i = kept; i < kept + more; i++) {
        at[i] += (uint32_t)whole;
    }
    return kept + more;
}

static size_t measure(const ql_tally *tally, const float *x, const float *y, const int16_t *codes, size_t n, float *e,
                      ql_error_sums *sums, double *square, uint32_t *at, uint64_t *above)
{
    ql_tally t = *tally;
    bin_plan error, value;
    const bool is_planned =
        n >= LAG && plan_bins(&t.error_axis, &error) && (!t.value_table || plan_bins(&t.value_axis, &value));
    if (is_planned && has_few_codes(&t)) {
        const size_t whole = n / CODES * CODES;
        if (t.value_table) {
            count_few(&t, &value, y, codes, whole);
            histogram(&t.value_axis, y + whole, n - whole, t.value_table);
        } else {
            count_few(&t, NULL, y, codes, whole);
        }
        plain_count_codes(codes + whole, n - whole, t.code_lo, t.code_count, t.code_table, NULL);
        t.value_table = t.code_table = NULL;
    }
    return is_planned && QL_QUICK_COMPRESS
               ? measure_planned(&t, &error, t.value_table ? &value : NULL, x, y, codes, n, e, sums, square, at, above)
               : measure_apart(&t, x, y, codes, n, e, sums, square, at, above);
}

#endif
