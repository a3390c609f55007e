/*
 * What a tensor of a block type is stored as: how its scales are spread, which of its codes occur. The first pass counts and
 * looks at everything, the others look for the median of the scales.
 */
#include "analysis/metrics.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "quant/select.h"
#include "tensor/block_parts.h"
#include "tensor/ggml.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

enum {
    TILE = 4096, /* elements */
    SMALLEST_RUN = 16,
    TILE_SCALES = TILE / SMALLEST_RUN,
    TILE_BYTES = TILE / 256 * sizeof(ql_q8_k), /* no type has more bits */
    COUNTERS = 4,                              /* of each code, so that equal neighbours do not wait for each other */
};

typedef struct stored_worker {
    uint64_t zeros, nonfinite;
    double min, max;
    uint64_t codes[COUNTERS][QL_BLOCK_CODES];
    double scales[TILE_SCALES]; /* of a tile: the finite magnitudes */
    uint8_t bytes[TILE_BYTES];
} stored_worker;

typedef struct stored_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_block_type *type;
    const ql_block_parts *parts;
    ql_select *select;
    bool is_counted; /* the first pass is over */
} stored_job;

static void count_codes(const stored_job *job, stored_worker *w, const uint8_t *block)
{
    uint8_t codes[QL_BLOCK_CODES];
    job->parts->take_codes(block, codes);
    for (unsigned i = 0; i < job->type->elements; i++) {
        w->codes[i % COUNTERS][codes[i]]++;
    }
}

/* The finite magnitudes of a block's scales go to out; returns how many. */
static size_t take_scales(const stored_job *job, stored_worker *w, const uint8_t *block, double *out)
{
    float scales[QL_BLOCK_SCALES];
    size_t count = 0;
    job->parts->take_scales(block, scales, NULL);
    for (unsigned i = 0; i < job->parts->scale_count; i++) {
        const double magnitude = fabs((double)scales[i] * (double)job->parts->unit);
        if (isfinite(magnitude)) {
            out[count++] = magnitude;
        }
    }
    if (!job->is_counted) {
        w->nonfinite += job->parts->scale_count - count;
        for (size_t i = 0; i < count; i++) {
            w->zeros += out[i] == 0;
            w->min = fmin(w->min, out[i]);
            w->max = fmax(w->max, out[i]);
        }
    }
    return count;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const stored_job *job = context;
    stored_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const size_t elements = job->type->elements, size = job->type->bytes, tile_blocks = TILE / elements;
    const uint64_t blocks = job->tensor->element_count / elements, chunk_blocks = QL_CHUNK / elements;
    const uint64_t first = chunk * chunk_blocks, left = blocks - first,
                   end = first + (left < chunk_blocks ? left : chunk_blocks);
    for (uint64_t begin = first; begin < end; begin += tile_blocks) {
        const size_t count = end - begin < tile_blocks ? (size_t)(end - begin) : tile_blocks;
        const void *bytes;
        ql_status status = ql_tensor_fetch_blocks(job->tensor, begin, count, w->bytes, &bytes, error);
        if (status != QL_OK) {
            return status;
        }
        size_t scales = 0;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *block = (const uint8_t *)bytes + i * size;
            scales += take_scales(job, w, block, w->scales + scales);
            if (!job->is_counted) {
                count_codes(job, w, block);
            }
        }
        ql_select_feed(job->select, worker, w->scales, scales);
    }
    return QL_OK;
}

/* ---- Around the passes */

static ql_status prepare_workers(const stored_job *job, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        stored_worker *w = ql_engine_scratch(job->engine, worker, sizeof *w);
        if (!w) {
            return ql_fail_memory(error, sizeof *w);
        }
        w->zeros = w->nonfinite = 0;
        w->min = INFINITY;
        w->max = -INFINITY;
        memset(w->codes, 0, sizeof w->codes);
    }
    return QL_OK;
}

/* Codes of equal levels count as one: a four-bit float has two zeros. */
static void conclude_codes(const stored_job *job, const uint64_t counts[QL_BLOCK_CODES], ql_stored *out)
{
    uint64_t merged[QL_BLOCK_CODES] = { 0 };
    for (unsigned code = 0; code < job->parts->code_count; code++) {
        unsigned same = 0;
        while (ql_block_level(job->parts, same) != ql_block_level(job->parts, code)) {
            same++;
        }
        merged[same] += counts[code];
        out->codes_possible += same == code;
    }
    for (unsigned code = 0; code < job->parts->code_count; code++) {
        out->codes_used += merged[code] > 0;
    }
    out->entropy_bits = ql_entropy(merged, job->parts->code_count, job->tensor->element_count);
}

static void conclude_counts(const stored_job *job, ql_stored *out)
{
    uint64_t counts[QL_BLOCK_CODES] = { 0 };
    double min = INFINITY, max = -INFINITY;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const stored_worker *w = ql_engine_scratch(job->engine, worker, 0);
        out->scale_zeros += w->zeros;
        out->scale_nonfinite += w->nonfinite;
        min = fmin(min, w->min);
        max = fmax(max, w->max);
        for (unsigned code = 0; code < QL_BLOCK_CODES; code++) {
            for (unsigned i = 0; i < COUNTERS; i++) {
                counts[code] += w->codes[i][code];
            }
        }
    }
    if (min <= max) {
        out->scale_min = min;
        out->scale_max = max;
    }
    conclude_codes(job, counts, out);
}

static ql_status run(stored_job *job, const ql_monitor *monitor, ql_stored *out, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .context = job,
        .monitor = monitor,
        .elements = elements,
        .total = elements,
    };
    ql_status status = ql_parallel(job->engine, &pass, error);
    if (status != QL_OK) {
        return status;
    }
    conclude_counts(job, out);
    const uint64_t finite = out->scale_count - out->scale_nonfinite;
    if (finite == 0) {
        return QL_OK;
    }
    const ql_percentile median = ql_percentile_at(50, finite);
    ql_select_ranks(job->select, median.rank, 2);
    job->is_counted = true;
    pass.done_before = elements;
    pass.elements = 0;
    bool done;
    status = ql_select_advance(job->select, &done, error);
    while (status == QL_OK && !done) {
        status = ql_parallel(job->engine, &pass, error);
        if (status == QL_OK) {
            status = ql_select_advance(job->select, &done, error);
        }
    }
    if (status == QL_OK) {
        out->scale_median = ql_percentile_value(&median, ql_select_value(job->select, 0), ql_select_value(job->select, 1));
    }
    return status;
}

bool ql_dtype_has_scales(ql_dtype dtype)
{
    return dtype >= QL_GGML_Q4_0;
}

static ql_status fail_without_scales(const ql_tensor *tensor, ql_error *error)
{
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, tensor->name, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_USAGE, "%s: tensor '%s': values of type %s have no scales",
                   ql_source_shown(tensor->storage->source), name, ql_dtype_describe(tensor->dtype)->shown);
}

ql_status ql_stored_make(ql_engine *engine, const ql_tensor *tensor, const ql_monitor *monitor, ql_stored *out,
                         ql_error *error)
{
    if (!ql_dtype_has_scales(tensor->dtype)) {
        return fail_without_scales(tensor, error);
    }
    *out = (ql_stored) {
        .bits_per_weight = ql_dtype_bits_per_weight(tensor->dtype),
        .scale_min = NAN,
        .scale_median = NAN,
        .scale_max = NAN,
    };
    stored_job job = { .engine = engine, .tensor = tensor, .type = ql_block_type_for(tensor->dtype) };
    if (!job.type) {
        return QL_OK; /* listed only */
    }
    job.parts = ql_block_parts_of(job.type->kernel);
    out->run = job.type->elements / job.parts->scale_count;
    out->scale_count = tensor->element_count / out->run;
    if (out->scale_count == 0) {
        return QL_OK;
    }
    ql_status status = ql_source_check(tensor->storage->source, error);
    if (status == QL_OK) {
        status = ql_select_new(ql_engine_threads(engine), out->scale_count, &job.select, error);
    }
    if (status == QL_OK) {
        status = prepare_workers(&job, error);
    }
    if (status == QL_OK) {
        status = run(&job, monitor, out, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    ql_select_free(&job.select);
    return status;
}
