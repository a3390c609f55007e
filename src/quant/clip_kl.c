/*
 * clip=kl: entropy calibration (Migacz, "8-bit Inference with TensorRT", GTC 2017), made deterministic (the same search,
 * plainly: tests/golden/refq.py).
 *
 *   c[j]  counts of |x| in 2,048 bins up to the largest magnitude m
 *   i     a candidate keeps the first i bins; what lies beyond is clipped into bin i - 1 of P
 *   Q     the kept bins merged into L = 2^(bits - 1) levels, spread evenly over the bins of a level that are not empty
 *   KL    = sum over c[j] > 0, j < i, of P[j]/N ln(P[j] nz M / (N S)), S and nz: sum and number of non-empty bins of j's
 * level
 *
 * The least divergence wins; among equal ones (within 1e-12) the largest range.
 */
#include "quant/calibrate.h"
#include "quant/kept.h"

#include <math.h>
#include <string.h>

enum { BINS = 2048, KEPT_LENGTH = BINS / 64 };

/* Divergence when the first `kept` bins are kept; `sum` is their count, `total` that of all bins. */
static double divergence(const uint64_t counts[BINS], unsigned kept, unsigned levels, uint64_t sum, uint64_t total)
{
    const double n = (double)total, m = (double)sum;
    if (counts[kept - 1] == 0 && total > sum) {
        return INFINITY; /* P > 0 where Q = 0 */
    }
    double kl = 0;
    for (unsigned first = 0, level = 0; first < kept; level++) {
        /* Bins j with floor(j * levels / kept) == level. */
        unsigned end = ((level + 1) * kept + levels - 1) / levels;
        double level_sum = 0, non_empty = 0;
        for (unsigned j = first; j < end; j++) {
            level_sum += (double)counts[j];
            non_empty += counts[j] > 0;
        }
        for (unsigned j = first; j < end; j++) {
            if (counts[j]) {
                double p = (double)counts[j] + (j == kept - 1 ? (double)(total - sum) : 0);
                kl += p / n * log(p * non_empty * m / (n * level_sum));
            }
        }
        first = end;
    }
    return kl;
}

static double threshold_at(unsigned kept, double largest)
{
    return fmin((kept + 0.5) * (largest / BINS), largest);
}

/*
 * The same divergence with one logarithm a level instead of one a bin; its rounding differs. With S and nz of every level,
 *
 *   n KL = sum c ln c - sum S ln S + sum S ln nz + m ln(m / n), and what lies beyond in the last bin
 *
 * The sums over a level are differences of sums over the bins before a bin. The terms S ln S of a level that is `length`
 * bins long from bin `first` on come up in many candidates: they are kept.
 */
typedef struct prefixes {
    double count[BINS + 1], non_empty[BINS + 1], log_sum[BINS + 1]; /* c, [c > 0], c ln c */
    double log_of[BINS + 1];                                        /* ln of a number */
    double terms[KEPT_LENGTH + 1][BINS];                            /* S ln S by length and first bin; NaN: not known yet */
} prefixes;

static void make_prefixes(const uint64_t counts[BINS], prefixes *p)
{
    p->count[0] = p->non_empty[0] = p->log_sum[0] = p->log_of[0] = 0;
    for (unsigned j = 0; j < BINS; j++) {
        const double c = (double)counts[j];
        p->count[j + 1] = p->count[j] + c;
        p->non_empty[j + 1] = p->non_empty[j] + (c > 0);
        p->log_sum[j + 1] = p->log_sum[j] + (c > 0 ? c * log(c) : 0);
        p->log_of[j + 1] = log(j + 1.0);
    }
    for (unsigned length = 0; length <= KEPT_LENGTH; length++) {
        for (unsigned j = 0; j < BINS; j++) {
            p->terms[length][j] = NAN;
        }
    }
}

/* S ln S of the bins [first, end). */
static inline double term_of(prefixes *p, unsigned first, unsigned end, double sum)
{
    if (end - first > KEPT_LENGTH) {
        return sum * log(sum);
    }
    double *term = &p->terms[end - first][first];
    if (isnan(*term)) {
        *term = sum * log(sum);
    }
    return *term;
}

static double estimate(const uint64_t counts[BINS], prefixes *p, unsigned kept, unsigned level_bits)
{
    const double n = p->count[BINS], m = p->count[kept], last = (double)counts[kept - 1];
    if (last == 0 && m < n) {
        return INFINITY;
    }
    double sum = p->log_sum[kept] + (m > 0 ? m * log(m / n) : 0), level_sum = 0, non_empty = 0;
    const unsigned round_up = (1u << level_bits) - 1;
    for (unsigned first = 0, level = 1, end; first < kept; level++, first = end) {
        end = (level * kept + round_up) >> level_bits;
        level_sum = p->count[end] - p->count[first];
        if (level_sum > 0) {
            non_empty = p->non_empty[end] - p->non_empty[first];
            sum += level_sum * p->log_of[(unsigned)non_empty] - term_of(p, first, end, level_sum);
        }
    }
    /* What lies beyond is added to the last bin, in the last level. */
    const double more = last + (n - m), ratio = last > 0 ? non_empty * m / (n * level_sum) : 1;
    return (sum + (last > 0 ? more * log(more * ratio) - last * log(last * ratio) : 0)) / n;
}

/* The best number of bins to keep. Only candidates within NEAR of the least estimate can win, whatever the rounding: they
   alone are computed as the definition has it. All are, for `losses`. */
static unsigned search(const uint64_t counts[BINS], unsigned bits, double largest, ql_losses *losses)
{
    static const double near = 1e-9;
    const unsigned levels = 1u << (bits - 1);
    prefixes p;
    double estimates[BINS + 1], least = INFINITY, best = INFINITY;
    make_prefixes(counts, &p);
    for (unsigned kept = BINS; kept >= levels; kept--) {
        estimates[kept] = estimate(counts, &p, kept, bits - 1);
        least = fmin(least, estimates[kept]);
    }
    if (losses) {
        losses->hi = largest;
        losses->lo = -largest;
    }
    unsigned best_kept = BINS;
    for (unsigned kept = BINS; kept >= levels; kept--) {
        if (!losses && estimates[kept] > least + near) {
            continue;
        }
        const double kl = divergence(counts, kept, levels, (uint64_t)p.count[kept], (uint64_t)p.count[BINS]);
        if (losses) {
            losses->threshold[losses->count] = threshold_at(kept, largest);
            losses->loss[losses->count++] = kl;
        }
        if (kl < best - 1e-12) {
            best = kl;
            best_kept = kept;
            if (losses) {
                losses->best = losses->count - 1;
            }
        }
    }
    return best_kept;
}

/* What a kernel counted. Nothing lies outside. */
static void add_counts(uint64_t counts[BINS], const uint32_t tables[QL_TABLES * (BINS + QL_OUTSIDE)])
{
    for (unsigned copy = 0; copy < QL_TABLES; copy++) {
        const uint32_t *bins = tables + copy * (BINS + QL_OUTSIDE) + 1;
        for (unsigned j = 0; j < BINS; j++) {
            counts[j] += bins[j];
        }
    }
}

static double count_values(const float *values, size_t n, uint64_t counts[BINS])
{
    const ql_kernels *kernels = ql_kernels_active();
    float lo = INFINITY, hi = -INFINITY;
    kernels->range(values, n, &lo, &hi);
    const double largest = fmax(fabs((double)lo), fabs((double)hi));
    memset(counts, 0, BINS * sizeof *counts);
    uint32_t tables[QL_TABLES * (BINS + QL_OUTSIDE)];
    for (size_t done = 0; done < n && largest > 0; done += QL_CHUNK) {
        memset(tables, 0, sizeof tables);
        kernels->histogram(&(ql_binning) { 0, largest, BINS, true }, values + done,
                           n - done < QL_CHUNK ? n - done : QL_CHUNK, tables);
        add_counts(counts, tables);
    }
    return largest;
}

static void losses(const ql_spec *spec, float *values, size_t n, ql_losses *out)
{
    uint64_t counts[BINS];
    const double largest = count_values(values, n, counts);
    out->count = out->best = 0;
    if (largest > 0) {
        search(counts, spec->bits, largest, out);
    }
}

static const char *calibrate_group(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    uint64_t counts[BINS];
    const double largest = count_values(values, n, counts);
    c->hi[group] = largest > 0 ? threshold_at(search(counts, c->spec->bits, largest, NULL), largest) : 0;
    c->lo[group] = -c->hi[group];
    return NULL;
}

typedef struct tensor_counts {
    ql_binning axis;
    uint64_t counts[BINS];
} tensor_counts;

static void count_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    (void)begin;
    ql_kernels_active()->histogram(&((const tensor_counts *)context)->axis, x, n, memory);
}

static void merge_counts(void *context, const void *memory)
{
    add_counts(((tensor_counts *)context)->counts, memory);
}

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    if (c->groups->count > 1) {
        return ql_calibrate_groups(c, NULL, calibrate_group, error);
    }
    /* One group: its largest magnitude first, then its counts. */
    ql_status status = ql_calibrator_minmax.calibrate(c, error);
    const double largest = c->hi[0];
    tensor_counts t = { .axis = { 0, largest, BINS, true } };
    if (status != QL_OK || largest == 0) {
        return status;
    }
    ql_kept *kept = c->outliers->active ? NULL : c->profile->kept;
    const uint64_t *known = kept ? ql_kept_magnitudes(kept) : NULL;
    if (!known) {
        ql_stream stream = ql_calibration_stream(c);
        stream.done_before += c->outliers->active ? c->groups->elements : 0; /* the range */
        stream.context = &t;
        stream.tile = count_tile;
        stream.merge = merge_counts;
        stream.memory_size = QL_TABLES * (BINS + QL_OUTSIDE) * sizeof(uint32_t);
        status = ql_stream_run(&stream, error);
        known = t.counts;
    }
    if (status == QL_OK) {
        c->hi[0] = threshold_at(search(known, c->spec->bits, largest, c->losses), largest);
        c->lo[0] = -c->hi[0];
        if (kept && known == t.counts) {
            ql_kept_give_magnitudes(kept, t.counts, BINS);
        }
    }
    return status;
}

const ql_calibrator ql_calibrator_kl = {
    .name = "kl", .passes_tensor = 1, .passes_groups = 1, .calibrate = calibrate, .losses = losses
};
