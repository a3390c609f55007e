/* Clipping ranges: from the values of a group to [lo, hi]. */
#ifndef QL_QUANT_CALIBRATE_H
#define QL_QUANT_CALIBRATE_H

#include "base/engine.h"
#include "quant/scheme.h"
#include "quant/stream.h"

/* The losses of all candidate thresholds of one group, for a curve. Symmetric: the threshold is alpha; else the share of the
 * range, 0..1. */
typedef struct ql_losses {
    double lo, hi; /* the whole range */
    size_t count, best;
    double *threshold, *loss; /* [count] room for QL_MAX_CANDIDATES */
} ql_losses;
enum { QL_MAX_CANDIDATES = 2048 };

/* What a calibration of a whole tensor works on. */
typedef struct ql_calibration {
    ql_engine *engine;
    const ql_profile *profile;
    const ql_spec *spec;
    const ql_groups *groups;
    const ql_outliers *outliers;
    const ql_monitor *monitor;   /* may be NULL */
    uint64_t done_before, total; /* elements over all passes, for the monitor */
    ql_losses *losses;           /* NULL, or where a search of a single group leaves the loss of every candidate */
    double *lo, *hi;             /* out [groups->count]; of symmetric mappings hi is alpha and lo = -alpha */
} ql_calibration;

typedef struct ql_calibrator ql_calibrator;
struct ql_calibrator {
    const char *name;
    /* How many times the tensor is read, for the progress bar: with one group, with several. */
    unsigned passes_tensor, passes_groups;
    ql_status (*calibrate)(const ql_calibration *calibration, ql_error *error);
    /* Optional, where what is found depends on groups and percentiles only, so that it can be kept: ranges that symmetric
       mappings, too, can be fit to; by_magnitude: of symmetric mappings they are others. */
    ql_status (*ranges)(const ql_calibration *calibration, ql_error *error);
    bool by_magnitude;
    bool joins; /* the range of a group spans those of its parts */
    /* The losses of the values of one group, which are reordered at will; NULL when the method searches nothing. */
    void (*losses)(const ql_spec *spec, float *values, size_t n, ql_losses *out);
};

extern const ql_calibrator ql_calibrator_minmax, ql_calibrator_percentile, ql_calibrator_kl, ql_calibrator_mse,
    ql_calibrator_aciq, ql_calibrator_manual;
extern const ql_calibrator ql_calibrator_mean; /* hi = mean |x|: of mappings that scale by it */

/* The calibrator of a spec: its clip method's, or the one that its mapping prescribes. */
const ql_calibrator *ql_calibrator_of(const ql_spec *spec);

/* Calls `each` once per group with its values (float32, outliers 0, in the order of the walk; they may be reordered), from
   all threads. `each` returns NULL or what is wrong with the group. */
ql_status ql_calibrate_groups(const ql_calibration *calibration, void *context,
                              const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group,
                                                  float *values, size_t n),
                              ql_error *error);

/* The same with many groups at once: the values x[n] of group, group + 1, ... , `size` each, the last of them perhaps fewer.
   They may not be reordered. */
ql_status ql_calibrate_blocks(const ql_calibration *calibration, void *context,
                              const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group,
                                                  size_t size, const float *x, size_t n),
                              ql_error *error);

/* Finds the parameters of every group; fills in lo and hi of the calibration, for the time of the call. */
ql_status ql_fit_groups(ql_quantizer *quantizer, ql_calibration *calibration, ql_error *error);

/* A stream over the calibration's tensor, to be completed with context and callbacks. */
ql_stream ql_calibration_stream(const ql_calibration *calibration);

/* QL_UNUSABLE for a tensor in words: "FILE: tensor 'NAME': what". */
ql_status ql_fail_tensor(const ql_profile *profile, const char *what, ql_error *error);

#endif
