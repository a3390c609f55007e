/*
 * A matrix for timing: made up, or copied from a tensor.
 *
 *   u, v, w   splitmix64 (Steele, Lea, Flood 2014), a stream of its own for each chunk
 *   x         0.02 times the two normal numbers of u and v (base/normal.h), in float64; times 20 where w is among the
 *             lowest thousandth
 */
#include "analysis/bench.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/normal.h"
#include "base/pages.h"
#include "base/sizes.h"

#include <stdlib.h>
#include <string.h>

enum { MADE = 1 << 24 /* elements; more are copies */ };

#define DEVIATION 0.02
#define FACTOR    20

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static float outlier_or_not(double x, uint32_t w)
{
    return (float)(w < UINT32_MAX / 1000 ? x * FACTOR : x);
}

static void make_values(uint64_t stream, float *x, size_t n)
{
    uint64_t state = stream * 0xD1342543DE82EF95u;
    for (size_t i = 0; i < n; i += 2) {
        const uint64_t u = draw(&state), v = draw(&state), w = draw(&state);
        double pair[2];
        ql_normal_pair(u, v, pair);
        x[i] = outlier_or_not(DEVIATION * pair[0], (uint32_t)w);
        if (i + 1 < n) {
            x[i + 1] = outlier_or_not(DEVIATION * pair[1], (uint32_t)(w >> 32));
        }
    }
}

typedef struct filling {
    ql_bench *bench;
    const ql_tensor *from; /* NULL: made up */
    uint64_t first_chunk;  /* those before are there */
} filling;

static ql_status fill_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const filling *f = context;
    const ql_bench *bench = f->bench;
    chunk += f->first_chunk;
    const uint64_t begin = chunk * QL_CHUNK, left = bench->tensor.element_count - begin;
    const size_t n = left < QL_CHUNK ? (size_t)left : QL_CHUNK;
    float *x = bench->values + begin;
    if (f->from) {
        return ql_tensor_read_f32(f->from, begin, n, x, ql_engine_scratch(bench->engine, worker, 0), error);
    }
    if (begin >= MADE) {
        memcpy(x, bench->values + begin % MADE, n * sizeof *x);
    } else {
        make_values(chunk, x, n);
    }
    return QL_OK;
}

static ql_status fill(ql_bench *bench, const ql_tensor *from, const ql_monitor *monitor, ql_error *error)
{
    const size_t scratch = from ? ql_tensor_scratch_size(from, QL_CHUNK) : 0;
    for (unsigned worker = 0; worker < ql_engine_threads(bench->engine); worker++) {
        if (!ql_engine_scratch(bench->engine, worker, scratch) && scratch) {
            return ql_fail_memory(error, scratch);
        }
    }
    const uint64_t chunks = ql_size_ceil_div(bench->tensor.element_count, QL_CHUNK);
    filling f = { .bench = bench, .from = from };
    ql_pass pass = { .chunk_count = chunks,
                     .work = fill_chunk,
                     .context = &f,
                     .monitor = monitor,
                     .elements = bench->tensor.element_count,
                     .total = bench->tensor.element_count };
    if (!from && chunks > MADE / QL_CHUNK) {
        pass.chunk_count = MADE / QL_CHUNK;
    }
    ql_status status = ql_parallel(bench->engine, &pass, error);
    f.first_chunk = pass.chunk_count;
    pass.chunk_count = chunks - f.first_chunk;
    return status == QL_OK && pass.chunk_count ? ql_parallel(bench->engine, &pass, error) : status;
}

static ql_status fail_unusable(const ql_bench *bench, const ql_tensor *from, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, from->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': %s; passes are timed on finite values",
                   ql_source_shown(from->storage->source), name, bench->profile->unusable);
}

static ql_status make(ql_engine *engine, uint64_t rows, uint64_t cols, const ql_tensor *from, const ql_monitor *monitor,
                      ql_bench **out, ql_error *error)
{
    uint64_t count, size;
    if (!ql_size_mul(rows, cols, &count) || !ql_size_mul(count, sizeof(float), &size) || count == 0 || size > SIZE_MAX / 4) {
        return ql_fail(error, QL_BAD_USAGE, "a matrix of that size cannot be made");
    }
    ql_bench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        return ql_fail_memory(error, sizeof *bench);
    }
    bench->engine = engine;
    bench->values = ql_pages_new((size_t)size);
    ql_status status = bench->values ? ql_source_from_memory("bench", bench->values, size, &bench->source, error)
                                     : ql_fail_memory(error, size);
    bench->storage.source = bench->source;
    bench->shape[0] = rows;
    bench->shape[1] = cols;
    bench->tensor = (ql_tensor) {
        .name = ql_text_from("weights"),
        .dtype = QL_F32,
        .rank = 2,
        .shape = bench->shape,
        .element_count = count,
        .byte_count = size,
        .storage = &bench->storage,
    };
    ql_tensor_set_layout(&bench->tensor, QL_LAYOUT_OUT_IN);
    if (status == QL_OK) {
        status = fill(bench, from, monitor, error);
    }
    if (status == QL_OK) {
        status = ql_profile_make(engine, NULL, &bench->tensor, monitor, &bench->profile, error);
    }
    if (status == QL_OK && bench->profile->unusable) {
        status = fail_unusable(bench, from, error);
    }
    if (status != QL_OK) {
        ql_bench_free(&bench);
        return status;
    }
    *out = bench;
    return QL_OK;
}

ql_status ql_bench_new(ql_engine *engine, uint64_t rows, uint64_t cols, const ql_monitor *monitor, ql_bench **out,
                       ql_error *error)
{
    return make(engine, rows, cols, NULL, monitor, out, error);
}

ql_status ql_bench_of(ql_engine *engine, const ql_tensor *tensor, ql_bench **out, ql_error *error)
{
    const uint64_t cols = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    if (tensor->element_count == 0) {
        return ql_fail(error, QL_UNUSABLE, "%s: an empty tensor, there is nothing to time",
                       ql_source_shown(tensor->storage->source));
    }
    return make(engine, tensor->element_count / cols, cols, tensor, NULL, out, error);
}

void ql_bench_free(ql_bench **bench)
{
    ql_bench *b = *bench;
    if (b) {
        ql_quantizer_free(&b->quantizer);
        ql_profile_free(&b->profile);
        ql_source_free(&b->source);
        ql_pages_free(b->values, (size_t)b->tensor.byte_count);
        ql_pages_free(b->codes, b->codes_size);
        ql_pages_free(b->decoded, (size_t)b->tensor.byte_count);
        free(b);
        *bench = NULL;
    }
}

const ql_tensor *ql_bench_tensor(const ql_bench *bench)
{
    return &bench->tensor;
}
