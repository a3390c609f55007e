/* Bits per weight of a spec, before there are any weights. */
#include "quant/schemes.h"

#include <math.h>

enum { SECOND_BLOCK = 256 }; /* nf4 with double=1: scales that share one themselves */

double ql_spec_bits_per_weight(const ql_spec *spec, uint64_t rows, uint64_t cols)
{
    const ql_mapping *mapping = spec->mapping;
    const double n = (double)rows * (double)cols;
    const ql_tensor tensor = { .rows = rows, .cols = cols, .element_count = rows * cols, .layout = QL_LAYOUT_OUT_IN };
    ql_quantizer q = { .spec = *spec, .level_count = 1u << spec->bits };
    if (mapping == &ql_mapping_none || mapping == &ql_mapping_codebook ||
        ql_groups_make(&tensor, spec, &q.groups, NULL) != QL_OK) {
        return 0;
    }
    q.second_count = spec->double_quant ? (q.groups.count + SECOND_BLOCK - 1) / SECOND_BLOCK : 0;
    const double outliers = spec->outliers_percent ? floor(spec->outliers * n / 100) : 0;
    return spec->bits + (mapping->parameter_bits(&q) + 48 * outliers) / n;
}
