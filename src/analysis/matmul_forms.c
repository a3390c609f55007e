/* What codes of weights stand for: see matmul_forms.h. */
#include "analysis/matmul_forms.h"
#include "quant/codebook.h"

#include <math.h>
#include <stdlib.h>

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

static bool prepare_levels(ql_kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->scales = q->scales;
    kept->factor = 1;
    if (q->scales && !q->codebook) {
        ql_way_find_levels(q, q->scales, kept->levels);
    }
    return q->scales && !q->codebook;
}

static bool prepare_two_levels(ql_kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->scales = q->extra;
    kept->factor = q->tensor_scale;
    if (q->extra && q->scale_codes) {
        ql_way_find_levels(q, q->extra, kept->levels);
    }
    return q->extra && q->scale_codes;
}

static float level_value(const ql_kept_codes *kept, uint64_t group, int i)
{
    return kept->levels[i] * kept->scales[group] * kept->factor;
}

static void decode_levels(const ql_kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->scales[group], factor = kept->factor;
    for (size_t i = 0; i < n; i++) {
        w[i] = kept->levels[codes[i]] * scale * factor;
    }
}

/* Without zero points the code that stands for 0 is the same everywhere. */
static bool prepare_zeros(ql_kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    const int count = q->code_hi - q->code_lo + 1;
    kept->middle = 0;
    if (!q->scales || q->codebook) {
        return false;
    }
    if (!q->zeros) {
        ql_way_find_levels(q, q->scales, kept->levels);
        while (kept->middle < count && kept->levels[kept->middle] != 0) {
            kept->middle++;
        }
    }
    return kept->middle < count;
}

static int32_t zero_of(const ql_kept_codes *kept, uint64_t group)
{
    return kept->quantizer.zeros ? kept->code_lo - kept->quantizer.zeros[group] : -kept->middle;
}

static float zero_value(const ql_kept_codes *kept, uint64_t group, int i)
{
    return (float)(i + zero_of(kept, group)) * kept->quantizer.scales[group];
}

static void decode_zeros(const ql_kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->quantizer.scales[group];
    const int32_t zero = zero_of(kept, group);
    for (size_t i = 0; i < n; i++) {
        w[i] = (float)(codes[i] + zero) * scale;
    }
}

static bool prepare_minima(ql_kept_codes *kept)
{
    ql_quantizer *q = &kept->quantizer;
    kept->minima = q->scales ? malloc((size_t)q->groups.count * sizeof *kept->minima) : NULL;
    for (uint64_t group = 0; kept->minima && group < q->groups.count; group++) {
        kept->minima[group] = q->spec.mapping->decode(q, group, q->code_lo);
    }
    return kept->minima;
}

static float minimum_value(const ql_kept_codes *kept, uint64_t group, int i)
{
    return (float)i * kept->quantizer.scales[group] + kept->minima[group];
}

static void decode_minima(const ql_kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    const float scale = kept->quantizer.scales[group], minimum = kept->minima[group];
    for (size_t i = 0; i < n; i++) {
        w[i] = (float)codes[i] * scale + minimum;
    }
}

/* One table for all is kept in `levels`. */
static bool prepare_table(ql_kept_codes *kept)
{
    const ql_quantizer *q = &kept->quantizer;
    for (int code = q->code_lo; code <= q->code_hi; code++) {
        kept->levels[code - q->code_lo] = q->spec.mapping->decode(q, 0, code);
    }
    return true;
}

static float table_value(const ql_kept_codes *kept, uint64_t group, int i)
{
    return kept->quantizer.spec.mapping->decode(&kept->quantizer, group, kept->code_lo + i);
}

const float *ql_kept_table(const ql_kept_codes *kept, uint64_t group, float room[QL_WAY_LEVELS])
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

static void decode_table(const ql_kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w)
{
    float room[QL_WAY_LEVELS];
    const float *table = ql_kept_table(kept, group, room);
    for (size_t i = 0; i < n; i++) {
        w[i] = table[codes[i]];
    }
}

static const ql_form of_levels = { prepare_levels, level_value, decode_levels, true, false },
                     of_two_levels = { prepare_two_levels, level_value, decode_levels, true, false },
                     of_zeros = { prepare_zeros, zero_value, decode_zeros, false, false },
                     of_minima = { prepare_minima, minimum_value, decode_minima, false, false },
                     of_table = { prepare_table, table_value, decode_table, false, true };

/* Whether all codes of a group (of many levels: some) are what the form makes of them. A code that is no number stands for
   nothing and occurs nowhere. */
static bool gives(const ql_form *f, const ql_kept_codes *kept, uint64_t group)
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
void ql_kept_choose_form(ql_kept_codes *kept)
{
    const ql_form *const of_halves[] = { &of_levels, &of_two_levels, &of_zeros, &of_minima, &of_table },
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
