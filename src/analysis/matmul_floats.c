/* Products in float32: of W itself, and of W after a spec has made it poorer. */
#include "analysis/matmul.h"
#include "base/engine.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ql_status ql_prepare_fp32(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    way->bytes = (uint64_t)o->n * o->k * sizeof(float);
    return ql_pack_floats(o->engine, o->w, o->n, o->k, &way->w, error);
}

ql_status ql_run_floats(ql_way *way, float *y, ql_error *error)
{
    const ql_operands *o = way->o;
    const ql_status status = ql_gemm_take_floats(o->engine, &way->w, o->x, o->m, &way->x, error);
    return status == QL_OK
               ? ql_gemm_floats(o->engine, &way->w, &way->x, y, &(ql_gemm_options) { .monitor = way->monitor }, error)
               : status;
}

/* ---- What a spec makes of W */

typedef struct quantize_job {
    const ql_way *way;
    const ql_quantizer *quantizer;
    ql_use_tile *use;
    void *context;
} quantize_job;

static ql_status quantize_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const quantize_job *job = context;
    const ql_tensor *tensor = job->way->o->profile->tensor;
    ql_tile_buffers *buffers = ql_engine_scratch(job->way->o->engine, worker, 0);
    const uint64_t begin = chunk * QL_CHUNK, left = tensor->element_count - begin, n = left < QL_CHUNK ? left : QL_CHUNK;
    ql_status status = QL_OK;
    for (uint64_t done = 0; done < n && status == QL_OK; done += QL_TILE) {
        const size_t tile = n - done < QL_TILE ? (size_t)(n - done) : QL_TILE;
        uint64_t clipped = 0;
        status = ql_quantize_tile(job->quantizer, ql_kernels_active(), tensor, begin + done, tile, buffers, &clipped, error);
        if (status == QL_OK) {
            job->use(job->context, begin + done, tile, buffers->codes, buffers->y);
        }
    }
    return status;
}

ql_status ql_way_quantize(ql_way *way, ql_quantizer *quantizer, ql_use_tile *use, void *context, ql_error *error)
{
    const ql_operands *o = way->o;
    const uint64_t elements = o->profile->tensor->element_count;
    ql_status status = ql_quantizer_make(o->engine, o->profile, &way->spec, way->monitor,
                                         ql_quantizer_elements(o->profile, &way->spec) + elements, quantizer, error);
    for (unsigned worker = 0; worker < ql_engine_threads(o->engine) && status == QL_OK; worker++) {
        if (!ql_engine_scratch(o->engine, worker, sizeof(ql_tile_buffers))) {
            status = ql_fail_memory(error, sizeof(ql_tile_buffers));
        }
    }
    if (status != QL_OK) {
        return status;
    }
    quantize_job job = { way, quantizer, use, context };
    const ql_pass pass = {
        .chunk_count = (elements + QL_CHUNK - 1) / QL_CHUNK,
        .work = quantize_chunk,
        .context = &job,
        .monitor = way->monitor,
        .elements = elements,
        .total = elements,
    };
    way->bytes = (uint64_t)ceil(ql_quantizer_bits(quantizer) / 8);
    return ql_parallel(o->engine, &pass, error);
}

size_t ql_way_place(const ql_walk *walk, uint64_t i)
{
    return (size_t)(walk->across ? i % walk->rows * walk->cols + i / walk->rows : i);
}

typedef struct values_job {
    ql_walk walk;
    float *values; /* [n][k] */
} values_job;

static void use_values(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const values_job *job = context;
    (void)codes;
    for (size_t i = 0; i < n; i++) {
        job->values[ql_way_place(&job->walk, begin + i)] = y[i];
    }
}

ql_status ql_prepare_simulated(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    ql_quantizer quantizer = { 0 };
    values_job job = { ql_walk_of(o->profile->tensor), ql_way_array(o->n * o->k, sizeof(float), error) };
    ql_status status = job.values ? ql_way_quantize(way, &quantizer, use_values, &job, error) : QL_NO_MEMORY;
    if (status == QL_OK) {
        status = ql_pack_floats(o->engine, job.values, o->n, o->k, &way->w, error);
    }
    free(job.values);
    ql_quantizer_free(&quantizer);
    return status;
}
