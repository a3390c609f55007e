/* clip=manual: the range that the spec gives, for every group. */
#include "quant/calibrate.h"

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    (void)error;
    const ql_spec *spec = c->spec;
    const bool symmetric = spec->mapping->symmetric;
    for (uint64_t group = 0; group < c->groups->count; group++) {
        c->lo[group] = symmetric ? -spec->abs : spec->lo;
        c->hi[group] = symmetric ? spec->abs : spec->hi;
    }
    return QL_OK;
}

const ql_calibrator ql_calibrator_manual = { .name = "manual", .calibrate = calibrate };
