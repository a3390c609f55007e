/* A pass over the values of a tensor: see stream.h. */
#include "quant/stream.h"

#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <string.h>

typedef struct stream_buffers {
    float x[QL_TILE];
    unsigned char bytes[(QL_TILE + 2) * 9];
    _Alignas(16) unsigned char memory[]; /* memory_size */
} stream_buffers;

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const ql_stream *s = context;
    stream_buffers *buffers = ql_engine_scratch(s->engine, worker, 0);
    uint64_t begin = chunk * QL_CHUNK, end = begin + QL_CHUNK;
    end = end < s->tensor->element_count ? end : s->tensor->element_count;
    const bool dense = s->outliers && s->outliers->active;
    memset(buffers->memory, 0, s->memory_size);
    for (; begin < end; begin += QL_TILE) {
        const size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        const float *x = buffers->x;
        ql_status status = dense ? ql_tensor_read_f32(s->tensor, begin, n, buffers->x, buffers->bytes, error)
                                 : ql_tensor_fetch_f32(s->tensor, begin, n, buffers->x, buffers->bytes, &x, error);
        if (status != QL_OK) {
            return status;
        }
        if (dense) {
            ql_outliers_zero(s->outliers, begin, buffers->x, n);
        }
        s->tile(s->context, worker, buffers->memory, begin, x, n);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const ql_stream *s = context;
    s->merge(s->context, ((stream_buffers *)ql_engine_scratch(s->engine, worker, 0))->memory);
}

ql_status ql_stream_run(ql_stream *stream, ql_error *error)
{
    const size_t size = sizeof(stream_buffers) + stream->memory_size;
    for (unsigned worker = 0; worker < ql_engine_threads(stream->engine); worker++) {
        if (!ql_engine_scratch(stream->engine, worker, size)) {
            return ql_fail_memory(error, size);
        }
    }
    const uint64_t elements = stream->tensor->element_count, left = stream->limit - stream->done_before;
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = stream->merge ? merge : NULL,
        .context = stream,
        .monitor = stream->monitor,
        .done_before = stream->done_before,
        .elements = left < elements ? left : elements, /* a scan more than expected shows no progress */
        .total = stream->total,
    };
    ql_status status = ql_parallel(stream->engine, &pass, error);
    stream->done_before += pass.elements;
    return status;
}
