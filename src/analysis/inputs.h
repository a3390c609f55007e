/* Inside ql_activations. */
#ifndef QL_ANALYSIS_INPUTS_H
#define QL_ANALYSIS_INPUTS_H

#include "qloupe.h"

struct ql_activations {
    ql_synthetic synthetic; /* where values is NULL */
    uint64_t rows, cols;    /* of the product; cols 0: as many as a tensor has inputs */
    uint64_t row_count;     /* that the file holds: rows of them are taken, evenly spread */
    float *values;          /* owned [rows][cols], finite; NULL: made up */
    char name[200];         /* printable: the file, and the tensor in it if it was named */
};

#endif
