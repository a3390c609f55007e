/*
 * A fine histogram of a tensor that keeps the sum of the values in every bin: from it follows, between narrow bounds, the
 * squared error of any uniform quantizer, without another look at the values.
 */
#ifndef QL_QUANT_FINE_H
#define QL_QUANT_FINE_H

#include "quant/calibrate.h"

typedef struct ql_fine ql_fine;

/* One scan of the calibration's tensor, which has one group; `stream` carries its progress. */
ql_status ql_fine_make(const ql_calibration *calibration, ql_stream *stream, ql_fine **out, ql_error *error);
void ql_fine_free(ql_fine **fine);

/* The sum of (x - y)^2 of a candidate, summed in float64 in any order, is at least *least and at most *most. */
void ql_fine_bound(const ql_fine *fine, const ql_candidate *candidate, double *least, double *most);

#endif
