/* Weights packed for products: gemm.h says how. */
#include "matmul/gemm.h"

#include <string.h>

#include "base/engine.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/sizes.h"

enum {
    FLIP = 0x80,            /* a code becomes code + 128 */
    FAR_BYTES = 1024 << 10, /* of W: more than the second cache keeps */
};

typedef struct pack_job {
    ql_packed *packed;
    const uint8_t *in;
    size_t element; /* bytes */
    const float *scales;
} pack_job;

static bool is_far(const ql_packed *p)
{
    return p->panels * p->panel > FAR_BYTES;
}

enum { NIBBLE_BLOCK = 256 }; /* inputs: some cells of all outputs that stay in the first cache */

/* Codes 0..15 of a panel to nibbles, two outputs to a row of bytes: what product.h says of a cell. */
static void pack_nibbles(const ql_packed *p, const uint8_t *in, unsigned have, uint8_t *out)
{
    const unsigned half = p->kernels->outputs / 2;
    uint8_t both[QL_PRODUCT_OUTPUTS / 2][NIBBLE_BLOCK];
    for (size_t k = 0; k < p->k; k += NIBBLE_BLOCK) {
        const size_t count = p->k - k < NIBBLE_BLOCK ? p->k - k : NIBBLE_BLOCK;
        for (unsigned row = 0; row < half; row++) {
            const uint8_t *low = in + row * p->k + k, *high = low + half * p->k;
            for (size_t i = 0; i < count; i++) {
                const uint8_t code = row < have ? low[i] & 15 : 0;
                both[row][i] = row + half < have ? (uint8_t)(code | high[i] << 4) : code;
            }
        }
        ql_pack_cells(both[0], NIBBLE_BLOCK, count, half, half, 0, is_far(p), out + k * half);
    }
}

static void pack_scales(const ql_packed *p, size_t panel, unsigned have, const float *scales)
{
    const size_t outputs = p->kernels->outputs, first = panel * outputs;
    float *out = p->scales + panel * p->groups * outputs;
    for (size_t group = 0; group < p->groups; group++) {
        for (size_t i = 0; i < outputs; i++) {
            out[group * outputs + i] = i < have ? scales[(first + i) * p->groups + group] : 0;
        }
    }
}

static ql_status pack_panel(void *context, unsigned worker, uint64_t panel, ql_error *error)
{
    (void)worker, (void)error;
    const pack_job *job = context;
    const ql_packed *p = job->packed;
    const size_t outputs = p->kernels->outputs, first = (size_t)panel * outputs, bytes = p->k * job->element;
    const unsigned have = (unsigned)(p->n - first < outputs ? p->n - first : outputs);
    const uint8_t *in = job->in + first * bytes;
    uint8_t *out = p->w + panel * p->panel;
    if (p->packing == QL_PACKED_NIBBLES || p->packing == QL_PACKED_LEVELED) {
        pack_nibbles(p, in, have, out);
    } else {
        ql_pack_cells(in, bytes, bytes, have, (unsigned)outputs, p->packing == QL_PACKED_FLOATS ? 0 : FLIP, is_far(p), out);
    }
    if (p->scales) {
        pack_scales(p, (size_t)panel, have, job->scales);
    }
    return QL_OK;
}

static ql_status fail_empty(const ql_packed *p, ql_error *error)
{
    return ql_fail(error, QL_UNUSABLE, "weights [%zu][%zu]: a product needs at least one input and one output", p->n, p->k);
}

static ql_status pack(ql_engine *engine, const void *w, size_t element, const float *scales, ql_packed *p, ql_error *error)
{
    const bool is_leveled = p->packing == QL_PACKED_LEVELED, is_nibbles = p->packing == QL_PACKED_NIBBLES || is_leveled,
               has_sums = p->packing != QL_PACKED_FLOATS && !is_leveled;
    if (p->n == 0 || p->k == 0) {
        return fail_empty(p, error);
    }
    const size_t group = p->group_cells * QL_CELL, longest = scales && group < p->k ? group : p->k; /* sum in 32 bits */
    if (has_sums && longest > QL_GEMM_MOST_INPUTS) {
        return ql_fail(error, QL_UNUSABLE, "%zu inputs: sums of more than %d products of codes may not fit 32 bits", longest,
                       QL_GEMM_MOST_INPUTS);
    }
    p->kernels = ql_products_active();
    p->panels = (p->n + p->kernels->outputs - 1) / p->kernels->outputs;
    p->cells = (p->k * element + QL_CELL - 1) / QL_CELL;
    p->panel = p->cells * p->kernels->outputs * QL_CELL / (is_nibbles ? 2 : 1);
    p->groups = scales ? (p->cells + p->group_cells - 1) / p->group_cells : 0;
    uint64_t size, scales_size = (uint64_t)p->panels * p->groups * p->kernels->outputs * sizeof(float);
    void *memory = p->w;
    const bool has_room = ql_size_mul(p->panels, p->panel, &size) && size + scales_size <= SIZE_MAX &&
                          ql_pages_need(&memory, &p->size, (size_t)(size + scales_size));
    p->w = memory;
    if (!has_room) {
        return ql_fail_memory(error, size + scales_size);
    }
    p->scales = scales ? (float *)(p->w + size) : NULL;
    pack_job job = { p, w, element, scales };
    const ql_pass pass = { .chunk_count = p->panels, .work = pack_panel, .context = &job };
    const ql_status status = ql_parallel(engine, &pass, error);
    if (status != QL_OK) {
        ql_packed_free(p);
    }
    return status;
}

/* Other weights in the memory that is there. */
static void begin(ql_packed *out, ql_packed weights)
{
    weights.w = out->w;
    weights.size = out->size;
    *out = weights;
}

ql_status ql_pack_floats(ql_engine *engine, const float *w, size_t n, size_t k, ql_packed *out, ql_error *error)
{
    begin(out, (ql_packed) { .packing = QL_PACKED_FLOATS, .n = n, .k = k });
    return pack(engine, w, sizeof *w, NULL, out, error);
}

ql_status ql_pack_codes(ql_engine *engine, const int8_t *w, size_t n, size_t k, ql_packed *out, ql_error *error)
{
    begin(out, (ql_packed) { .packing = QL_PACKED_CODES, .n = n, .k = k });
    return pack(engine, w, sizeof *w, NULL, out, error);
}

ql_status ql_pack_grouped(ql_engine *engine, const int8_t *w, size_t n, size_t k, size_t group, const float *scales,
                          const int8_t levels[16], ql_packed *out, ql_error *error)
{
    begin(out, (ql_packed) {
                   .packing = levels ? QL_PACKED_NIBBLES : QL_PACKED_GROUPED_CODES,
                   .n = n,
                   .k = k,
                   .group_cells = group / QL_CELL,
               });
    for (int i = 0; i < 16 && levels; i++) {
        out->levels[i] = (uint8_t)(levels[i] ^ FLIP);
    }
    return pack(engine, w, sizeof *w, scales, out, error);
}

ql_status ql_pack_leveled(ql_engine *engine, const int8_t *w, size_t n, size_t k, size_t group, const float *scales,
                          const float levels[16], ql_packed *out, ql_error *error)
{
    begin(out, (ql_packed) { .packing = QL_PACKED_LEVELED, .n = n, .k = k, .group_cells = group / QL_CELL });
    memcpy(out->float_levels, levels, sizeof out->float_levels);
    return pack(engine, w, sizeof *w, scales, out, error);
}

ql_status ql_pack_decoder(size_t n, size_t k, ql_decode_weights *decode, const void *context, ql_packed *out,
                          ql_error *error)
{
    begin(out, (ql_packed) { .packing = QL_DECODED_FLOATS, .n = n, .k = k, .decode = decode, .decode_context = context });
    if (n == 0 || k == 0) {
        return fail_empty(out, error);
    }
    out->kernels = ql_products_active();
    out->panels = (n + out->kernels->outputs - 1) / out->kernels->outputs;
    out->cells = k;
    return QL_OK;
}

void ql_packed_set_row(ql_packed *p, size_t j, const int8_t *codes)
{
    const size_t outputs = p->kernels->outputs;
    uint8_t *out = p->w + j / outputs * p->panel + j % outputs * QL_CELL;
    for (size_t k = 0; k < p->k; k++) {
        out[k / QL_CELL * outputs * QL_CELL + k % QL_CELL] = (uint8_t)(codes[k] ^ FLIP);
    }
}

void ql_packed_free(ql_packed *packed)
{
    ql_pages_free(packed->w, packed->size);
    *packed = (ql_packed) { 0 };
}
