/* What the mappings with a codebook share: see codebook.h. */
#include "quant/codebook.h"

int ql_nearest_level(const float *levels, unsigned count, double v)
{
    unsigned low = 0, high = count - 1;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (v > ((double)levels[middle] + (double)levels[middle + 1]) / 2) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int)low;
}

void ql_codebook_code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = 0;
    *hi = (1 << spec->bits) - 1;
}

ql_status ql_codebook_prepare(ql_quantizer *quantizer, const ql_profile *profile, ql_error *error)
{
    (void)profile;
    (void)error;
    quantizer->level_count = 1u << quantizer->spec.bits;
    return QL_OK;
}

float ql_codebook_decode(const ql_quantizer *quantizer, uint64_t group, int code)
{
    return quantizer->codebook[group * quantizer->level_count + (unsigned)code];
}

double ql_codebook_half_gap(const ql_quantizer *quantizer, uint64_t group)
{
    const float *levels = quantizer->codebook + group * quantizer->level_count;
    double widest = 0;
    for (unsigned i = 1; i < quantizer->level_count; i++) {
        const double gap = (double)levels[i] - (double)levels[i - 1];
        widest = gap > widest ? gap : widest;
    }
    return widest / 2;
}

double ql_codebook_parameter_bits(const ql_quantizer *quantizer)
{
    return 32.0 * quantizer->level_count * (double)quantizer->groups.count;
}
