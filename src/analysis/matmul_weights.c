/*
 * weights:SPEC: codes of W that are decoded piece by piece in cache when they are multiplied.
 *
 * Codes are a byte each, or half a byte where 16 are enough, in the order of W[n][k]. What a code stands for is the value of
 * `simulated`, bit by bit, in the first of these forms that gives it in every group:
 *
 *   (level[code] scale) factor    the same levels for all groups; factor: of the tensor where scales have two levels (nvfp4)
 *   (code - zero) scale           zero points
 *   code scale + minimum          q4_1, q5_1
 *   table[group][code]            codebooks
 */
#include "analysis/matmul.h"
#include "base/error.h"
#include "kernels/kernels.h"
#include "quant/codebook.h"

#include <math.h>
#include <stdlib.h>

typedef struct form form;
typedef struct kept_codes {
    ql_walk walk;
    ql_quantizer quantizer;
    size_t k, row_bytes;
    bool halves; /* two codes a byte, the first in the high half */
    int code_lo;
    const form *form;
    const float *scales; /* [groups] of levels */
    float factor, levels[QL_WAY_LEVELS];
    float *minima;  /* [groups], or NULL */
    uint8_t *codes; /* [n][row_bytes] code - code_lo */
} kept_codes;

struct form {
    /* Gets ready to try this form; false: there is no such thing here. */
    bool (*prepare)(kept_codes *kept);
    /* What it makes of code code_lo + i of a group. */
    float (*value)(const kept_codes *kept, uint64_t group, int i);
    /* The same of n codes of a group, a byte each. */
    void (*decode)(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w);
    bool by_levels;
};

static void free_codes(void *state)
{
    kept_codes *kept = state;
    ql_quantizer_free(&kept->quantizer);
    free(kept->minima);
    free(kept->codes);
    free(kept);
}

/* ---- Forms */

void ql_way_find_levels(ql_quantizer *q, const float *scales, float levels[QL_WAY_LEVELS])
{
    const bool two_levels = scales != q->scales;
    float *scale = two_levels ? q->extra : q->scales;
    const float kept = *scale, factor = q->tensor_scale;
    *scale = 1;
    q->tensor_scale = two_levels ? 1 : factor;
    for (int code = q->code_lo; code <= q->code_hi; code++) {
        levels[code - q->code_lo] = q->spec.mapping->decode(q, 0, code);
    }
    *scale = kept;
    q->tensor_scale = factor;
}

static bool prepare_levels(kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->scales = q->scales;
    kept->factor = 1;
    if (q->scales && !q->codebook) {
        ql_way_find_levels(q, q->scales, kept->levels);
    }
    return q->scales && !q->codebook;
}

static bool prepare_two_levels(kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->scales = q->extra;
    kept->factor = q->tensor_scale;
    if (q->extra && q->scale_codes) {
        ql_way_find_levels(q, q->extra, kept->levels);
    }
    return q->extra && q->scale_codes;
}

static float level_value(const kept_codes *kept, uint64_t group, int i)
{
    return kept->levels[i] * kept->scales[group] * kept->factor;
}

static void decode_levels(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->scales[group], factor = kept->factor;
    for (size_t i = 0; i < n; i++) {
        w[i] = kept->levels[codes[i]] * scale * factor;
    }
}

static bool prepare_zeros(kept_codes *kept)
{
    return kept->quantizer.scales != NULL;
}

static int32_t zero_of(const kept_codes *kept, uint64_t group)
{
    return kept->code_lo - (kept->quantizer.zeros ? kept->quantizer.zeros[group] : 0);
}

static float zero_value(const kept_codes *kept, uint64_t group, int i)
{
    return (float)(i + zero_of(kept, group)) * kept->quantizer.scales[group];
}

static void decode_zeros(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->quantizer.scales[group];
    const int32_t zero = zero_of(kept, group);
    for (size_t i = 0; i < n; i++) {
        w[i] = (float)(codes[i] + zero) * scale;
    }
}

static bool prepare_minima(kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->minima = q->scales ? malloc((size_t)q->groups.count * sizeof *kept->minima) : NULL;
    for (uint64_t group = 0; kept->minima && group < q->groups.count; group++) {
        kept->minima[group] = q->spec.mapping->decode(q, group, q->code_lo);
    }
    return kept->minima;
}

static float minimum_value(const kept_codes *kept, uint64_t group, int i)
{
    return (float)i * kept->quantizer.scales[group] + kept->minima[group];
}

static void decode_minima(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->quantizer.scales[group], minimum = kept->minima[group];
    for (size_t i = 0; i < n; i++) {
        w[i] = (float)codes[i] * scale + minimum;
    }
}

/* One table for all is kept in `levels`. */
static bool prepare_table(kept_codes *kept)
{
    const ql_quantizer *q = &kept->quantizer;
    for (int code = q->code_lo; code <= q->code_hi; code++) {
        kept->levels[code - q->code_lo] = q->spec.mapping->decode(q, 0, code);
    }
    return true;
}

static float table_value(const kept_codes *kept, uint64_t group, int i)
{
    return kept->quantizer.spec.mapping->decode(&kept->quantizer, group, kept->code_lo + i);
}

/* Of a group: made in `room` where it does not lie ready. */
static const float *table_of(const kept_codes *kept, uint64_t group, float room[QL_WAY_LEVELS])
{
    const ql_quantizer *q = &kept->quantizer;
    if (q->groups.count == 1) {
        return kept->levels;
    }
    if (q->spec.mapping->decode == ql_codebook_decode) {
        return q->codebook + group * q->level_count;
    }
    for (int i = 0; i <= q->code_hi - q->code_lo; i++) {
        room[i] = table_value(kept, group, i);
    }
    return room;
}

static void decode_table(const kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    float room[QL_WAY_LEVELS];
    const float *table = table_of(kept, group, room);
    for (size_t i = 0; i < n; i++) {
        w[i] = table[codes[i]];
    }
}

static const form of_levels = { prepare_levels, level_value, decode_levels, true },
                  of_two_levels = { prepare_two_levels, level_value, decode_levels, true },
                  of_zeros = { prepare_zeros, zero_value, decode_zeros, false },
                  of_minima = { prepare_minima, minimum_value, decode_minima, false },
                  of_table = { prepare_table, table_value, decode_table, false };

/* Whether all codes of a group (of many levels: some) are what the form makes of them. A code that is no number stands for
   nothing and occurs nowhere. */
static bool gives(const form *f, const kept_codes *kept, uint64_t group)
{
    const ql_quantizer *q = &kept->quantizer;
    const int count = q->code_hi - q->code_lo + 1, step = count > 16 ? 15 : 1;
    for (int i = 0; i < count; i += step) {
        const float value = q->spec.mapping->decode(q, group, q->code_lo + i);
        if (!isnan(value) && !(value == f->value(kept, group, i))) {
            return false;
        }
    }
    return true;
}

/* Halves have a kernel for levels; of bytes, arithmetic is quicker than looking up. */
static void choose_form(kept_codes *kept)
{
    const form *const of_halves[] = { &of_levels, &of_two_levels, &of_zeros, &of_minima, &of_table },
                      *const of_bytes[] = { &of_zeros, &of_levels, &of_two_levels, &of_minima, &of_table },
                      *const *forms = kept->halves ? of_halves : of_bytes;
    for (;; forms++) {
        bool is_right = (*forms)->prepare(kept);
        for (uint64_t group = 0; is_right && group < kept->quantizer.groups.count; group++) {
            is_right = gives(*forms, kept, group);
        }
        if (is_right) {
            kept->form = *forms;
            return;
        }
    }
}

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
static bool decode_levels_at_once(const kept_codes *kept, size_t output, size_t from, size_t count, float *w)
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
    for (size_t i = 0; i < count && kept->factor != 1; i++) {
        w[i] *= kept->factor;
    }
    return true;
}

/* The same of tables, of which a group has one. */
static bool decode_table_at_once(const kept_codes *kept, size_t output, size_t from, size_t count, float *w)
{
    const float one = 1;
    float room[QL_WAY_LEVELS];
    size_t end;
    const uint64_t group = group_of(&kept->quantizer.groups, output, from, &end);
    if (!kept->halves || kept->form != &of_table || from % 2 != 0 || end < from + count) {
        return false;
    }
    ql_kernels_active()->decode.nf4(table_of(kept, group, room), kept->codes + output * kept->row_bytes + from / 2, count,
                                    count, &one, w);
    return true;
}

enum { DECODE_AT_ONCE = 512 };

static void decode_row(const void *context, size_t output, size_t from, size_t count, float *w)
{
    const kept_codes *kept = context;
    const uint8_t *row = kept->codes + output * kept->row_bytes;
    if (decode_levels_at_once(kept, output, from, count, w) || decode_table_at_once(kept, output, from, count, w)) {
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
        kept->form->decode(kept, group, codes, end - at, w + (at - from));
    }
}

/* ---- Weights */

static void use_codes(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const kept_codes *kept = context;
    (void)y;
    for (size_t i = 0; i < n; i++) {
        kept->codes[ql_way_place(&kept->walk, begin + i)] = (uint8_t)(codes[i] - kept->code_lo);
    }
}

/* In place: a row of halves ends before the next one begins. */
static void halve(kept_codes *kept)
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
    choose_form(kept);
    return ql_pack_decoder(o->n, o->k, decode_row, kept, &way->w, error);
}
