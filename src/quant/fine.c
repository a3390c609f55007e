/*
 * Bounds for squared errors: see fine.h.
 *
 *   sum (x - y)^2 = sum x^2 + sum over codes of (n y^2 - 2 y S),   n: how many x have the code, S: their sum
 *
 * All x of a bin that lies between two decision boundaries have one code. Of a bin with a boundary b in it, at offset a in
 * 0..1, the values as if all had the better of the two codes give the upper bound; those on the wrong side make it too large
 * by 2 d |x - b| each. Their mean place m in the bin, of width w, bounds that: at most n m (1 - a) w lies beyond b
 * altogether, n (1 - m) a w before it.
 */
#include "quant/fine.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 1 << 15 };

typedef struct worker {
    uint64_t *table;  /* [BINS] of the kernel */
    uint64_t waiting; /* values in it */
    uint64_t *count, *part;
} worker;

struct ql_fine {
    ql_fine_axis axis;
    double width, largest; /* of a bin; magnitude of a value */
    double square;         /* sum of x^2 */
    /* Of the bins before bin b: how many values, the sum of their places in 2^-20 of a bin, the sum of their bins. */
    uint64_t count[BINS + 1], part[BINS + 1], bin[BINS + 1];
};

typedef struct scan {
    const ql_fine *fine;
    const ql_kernels *kernels;
    worker *workers;
    bool sum_squares;
    double square;
} scan;

/* The kernel's counters into the wide ones. */
static void drain(worker *w)
{
    for (int b = 0; b < BINS; b++) {
        w->count[b] += w->table[b] >> QL_FINE_COUNT_SHIFT;
        w->part[b] += w->table[b] & ((1ull << QL_FINE_COUNT_SHIFT) - 1);
        w->table[b] = 0;
    }
    w->waiting = 0;
}

static void add_tile(void *context, unsigned index, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)begin;
    const scan *s = context;
    worker *w = &s->workers[index];
    if (w->waiting + n > QL_FINE_MOST) {
        drain(w);
    }
    s->kernels->fine(&s->fine->axis, x, n, w->table);
    w->waiting += n;
    if (s->sum_squares) {
        s->kernels->census(x, n, memory);
    }
}

static void merge(void *context, const void *memory)
{
    scan *s = context;
    s->square += s->sum_squares ? ql_lanes_total(((const ql_census *)memory)->square) : 0;
}

static void add_up(ql_fine *fine, worker *workers, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        drain(&workers[i]);
    }
    for (int b = 0; b < BINS; b++) {
        uint64_t count = 0, part = 0;
        for (unsigned i = 0; i < threads; i++) {
            count += workers[i].count[b];
            part += workers[i].part[b];
        }
        fine->count[b + 1] = fine->count[b] + count;
        fine->part[b + 1] = fine->part[b] + part;
        fine->bin[b + 1] = fine->bin[b] + count * (uint64_t)b;
    }
}

static void free_workers(worker *workers, unsigned threads)
{
    for (unsigned i = 0; workers && i < threads; i++) {
        free(workers[i].table);
    }
    free(workers);
}

static worker *new_workers(unsigned threads)
{
    worker *workers = calloc(threads, sizeof *workers);
    for (unsigned i = 0; workers && i < threads; i++) {
        workers[i].table = calloc(3 * BINS, sizeof *workers[i].table);
        if (!workers[i].table) {
            free_workers(workers, threads);
            return NULL;
        }
        workers[i].count = workers[i].table + BINS;
        workers[i].part = workers[i].count + BINS;
    }
    return workers;
}

ql_status ql_fine_make(const ql_calibration *c, ql_stream *stream, ql_fine **out, ql_error *error)
{
    const unsigned threads = ql_engine_threads(c->engine);
    /* With outliers taken out, zeros have come in. */
    const bool thinned = c->outliers->active;
    const double lo = thinned ? fmin(c->lo[0], 0) : c->profile->x_min, hi = thinned ? fmax(c->hi[0], 0) : c->profile->x_max;
    ql_fine *fine = calloc(1, sizeof *fine);
    worker *workers = new_workers(threads);
    if (!fine || !workers) {
        free(fine);
        free_workers(workers, threads);
        return ql_fail_memory(error, sizeof *fine + threads * 3 * BINS * sizeof(uint64_t));
    }
    fine->width = (hi - lo) / BINS;
    fine->largest = fmax(fabs(lo), fabs(hi));
    fine->axis = (ql_fine_axis) { lo, hi > lo ? BINS / (hi - lo) : 0, BINS };
    scan s = { .fine = fine, .kernels = ql_kernels_active(), .workers = workers, .sum_squares = thinned };
    stream->context = &s;
    stream->tile = add_tile;
    stream->merge = merge;
    stream->memory_size = sizeof(ql_census);
    ql_status status = ql_stream_run(stream, error);
    if (status == QL_OK) {
        add_up(fine, workers, threads);
        fine->square = thinned ? s.square : c->profile->x_square_sum;
        *out = fine;
    } else {
        free(fine);
    }
    free_workers(workers, threads);
    return status;
}

void ql_fine_free(ql_fine **fine)
{
    free(*fine);
    *fine = NULL;
}

/* n y^2 - 2 y S of the bins [begin, end) at one value y. */
static double share(const ql_fine *f, int begin, int end, double y)
{
    const double n = (double)(f->count[end] - f->count[begin]);
    const double place =
        (double)(f->bin[end] - f->bin[begin]) + ((double)(f->part[end] - f->part[begin]) + 0.5 * n) * 0x1p-20;
    return y * (n * y - 2 * (n * f->axis.lo + place * f->width));
}

/* The sum where all values are alike: there are no bins to tell codes apart by. */
static double sum_alike(const ql_fine *f, const ql_candidate *c)
{
    const double x = f->axis.lo, code = rint(x / (double)c->step) + c->zero;
    const double e = x - (fmin(fmax(code, c->codes.code_lo), c->codes.code_hi) - c->zero) * (double)c->step;
    return (double)f->count[BINS] * e * e;
}

void ql_fine_bound(const ql_fine *f, const ql_candidate *c, double *least, double *most)
{
    const double d = c->step, n = (double)f->count[BINS];
    const bool alike = f->width == 0;
    double sum = alike ? sum_alike(f, c) : f->square, slack = 0;
    int bin = alike ? BINS : 0; /* the first whose values have no code yet */
    for (int code = c->codes.code_lo; bin < BINS; code++) {
        const double y = ((double)code - c->zero) * d, boundary = (y + 0.5 * d - f->axis.lo) * f->axis.per_unit;
        if (code == c->codes.code_hi || boundary >= BINS) {
            sum += share(f, bin, BINS, y);
            break;
        }
        if (boundary < bin) {
            continue;
        }
        const int at = (int)boundary;
        sum += share(f, bin, at, y);
        bin = at + 1;
        /* The bin with the boundary, and perhaps with more of them. */
        const double here = share(f, at, bin, y), next = share(f, at, bin, y + d),
                     count = (double)(f->count[bin] - f->count[at]);
        const double mean = count > 0 ? (double)(f->part[bin] - f->part[at]) / count * 0x1p-20 : 0, offset = boundary - at;
        sum += here < next ? here : next;
        slack += 2 * d * count * f->width * (here < next ? mean * (1 - offset) : (1 - mean) * offset);
        if (boundary + d * f->axis.per_unit < bin && code + 1 < c->codes.code_hi) {
            slack += 2 * d * count * (f->width + d);
        }
    }
    /* The rounding of places to 2^-21 of a bin, and of float64: of a sum of n terms, and of differences of large numbers. */
    const double guard = n * f->largest * f->width * 0x1p-19 + 1e-12 * (f->square + n * f->largest * f->largest);
    *most = sum + guard;
    *least = sum - slack - guard;
}
