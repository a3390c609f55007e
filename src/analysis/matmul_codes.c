/*
 * Products of 8-bit codes: y = dx[i] dw[j] sum over l of (qx[i][l] - zx) qw[j][l], the sum exact in 32 bits.
 *
 *   int8:tensor   dx, dw one each, zx = 0         int8:static   dx, zx of a range that was found before (static in
 *   int8:row      dx[i], dw[j], zx = 0                          activations.h), dw[j]
 *   integer       as int8:static; then yq = clamp(requantized(sum) + zy), which intlinear.h defines; y = (yq - zy) dy
 */
#include "analysis/matmul.h"
#include "base/engine.h"
#include "base/error.h"
#include "matmul/activations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_AT_ONCE = 16,
    MOST_AFFINE_INPUTS = 66311, /* |q - z| <= 255, |w| <= 127: 255 * 127 k < 2^31 */
    CALIBRATION_SHARE = 4,
};

/* ---- Weights */

typedef struct code_job {
    const ql_operands *o;
    float *steps; /* [n], or NULL: `step` */
    float step;
    int8_t *codes;
    int32_t *sums;
} code_job;

static ql_status code_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)worker, (void)error;
    const code_job *job = context;
    const size_t k = job->o->k, first = (size_t)chunk * ROWS_AT_ONCE,
                 end = first + ROWS_AT_ONCE < job->o->n ? first + ROWS_AT_ONCE : job->o->n;
    for (size_t row = first; row < end; row++) {
        const float *w = job->o->w + row * k;
        int8_t *codes = job->codes + row * k;
        const float step = job->steps ? ql_symmetric_step(ql_largest_magnitude(w, k)) : job->step;
        int32_t sum = 0;
        ql_symmetric_encode(step, w, k, codes);
        for (size_t l = 0; l < k; l++) {
            sum += codes[l];
        }
        job->sums[row] = sum;
        if (job->steps) {
            job->steps[row] = step;
        }
    }
    return QL_OK;
}

/* With steps per row, or one for all of W. */
static ql_status code_weights(ql_way *way, bool per_row, ql_error *error)
{
    const ql_operands *o = way->o;
    way->w_steps = ql_way_array(o->n, sizeof(float), error);
    way->x_steps = ql_way_array(o->m, sizeof(float), error);
    way->w_sums = ql_way_array(o->n, sizeof(int32_t), error);
    code_job job = { o, per_row ? way->w_steps : NULL, 0, ql_way_array(o->n * o->k, 1, error), way->w_sums };
    if (!way->w_steps || !way->x_steps || !way->w_sums || !job.codes) {
        free(job.codes);
        return QL_NO_MEMORY;
    }
    if (!per_row) {
        job.step = ql_symmetric_step(ql_largest_magnitude(o->w, o->n * o->k));
        for (size_t j = 0; j < o->n; j++) {
            way->w_steps[j] = job.step;
        }
    }
    const ql_pass pass = {
        .chunk_count = (o->n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE,
        .work = code_rows,
        .context = &job,
        .monitor = way->monitor,
        .elements = o->n,
        .total = o->n,
    };
    ql_status status = ql_parallel(o->engine, &pass, error);
    if (status == QL_OK) {
        status = ql_pack_codes(o->engine, job.codes, o->n, o->k, &way->w, error);
    }
    free(job.codes);
    way->bytes = (uint64_t)o->n * o->k + (per_row ? o->n : 1) * sizeof(float);
    return status;
}

ql_status ql_way_code_rows(ql_way *way, ql_error *error)
{
    return code_weights(way, true, error);
}

ql_status ql_prepare_tensor(ql_way *way, ql_error *error)
{
    return code_weights(way, false, error);
}

/* ---- From sums to Y */

void ql_way_watch(ql_way *way, unsigned worker, const int32_t *sums, size_t n)
{
    int32_t largest = way->largest[worker];
    for (size_t i = 0; i < n; i++) {
        const int32_t magnitude = sums[i] < 0 ? -(sums[i] + (sums[i] == INT32_MIN)) : sums[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    way->largest[worker] = largest;
}

static void scale_tile(void *context, unsigned worker, const ql_gemm_tile *tile)
{
    const ql_scaling *s = context;
    const float *steps = s->way->w_steps + tile->output;
    const int32_t *w_sums = s->way->w_sums + tile->output;
    for (size_t i = 0; i < tile->rows; i++) {
        int32_t *sums = (int32_t *)tile->y + i * tile->stride;
        const float dx = s->way->x_steps[tile->row + i];
        for (size_t j = 0; j < tile->outputs && s->zero != 0; j++) {
            sums[j] = (int32_t)((uint32_t)sums[j] - (uint32_t)s->zero * (uint32_t)w_sums[j]);
        }
        if (s->way->largest) {
            ql_way_watch(s->way, worker, sums, tile->outputs);
        }
        s->way->w.kernels->scale(sums, tile->outputs, dx, steps);
    }
}

ql_gemm_options ql_scaled(ql_scaling *scaling)
{
    return (ql_gemm_options) { .end = scale_tile, .context = scaling, .monitor = scaling->way->monitor };
}

static ql_status multiply_and_scale(ql_way *way, int32_t zero, float *y, ql_error *error)
{
    ql_scaling scaling = { way, zero };
    const ql_gemm_options options = ql_scaled(&scaling);
    return ql_gemm_codes(way->o->engine, &way->w, &way->x, (int32_t *)(void *)y, &options, error);
}

/* ---- int8:row, int8:tensor */

static void make_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    const float *x = way->o->x + row * way->o->k;
    (void)worker;
    way->x_steps[row] = ql_symmetric_step(ql_largest_magnitude(x, way->o->k));
    ql_symmetric_encode(way->x_steps[row], x, way->o->k, codes);
}

ql_status ql_run_row(ql_way *way, float *y, ql_error *error)
{
    const double start = ql_now();
    const ql_status status = ql_gemm_make_codes(way->o->engine, &way->w, make_row, way, way->o->m, &way->x, error);
    way->quantize_seconds = ql_now() - start;
    return status == QL_OK ? multiply_and_scale(way, 0, y, error) : status;
}

static ql_status find_row_range(void *context, unsigned worker, uint64_t row, ql_error *error)
{
    const ql_way *way = context;
    (void)worker, (void)error;
    way->x_steps[row] = ql_largest_magnitude(way->o->x + row * way->o->k, way->o->k);
    return QL_OK;
}

static void make_row_of_tensor(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    (void)worker;
    ql_symmetric_encode(way->x_steps[row], way->o->x + row * way->o->k, way->o->k, codes);
}

ql_status ql_run_tensor(ql_way *way, float *y, ql_error *error)
{
    const ql_operands *o = way->o;
    const double start = ql_now();
    const ql_pass pass = { .chunk_count = o->m, .work = find_row_range, .context = way };
    ql_status status = ql_parallel(o->engine, &pass, error);
    const float step = ql_symmetric_step(ql_largest_magnitude(way->x_steps, o->m));
    for (size_t i = 0; i < o->m; i++) {
        way->x_steps[i] = step;
    }
    if (status == QL_OK) {
        status = ql_gemm_make_codes(o->engine, &way->w, make_row_of_tensor, way, o->m, &way->x, error);
    }
    way->quantize_seconds = ql_now() - start;
    return status == QL_OK ? multiply_and_scale(way, 0, y, error) : status;
}

/* ---- int8:static, integer */

typedef struct frozen {
    ql_affine x, y;
    ql_multiplier *multipliers; /* [n], of integer */
} frozen;

static void free_frozen(void *state)
{
    frozen *f = state;
    free(f->multipliers);
    free(f);
}

static size_t calibration_rows(const ql_operands *o)
{
    return (o->m + CALIBRATION_SHARE - 1) / CALIBRATION_SHARE;
}

/* The range of the first rows, cut at the threshold where there is one. */
static ql_status freeze(ql_way *way, frozen **out, ql_error *error)
{
    const ql_operands *o = way->o;
    frozen *f = ql_way_array(1, sizeof *f, error);
    if (!f) {
        return QL_NO_MEMORY;
    }
    way->state = f;
    way->free_state = free_frozen;
    *out = f;
    if (o->k > MOST_AFFINE_INPUTS) {
        return ql_fail(error, QL_UNUSABLE,
                       "%zu inputs: sums of more than %d products of codes with a zero point may not fit "
                       "32 bits",
                       o->k, MOST_AFFINE_INPUTS);
    }
    ql_observed range = { 0 };
    ql_status status = ql_observe_minmax(&range, o->x, calibration_rows(o) * o->k, error);
    if (way->threshold > 0) {
        range.lo = fmaxf(range.lo, (float)-way->threshold);
        range.hi = fminf(range.hi, (float)way->threshold);
    }
    if (status == QL_OK) {
        f->x = ql_affine_of(&range);
        status = code_weights(way, true, error);
    }
    return status;
}

ql_status ql_prepare_static(ql_way *way, ql_error *error)
{
    frozen *f;
    const ql_status status = freeze(way, &f, error);
    for (size_t i = 0; i < way->o->m && status == QL_OK; i++) {
        way->x_steps[i] = f->x.step;
    }
    return status;
}

typedef struct affine_rows {
    ql_way *way;
    const frozen *f;
} affine_rows;

static void make_affine_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const affine_rows *job = context;
    (void)worker;
    ql_affine_encode(job->f->x, job->way->o->x + row * job->way->o->k, job->way->o->k, codes);
}

static ql_status take_affine(ql_way *way, ql_error *error)
{
    affine_rows rows = { way, way->state };
    const double start = ql_now();
    const ql_status status = ql_gemm_make_codes(way->o->engine, &way->w, make_affine_row, &rows, way->o->m, &way->x, error);
    way->quantize_seconds = ql_now() - start;
    return status;
}

ql_status ql_run_static(ql_way *way, float *y, ql_error *error)
{
    const frozen *f = way->state;
    const ql_status status = take_affine(way, error);
    return status == QL_OK ? multiply_and_scale(way, f->x.zero, y, error) : status;
}

ql_status ql_prepare_integer(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    frozen *f;
    ql_observed range = { 0 };
    ql_status status = freeze(way, &f, error);
    if (status == QL_OK) {
        status = ql_observe_minmax(&range, o->exact, calibration_rows(o) * o->n, error);
    }
    if (status == QL_OK && !(f->multipliers = ql_way_array(o->n, sizeof *f->multipliers, error))) {
        status = QL_NO_MEMORY;
    }
    if (status != QL_OK) {
        return status;
    }
    f->y = ql_affine_of(&range);
    for (size_t j = 0; j < o->n; j++) {
        f->multipliers[j] = ql_multiplier_of((double)f->x.step * (double)way->w_steps[j] / (double)f->y.step);
    }
    way->bytes += o->n * (sizeof *f->multipliers - sizeof(float));
    return QL_OK;
}

/* ql_requantize where it shifts to the right only, which it mostly does: the same bits, without a branch. */
static int32_t requantize_down(int32_t sum, int32_t m0, int count)
{
    const int32_t high = (int32_t)(((int64_t)sum * m0 + (INT64_C(1) << 30)) >> 31);
    const int32_t mask = (int32_t)((INT64_C(1) << count) - 1), rest = high & mask;
    return (int32_t)((int64_t)high >> count) + (rest > (mask >> 1) + (high < 0));
}

/* What does not fit is the nearest that does, and is clamped later. */
static int32_t requantize(int32_t sum, ql_multiplier multiplier)
{
    int32_t scaled;
    if (multiplier.shift <= 0) {
        return requantize_down(sum, multiplier.m0, -multiplier.shift);
    }
    ql_requantize(sum, multiplier, &scaled);
    return scaled;
}

static void requantize_tile(void *context, unsigned worker, const ql_gemm_tile *tile)
{
    ql_way *way = context;
    const frozen *f = way->state;
    for (size_t i = 0; i < tile->rows; i++) {
        int32_t *sums = (int32_t *)tile->y + i * tile->stride;
        for (size_t j = 0; j < tile->outputs; j++) {
            sums[j] = (int32_t)((uint32_t)sums[j] - (uint32_t)f->x.zero * (uint32_t)way->w_sums[tile->output + j]);
        }
        if (way->largest) {
            ql_way_watch(way, worker, sums, tile->outputs);
        }
        for (size_t j = 0; j < tile->outputs; j++) {
            int64_t code = (int64_t)requantize(sums[j], f->multipliers[tile->output + j]) + f->y.zero;
            code = code < -128 ? -128 : code > 127 ? 127 : code;
            const float y = (float)(code - f->y.zero) * f->y.step;
            memcpy(&sums[j], &y, sizeof y);
        }
    }
}

ql_status ql_run_integer(ql_way *way, float *y, ql_error *error)
{
    const ql_gemm_options options = { .end = requantize_tile, .context = way, .monitor = way->monitor };
    const ql_status status = take_affine(way, error);
    return status == QL_OK ? ql_gemm_codes(way->o->engine, &way->w, &way->x, (int32_t *)(void *)y, &options, error) : status;
}
