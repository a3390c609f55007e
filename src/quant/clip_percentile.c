/*
 * clip=percentile: exact percentiles with linear interpolation (SCHEMES section 4). Symmetric mappings take one percentile of the
 * magnitudes; the others two of the values. A whole tensor is selected as a stream; the groups of one, each in memory.
 */
#include "base/error.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
#include "quant/select.h"
#include "tensor/tensor.h"

#include <math.h>

/* The percentile of float32 values in memory, which are reordered. */
static double percentile_of(float *values, size_t n, double percent)
{
    ql_percentile p = ql_percentile_at(percent, n);
    double low = ql_nth(values, n, (size_t)p.rank[0]);
    double high = p.fraction > 0 ? ql_nth(values, n, (size_t)p.rank[1]) : low;
    return ql_percentile_value(&p, low, high);
}

static void calibrate_group(const ql_calibration *c, uint64_t group, float *values, size_t n)
{
    const bool symmetric = c->spec->mapping->symmetric;
    if (symmetric) {
        for (size_t i = 0; i < n; i++) {
            values[i] = fabsf(values[i]);
        }
    }
    c->hi[group] = percentile_of(values, n, c->spec->p_hi);
    c->lo[group] = symmetric ? -c->hi[group] : percentile_of(values, n, c->spec->p_lo);
}

typedef struct stream {
    const ql_calibration *calibration;
    ql_select *select;
} stream;

typedef struct stream_buffers {
    double values[QL_TILE];
    float x[QL_TILE];
    unsigned char bytes[(QL_TILE + 2) * 9];
} stream_buffers;

static ql_status feed_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const stream *s = context;
    const ql_tensor *tensor = s->calibration->profile->tensor;
    const bool symmetric = s->calibration->spec->mapping->symmetric;
    stream_buffers *buffers = ql_engine_scratch(s->calibration->engine, worker, 0);
    uint64_t begin = chunk * QL_CHUNK, end = begin + QL_CHUNK;
    end = end < tensor->element_count ? end : tensor->element_count;
    for (; begin < end; begin += QL_TILE) {
        size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        ql_status status = ql_tensor_read_f32(tensor, begin, n, buffers->x, buffers->bytes, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            buffers->values[i] = symmetric ? fabsf(buffers->x[i]) : buffers->x[i];
        }
        ql_select_feed(s->select, worker, buffers->values, n);
    }
    return QL_OK;
}

static ql_status calibrate_tensor(const ql_calibration *c, ql_error *error)
{
    const uint64_t elements = c->groups->elements;
    const ql_percentile low = ql_percentile_at(c->spec->p_lo, elements), high = ql_percentile_at(c->spec->p_hi, elements);
    stream s = { .calibration = c };
    ql_status status = ql_select_new(ql_engine_threads(c->engine), elements, &s.select, error);
    if (status != QL_OK) {
        return status;
    }
    ql_select_ranks(s.select, (uint64_t[]){ low.rank[0], low.rank[1], high.rank[0], high.rank[1] }, 4);
    for (unsigned worker = 0; worker < ql_engine_threads(c->engine); worker++) {
        if (!ql_engine_scratch(c->engine, worker, sizeof(stream_buffers))) {
            status = ql_fail_memory(error, sizeof(stream_buffers));
        }
    }
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = feed_chunk,
        .context = &s,
        .monitor = c->monitor,
        .elements = elements,
        .total = c->total,
    };
    const uint64_t expected = ql_quantizer_elements(c->profile, c->spec);
    for (bool done = false; status == QL_OK && !done;) {
        status = ql_parallel(c->engine, &pass, error);
        pass.done_before += pass.elements;
        pass.elements = pass.done_before < expected ? elements : 0; /* a scan more: progress waits where the next pass begins */
        if (status == QL_OK) {
            status = ql_select_advance(s.select, &done, error);
        }
    }
    if (status == QL_OK) {
        c->hi[0] = ql_percentile_value(&high, ql_select_value(s.select, 2), ql_select_value(s.select, 3));
        c->lo[0] = c->spec->mapping->symmetric
                       ? -c->hi[0]
                       : ql_percentile_value(&low, ql_select_value(s.select, 0), ql_select_value(s.select, 1));
    }
    ql_select_free(&s.select);
    return status;
}

ql_status ql_calibrate_percentile(const ql_calibration *calibration, ql_error *error)
{
    return calibration->groups->count == 1 ? calibrate_tensor(calibration, error)
                                           : ql_calibrate_groups(calibration, calibrate_group, error);
}
