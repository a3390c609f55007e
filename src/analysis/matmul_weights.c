/* weights:SPEC: codes of W that are decoded piece by piece in cache when they are multiplied; matmul_forms.h says how. */
#include "analysis/matmul_forms.h"
#include "base/error.h"
#include "kernels/kernels.h"

#include <stdlib.h>

/* ---- Pieces of rows */

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

/* Halves by the kernel that decodes nf4: groups of levels that begin where the piece does. */
static bool decode_levels_at_once(const ql_kept_codes *kept, size_t output, size_t from, size_t count, float *w)
{
    const ql_groups *g = &kept->quantizer.groups;
    const bool by_blocks = g->per == QL_PER_BLOCK || g->per == QL_PER_FLAT;
    size_t end;
    if (!kept->halves || !kept->form->by_levels || from % 2 != 0 || (by_blocks && from % g->block != 0) ||
        (g->per == QL_PER_FLAT && kept->k % g->block != 0)) {
        return false;
    }
    ql_kernels_active()->decode.nf4(kept->levels, kept->codes + output * kept->row_bytes + from / 2, count,
                                    by_blocks ? (size_t)g->block : count, kept->scales + group_of(g, output, from, &end), w);
    const float factor = kept->factor;
    for (size_t i = 0; i < count && factor != 1; i++) {
        w[i] *= factor;
    }
    return true;
}

/* The same of tables, of which a group has one. */
static bool decode_table_at_once(const ql_kept_codes *kept, size_t output, size_t from, size_t count, float *w)
{
    const float one = 1;
    float room[QL_WAY_LEVELS];
    size_t end;
    const uint64_t group = group_of(&kept->quantizer.groups, output, from, &end);
    if (!kept->halves || !kept->form->by_tables || from % 2 != 0 || end < from + count) {
        return false;
    }
    ql_kernels_active()->decode.nf4(ql_kept_table(kept, group, room), kept->codes + output * kept->row_bytes + from / 2,
                                    count, count, &one, w);
    return true;
}

enum { DECODE_AT_ONCE = 1024 };

/* Codes [at, at + count) of a row of halves, a byte each, to whole[count + 2]; returns where the first one is. */
static const uint8_t *open_halves(const uint8_t *row, size_t at, size_t count, uint8_t *whole)
{
    const size_t first = at / 2, bytes = (at + count + 1) / 2 - first;
    for (size_t i = 0; i < bytes; i++) {
        whole[2 * i] = row[first + i] >> 4;
        whole[2 * i + 1] = row[first + i] & 15;
    }
    return whole + at % 2;
}

static void decode_row(const void *context, size_t output, size_t from, size_t count, float *w)
{
    const ql_kept_codes *kept = context;
    const ql_groups *groups = &kept->quantizer.groups;
    const uint8_t *row = kept->codes + output * kept->row_bytes;
    if (decode_levels_at_once(kept, output, from, count, w) || decode_table_at_once(kept, output, from, count, w)) {
        return;
    }
    size_t end;
    uint64_t group = group_of(groups, output, from, &end);
    for (size_t at = from; at < from + count;) {
        uint8_t whole[DECODE_AT_ONCE + 2];
        const size_t left = from + count - at, length = left < DECODE_AT_ONCE ? left : DECODE_AT_ONCE, stop = at + length;
        const uint8_t *codes = kept->halves ? open_halves(row, at, length, whole) : row + at;
        while (at < stop) {
            const size_t until = end < stop ? end : stop;
            kept->form->decode(kept, group, codes, until - at, w + (at - from));
            codes += until - at;
            at = until;
            if (at == end && at < from + count) { /* the next group is the next number */
                group++;
                end = groups->block < kept->k - end ? end + (size_t)groups->block : kept->k;
            }
        }
    }
}

/* ---- Weights */

static void free_codes(void *state)
{
    ql_kept_codes *kept = state;
    ql_quantizer_free(&kept->quantizer);
    free(kept->minima);
    free(kept->codes);
    free(kept);
}

static void use_codes(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const ql_kept_codes *kept = context;
    (void)y;
    for (size_t i = 0; i < n; i++) {
        kept->codes[ql_way_place(&kept->walk, begin + i)] = (uint8_t)(codes[i] - kept->code_lo);
    }
}

/* In place: a row of halves ends before the next one begins. */
static void halve(ql_kept_codes *kept)
{
    kept->halves = true;
    kept->row_bytes = (kept->k + 1) / 2;
    for (size_t row = 0; row < kept->walk.rows; row++) {
        const uint8_t *from = kept->codes + row * kept->k;
        uint8_t *to = kept->codes + row * kept->row_bytes;
        for (size_t i = 0; i < kept->row_bytes; i++) {
            const uint8_t high = 2 * i + 1 < kept->k ? from[2 * i + 1] : 0;
            to[i] = (uint8_t)(from[2 * i] << 4 | high);
        }
    }
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

/* ---- Few rows of X: decoded in registers */

enum { FEW_ROWS = 48 }; /* of more, decoding once for all rows is quicker */

/* Inputs of a group of leveled weights; 0 where they cannot be packed so. */
static size_t leveled_group(const ql_kept_codes *kept)
{
    const ql_groups *g = &kept->quantizer.groups;
    if (!kept->halves || !kept->form->by_levels || kept->factor != 1) {
        return 0;
    }
    if (g->per == QL_PER_TENSOR || g->per == QL_PER_ROW) {
        return (kept->k + QL_CELL - 1) / QL_CELL * QL_CELL;
    }
    const bool is_whole = g->block % QL_CELL == 0 && (g->per == QL_PER_BLOCK || kept->k % g->block == 0);
    return is_whole ? (size_t)g->block : 0;
}

static ql_status pack_leveled(ql_way *way, const ql_kept_codes *kept, size_t group, ql_error *error)
{
    const ql_operands *o = way->o;
    const bool is_one = kept->quantizer.groups.per == QL_PER_TENSOR;
    int8_t *codes = ql_way_array(o->n * o->k + 2, 1, error);
    float *scales = is_one ? ql_way_array(o->n, sizeof *scales, error) : NULL;
    ql_status status = codes && (scales || !is_one) ? QL_OK : QL_NO_MEMORY;
    for (size_t j = 0; j < o->n && status == QL_OK; j++) {
        open_halves(kept->codes + j * kept->row_bytes, 0, o->k, (uint8_t *)codes + j * o->k);
        if (is_one) {
            scales[j] = kept->scales[0];
        }
    }
    if (status == QL_OK) {
        status = ql_pack_leveled(o->engine, codes, o->n, o->k, group, is_one ? scales : kept->scales, kept->levels, &way->w,
                                 error);
    }
    free(codes);
    free(scales);
    return status;
}

ql_status ql_prepare_weights(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    ql_status status = check_spec(way, error);
    ql_kept_codes *kept = status == QL_OK ? ql_way_array(1, sizeof *kept, error) : NULL;
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
    if (hi - kept->code_lo >= QL_WAY_LEVELS) {
        return ql_fail(error, QL_UNUSABLE, "weights: codes of up to 8 bits are decoded; try simulated");
    }
    status = kept->codes ? ql_way_quantize(way, &kept->quantizer, use_codes, kept, error) : QL_NO_MEMORY;
    if (status != QL_OK) {
        return status;
    }
    if (hi - kept->code_lo < 16) {
        halve(kept);
    }
    ql_kept_choose_form(kept);
    const size_t group = o->m <= FEW_ROWS ? leveled_group(kept) : 0;
    return group > 0 ? pack_leveled(way, kept, group, error) : ql_pack_decoder(o->n, o->k, decode_row, kept, &way->w, error);
}
