/* Every way to choose a clipping range, tried on one tensor. */
#include "analysis/ways.h"
#include "base/error.h"
#include "quant/calibrate.h"
#include "quant/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a way costs, as times the tensor is read; for the progress bar alone. */
static const unsigned costs[QL_CLIP_COUNT] = {
    [QL_CLIP_MINMAX] = 1, [QL_CLIP_PERCENTILE] = 2, [QL_CLIP_KL] = 2,
    [QL_CLIP_MSE] = 40,   [QL_CLIP_ACIQ] = 2,       [QL_CLIP_MANUAL] = 1,
};

void ql_kept_range(const ql_report *report, uint64_t group, double *lo, double *hi)
{
    const double step = report->scales[group], zero = report->zeros ? report->zeros[group] : 0;
    *lo = (report->code_lo - zero) * step;
    *hi = (report->code_hi - zero) * step;
    if (report->spec.mapping->symmetric) {
        *hi += report->spec.range == QL_RANGE_TORCHOBS ? 0.5 * step : 0; /* its step is alpha / (Q + 1/2) */
        *lo = -*hi;
    }
}

/* Several tasks one after the other, to a monitor that sees them as one. */
typedef struct relay {
    const ql_monitor *outer;
    ql_monitor inner;
    uint64_t elements;      /* of the tensor */
    uint64_t before, total; /* reads of the tensor: in the tasks that ended, in all tasks */
    unsigned cost;          /* of the running task */
} relay;

static bool on_tick(void *context, uint64_t done, uint64_t total)
{
    const relay *r = context;
    const double share = total ? (double)done / (double)total : 0;
    return r->outer->tick(r->outer->context, r->before * r->elements + (uint64_t)(share * r->cost * (double)r->elements),
                          r->total * r->elements);
}

/* The monitor of the next task. */
static const ql_monitor *next_task(relay *r, unsigned cost)
{
    r->before += r->cost;
    r->cost = cost;
    r->inner = (ql_monitor) { on_tick, r };
    return r->outer && r->outer->tick ? &r->inner : NULL;
}

static bool is_search(const ql_spec *spec)
{
    return ql_calibrator_of(spec)->losses != NULL;
}

static void add_way(const ql_spec *base, ql_clip clip, ql_dist dist, ql_ways *ways, ql_spec specs[QL_WAYS_MOST])
{
    ql_spec spec = *base;
    char value[64];
    spec.clip = clip;
    spec.dist = dist;
    if (base->clip != QL_CLIP_PERCENTILE) {
        spec.p_lo = base->mapping->defaults.p_lo;
        spec.p_hi = base->mapping->defaults.p_hi;
    }
    ql_spec_clear_unused(&spec);
    char *name = ways->names[ways->count];
    ql_spec_value(&spec, QL_KEY_CLIP, value);
    size_t used = (size_t)snprintf(name, sizeof ways->names[0], "%s", value);
    static const ql_key also[] = { QL_KEY_P, QL_KEY_DIST };
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++) {
        ql_spec_value(&spec, also[i], value);
        if (value[0] && used < sizeof ways->names[0]) {
            used += (size_t)snprintf(name + used, sizeof ways->names[0] - used, " %s", value);
        }
    }
    specs[ways->count++] = spec;
}

/* The ways that there are, minmax first. */
static void list_ways(const ql_spec *base, ql_ways *ways, ql_spec specs[QL_WAYS_MOST])
{
    for (unsigned clip = 0; clip < QL_CLIP_COUNT; clip++) {
        if (!ql_mapping_allows(base->mapping, QL_KEY_CLIP, clip) ||
            (clip == QL_CLIP_MANUAL && base->clip != QL_CLIP_MANUAL)) {
            continue;
        }
        add_way(base, (ql_clip)clip, QL_DIST_LAPLACE, ways, specs);
        if (clip == QL_CLIP_ACIQ) {
            add_way(base, (ql_clip)clip, QL_DIST_GAUSS, ways, specs);
        }
    }
    ql_spec_format(&specs[0], ways->spec_text);
}

static ql_status fail_fixed(const ql_mapping *mapping, ql_error *error)
{
    char names[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        if (ql_mapping_takes(ql_mapping_at(i), QL_KEY_CLIP) && used < sizeof names) {
            used += (size_t)snprintf(names + used, sizeof names - used, " %s", ql_mapping_at(i)->info.name);
        }
    }
    return ql_fail(error, QL_BAD_USAGE, "%s takes no clip, so there are no ways to choose a range; use one of:%s",
                   mapping->info.name, names);
}

/* The group to look at, and how many there are. */
static ql_status find_group(const ql_profile *profile, const ql_spec *spec, uint64_t *group, uint64_t *count,
                            ql_error *error)
{
    ql_groups groups;
    ql_status status = ql_groups_make(profile->tensor, spec, &groups, error);
    if (status == QL_OK) {
        ql_groups_of(&groups, profile->stats.max_abs_index, 1, group);
        *count = groups.count;
    }
    return status;
}

/* The curve of one group of many costs next to nothing. */
static unsigned curve_cost(const ql_spec *spec, uint64_t group_count)
{
    return !is_search(spec) ? 0 : group_count > 1 ? 1 : costs[spec->clip];
}

static ql_status try_way(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, size_t i, relay *progress,
                         ql_ways *ways, ql_error *error)
{
    ql_status status =
        ql_report_make(engine, profile, spec, next_task(progress, costs[spec->clip]), &ways->reports[i], error);
    if (status == QL_OK && is_search(spec)) {
        const unsigned cost = curve_cost(spec, ways->reports[i]->group_count);
        status = ql_curve_make(engine, profile, spec, ways->group, next_task(progress, cost), &ways->curves[i], error);
    }
    if (ways->reports[i]) {
        ql_kept_range(ways->reports[i], ways->group, &ways->lo[i], &ways->hi[i]);
    }
    if (status == QL_OK && ways->reports[i]->metrics[QL_SQNR_DB] > ways->reports[ways->best]->metrics[QL_SQNR_DB]) {
        ways->best = i;
    }
    return status;
}

ql_status ql_ways_make(ql_engine *engine, const ql_profile *profile, const ql_spec *base, const ql_monitor *monitor,
                       ql_ways **out, ql_error *error)
{
    if (!ql_mapping_takes(base->mapping, QL_KEY_CLIP)) {
        return fail_fixed(base->mapping, error);
    }
    ql_spec specs[QL_WAYS_MOST];
    ql_ways *ways = calloc(1, sizeof *ways);
    if (!ways) {
        return ql_fail_memory(error, sizeof *ways);
    }
    list_ways(base, ways, specs);
    relay progress = { .outer = monitor, .elements = profile->tensor->element_count };
    uint64_t group_count = 1;
    ql_status status = profile->unusable ? QL_OK : find_group(profile, base, &ways->group, &group_count, error);
    for (size_t i = 0; i < ways->count; i++) {
        progress.total += costs[specs[i].clip] + curve_cost(&specs[i], group_count);
    }
    for (size_t i = 0; i < ways->count && status == QL_OK; i++) {
        status = try_way(engine, profile, &specs[i], i, &progress, ways, error);
    }
    if (status != QL_OK) {
        ql_ways_free(&ways);
        return status;
    }
    *out = ways;
    return QL_OK;
}

void ql_ways_free(ql_ways **ways)
{
    if (!*ways) {
        return;
    }
    for (size_t i = 0; i < (*ways)->count; i++) {
        ql_report_free(&(*ways)->reports[i]);
        ql_curve_free(&(*ways)->curves[i]);
    }
    free(*ways);
    *ways = NULL;
}
