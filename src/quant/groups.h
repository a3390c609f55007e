/*
 * Granularity: which elements share their parameters.
 *
 * Groups are defined on the logical weight W[rows][cols]. Each is a contiguous range of a walk over W: along the rows for
 * tensor, row, block and flat, along the columns for col, tile by tile for tile. Where the walk is also the order in which
 * the tensor is stored, a group is a run of stored elements; otherwise its elements are scattered.
 *
 *   per      groups, in order                                  walk
 *   tensor   one                                               rows
 *   row      one per row                                       rows
 *   col      one per column                                    columns
 *   block    `block` columns of a row, the last may be short   rows
 *   flat     `block` elements of the walk, the last short      rows
 *   tile     R x C rectangles, short at the edges              tiles, the rows of one after the other
 */
#ifndef QL_QUANT_GROUPS_H
#define QL_QUANT_GROUPS_H

#include "qloupe.h"

typedef struct ql_groups {
    ql_granularity per;
    uint64_t rows, cols, elements;
    uint64_t block;         /* block and flat; rows of a tile */
    uint64_t tile_cols;     /* tile */
    uint64_t row_groups;    /* groups side by side: of one row (block), of one row of tiles (tile) */
    bool by_columns;        /* the walk */
    bool stored_by_columns; /* the tensor is stored [in][out]: column by column of W */
    uint64_t count;
} ql_groups;

/* QL_BAD_USAGE when the spec does not fit the tensor. The tensor is not empty. */
ql_status ql_groups_make(const ql_tensor *tensor, const ql_spec *spec, ql_groups *out, ql_error *error);

/* True when every group is a run of stored elements. */
bool ql_groups_are_runs(const ql_groups *groups);

/* Groups are runs: the group of stored element `begin` and how many elements from there on belong to it. */
uint64_t ql_groups_run(const ql_groups *groups, uint64_t begin, uint64_t *group);

/* The same of runs of one length: `begin` lies in run *group at place *offset, the next run is *group + 1, and so on.
   Returns how many elements from there on lie in such runs, of which the last may be short. */
uint64_t ql_groups_even_runs(const ql_groups *groups, uint64_t begin, uint64_t *group, uint64_t *length, uint64_t *offset);

/* The group of each of the stored elements [begin, begin + n). */
void ql_groups_of(const ql_groups *groups, uint64_t begin, size_t n, uint64_t *out);

/* The group's range of the walk. */
uint64_t ql_groups_start(const ql_groups *groups, uint64_t group);
uint64_t ql_groups_length(const ql_groups *groups, uint64_t group);

/* How many groups from `group` on have its length, one after the other in the walk; the last of them may be shorter. */
uint64_t ql_groups_even(const ql_groups *groups, uint64_t group);

/* The flat index in stored order of a position of the walk. */
uint64_t ql_groups_stored_index(const ql_groups *groups, uint64_t position);

/* Elements [begin, begin + n) of the walk to out[n]; scratch as ql_tensor_scratch_size(tensor, n) says. */
ql_status ql_groups_read(const ql_groups *groups, const ql_tensor *tensor, uint64_t begin, size_t n, float *out,
                         void *scratch, ql_error *error);

#endif
