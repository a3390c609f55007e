/*
 * The error of every group of a report, and where a group is.
 *
 * A chunk lists the groups that it meets, each time with the sum of e^2 of a run of elements; the lists are added up in the
 * order of the chunks.
 */
#include "analysis/tiles.h"
#include "base/engine.h"

#include <string.h>

typedef struct group_sum {
    uint64_t group;
    double square;
} group_sum;

typedef struct groups_worker {
    size_t count;
    uint64_t groups[QL_TILE]; /* of the tile's elements */
    group_sum sums[QL_CHUNK]; /* [count] */
} groups_worker;

static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    (void)context;
    (void)begin;
    (void)end;
    ((groups_worker *)memory)->count = 0;
}

static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    (void)context;
    groups_worker *w = memory;
    ql_groups_of(&tile->quantizer->groups, tile->begin, tile->n, w->groups);
    for (size_t i = 0; i < tile->n; i++) {
        const double e = (double)(tile->x[i] - tile->y[i]);
        if (w->count == 0 || w->sums[w->count - 1].group != w->groups[i]) {
            w->sums[w->count++] = (group_sum) { w->groups[i], 0 };
        }
        w->sums[w->count - 1].square += e * e;
    }
}

static void merge(void *context, const void *memory)
{
    double *mse = context;
    const groups_worker *w = memory;
    for (size_t i = 0; i < w->count; i++) {
        mse[w->sums[i].group] += w->sums[i].square;
    }
}

ql_status ql_group_errors(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                          double *mse, ql_error *error)
{
    const ql_visitor visitor = {
        .context = mse,
        .end = profile->tensor->element_count,
        .memory_size = sizeof(groups_worker),
        .chunk = begin_chunk,
        .add = add_tile,
        .merge = merge,
    };
    ql_groups groups;
    ql_status status = ql_groups_make(profile->tensor, &report->spec, &groups, error);
    if (status != QL_OK) {
        return status;
    }
    memset(mse, 0, (size_t)groups.count * sizeof *mse);
    status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    for (uint64_t group = 0; group < groups.count && status == QL_OK; group++) {
        mse[group] /= (double)ql_groups_length(&groups, group);
    }
    return status;
}

ql_group_place ql_group_place_of(const ql_tensor *tensor, const ql_spec *spec, uint64_t group)
{
    ql_groups groups;
    ql_error error;
    ql_group_place place = { 0 };
    if (ql_groups_make(tensor, spec, &groups, &error) == QL_OK && group < groups.count) {
        const uint64_t start = ql_groups_start(&groups, group);
        place.elements = ql_groups_length(&groups, group);
        ql_tensor_place(tensor, ql_groups_stored_index(&groups, start), &place.row, &place.col);
        ql_tensor_place(tensor, ql_groups_stored_index(&groups, start + place.elements - 1), &place.last_row,
                        &place.last_col);
    }
    return place;
}
