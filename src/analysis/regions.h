/* Parts of a matrix that a person asked for. */
#ifndef QL_ANALYSIS_REGIONS_H
#define QL_ANALYSIS_REGIONS_H

#include "qloupe.h"

/* QL_BAD_USAGE when the region is empty or not inside the tensor. */
ql_status ql_region_check(const ql_tensor *tensor, const ql_region *region, ql_error *error);

#endif
