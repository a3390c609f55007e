/* The mappings by name, each defined in its file. */
#ifndef QL_QUANT_SCHEMES_H
#define QL_QUANT_SCHEMES_H

#include "quant/scheme.h"

extern const ql_mapping ql_mapping_absmax, ql_mapping_zeropoint, ql_mapping_int4g, ql_mapping_nf4, ql_mapping_bnbfp4,
    ql_mapping_fp4, ql_mapping_mxfp4, ql_mapping_nvfp4, ql_mapping_fp8_e4m3, ql_mapping_fp8_e5m2, ql_mapping_fp16,
    ql_mapping_bf16, ql_mapping_kmeans, ql_mapping_quantile, ql_mapping_codebook, ql_mapping_ternary, ql_mapping_binary,
    ql_mapping_q8_0, ql_mapping_q4_0, ql_mapping_q4_1, ql_mapping_q5_0, ql_mapping_q5_1, ql_mapping_none;

/* Bits of a tensor under a spec, found without its values: of all mappings but `none`. level_count: of mappings that have a
   codebook. */
double ql_storage_bits(const ql_spec *spec, const ql_groups *groups, unsigned level_count, uint64_t outliers);

#endif
