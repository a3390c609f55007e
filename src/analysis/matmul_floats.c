/*
 * Products in float32: of W itself, of W after a spec has made it poorer, and of codes that are decoded in cache.
 *
 * Codes that are kept: a byte each, or half a byte where 16 are enough, in the order of W[n][k]. What a spec makes of a code
 * is level[code] scale, or (code - zero) scale, or else a table for each group; it is the value of `simulated`, bit by bit.
 */
#include "analysis/errors.h"
#include "analysis/matmul.h"
#include "base/engine.h"
#include "base/error.h"
#include "quant/scheme.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 256 };

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
    const double bits = ql_spec_bits_per_weight(&way->spec, o->n, o->k);
    way->bytes = (uint64_t)ceil((bits > 0 ? bits : way->spec.bits) * (double)elements / 8);
    return ql_parallel(o->engine, &pass, error);
}

/* Where stored element i lies in W[n][k]. */
static size_t place_of(const ql_walk *walk, uint64_t i)
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
        job->values[place_of(&job->walk, begin + i)] = y[i];
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

/* ---- Codes that are decoded in cache */

typedef enum decoding { BY_LEVELS, BY_ZEROS, BY_TABLES } decoding;

typedef struct kept_codes {
    ql_walk walk;
    ql_quantizer quantizer;
    size_t k, row_bytes;
    bool halves; /* two codes a byte */
    int code_lo;
    decoding decoding;
    float levels[MOST_LEVELS];
    uint8_t *codes; /* [n][row_bytes] code - code_lo */
} kept_codes;

static void free_codes(void *state)
{
    kept_codes *kept = state;
    ql_quantizer_free(&kept->quantizer);
    free(kept->codes);
    free(kept);
}

static void use_codes(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const kept_codes *kept = context;
    (void)y;
    for (size_t i = 0; i < n; i++) {
        const size_t place = place_of(&kept->walk, begin + i);
        kept->codes[place] = (uint8_t)(codes[i] - kept->code_lo);
    }
}

/* In place: a row of halves ends before the next one begins. */
static void halve(kept_codes *kept)
{
    for (size_t row = 0; row < kept->walk.rows; row++) {
        const uint8_t *from = kept->codes + row * kept->k;
        uint8_t *to = kept->codes + row * kept->row_bytes;
        for (size_t i = 0; i < kept->row_bytes; i++) {
            const uint8_t high = 2 * i + 1 < kept->k ? from[2 * i + 1] : 0;
            to[i] = (uint8_t)(from[2 * i] << 4 | high);
        }
    }
}

/* Of an input of an output, and up to which input it goes; groups go along the rows. */
static uint64_t group_of(const ql_groups *g, size_t row, size_t col, size_t *end)
{
    const size_t k = (size_t)g->cols;
    *end = k;
    switch (g->per) {
    case QL_PER_ROW:
        return row;
    case QL_PER_BLOCK:
        *end = (size_t)((col / g->block + 1) * g->block);
        *end = *end < k ? *end : k;
        return row * g->row_groups + col / g->block;
    case QL_PER_FLAT: {
        const uint64_t at = (uint64_t)row * k + col, group = at / g->block, left = (group + 1) * g->block - at;
        *end = left < k - col ? col + (size_t)left : k;
        return group;
    }
    default:
        return 0;
    }
}

static void decode_run(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const ql_quantizer *q = &kept->quantizer;
    if (kept->decoding == BY_ZEROS) {
        const float scale = q->scales[group];
        const int32_t zero = kept->code_lo - (q->zeros ? q->zeros[group] : 0);
        for (size_t i = 0; i < n; i++) {
            w[i] = (float)(codes[i] + zero) * scale;
        }
    } else if (kept->decoding == BY_LEVELS) {
        const float scale = q->scales[group];
        for (size_t i = 0; i < n; i++) {
            w[i] = kept->levels[codes[i]] * scale;
        }
    } else {
        float table[MOST_LEVELS];
        for (int code = q->code_lo; code <= q->code_hi; code++) {
            table[code - kept->code_lo] = q->spec.mapping->decode(q, group, code);
        }
        for (size_t i = 0; i < n; i++) {
            w[i] = table[codes[i]];
        }
    }
}

enum { DECODE_AT_ONCE = 512 };

/* Halves of groups that begin where the rows do, by the kernel that decodes nf4. */
static bool decode_at_once(const kept_codes *kept, size_t output, size_t from, size_t count, float *w)
{
    const ql_groups *g = &kept->quantizer.groups;
    const bool by_blocks = g->per == QL_PER_BLOCK || g->per == QL_PER_FLAT;
    size_t end;
    if (!kept->halves || kept->decoding != BY_LEVELS || from % 2 != 0 || (by_blocks && from % g->block != 0) ||
        (g->per == QL_PER_FLAT && kept->k % g->block != 0)) {
        return false;
    }
    ql_kernels_active()->decode.nf4(kept->levels, kept->codes + output * kept->row_bytes + from / 2, count,
                                    by_blocks ? (size_t)g->block : count,
                                    kept->quantizer.scales + group_of(g, output, from, &end), w);
    return true;
}

static void decode_row(const void *context, size_t output, size_t from, size_t count, float *w)
{
    const kept_codes *kept = context;
    const uint8_t *row = kept->codes + output * kept->row_bytes;
    if (decode_at_once(kept, output, from, count, w)) {
        return;
    }
    for (size_t at = from, end; at < from + count; at = end) {
        uint8_t whole[DECODE_AT_ONCE + 1];
        const uint64_t group = group_of(&kept->quantizer.groups, output, at, &end);
        end = end < from + count ? end : from + count;
        end = end - at < DECODE_AT_ONCE ? end : at + DECODE_AT_ONCE;
        const uint8_t *codes = row + at;
        if (kept->halves) {
            const size_t first = at / 2, bytes = (end + 1) / 2 - first;
            for (size_t i = 0; i < bytes && i < DECODE_AT_ONCE / 2; i++) {
                whole[2 * i] = row[first + i] >> 4;
                whole[2 * i + 1] = row[first + i] & 15;
            }
            if (bytes > DECODE_AT_ONCE / 2) { /* from an odd input on */
                whole[DECODE_AT_ONCE] = row[first + bytes - 1] >> 4;
            }
            codes = whole + at % 2;
        }
        decode_run(kept, group, codes, end - at, w + (at - from));
    }
}

/* Whether all codes of a group (of many levels: some) are what the quicker ways make of them. */
static bool is_quick(const kept_codes *kept, decoding way, uint64_t group)
{
    const ql_quantizer *q = &kept->quantizer;
    const int count = q->code_hi - q->code_lo + 1, step = count > 16 ? 15 : 1;
    for (int i = 0; i < count; i += step) {
        const float value = q->spec.mapping->decode(q, group, q->code_lo + i);
        const float quick = way == BY_LEVELS ? kept->levels[i] * q->scales[group]
                                             : (float)(q->code_lo + i - (q->zeros ? q->zeros[group] : 0)) * q->scales[group];
        if (!(value == quick)) {
            return false;
        }
    }
    return true;
}

/* Levels are what the first group would make of its codes with a scale of 1; whether that serves is asked of every group. */
static void choose_decoding(kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->decoding = BY_TABLES;
    if (!q->scales || q->codebook) {
        return;
    }
    const float scale = q->scales[0];
    q->scales[0] = 1;
    for (int code = q->code_lo; code <= q->code_hi; code++) {
        kept->levels[code - q->code_lo] = q->spec.mapping->decode(q, 0, code);
    }
    q->scales[0] = scale;
    bool by_levels = true, by_zeros = true;
    for (uint64_t group = 0; group < q->groups.count && (by_levels || by_zeros); group++) {
        by_levels = by_levels && is_quick(kept, BY_LEVELS, group);
        by_zeros = by_zeros && is_quick(kept, BY_ZEROS, group);
    }
    kept->decoding = by_levels && kept->halves ? BY_LEVELS : by_zeros ? BY_ZEROS : by_levels ? BY_LEVELS : BY_TABLES;
}

static ql_status check_spec(const ql_way *way, ql_error *error)
{
    const ql_spec *spec = &way->spec;
    if (spec->outliers > 0) {
        return ql_fail(error, QL_UNUSABLE, "weights: outliers that stand apart are not multiplied; try simulated");
    }
    if (spec->bits > 8 || spec->bits == 0 || !spec->mapping->decode) {
        return ql_fail(error, QL_UNUSABLE, "weights: codes of up to 8 bits are decoded; try simulated");
    }
    if (spec->per == QL_PER_COL || spec->per == QL_PER_TILE) {
        return ql_fail(error, QL_UNUSABLE,
                       "weights: groups must go along the inputs (tensor, row, block, flat); try "
                       "simulated");
    }
    return QL_OK;
}

ql_status ql_prepare_weights(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    ql_status status = check_spec(way, error);
    kept_codes *kept = status == QL_OK ? ql_way_array(1, sizeof *kept, error) : NULL;
    if (!kept) {
        return status == QL_OK ? QL_NO_MEMORY : status;
    }
    way->state = kept;
    way->free_state = free_codes;
    kept->walk = ql_walk_of(o->profile->tensor);
    kept->k = kept->row_bytes = o->k;
    kept->codes = ql_way_array(o->n * o->k, 1, error);
    int hi;
    way->spec.mapping->code_range(&way->spec, &kept->code_lo, &hi);
    if (hi - kept->code_lo >= MOST_LEVELS) {
        return ql_fail(error, QL_UNUSABLE, "weights: codes of up to 8 bits are decoded; try simulated");
    }
    status = kept->codes ? ql_way_quantize(way, &kept->quantizer, use_codes, kept, error) : QL_NO_MEMORY;
    if (status != QL_OK) {
        return status;
    }
    if (hi - kept->code_lo < 16) {
        kept->halves = true;
        kept->row_bytes = (o->k + 1) / 2;
        halve(kept);
    }
    choose_decoding(kept);
    return ql_pack_decoder(o->n, o->k, decode_row, kept, &way->w, error);
}
