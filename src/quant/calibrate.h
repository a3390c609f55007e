/* Clipping ranges: from the values of a group to [lo, hi]. */
#ifndef QL_QUANT_CALIBRATE_H
#define QL_QUANT_CALIBRATE_H

#include "base/engine.h"
#include "quant/groups.h"
#include "quant/scheme.h"

/* What a calibration of a whole tensor works on. */
typedef struct ql_calibration {
    ql_engine *engine;
    const ql_profile *profile;
    const ql_spec *spec;
    const ql_groups *groups;
    const ql_monitor *monitor; /* may be NULL */
    uint64_t total;            /* elements over all passes, for the monitor */
    double *lo, *hi;           /* out [groups->count]; of symmetric mappings hi is alpha and lo = -alpha */
} ql_calibration;

typedef struct ql_calibrator {
    const char *name;
    /* How many times the tensor is read, for the progress bar: with one group, with several. */
    unsigned passes_tensor, passes_groups;
    ql_status (*calibrate)(const ql_calibration *calibration, ql_error *error);
} ql_calibrator;

/* The calibrator of a clip method. */
const ql_calibrator *ql_calibrator_of(ql_clip clip);

ql_status ql_calibrate_minmax(const ql_calibration *calibration, ql_error *error);
ql_status ql_calibrate_percentile(const ql_calibration *calibration, ql_error *error);
ql_status ql_calibrate_manual(const ql_calibration *calibration, ql_error *error);

/* Calls `each` once per group with its values (as float32, which may be reordered), from all threads. */
ql_status ql_calibrate_groups(const ql_calibration *calibration,
                              void (*each)(const ql_calibration *calibration, uint64_t group, float *values, size_t n),
                              ql_error *error);

#endif
