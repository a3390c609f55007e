/*
 * LLM.int8(): columns of X that hold an element of at least the threshold are multiplied in half precision, the rest in
 * 8-bit codes (Dettmers et al. 2022, section 3). matmul/llmint8.h is the definition; here the same with packed operands:
 *
 *   regular   the codes of X are 0 in outlier columns, so that W may keep its codes there. A row of W whose largest
 *             magnitude lies in such a column has another step without it: only those rows are coded anew
 *   outlier   X and W of those columns, rounded to half precision, multiplied in float32 and added
 *
 * bitsandbytes codes W once, with all columns, and takes the outlier columns of W from those codes; of X it leaves out the
 * outlier elements, not their columns, when it looks for the steps of the rows.
 */
#include "analysis/matmul.h"
#include "base/engine.h"
#include "base/error.h"
#include "kernels/kernels.h"
#include "matmul/activations.h"
#include "tensor/convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 16 };

typedef struct split {
    float *w_largest;             /* [n] of all columns */
    float *all_steps;             /* [n] of all columns */
    bool *is_changed;             /* [n] rows that are packed with other codes than those of all columns */
    bool *is_outlier;             /* [k] */
    float *lo, *hi;               /* [threads][k] */
    float *row;                   /* [threads][k] */
    int8_t *codes;                /* [threads][k] */
    float *x_outlier, *w_outlier; /* [m][count], [n][count]; of the last run */
    size_t x_size, w_size;        /* numbers that there is room for */
    ql_gemm_x x;
    ql_packed w;
} split;

static void free_split(void *state)
{
    split *s = state;
    free(s->w_largest);
    free(s->all_steps);
    free(s->is_changed);
    free(s->is_outlier);
    free(s->lo);
    free(s->hi);
    free(s->row);
    free(s->codes);
    free(s->x_outlier);
    free(s->w_outlier);
    ql_gemm_x_free(&s->x);
    ql_packed_free(&s->w);
    free(s);
}

ql_status ql_prepare_split(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    const size_t of_threads = (size_t)ql_engine_threads(o->engine) * o->k;
    split *s = ql_way_array(1, sizeof *s, error);
    if (!s) {
        return QL_NO_MEMORY;
    }
    way->state = s;
    way->free_state = free_split;
    s->w_largest = ql_way_array(o->n, sizeof(float), error);
    s->all_steps = ql_way_array(o->n, sizeof(float), error);
    s->is_changed = ql_way_array(o->n, sizeof(bool), error);
    s->is_outlier = ql_way_array(o->k, sizeof(bool), error);
    s->lo = ql_way_array(of_threads, sizeof(float), error);
    s->hi = ql_way_array(of_threads, sizeof(float), error);
    s->row = ql_way_array(of_threads, sizeof(float), error);
    s->codes = ql_way_array(of_threads, 1, error);
    way->outliers = ql_way_array(o->k, sizeof *way->outliers, error);
    if (!s->w_largest || !s->all_steps || !s->is_changed || !s->is_outlier || !s->lo || !s->hi || !s->row || !s->codes ||
        !way->outliers) {
        return QL_NO_MEMORY;
    }
    const ql_status status = ql_way_code_rows(way, error);
    for (size_t j = 0; j < o->n && status == QL_OK; j++) {
        s->w_largest[j] = ql_largest_magnitude(o->w + j * o->k, o->k);
        s->all_steps[j] = way->w_steps[j];
    }
    return status;
}

/* ---- Outlier columns */

static ql_status look_at_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const ql_way *way = context;
    const ql_operands *o = way->o;
    split *s = way->state;
    const size_t first = (size_t)chunk * ROWS_AT_ONCE, end = first + ROWS_AT_ONCE < o->m ? first + ROWS_AT_ONCE : o->m;
    (void)error;
    for (size_t i = first; i < end; i++) {
        ql_kernels_active()->range_each(o->x + i * o->k, o->k, s->lo + worker * o->k, s->hi + worker * o->k);
    }
    return QL_OK;
}

static ql_status find_outliers(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    split *s = way->state;
    const unsigned threads = ql_engine_threads(o->engine);
    const float threshold = (float)way->threshold;
    memset(s->lo, 0, threads * o->k * sizeof(float));
    memset(s->hi, 0, threads * o->k * sizeof(float));
    const ql_pass pass = { .chunk_count = (o->m + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, .work = look_at_rows, .context = way };
    const ql_status status = ql_parallel(o->engine, &pass, error);
    way->outlier_count = 0;
    for (size_t col = 0; col < o->k; col++) {
        float largest = 0;
        for (unsigned t = 0; t < threads; t++) {
            largest = fmaxf(largest, fmaxf(-s->lo[t * o->k + col], s->hi[t * o->k + col]));
        }
        s->is_outlier[col] = largest >= threshold;
        if (s->is_outlier[col]) {
            way->outliers[way->outlier_count++] = (uint32_t)col;
        }
    }
    return status;
}

static bool need(float **numbers, size_t *have, size_t count)
{
    if (count > *have) {
        free(*numbers);
        *numbers = malloc(count * sizeof **numbers);
        *have = *numbers ? count : 0;
    }
    return *numbers != NULL;
}

static ql_status to_half(float *value, ql_error *error)
{
    const float rounded = ql_half_to_float(ql_float_to_half(*value));
    if (!isfinite(rounded)) {
        return ql_fail(error, QL_UNUSABLE, "%g in an outlier column does not fit half precision; raise the threshold",
                       (double)*value);
    }
    *value = rounded;
    return QL_OK;
}

typedef struct gather_job {
    const ql_way *way;
    const float *from; /* [rows][k] */
    size_t rows;
    bool from_codes; /* what the codes of a row of W stand for */
    float *to;
} gather_job;

static ql_status gather_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const gather_job *job = context;
    const ql_way *way = job->way;
    const split *s = way->state;
    const size_t k = way->o->k, count = way->outlier_count, first = (size_t)chunk * ROWS_AT_ONCE,
                 end = first + ROWS_AT_ONCE < job->rows ? first + ROWS_AT_ONCE : job->rows;
    (void)worker;
    ql_status status = QL_OK;
    for (size_t i = first; i < end; i++) {
        float *to = job->to + i * count;
        for (size_t c = 0; c < count; c++) {
            to[c] = job->from[i * k + way->outliers[c]];
        }
        for (size_t c = 0; c < count && job->from_codes; c++) {
            int8_t code;
            ql_symmetric_encode(s->all_steps[i], to + c, 1, &code);
            to[c] = (float)code * s->all_steps[i];
        }
        for (size_t c = 0; c < count && status == QL_OK; c++) {
            status = to_half(to + c, error);
        }
    }
    return status;
}

static ql_status gather(const ql_way *way, const float *from, size_t rows, bool from_codes, float *to, ql_error *error)
{
    gather_job job = { way, from, rows, from_codes, to };
    const ql_pass pass = { .chunk_count = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, .work = gather_rows, .context = &job };
    return ql_parallel(way->o->engine, &pass, error);
}

/* ---- The regular part */

/* Row i of X without its outlier columns; its step. */
static void make_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    const split *s = way->state;
    const size_t k = way->o->k;
    float *x = s->row + worker * k;
    memcpy(x, way->o->x + row * k, k * sizeof *x);
    for (size_t c = 0; c < way->outlier_count; c++) {
        x[way->outliers[c]] = 0;
    }
    way->x_steps[row] = ql_symmetric_step(ql_largest_magnitude(x, k));
    ql_symmetric_encode(way->x_steps[row], x, k, codes);
}

/* The same; but ordinary elements of outlier columns count for the step. */
static void make_bnb_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    const split *s = way->state;
    const size_t k = way->o->k;
    const float threshold = (float)way->threshold;
    float *x = s->row + worker * k;
    memcpy(x, way->o->x + row * k, k * sizeof *x);
    for (size_t c = 0; c < way->outlier_count; c++) {
        float *value = &x[way->outliers[c]];
        *value = fabsf(*value) >= threshold ? 0 : *value;
    }
    way->x_steps[row] = ql_symmetric_step(ql_largest_magnitude(x, k));
    for (size_t c = 0; c < way->outlier_count; c++) {
        x[way->outliers[c]] = 0;
    }
    ql_symmetric_encode(way->x_steps[row], x, k, codes);
}

/* Row j of W coded for the regular columns, where that differs from what is packed. */
static void code_row(ql_way *way, unsigned worker, size_t j)
{
    split *s = way->state;
    const size_t k = way->o->k;
    const float *w = way->o->w + j * k;
    float in_outliers = 0;
    for (size_t c = 0; c < way->outlier_count; c++) {
        in_outliers = fmaxf(in_outliers, fabsf(w[way->outliers[c]]));
    }
    const bool may_change = in_outliers == s->w_largest[j];
    if (!may_change && !s->is_changed[j]) {
        return;
    }
    float *row = s->row + worker * k;
    int8_t *codes = s->codes + worker * k;
    memcpy(row, w, k * sizeof *row);
    for (size_t c = 0; c < way->outlier_count; c++) {
        row[way->outliers[c]] = 0;
    }
    way->w_steps[j] = ql_symmetric_step(ql_largest_magnitude(row, k));
    s->is_changed[j] = way->w_steps[j] != s->all_steps[j];
    ql_symmetric_encode(way->w_steps[j], row, k, codes);
    ql_packed_set_row(&way->w, j, codes);
}

static ql_status code_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    ql_way *way = context;
    const size_t first = (size_t)chunk * ROWS_AT_ONCE,
                 end = first + ROWS_AT_ONCE < way->o->n ? first + ROWS_AT_ONCE : way->o->n;
    (void)error;
    for (size_t j = first; j < end; j++) {
        code_row(way, worker, j);
    }
    return QL_OK;
}

/* ---- Both */

static ql_status add_outliers(ql_way *way, bool from_codes, float *y, ql_error *error)
{
    const ql_operands *o = way->o;
    split *s = way->state;
    const size_t count = way->outlier_count;
    if (count == 0) {
        return QL_OK;
    }
    if (!need(&s->x_outlier, &s->x_size, o->m * count) || !need(&s->w_outlier, &s->w_size, o->n * count)) {
        return ql_fail_memory(error, (o->m + o->n) * count * sizeof(float));
    }
    ql_status status = gather(way, o->x, o->m, false, s->x_outlier, error);
    if (status == QL_OK) {
        status = gather(way, o->w, o->n, from_codes, s->w_outlier, error);
    }
    if (status == QL_OK) {
        status = ql_pack_floats(o->engine, s->w_outlier, o->n, count, &s->w, error);
    }
    if (status == QL_OK) {
        status = ql_gemm_take_floats(o->engine, &s->w, s->x_outlier, o->m, &s->x, error);
    }
    if (status == QL_OK) {
        const ql_gemm_options options = { .more = true, .monitor = way->monitor };
        status = ql_gemm_floats(o->engine, &s->w, &s->x, y, &options, error);
    }
    return status;
}

static ql_status run(ql_way *way, bool as_bnb, float *y, ql_error *error)
{
    const ql_operands *o = way->o;
    const double start = ql_now();
    ql_status status = find_outliers(way, error);
    if (status == QL_OK && !as_bnb) {
        const ql_pass pass = { .chunk_count = (o->n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, .work = code_rows, .context = way };
        status = ql_parallel(o->engine, &pass, error);
    }
    if (status == QL_OK) {
        status = ql_gemm_make_codes(o->engine, &way->w, as_bnb ? make_bnb_row : make_row, way, o->m, &way->x, error);
    }
    way->quantize_seconds = ql_now() - start;
    if (status == QL_OK) {
        ql_scaling scaling = { way, 0 };
        const ql_gemm_options options = ql_scaled(&scaling);
        status = ql_gemm_codes(o->engine, &way->w, &way->x, (int32_t *)(void *)y, &options, error);
    }
    return status == QL_OK ? add_outliers(way, as_bnb, y, error) : status;
}

ql_status ql_run_llm_int8(ql_way *way, float *y, ql_error *error)
{
    return run(way, false, y, error);
}

ql_status ql_run_bnb_llm_int8(ql_way *way, float *y, ql_error *error)
{
    return run(way, true, y, error);
}
