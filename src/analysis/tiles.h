/*
 * A pass over a tensor that hands every value, and what the spec of a report makes of it, to functions: for whoever looks at
 * a tensor once more after its report.
 *
 *   chunk 0              chunk 1                        a chunk: QL_CHUNK elements in stored order, on any worker
 *   begin add add ...    begin add add ...              add: at most QL_TILE of them
 *        merge                merge                     in the order of the chunks, one at a time
 *
 * Sums that are added in merge are the same bits for any number of threads.
 */
#ifndef QL_ANALYSIS_TILES_H
#define QL_ANALYSIS_TILES_H

#include "qloupe.h"
#include "quant/scheme.h"

/* Elements [begin, begin + n). All but x are missing where there is no report. */
typedef struct ql_tile_seen {
    uint64_t begin;
    size_t n;
    const float *x, *y;            /* [n] original as float32, dequantized */
    const int16_t *codes;          /* [n]; unsigned 16-bit codes are stored as their bits */
    const ql_quantizer *quantizer; /* for the parameters of groups */
} ql_tile_seen;

typedef struct ql_visitor {
    void *context;
    uint64_t begin, end; /* only these elements of the tensor are handed over; chunks begin where they always do */
    size_t memory_size;  /* bytes that each worker has of its own, aligned to 64, undefined at first */
    void (*chunk)(void *context, void *memory, uint64_t begin, uint64_t end); /* before the tiles of a chunk */
    void (*add)(void *context, void *memory, const ql_tile_seen *tile);
    void (*merge)(void *context, const void *memory); /* NULL: nothing to merge */
} ql_visitor;

/* Finds the parameters of every group once more, unless `report`, which is of the profile's tensor, is NULL. QL_BAD_FILE
   when the file was changed meanwhile. */
ql_status ql_tiles_visit(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_visitor *visitor,
                         const ql_monitor *monitor, ql_error *error);

#endif
