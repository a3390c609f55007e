/* How long reports take, by a table, and how large an excerpt may be: see excerpt.h. */
#include "analysis/excerpt.h"

#include "quant/calibrate.h"
#include "quant/schemes.h"

#include <math.h>

enum {
    EXCERPT_LEAST = 1 << 14, /* elements */
    EXCERPT_MOST = 1 << 19,
    LEAST_GROUPS = 4,   /* that an excerpt holds, or its groups are parts of the tensor's */
    LEAST_STRIP = 1024, /* elements side by side in the file: a page or so, which may have to come from a disk */
    LEAST_ACROSS = 32,  /* the same where every line is read */
};
static const double quick_ms = 16;    /* an exact answer that takes no longer needs no other before it */
static const double patient_ms = 100; /* the same for the first look at a tensor */
static const double excerpt_ms = 15;  /* of work for a first answer: a seventh of what it may take, for slow machines */
static const double profile_ns = 2.7; /* of an element */

/* Time of two threads of a machine of 2023. */
typedef struct cost {
    double element, group; /* ns */
} cost;

static const cost one_pass = { 0.95, 0 };

/* By ways to clip: one group, and many. */
static const struct clip_cost {
    cost tensor, groups;
} clip_costs[QL_CLIP_COUNT] = {
    [QL_CLIP_MINMAX] = { { 0, 0 }, { 0, 0 } }, [QL_CLIP_PERCENTILE] = { { 0, 0 }, { 2, 400 } },
    [QL_CLIP_KL] = { { 1, 0 }, { 40, 1e5 } },  [QL_CLIP_MSE] = { { 2, 0 }, { 38, 6500 } },
    [QL_CLIP_ACIQ] = { { 1, 0 }, { 1, 0 } },   [QL_CLIP_MANUAL] = { { 0, 0 }, { 0, 0 } },
};

/* ns of an element. The tensor is not empty. */
static double element_cost(const ql_tensor *tensor, const ql_spec *spec)
{
    ql_groups groups = { .count = 1 };
    ql_groups_make(tensor, spec, &groups, NULL); /* one group will do where the spec does not fit */
    const double group_share = (double)groups.count / (double)tensor->element_count;
    const double levels = ldexp(1, (int)spec->bits);
    const struct clip_cost *clip = &clip_costs[spec->clip];
    cost sum = one_pass;
    const cost *way = spec->per == QL_PER_TENSOR ? &clip->tensor : &clip->groups;
    sum.element += way->element;
    sum.group += way->group;
    if (spec->mapping == &ql_mapping_kmeans) {
        sum.element += 40;
        sum.group += 16 * levels;
    } else if (spec->mapping == &ql_mapping_quantile) {
        sum.element += 5;
        sum.group += 16 * levels;
    }
    sum.element += ql_groups_are_runs(&groups) ? 0 : 2;
    sum.element += spec->outliers > 0 || spec->double_quant ? 1 : 0;
    return sum.element + sum.group * group_share;
}

/* ---- Size and strips */

/* The rectangle of W that a group is. */
static void extent_of_group(const ql_tensor *tensor, const ql_spec *spec, uint64_t *rows, uint64_t *cols)
{
    *rows = *cols = 1;
    switch (spec->per) {
    case QL_PER_TENSOR:
        break;
    case QL_PER_ROW:
        *cols = tensor->cols;
        break;
    case QL_PER_COL:
        *rows = tensor->rows;
        break;
    case QL_PER_BLOCK:
        *cols = spec->block;
        break;
    case QL_PER_FLAT: /* one that does not go into a row begins anywhere in it */
        *cols = tensor->cols % spec->block ? tensor->cols : spec->block;
        *rows = spec->block / tensor->cols + (spec->block % tensor->cols != 0);
        break;
    case QL_PER_TILE:
        *rows = spec->block;
        *cols = spec->tile_cols;
        break;
    }
}

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
    return value > most ? most : value < least ? least : value;
}

/* At least `picked` in whole strips, or all. */
static ql_excerpt_axis make_axis(uint64_t total, uint64_t picked, uint64_t strip)
{
    const uint64_t strips = picked / strip + (picked % strip != 0), places = total / strip;
    if (strips >= places) {
        return (ql_excerpt_axis) { total, total, total % strip ? total : strip };
    }
    return (ql_excerpt_axis) { total, strips * strip, strip };
}

/* The least multiple of `unit` that is no less than `least`; all when that is not less than half. */
static uint64_t strip_of(uint64_t unit, uint64_t least, uint64_t total)
{
    const uint64_t strip = unit >= least ? unit : (least + unit - 1) / unit * unit;
    return strip > total / 2 ? total : strip;
}

ql_excerpt_plan ql_excerpt_plan_of(const ql_tensor *tensor, const ql_spec *spec)
{
    const uint64_t rows = tensor->rows, cols = tensor->cols;
    const uint64_t wanted = clamp((uint64_t)(excerpt_ms * 1e6 / element_cost(tensor, spec)), EXCERPT_LEAST, EXCERPT_MOST);
    const uint64_t most = wanted / LEAST_GROUPS; /* of a group */
    uint64_t group_rows, group_cols;
    extent_of_group(tensor, spec, &group_rows, &group_cols);
    group_rows = clamp(group_rows, 1, rows);
    group_cols = clamp(group_cols, 1, cols);
    group_cols = clamp(group_cols, 1, most / group_rows);
    group_rows = clamp(group_rows, 1, most / group_cols);

    /* Stored line after line. Where lines are rows, each strip of them takes columns of its own (excerpt.c): the fewer,
       the more rows. Where they are columns, rows and columns are cut to the same share. */
    const bool by_columns = tensor->layout == QL_LAYOUT_IN_OUT;
    const uint64_t width = ql_dtype_describe(tensor->dtype)->block_elements;
    const uint64_t least = by_columns || group_rows > 1 ? LEAST_ACROSS : LEAST_STRIP;
    const uint64_t side_by_side = least < width ? width : least;
    const uint64_t line = by_columns ? rows : cols, together = line < LEAST_STRIP ? LEAST_STRIP / line : 1;
    const uint64_t row_strip = strip_of(group_rows, by_columns ? side_by_side : together, rows);
    const uint64_t col_strip = strip_of(group_cols, by_columns ? together : side_by_side, cols);
    const uint64_t even = by_columns ? (uint64_t)sqrt((double)wanted * ((double)cols / (double)rows)) : col_strip;
    ql_excerpt_plan plan;
    plan.cols = make_axis(cols, clamp(even, 1, clamp(wanted / row_strip, 1, cols)), col_strip);
    plan.rows = make_axis(rows, clamp(wanted / plan.cols.picked, 1, rows), row_strip);
    plan.cols = make_axis(cols, clamp(wanted / plan.rows.picked, 1, cols), col_strip);
    return plan;
}

bool ql_excerpt_is_worth(const ql_tensor *tensor, const ql_spec *spec, bool is_profiled)
{
    ql_groups groups;
    if (!ql_dtype_describe(tensor->dtype)->has_values || tensor->element_count < EXCERPT_LEAST ||
        ql_groups_make(tensor, spec, &groups, NULL) != QL_OK) {
        return false;
    }
    /* What is unpacked from the front is not looked into before it is read. */
    if (!is_profiled && tensor->offset == QL_NO_OFFSET) {
        return false;
    }
    const double ns = element_cost(tensor, spec) + (is_profiled ? 0 : profile_ns);
    if (ns * (double)tensor->element_count <= (is_profiled ? quick_ms : patient_ms) * 1e6) {
        return false;
    }
    const ql_excerpt_plan plan = ql_excerpt_plan_of(tensor, spec);
    return plan.rows.picked <= tensor->element_count / 2 / plan.cols.picked;
}

/* splitmix64 */
static uint64_t mix(uint64_t z)
{
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* index * parts / count without overflow. */
static uint64_t part(uint64_t index, uint64_t parts, uint64_t count)
{
    return parts / count * index + parts % count * index / count;
}

uint64_t ql_excerpt_start(const ql_excerpt_axis *axis, uint64_t index, uint64_t key)
{
    const uint64_t places = axis->total / axis->strip, strips = axis->picked / axis->strip;
    const uint64_t from = part(index, places, strips), end = part(index + 1, places, strips);
    return (from + mix(mix(key) + index) % (end - from)) * axis->strip;
}
