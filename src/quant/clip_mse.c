/*
 * clip=mse: of 256 ranges, k/256 of the whole one for k = 256 down to 1, the one with the least sum of squared errors. Each
 * candidate quantizes with its stored float32 step; the error is taken in float64 with q d unrounded. A later candidate must
 * be better by a factor of 1 - 1e-9.
 *
 * One group of many values: a fine histogram that keeps sums (fine.h) gives bounds for the sum of every candidate; only
 * candidates that may win are summed over the values, all in one pass. The answer is that of the plain search.
 */
#include "quant/calibrate.h"
#include "quant/fine.h"
#include "quant/kept.h"

#include <math.h>
#include <string.h>

enum { CANDIDATES = 256 };

/* The whole range, after the rule that zero is included. */
typedef struct whole {
    double lo, hi;
} whole;

static whole whole_range(const ql_spec *spec, double lo, double hi)
{
    if (!spec->mapping->symmetric && spec->zero == QL_ZERO_INCLUDE) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    return (whole) { lo, hi };
}

static ql_candidate candidate_at(const ql_spec *spec, whole range, int k)
{
    ql_candidate c = { 0 };
    spec->mapping->code_range(spec, &c.codes.code_lo, &c.codes.code_hi);
    spec->mapping->step_of(spec, range.lo * k / CANDIDATES, range.hi * k / CANDIDATES, &c.step, &c.zero);
    return c;
}

/* The sum over values in memory. It only grows, so it may stop once it cannot win: then what it returns is at least
 * `enough`. */
static double sum_errors(const ql_candidate *c, const float *x, size_t n, double enough)
{
    enum { PIECE = 4096 };
    const ql_kernels *kernels = ql_kernels_active();
    double lanes[QL_LANES] = { 0 };
    for (size_t done = 0; done < n; done += PIECE) {
        kernels->candidate_errors(c, x + done, n - done < PIECE ? n - done : PIECE, lanes);
        const double sum = ql_lanes_total(lanes);
        if (sum >= enough) {
            return sum;
        }
    }
    return ql_lanes_total(lanes);
}

static bool is_better(double error, double best)
{
    return best == INFINITY || error < best * (1 - 1e-9);
}

static whole range_of(const ql_spec *spec, const float *values, size_t n)
{
    float lo = INFINITY, hi = -INFINITY;
    ql_kernels_active()->range(values, n, &lo, &hi);
    const double alpha = fmax(fabs((double)lo), fabs((double)hi));
    return spec->mapping->symmetric ? (whole) { -alpha, alpha } : whole_range(spec, lo, hi);
}

static void add_loss(ql_losses *out, const ql_spec *spec, whole range, int k, double loss)
{
    out->lo = range.lo;
    out->hi = range.hi;
    out->threshold[out->count] = spec->mapping->symmetric ? range.hi * k / CANDIDATES : (double)k / CANDIDATES;
    out->loss[out->count++] = loss;
}

static void losses(const ql_spec *spec, float *values, size_t n, ql_losses *out)
{
    const whole range = range_of(spec, values, n);
    double best = INFINITY;
    const bool empty = range.lo == 0 && range.hi == 0;
    out->count = out->best = 0;
    for (int k = CANDIDATES; k > 0 && !empty; k--) {
        const ql_candidate c = candidate_at(spec, range, k);
        const double error = sum_errors(&c, values, n, INFINITY);
        if (is_better(error, best)) {
            best = error;
            out->best = out->count;
        }
        add_loss(out, spec, range, k, error / (double)n);
    }
}

static const char *calibrate_group(const ql_calibration *calibration, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    const whole range = range_of(calibration->spec, values, n);
    double best = INFINITY;
    int best_k = CANDIDATES;
    const bool empty = range.lo == 0 && range.hi == 0;
    for (int k = CANDIDATES; k > 0 && !empty; k--) {
        const ql_candidate c = candidate_at(calibration->spec, range, k);
        const double error = sum_errors(&c, values, n, best);
        if (is_better(error, best)) {
            best = error;
            best_k = k;
        }
    }
    calibration->lo[group] = range.lo * best_k / CANDIDATES;
    calibration->hi[group] = range.hi * best_k / CANDIDATES;
    return NULL;
}

typedef struct tensor_search {
    ql_candidate candidates[CANDIDATES]; /* k = 256 first */
    bool may_win[CANDIDATES];
    double errors[CANDIDATES];
} tensor_search;

static void add_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    (void)begin;
    const tensor_search *s = context;
    double(*lanes)[QL_LANES] = memory;
    for (int i = 0; i < CANDIDATES; i++) {
        if (s->may_win[i]) {
            ql_kernels_active()->candidate_errors(&s->candidates[i], x, n, lanes[i]);
        }
    }
}

static void merge(void *context, const void *memory)
{
    tensor_search *s = context;
    const double(*lanes)[QL_LANES] = memory;
    for (int i = 0; i < CANDIDATES; i++) {
        s->errors[i] += s->may_win[i] ? ql_lanes_total(lanes[i]) : 0;
    }
}

/* Which candidates may win; returns how many. What the plain search ends with is within 1e-9 of the least sum. Those that
   are more than 1e-6 above it cannot change which: to pass on a difference from there, chains of candidates each within 1e-9
   of the one before would have to be longer than all candidates are. */
static int find_possible(tensor_search *s, const ql_fine *fine)
{
    double least[CANDIDATES], bound = INFINITY;
    for (int i = 0; i < CANDIDATES; i++) {
        double most;
        ql_fine_bound(fine, &s->candidates[i], &least[i], &most);
        bound = fmin(bound, most);
    }
    int count = 0;
    for (int i = 0; i < CANDIDATES; i++) {
        s->may_win[i] = least[i] <= bound * (1 + 1e-6);
        count += s->may_win[i];
    }
    return count;
}

/* One group. */
static ql_status calibrate_tensor(const ql_calibration *c, ql_error *error)
{
    ql_status status = ql_calibrator_minmax.calibrate(c, error);
    const whole range = whole_range(c->spec, c->lo[0], c->hi[0]);
    if (status != QL_OK || (range.lo == 0 && range.hi == 0)) {
        return status;
    }
    tensor_search s = { 0 };
    ql_stream stream = ql_calibration_stream(c);
    stream.done_before += c->outliers->active ? c->groups->elements : 0; /* the range */
    for (int i = 0; i < CANDIDATES; i++) {
        s.candidates[i] = candidate_at(c->spec, range, CANDIDATES - i);
        s.may_win[i] = true;
    }
    int possible = CANDIDATES;
    if (!c->losses && c->groups->elements > CANDIDATES * CANDIDATES) {
        ql_kept *kept = c->outliers->active ? NULL : c->profile->kept;
        const ql_fine *known = kept ? ql_kept_fine(kept) : NULL;
        ql_fine *fine = NULL;
        if (!known) {
            status = ql_fine_make(c, &stream, &fine, error);
            known = fine;
        }
        possible = status == QL_OK ? find_possible(&s, known) : 0;
        if (kept && fine) {
            ql_kept_give_fine(kept, fine);
        } else {
            ql_fine_free(&fine);
        }
    }
    if (status == QL_OK && possible > 1) {
        stream.context = &s;
        stream.tile = add_tile;
        stream.merge = merge;
        stream.memory_size = CANDIDATES * QL_LANES * sizeof(double);
        status = ql_stream_run(&stream, error);
    }
    double best = INFINITY;
    int best_k = CANDIDATES;
    for (int i = 0; i < CANDIDATES; i++) {
        if (s.may_win[i] && is_better(s.errors[i], best)) {
            best = s.errors[i];
            best_k = CANDIDATES - i;
        }
        if (c->losses) {
            add_loss(c->losses, c->spec, range, CANDIDATES - i, s.errors[i] / (double)c->groups->elements);
            c->losses->best = (size_t)(CANDIDATES - best_k);
        }
    }
    c->lo[0] = range.lo * best_k / CANDIDATES;
    c->hi[0] = range.hi * best_k / CANDIDATES;
    return status;
}

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    return c->groups->count == 1 ? calibrate_tensor(c, error) : ql_calibrate_groups(c, NULL, calibrate_group, error);
}

const ql_calibrator ql_calibrator_mse = {
    .name = "mse", .passes_tensor = 2, .passes_groups = 1, .calibrate = calibrate, .losses = losses
};
