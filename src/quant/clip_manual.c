/* clip=manual: the range that the spec gives, for every group. */
#include "quant/calibrate.h"

ql_status ql_calibrate_manual(const ql_calibration *calibration, ql_error *error)
{
    (void)error;
    const ql_spec *spec = calibration->spec;
    const bool symmetric = spec->mapping->symmetric;
    for (uint64_t group = 0; group < calibration->groups->count; group++) {
        calibration->lo[group] = symmetric ? -spec->abs : spec->lo;
        calibration->hi[group] = symmetric ? spec->abs : spec->hi;
    }
    return QL_OK;
}
