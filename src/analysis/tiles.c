/* A pass over a tensor and what the spec of a report makes of it. */
#include "analysis/tiles.h"

#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <stdalign.h>

typedef struct tiles_worker {
    ql_tile_buffers tile;
    alignas(64) unsigned char memory[]; /* the visitor's */
} tiles_worker;

typedef struct tiles_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    const ql_quantizer *quantizer; /* NULL: values alone */
    const ql_visitor *visitor;
    uint64_t first_chunk;
} tiles_job;

static ql_status see_tile(const tiles_job *job, tiles_worker *w, uint64_t begin, size_t n, ql_tile_seen *out,
                          ql_error *error)
{
    *out = (ql_tile_seen) { .begin = begin, .n = n };
    if (!job->quantizer) {
        return ql_tensor_fetch_f32(job->tensor, begin, n, w->tile.values, w->tile.bytes, &out->x, error);
    }
    uint64_t clipped = 0;
    const ql_status status =
        ql_quantize_tile(job->quantizer, job->kernels, job->tensor, begin, n, &w->tile, &clipped, error);
    out->x = w->tile.x;
    out->y = w->tile.y;
    out->codes = w->tile.codes;
    out->quantizer = job->quantizer;
    return status;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const tiles_job *job = context;
    const ql_visitor *v = job->visitor;
    tiles_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = (job->first_chunk + chunk) * QL_CHUNK, left = v->end - chunk_begin;
    const uint64_t first = chunk_begin < v->begin ? v->begin : chunk_begin;
    const uint64_t end = left < QL_CHUNK ? v->end : chunk_begin + QL_CHUNK;
    v->chunk(v->context, w->memory, first, end);
    for (uint64_t begin = first; begin < end; begin += QL_TILE) {
        ql_tile_seen tile;
        const size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        const ql_status status = see_tile(job, w, begin, n, &tile, error);
        if (status != QL_OK) {
            return status;
        }
        v->add(v->context, w->memory, &tile);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const tiles_job *job = context;
    const tiles_worker *w = ql_engine_scratch(job->engine, worker, 0);
    job->visitor->merge(job->visitor->context, w->memory);
}

static ql_status run(tiles_job *job, uint64_t done_before, const ql_monitor *monitor, ql_error *error)
{
    const ql_visitor *v = job->visitor;
    const size_t size = sizeof(tiles_worker) + v->memory_size;
    if (v->begin >= v->end) {
        return QL_OK;
    }
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        if (!ql_engine_scratch(job->engine, worker, size)) {
            return ql_fail_memory(error, size);
        }
    }
    job->first_chunk = v->begin / QL_CHUNK;
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(v->end, QL_CHUNK) - job->first_chunk,
        .work = work,
        .merge = v->merge ? merge : NULL,
        .context = job,
        .monitor = monitor,
        .done_before = done_before,
        .elements = v->end - v->begin,
        .total = done_before + v->end - v->begin,
    };
    return ql_parallel(job->engine, &pass, error);
}

ql_status ql_tiles_visit(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_visitor *visitor,
                         const ql_monitor *monitor, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    const uint64_t before = report ? ql_quantizer_elements(profile, &report->spec) : 0;
    const uint64_t total = before + visitor->end - visitor->begin;
    ql_quantizer q = { 0 };
    ql_status status = report ? ql_quantizer_make(engine, profile, &report->spec, monitor, total, &q, error) : QL_OK;
    if (status == QL_OK) {
        tiles_job job = {
            .engine = engine,
            .tensor = tensor,
            .kernels = ql_kernels_active(),
            .quantizer = report ? &q : NULL,
            .visitor = visitor,
        };
        status = run(&job, before, monitor, error);
    }
    ql_quantizer_free(&q);
    return ql_source_check_after(tensor->storage->source, status, error);
}
