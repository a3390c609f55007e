/* The table of mappings, in display order: add a scheme by adding its row. */
#include "quant/schemes.h"

static const ql_mapping *const mappings[] = {
    &ql_mapping_absmax,  &ql_mapping_zeropoint, &ql_mapping_int4g,  &ql_mapping_nf4,      &ql_mapping_bnbfp4,
    &ql_mapping_fp4,     &ql_mapping_mxfp4,     &ql_mapping_nvfp4,  &ql_mapping_fp8_e4m3, &ql_mapping_fp8_e5m2,
    &ql_mapping_fp16,    &ql_mapping_bf16,      &ql_mapping_kmeans, &ql_mapping_quantile, &ql_mapping_codebook,
    &ql_mapping_ternary, &ql_mapping_binary,    &ql_mapping_q8_0,   &ql_mapping_q4_0,     &ql_mapping_q4_1,
    &ql_mapping_q5_0,    &ql_mapping_q5_1,      &ql_mapping_none,
};

size_t ql_mapping_count(void)
{
    return sizeof mappings / sizeof mappings[0];
}

const ql_mapping *ql_mapping_at(size_t index)
{
    return index < ql_mapping_count() ? mappings[index] : NULL;
}

const ql_mapping_info *ql_mapping_describe(const ql_mapping *mapping)
{
    return &mapping->info;
}
