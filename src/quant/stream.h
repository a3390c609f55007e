/*
 * A pass over the values of a tensor, tile by tile in stored order, from all threads: what calibration needs. The values are
 * float32 with outliers replaced by 0.
 */
#ifndef QL_QUANT_STREAM_H
#define QL_QUANT_STREAM_H

#include "qloupe.h"
#include "quant/outliers.h"

typedef struct ql_stream {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_outliers *outliers; /* NULL: none */
    const ql_monitor *monitor;   /* NULL: none */
    uint64_t done_before, limit,
        total; /* elements, for the monitor: done so far, where this stage ends, all; a run adds to done_before */

    void *context;
    size_t memory_size; /* of each worker's memory below; zeroed at the start of each chunk */
    void (*tile)(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n);
    void (*merge)(void *context, const void *memory); /* after each chunk, in order; NULL: none */
} ql_stream;

ql_status ql_stream_run(ql_stream *stream, ql_error *error);

#endif
