/*
 * An excerpt of a tensor: a small matrix in memory, made of strips that lie all over it, for an answer that comes at once.
 *
 *   ql_excerpt_plan    how large, and how long the strips are: from a table, never from a clock
 *   ql_excerpt_make    reads them
 *   ql_excerpt_report  a report of that matrix, told as one of the whole tensor
 */
#ifndef QL_ANALYSIS_EXCERPT_H
#define QL_ANALYSIS_EXCERPT_H

#include "tensor/tensor.h"

/* Along one axis of W: picked / strip strips of `strip` neighbours. */
typedef struct ql_excerpt_axis {
    uint64_t total, picked, strip;
} ql_excerpt_axis;

typedef struct ql_excerpt_plan {
    ql_excerpt_axis rows, cols;
} ql_excerpt_plan;

/* The plan for a spec, of at most twice as many elements as the work that a first answer may be allows. */
ql_excerpt_plan ql_excerpt_plan_of(const ql_tensor *tensor, const ql_spec *spec);

/* Where strip `index` of an axis begins: one place in each of as many equal parts, drawn by `key`, so that what repeats
   in the tensor (heads, say) is not met at the same place each time. */
uint64_t ql_excerpt_start(const ql_excerpt_axis *axis, uint64_t index, uint64_t key);

struct ql_excerpt {
    const ql_tensor *of;     /* borrowed */
    const ql_profile *whole; /* borrowed: its exact profile, NULL while that is not known */
    ql_excerpt_plan plan;
    ql_tensor tensor; /* float32, out,in */
    ql_storage storage;
    ql_source *source;
    uint64_t shape[2];
    float *values;       /* [rows.picked][cols.picked] */
    double *row_square;  /* [rows.picked] mean of x^2 */
    ql_profile *profile; /* of `tensor`; its range and the axis of its histogram are those of `whole`, once that is known */
};

#endif
