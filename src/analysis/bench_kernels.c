/* Passes made of kernels: as the product calls them, tile by tile, on all threads. */
#include "analysis/bench.h"

#include <math.h>
#include <string.h>

/* The bits as integers, which may be added in any order, so that the compiler uses vectors; fetched some way ahead, as one
   core alone reads fastest. */
static ql_status read_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    typedef uint32_t __attribute__((may_alias)) bits;
    enum { WIDTH = 32, AHEAD = 2048, LINE = 16 };
    const float *x;
    size_t n = ql_bench_chunk(context, chunk, &x), i = 0;
    const bits *b = (const bits *)x;
    uint32_t lanes[WIDTH] = { 0 }, sum = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        __builtin_prefetch(b + i + AHEAD);
        __builtin_prefetch(b + i + AHEAD + LINE);
        for (int lane = 0; lane < WIDTH; lane++) {
            lanes[lane] += b[i + lane];
        }
    }
    for (; i < n; i++) {
        sum += b[i];
    }
    for (int lane = 0; lane < WIDTH; lane++) {
        sum += lanes[lane];
    }
    ql_bench_gathered_by(context, worker)->sum += sum;
    return QL_OK;
}

ql_status ql_bench_read(ql_bench_job *job, ql_error *error)
{
    ql_status status = ql_bench_prepare(job, 0, error);
    if (status == QL_OK) {
        status = ql_bench_sweep(job, QL_CHUNK, read_chunk, NULL, error);
    }
    uint32_t sum = 0;
    for (unsigned worker = 0; status == QL_OK && worker < ql_engine_threads(job->bench->engine); worker++) {
        sum += ql_bench_gathered_by(job, worker)->sum;
    }
    ql_bench_answer(job, "sum_of_bits", sum);
    return status;
}

/* ---- Range */

static ql_status range_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    job->kernels->range(x, n, &g->lo, &g->hi);
    return QL_OK;
}

static ql_status find_range(ql_bench_job *job, float *lo, float *hi, ql_error *error)
{
    *lo = (float)job->bench->profile->x_min;
    *hi = (float)job->bench->profile->x_max;
    if (job->pass->known) {
        return QL_OK;
    }
    ql_status status = ql_bench_sweep(job, QL_CHUNK, range_chunk, NULL, error);
    *lo = INFINITY;
    *hi = -INFINITY;
    for (unsigned worker = 0; worker < ql_engine_threads(job->bench->engine); worker++) {
        *lo = fminf(*lo, ql_bench_gathered_by(job, worker)->lo);
        *hi = fmaxf(*hi, ql_bench_gathered_by(job, worker)->hi);
    }
    return status;
}

/* ---- Codes, values and errors */

static void set_step(const ql_spec *spec, float lo, float hi, float *step, int32_t *zero)
{
    const double alpha = fmax(fabs((double)lo), fabs((double)hi));
    *zero = 0;
    if (spec->mapping->symmetric) {
        spec->mapping->step_of(spec, -alpha, alpha, step, zero);
    } else {
        spec->mapping->step_of(spec, lo, hi, step, zero);
    }
}

static void encode(const ql_bench_job *job, ql_bench_gathered *g, float step, int32_t zero, const float *x, size_t n)
{
    for (size_t done = 0; done < n; done += QL_TILE) {
        const size_t tile = ql_bench_tile(n - done);
        job->kernels->uniform_run(job->codes, step, zero, x + done, tile, g->tile.codes, g->tile.y);
        job->kernels->errors(x + done, g->tile.y, tile, g->e, &g->errors, g->square);
    }
}

static ql_status encode_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    ql_bench_begin_errors(g);
    encode(job, g, job->step, job->zero, x, n);
    return QL_OK;
}

static ql_status prepare_uniform(ql_bench_job *job, ql_error *error)
{
    ql_status status = ql_spec_parse(job->pass->spec, &job->spec, error);
    if (status == QL_OK) {
        job->spec.mapping->code_range(&job->spec, &job->codes.code_lo, &job->codes.code_hi);
        status = ql_bench_prepare(job, 0, error);
    }
    return status;
}

/* One step for the whole matrix. */
ql_status ql_bench_uniform(ql_bench_job *job, ql_error *error)
{
    float lo, hi;
    ql_status status = prepare_uniform(job, error);
    if (status == QL_OK) {
        status = find_range(job, &lo, &hi, error);
    }
    if (status == QL_OK) {
        set_step(&job->spec, lo, hi, &job->step, &job->zero);
        status = ql_bench_sweep(job, QL_CHUNK, encode_chunk, ql_bench_merge_errors, error);
    }
    ql_bench_answer_errors(job);
    return status;
}

static uint64_t rows_at_once(const ql_bench_job *job)
{
    return job->bench->shape[1] < QL_CHUNK ? QL_CHUNK / job->bench->shape[1] : 1;
}

static ql_status encode_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const uint64_t cols = job->bench->shape[1], begin = chunk * rows_at_once(job);
    const uint64_t left = job->bench->shape[0] - begin;
    const uint64_t end = begin + (left < rows_at_once(job) ? left : rows_at_once(job));
    ql_bench_begin_errors(g);
    for (uint64_t row = begin; row < end; row++) {
        const float *x = job->bench->values + row * cols;
        float lo = INFINITY, hi = -INFINITY, step;
        int32_t zero;
        job->kernels->range(x, (size_t)cols, &lo, &hi);
        set_step(&job->spec, lo, hi, &step, &zero);
        encode(job, g, step, zero, x, (size_t)cols);
    }
    return QL_OK;
}

/* A step for each row, which is in the cache from its range to its codes. */
ql_status ql_bench_rows(ql_bench_job *job, ql_error *error)
{
    ql_status status = prepare_uniform(job, error);
    if (status == QL_OK) {
        status = ql_bench_sweep(job, rows_at_once(job) * job->bench->shape[1], encode_rows, ql_bench_merge_errors, error);
    }
    ql_bench_answer_errors(job);
    return status;
}

/* ---- Histograms */

static uint32_t *tables_of(ql_bench_gathered *g, uint32_t size)
{
    return (uint32_t *)(g->counts + size);
}

/* The tables of the kernel are emptied into the bins before a counter may run over. */
static void empty_tables(ql_bench_gathered *g, uint32_t size)
{
    uint32_t *tables = tables_of(g, size);
    for (unsigned t = 0; t < QL_TABLES; t++) {
        for (uint32_t bin = 0; bin < size; bin++) {
            g->counts[bin] += tables[t * size + bin];
        }
    }
    memset(tables, 0, QL_TABLES * size * sizeof *tables);
    g->counted = 0;
}

static ql_status count_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    uint32_t *tables = tables_of(g, job->axis.bins + QL_OUTSIDE);
    if (g->counted > UINT32_MAX - n) {
        empty_tables(g, job->axis.bins + QL_OUTSIDE);
    }
    for (size_t done = 0; done < n; done += QL_TILE) {
        job->kernels->histogram(&job->axis, x + done, ql_bench_tile(n - done), tables);
    }
    g->counted += n;
    return QL_OK;
}

ql_status ql_bench_histogram(ql_bench_job *job, ql_error *error)
{
    const uint32_t bins = job->pass->bins, size = bins + QL_OUTSIDE;
    float lo, hi;
    ql_status status = ql_bench_prepare(job, size * (QL_TABLES * sizeof(uint32_t) + sizeof(uint64_t)), error);
    if (status == QL_OK) {
        status = find_range(job, &lo, &hi, error);
    }
    if (status == QL_OK) {
        job->axis = (ql_binning) { lo, hi, bins, false };
        status = ql_bench_sweep(job, QL_CHUNK, count_chunk, NULL, error);
    }
    uint64_t most = 0, total = 0;
    double bin_sum = 0;
    for (unsigned worker = 0; status == QL_OK && worker < ql_engine_threads(job->bench->engine); worker++) {
        ql_bench_gathered *g = ql_bench_gathered_by(job, worker), *all = ql_bench_gathered_by(job, 0);
        empty_tables(g, size);
        for (uint32_t bin = 0; worker > 0 && bin < size; bin++) {
            all->counts[bin] += g->counts[bin];
        }
    }
    for (uint32_t bin = 0; status == QL_OK && bin < size; bin++) {
        const uint64_t count = ql_bench_gathered_by(job, 0)->counts[bin];
        most = count > most ? count : most;
        total += count;
        bin_sum += ((double)bin - 1) * (double)count; /* one counter stands before the bins */
    }
    ql_bench_answer(job, "largest_bin", (double)most);
    ql_bench_answer(job, "mean_bin", bin_sum / (double)total);
    return status;
}
