/* The table of mappings, in display order: add a scheme by adding its row. */
#include "quant/scheme.h"

static const ql_mapping *const mappings[] = {
    &ql_mapping_absmax,
    &ql_mapping_zeropoint,
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
