/*
 * Decoders, from packed codes in memory to float32 in memory, and what writing as much takes.
 *
 * The codes are random bytes. Bit 6 of every second one is 0: a half-precision parameter, at an even place in the formats
 * that are timed, is then finite.
 */
#include "analysis/bench.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/sizes.h"
#include "tensor/blocks.h"

enum {
    RUN = 256,       /* elements; every kind of block divides it */
    RUN_BYTES = 272, /* of those in the largest kind, q8_0 */
    NF4_BLOCK = 64,
};

static void make_codes(uint8_t *codes, uint64_t size)
{
    uint64_t state = 1;
    for (uint64_t i = 0; i < size; i += 8) {
        state ^= state << 13; /* xorshift64 (Marsaglia 2003) */
        state ^= state >> 7;
        state ^= state << 17;
        const uint64_t word = state & 0xBFFFBFFFBFFFBFFFu;
        for (uint64_t byte = 0; byte < 8 && i + byte < size; byte++) {
            codes[i + byte] = (uint8_t)(word >> 8 * byte);
        }
    }
}

ql_status ql_bench_ready_to_decode(ql_bench *bench, const ql_bench_pass *pass, ql_error *error)
{
    (void)pass;
    const ql_tensor *t = &bench->tensor;
    if (bench->codes) {
        return QL_OK;
    }
    bench->codes_size = (size_t)ql_size_ceil_div(t->element_count, RUN) * RUN_BYTES;
    bench->codes = ql_pages_new(bench->codes_size);
    bench->decoded = ql_pages_new((size_t)t->byte_count);
    if (!bench->codes || !bench->decoded) {
        ql_pages_free(bench->codes, bench->codes_size);
        ql_pages_free(bench->decoded, (size_t)t->byte_count);
        bench->codes = NULL;
        bench->decoded = NULL;
        return ql_fail_memory(error, bench->codes_size + t->byte_count);
    }
    make_codes(bench->codes, bench->codes_size);
    return QL_OK;
}

/* The place of a chunk of decoded values; returns how many there are. */
static size_t decoded_chunk(const ql_bench_job *job, uint64_t chunk, float **out)
{
    const float *x;
    *out = job->bench->decoded + chunk * QL_CHUNK;
    return ql_bench_chunk(job, chunk, &x);
}

static ql_status write_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)worker;
    (void)error;
    const float value = 1 + (float)chunk;
    float *out;
    const size_t n = decoded_chunk(context, chunk, &out);
    for (size_t i = 0; i < n; i++) {
        out[i] = value;
    }
    return QL_OK;
}

static ql_status decode_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)worker;
    (void)error;
    const ql_bench_job *job = context;
    float *out;
    const size_t n = decoded_chunk(job, chunk, &out);
    const ql_block_type *type = job->type;
    const uint8_t *codes = job->bench->codes + chunk * (QL_CHUNK / type->elements) * type->bytes;
    job->kernels->decode.blocks[type->kernel](codes, n / type->elements, out);
    return QL_OK;
}

/* Any finite scales and levels do. */
static ql_status decode_nf4_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)worker;
    (void)error;
    static const float level[16] = { -1,     -0.7f, -0.5f, -0.4f,  -0.3f, -0.2f, -0.1f, 0,
                                     0.075f, 0.15f, 0.25f, 0.325f, 0.45f, 0.55f, 0.75f, 1 };
    const ql_bench_job *job = context;
    float *out;
    const size_t n = decoded_chunk(job, chunk, &out);
    job->kernels->decode.nf4(level, job->bench->codes + chunk * (QL_CHUNK / 2), n, NF4_BLOCK,
                             job->bench->values + chunk * (QL_CHUNK / NF4_BLOCK), out);
    return QL_OK;
}

ql_status ql_bench_write(ql_bench_job *job, ql_error *error)
{
    return ql_bench_sweep(job, QL_CHUNK, write_chunk, NULL, error);
}

ql_status ql_bench_decode(ql_bench_job *job, ql_error *error)
{
    job->type = ql_block_type_named(job->pass->spec);
    return ql_bench_sweep(job, QL_CHUNK, job->type ? decode_chunk : decode_nf4_chunk, NULL, error);
}

void ql_bench_answer_decoded(ql_bench_job *job)
{
    const uint64_t elements = job->bench->tensor.element_count;
    double sum = 0;
    for (uint64_t i = 0; i < elements / RUN * RUN; i++) {
        sum += (double)job->bench->decoded[i];
    }
    ql_bench_answer(job, "sum", sum);
}
