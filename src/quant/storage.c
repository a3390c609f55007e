/* Bits per weight: of a spec before there are any weights, and of a quantizer. */
#include "quant/schemes.h"

#include <math.h>

enum { SECOND_BLOCK = 256 }; /* nf4 with double=1: scales that share one themselves */

double ql_storage_bits(const ql_spec *spec, const ql_groups *groups, unsigned level_count, uint64_t outliers)
{
    ql_quantizer q = { .spec = *spec, .groups = *groups, .level_count = level_count };
    q.second_count = spec->double_quant ? (groups->count + SECOND_BLOCK - 1) / SECOND_BLOCK : 0;
    unsigned bits = spec->bits;
    while (spec->mapping == &ql_mapping_codebook && (bits == 0 || 1u << bits < level_count)) { /* the file tells */
        bits++;
    }
    return bits * (double)groups->elements + spec->mapping->parameter_bits(&q) + 48.0 * (double)outliers;
}

double ql_quantizer_bits(const ql_quantizer *q)
{
    return q->spec.bits * (double)q->groups.elements + q->spec.mapping->parameter_bits(q) + 48.0 * (double)q->outliers.count;
}

double ql_spec_bits_per_weight(const ql_spec *spec, uint64_t rows, uint64_t cols)
{
    const ql_tensor tensor = { .rows = rows, .cols = cols, .element_count = rows * cols, .layout = QL_LAYOUT_OUT_IN };
    ql_groups groups;
    if (spec->mapping == &ql_mapping_none || spec->mapping == &ql_mapping_codebook ||
        ql_groups_make(&tensor, spec, &groups, NULL) != QL_OK) {
        return 0;
    }
    return ql_storage_bits(spec, &groups, 1u << spec->bits, ql_outliers_asked(spec, tensor.element_count)) /
           (double)tensor.element_count;
}
