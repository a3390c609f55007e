/* Products that are compared and timed: operands, and one method after the other. The interface is in qloupe.h. */
#include "analysis/inputs.h"
#include "analysis/matmul.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ql_matmul {
    ql_operands o;
    void *memory; /* of W, X and both products, in large pages: small ones would show in the times */
    size_t size;
    double peaks[2]; /* of codes, of floats; 0: not measured yet */
    float *y;        /* [m][n] */
    uint32_t *outliers;
};

enum { READ_AT_ONCE = 4096 };

typedef struct read_job {
    ql_walk walk;
    const ql_operands *o;
} read_job;

static ql_status read_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const read_job *job = context;
    const ql_tensor *tensor = job->o->profile->tensor;
    float *tile = ql_engine_scratch(job->o->engine, worker, 0);
    const uint64_t begin = chunk * QL_CHUNK, left = tensor->element_count - begin, n = left < QL_CHUNK ? left : QL_CHUNK;
    for (uint64_t done = 0; done < n; done += READ_AT_ONCE) {
        const size_t count = n - done < READ_AT_ONCE ? (size_t)(n - done) : READ_AT_ONCE;
        const ql_status status = ql_tensor_read_f32(tensor, begin + done, count, tile, tile + READ_AT_ONCE, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < count; i++) {
            const uint64_t at = begin + done + i;
            job->o->w[job->walk.across ? at % job->walk.rows * job->walk.cols + at / job->walk.rows : at] = tile[i];
        }
    }
    return QL_OK;
}

/* W[n][k] as float32, in the order of the logical weight. */
static ql_status read_weights(ql_operands *o, const ql_monitor *monitor, ql_error *error)
{
    const ql_tensor *tensor = o->profile->tensor;
    const size_t size = READ_AT_ONCE * sizeof(float) + ql_tensor_scratch_size(tensor, READ_AT_ONCE);
    read_job job = { ql_walk_of(tensor), o };
    for (unsigned worker = 0; worker < ql_engine_threads(o->engine); worker++) {
        if (!ql_engine_scratch(o->engine, worker, size)) {
            return ql_fail_memory(error, size);
        }
    }
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(tensor->element_count, QL_CHUNK),
        .work = read_chunk,
        .context = &job,
        .monitor = monitor,
        .elements = tensor->element_count,
        .total = tensor->element_count,
    };
    return ql_parallel(o->engine, &pass, error);
}

static ql_status allocate(ql_matmul *p, ql_error *error)
{
    ql_operands *o = &p->o;
    enum { LINE = 16 }; /* numbers: every array begins a line of the cache */
    uint64_t w, x, y, all;
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const bool fits = ql_size_mul(o->n, o->k, &w) && ql_size_mul(o->m, o->k, &x) && ql_size_mul(o->m, o->n, &y) &&
                      ql_size_add(w, x, &all) && ql_size_add(all, 2 * y, &all) && all < SIZE_MAX / 16 &&
                      sizeof(float) * (double)(all + w + x) < memory; /* W and X are packed, too */
    if (!fits) {
        return ql_fail(error, QL_UNUSABLE, "a product of %zux%zux%zu (M x K x N) does not fit into memory: take fewer rows",
                       o->m, o->k, o->n);
    }
    w = ql_size_ceil_div(w, LINE) * LINE;
    x = ql_size_ceil_div(x, LINE) * LINE;
    y = ql_size_ceil_div(y, LINE) * LINE;
    p->size = (size_t)(w + x + 2 * y) * sizeof(float);
    p->memory = ql_pages_new(p->size);
    if (!p->memory) {
        return ql_fail_memory(error, p->size);
    }
    o->w = p->memory;
    o->x = o->w + w;
    o->exact = o->x + x;
    p->y = o->exact + y;
    return QL_OK;
}

/* What overflowed cannot be compared with anything. */
static ql_status check_exact(const ql_operands *o, ql_error *error)
{
    for (size_t i = 0; i < o->m * o->n; i++) {
        if (!isfinite(o->exact[i])) {
            return ql_fail(error, QL_UNUSABLE, "Y[%zu][%zu] = X W^T is %s in float32: scale X or W down", i / o->n, i % o->n,
                           isnan(o->exact[i]) ? "NaN" : "infinite");
        }
    }
    return QL_OK;
}

static ql_status multiply_exactly(ql_operands *o, const ql_monitor *monitor, ql_error *error)
{
    ql_way way = { .o = o, .monitor = monitor };
    ql_status status = ql_prepare_fp32(&way, error);
    if (status == QL_OK) {
        status = ql_run_floats(&way, o->exact, error);
    }
    ql_way_free(&way);
    return status;
}

ql_status ql_matmul_new(ql_engine *engine, const ql_tensor *tensor, const ql_activations *x, uint64_t rows,
                        const ql_monitor *monitor, ql_matmul **out, ql_error *error)
{
    ql_status status = ql_activations_fit(x, tensor, error);
    ql_matmul *p = status == QL_OK ? ql_way_array(1, sizeof *p, error) : NULL;
    if (!p) {
        return status == QL_OK ? QL_NO_MEMORY : status;
    }
    ql_operands *o = &p->o;
    *o = (ql_operands) { .engine = engine, .n = (size_t)tensor->rows, .k = (size_t)tensor->cols };
    status = ql_activations_rows(x, tensor, rows, &rows, error);
    o->m = (size_t)rows;
    if (status == QL_OK) {
        status = ql_profile_make(engine, NULL, tensor, monitor, &o->profile, error);
    }
    if (status == QL_OK && o->profile->unusable) {
        status = ql_fail_tensor(o->profile, o->profile->unusable, error);
    }
    if (status == QL_OK) {
        status = allocate(p, error);
    }
    if (status == QL_OK) {
        status = read_weights(o, monitor, error);
    }
    if (status == QL_OK) {
        status = ql_activations_read(engine, x, tensor, o->m, monitor, o->x, error);
    }
    if (status == QL_OK) {
        status = multiply_exactly(o, monitor, error);
    }
    if (status == QL_OK) {
        status = check_exact(o, error);
    }
    if (status == QL_OK) {
        *out = p;
    } else {
        ql_matmul_free(&p);
    }
    return status;
}

void ql_matmul_free(ql_matmul **matmul)
{
    ql_matmul *p = *matmul;
    if (p) {
        ql_profile_free(&p->o.profile);
        ql_pages_free(p->memory, p->size);
        free(p->outliers);
        free(p);
        *matmul = NULL;
    }
}

ql_matmul_shape ql_matmul_shape_of(const ql_matmul *matmul)
{
    return (ql_matmul_shape) { matmul->o.m, matmul->o.k, matmul->o.n };
}

const float *ql_matmul_y(const ql_matmul *matmul)
{
    return matmul->y;
}

const float *ql_matmul_exact(const ql_matmul *matmul)
{
    return matmul->o.exact;
}

const float *ql_matmul_x(const ql_matmul *matmul)
{
    return matmul->o.x;
}

void ql_matmul_loudest(const ql_matmul *matmul, double *loudest)
{
    const ql_operands *o = &matmul->o;
    for (size_t c = 0; c < o->k; c++) {
        loudest[c] = 0;
    }
    for (size_t i = 0; i < o->m; i++) {
        for (size_t c = 0; c < o->k; c++) {
            loudest[c] = fmax(loudest[c], fabs((double)o->x[i * o->k + c]));
        }
    }
}

void ql_matmul_errors(const ql_matmul *matmul, unsigned row_bands, unsigned col_bands, float *errors)
{
    const ql_operands *o = &matmul->o;
    for (unsigned r = 0; r < row_bands; r++) {
        const uint64_t top = ql_band_start(o->m, row_bands, r), bottom = ql_band_start(o->m, row_bands, r + 1);
        for (unsigned c = 0; c < col_bands; c++) {
            const uint64_t left = ql_band_start(o->n, col_bands, c), right = ql_band_start(o->n, col_bands, c + 1);
            double sum = 0;
            for (uint64_t i = top; i < bottom; i++) {
                for (uint64_t j = left; j < right; j++) {
                    sum += fabs((double)matmul->y[i * o->n + j] - (double)o->exact[i * o->n + j]);
                }
            }
            errors[r * col_bands + c] = (float)(sum / (double)((bottom - top) * (right - left)));
        }
    }
}

/* ---- One method */

static void compare(const ql_matmul *p, ql_matmul_result *out)
{
    const size_t count = p->o.m * p->o.n;
    double whole = 0, lost = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double exact = (double)p->o.exact[i], e = (double)p->y[i] - exact;
        whole += exact * exact;
        lost += e * e;
        largest = fabs(e) > largest ? fabs(e) : largest;
    }
    out->rel_fro = lost == 0 ? 0 : sqrt(lost) / sqrt(whole);
    out->sqnr_db = lost == 0 ? (double)INFINITY : 10 * log10(whole / lost);
    out->max_abs = largest;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* A run is one part of the whole; what goes on in it is not told. */
typedef struct run_monitor {
    const ql_monitor *monitor;
    uint64_t done, total;
} run_monitor;

static bool tick_run(void *context, uint64_t done, uint64_t total)
{
    const run_monitor *r = context;
    (void)done, (void)total;
    return r->monitor->tick(r->monitor->context, r->done, r->total);
}

/* Once for the numbers, which also warms everything up, then `runs` times for the clock. */
static ql_status time_runs(ql_matmul *p, const ql_method *method, ql_way *way, unsigned runs, run_monitor *progress,
                           ql_matmul_result *out, ql_error *error)
{
    const unsigned threads = ql_engine_threads(p->o.engine);
    double *seconds = ql_way_array(2 * (size_t)runs, sizeof *seconds, error);
    out->runs = runs;
    out->ms_median = out->ms_min = out->ms_max = out->quantize_ms = (double)NAN;
    way->largest = ql_way_array(threads, sizeof *way->largest, error);
    ql_status status = seconds && way->largest ? method->run(way, p->y, error) : QL_NO_MEMORY;
    int32_t largest = 0;
    for (unsigned t = 0; t < threads && status == QL_OK; t++) {
        largest = way->largest[t] > largest ? way->largest[t] : largest;
    }
    out->accumulator_max = largest > 0 ? largest : (double)NAN;
    free(way->largest);
    way->largest = NULL;
    if (status == QL_OK) {
        compare(p, out);
    }
    for (unsigned run = 0; run < runs && status == QL_OK; run++) {
        progress->done = run + 1;
        const double start = ql_now();
        status = method->run(way, p->y, error);
        seconds[run] = ql_now() - start;
        seconds[runs + run] = way->quantize_seconds;
    }
    if (status == QL_OK && runs > 0) {
        out->ms_median = 1e3 * median(seconds, runs);
        out->ms_min = 1e3 * seconds[0];
        out->ms_max = 1e3 * seconds[runs - 1];
        out->quantize_ms = 1e3 * median(seconds + runs, runs);
    }
    free(seconds);
    return status;
}

static void compare_with_peak(ql_matmul *p, const ql_method *method, ql_matmul_result *out)
{
    double *peak = &p->peaks[method->is_float];
    out->gops = out->peak_share = out->peak_gops = (double)NAN;
    if (out->runs == 0) {
        return;
    }
    if (*peak == 0) {
        *peak = ql_product_peak(p->o.engine, method->is_float);
    }
    const double operations = 2.0 * (double)p->o.m * (double)p->o.k * (double)p->o.n;
    out->gops = operations / (out->ms_median * 1e6);
    out->peak_share = *peak > 0 ? out->gops * 1e9 / *peak : (double)NAN;
    out->peak_gops = *peak / 1e9;
}

static void tell(ql_matmul *p, const ql_method *method, ql_way *way, ql_matmul_result *out)
{
    compare_with_peak(p, method, out);
    out->bytes = way->bytes;
    snprintf(out->kernel, sizeof out->kernel, "%s", way->w.kernels->name);
    snprintf(out->note, sizeof out->note, "%s", way->note);
    free(p->outliers);
    p->outliers = way->outliers;
    way->outliers = NULL;
    out->outliers = p->outliers;
    out->outlier_count = way->outlier_count;
}

ql_status ql_matmul_run(ql_matmul *p, const char *text, unsigned runs, const ql_monitor *monitor, ql_matmul_result *out,
                        ql_error *error)
{
    run_monitor progress = { monitor, 0, runs + 1 };
    const ql_monitor of_run = { tick_run, &progress };
    ql_way way = { .o = &p->o, .monitor = monitor && monitor->tick ? &of_run : NULL };
    const ql_method *method;
    *out = (ql_matmul_result) { .rel_fro = 0 };
    ql_status status = ql_matmul_method_check(text, out->method, error);
    if (status == QL_OK) {
        status = ql_method_parse(text, &method, &way, error);
    }
    if (status == QL_OK) {
        status = method->prepare(&way, error);
    }
    if (status == QL_OK) {
        status = time_runs(p, method, &way, runs, &progress, out, error);
    }
    if (status == QL_OK) {
        tell(p, method, &way, out);
    }
    ql_way_free(&way);
    return status;
}

/* ---- One column apart */

/* Frobenius norm of a - b; b NULL: of a. */
static double norm_of(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double e = (double)a[i] - (b ? (double)b[i] : 0);
        sum += e * e;
    }
    return sqrt(sum);
}

/* Y' and, in o->exact, Z'. */
static ql_status multiply_others(ql_matmul *p, const char *text, const ql_monitor *monitor, ql_error *error)
{
    ql_way way = { .o = &p->o, .monitor = monitor };
    const ql_method *method;
    ql_status status = multiply_exactly(&p->o, monitor, error);
    if (status == QL_OK) {
        status = ql_method_parse(text, &method, &way, error);
    }
    if (status == QL_OK) {
        status = method->prepare(&way, error);
    }
    if (status == QL_OK) {
        status = method->run(&way, p->y, error);
    }
    ql_way_free(&way);
    return status;
}

ql_status ql_matmul_apart(ql_matmul *p, const char *method, uint64_t column, const ql_monitor *monitor, double *rel_fro,
                          ql_error *error)
{
    ql_operands *o = &p->o;
    if (column >= o->k) {
        return ql_fail(error, QL_BAD_USAGE, "there is no column %llu: X has %zu", (unsigned long long)column, o->k);
    }
    const size_t at = (size_t)column, count = o->m * o->n;
    float *exact = o->exact, *others = ql_way_array(count, sizeof *others, error),
          *kept = ql_way_array(o->m, sizeof *kept, error);
    ql_status status = others && kept ? QL_OK : QL_NO_MEMORY;
    if (status == QL_OK) {
        for (size_t i = 0; i < o->m; i++) {
            kept[i] = o->x[i * o->k + at];
            o->x[i * o->k + at] = 0;
        }
        o->exact = others;
        status = multiply_others(p, method, monitor, error);
        o->exact = exact;
        for (size_t i = 0; i < o->m; i++) {
            o->x[i * o->k + at] = kept[i];
        }
    }
    if (status == QL_OK) {
        const double lost = norm_of(p->y, others, count);
        *rel_fro = lost == 0 ? 0 : lost / norm_of(exact, NULL, count);
    }
    free(others);
    free(kept);
    return status;
}
