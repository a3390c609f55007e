/* Reading an excerpt: see excerpt.h. */
#include "analysis/excerpt.h"

#include "analysis/histogram.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "quant/kept.h"
#include "quant/scheme.h"

#include <stdlib.h>
#include <string.h>

/* ---- Strips from the file */

/* As it is stored: lines one after the other, elements side by side in each. */
typedef struct reading {
    ql_engine *engine;
    ql_excerpt *excerpt;
    bool by_columns; /* lines are columns of W */
    const ql_excerpt_axis *lines, *places;
    uint64_t at_once; /* lines of a chunk */
} reading;

typedef struct worker {
    float values[QL_TILE];
    unsigned char bytes[(QL_TILE + 2) * 9];
} worker;

/* n elements of a line, `place` in the tensor and `at` in the excerpt, to where they belong. */
static ql_status read_run(const reading *r, worker *w, uint64_t line, uint64_t place, uint64_t line_at, uint64_t at,
                          uint64_t n, ql_error *error)
{
    ql_excerpt *e = r->excerpt;
    for (uint64_t done = 0; done < n;) {
        const size_t count = n - done < QL_TILE ? (size_t)(n - done) : QL_TILE;
        float *to = r->by_columns ? w->values : e->values + line_at * e->plan.cols.picked + at + done;
        ql_status status = ql_tensor_read_f32(e->of, line * r->places->total + place + done, count, to, w->bytes, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; r->by_columns && i < count; i++) {
            e->values[(at + done + i) * e->plan.cols.picked + line_at] = w->values[i];
        }
        done += count;
    }
    return QL_OK;
}

/* One line of the excerpt. Where lines are rows, each strip of them takes places of its own; where they are columns the rows
   stay rows. */
static ql_status read_line(const reading *r, worker *w, uint64_t line_at, ql_error *error)
{
    const uint64_t strip = line_at / r->lines->strip;
    const uint64_t line = ql_excerpt_start(r->lines, strip, 0) + line_at % r->lines->strip;
    for (uint64_t at = 0, i = 0; at < r->places->picked; at += r->places->strip, i++) {
        const uint64_t place = ql_excerpt_start(r->places, i, r->by_columns ? 1 : 1 + strip);
        ql_status status = read_run(r, w, line, place, line_at, at, r->places->strip, error);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

static ql_status read_lines(void *context, unsigned worker_index, uint64_t chunk, ql_error *error)
{
    const reading *r = context;
    worker *w = ql_engine_scratch(r->engine, worker_index, 0);
    const uint64_t first = chunk * r->at_once, left = r->lines->picked - first;
    ql_status status = QL_OK;
    for (uint64_t i = 0; i < r->at_once && i < left && status == QL_OK; i++) {
        status = read_line(r, w, first + i, error);
    }
    return status;
}

static ql_status read_strips(ql_engine *engine, ql_excerpt *e, const ql_monitor *monitor, ql_error *error)
{
    const bool by_columns = e->of->layout == QL_LAYOUT_IN_OUT;
    const ql_excerpt_axis *lines = by_columns ? &e->plan.cols : &e->plan.rows;
    const ql_excerpt_axis *places = by_columns ? &e->plan.rows : &e->plan.cols;
    reading r = { engine, e, by_columns, lines, places, ql_size_ceil_div(QL_CHUNK, places->picked) };
    for (unsigned i = 0; i < ql_engine_threads(engine); i++) {
        if (!ql_engine_scratch(engine, i, sizeof(worker))) {
            return ql_fail_memory(error, sizeof(worker));
        }
    }
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(lines->picked, r.at_once),
        .work = read_lines,
        .context = &r,
        .monitor = monitor,
        .elements = e->tensor.element_count,
        .total = 3 * e->tensor.element_count, /* the profile reads it twice */
    };
    ql_status status = ql_source_check(e->of->storage->source, error);
    if (status == QL_OK) {
        status = ql_parallel(engine, &pass, error);
    }
    return ql_source_check_after(e->of->storage->source, status, error);
}

/* ---- The matrix in memory */

static ql_status make_tensor(ql_excerpt *e, ql_error *error)
{
    const uint64_t rows = e->plan.rows.picked, cols = e->plan.cols.picked, size = rows * cols * sizeof *e->values;
    e->values = malloc(size);
    e->row_square = malloc(rows * sizeof *e->row_square);
    ql_status status = e->values && e->row_square ? ql_source_from_memory(ql_source_path(e->of->storage->source), e->values,
                                                                          size, &e->source, error)
                                                  : ql_fail_memory(error, size);
    e->storage.source = e->source;
    e->shape[0] = rows;
    e->shape[1] = cols;
    e->tensor = (ql_tensor) {
        .name = e->of->name,
        .dtype = QL_F32,
        .rank = 2,
        .shape = e->shape,
        .element_count = rows * cols,
        .byte_count = size,
        .storage = &e->storage,
    };
    ql_tensor_set_layout(&e->tensor, QL_LAYOUT_OUT_IN);
    return status;
}

/* Passes its own count on, behind that of the reading. */
typedef struct behind {
    const ql_monitor *monitor;
    uint64_t before;
} behind;

static bool tick_behind(void *context, uint64_t done, uint64_t total)
{
    const behind *b = context;
    return b->monitor->tick(b->monitor->context, b->before + done, b->before + total);
}

static void square_rows(ql_excerpt *e)
{
    const uint64_t cols = e->plan.cols.picked;
    for (uint64_t row = 0; row < e->plan.rows.picked; row++) {
        double sum = 0;
        for (uint64_t i = 0; i < cols; i++) {
            const double x = e->values[row * cols + i];
            sum += x * x;
        }
        e->row_square[row] = sum / (double)cols;
    }
}

ql_status ql_excerpt_make(ql_engine *engine, const ql_tensor *tensor, const ql_spec *spec, const ql_monitor *monitor,
                          ql_excerpt **out, ql_error *error)
{
    ql_groups groups;
    if (tensor->element_count == 0) {
        return ql_fail(error, QL_UNUSABLE, "an empty tensor has no parts");
    }
    ql_status status = ql_groups_make(tensor, spec, &groups, error);
    if (status != QL_OK) {
        return status;
    }
    ql_excerpt *e = calloc(1, sizeof *e);
    if (!e) {
        return ql_fail_memory(error, sizeof *e);
    }
    e->of = tensor;
    e->plan = ql_excerpt_plan_of(tensor, spec);
    status = make_tensor(e, error);
    if (status == QL_OK) {
        status = read_strips(engine, e, monitor, error);
    }
    if (status == QL_OK) {
        behind b = { monitor, e->tensor.element_count };
        const ql_monitor rest = { tick_behind, &b };
        square_rows(e);
        status = ql_profile_make(engine, NULL, &e->tensor, monitor ? &rest : NULL, &e->profile, error);
    }
    if (status != QL_OK) {
        ql_excerpt_free(&e);
        return status;
    }
    *out = e;
    return QL_OK;
}

void ql_excerpt_free(ql_excerpt **excerpt)
{
    ql_excerpt *e = *excerpt;
    if (e) {
        ql_profile_free(&e->profile);
        ql_source_free(&e->source);
        free(e->row_square);
        free(e->values);
        free(e);
        *excerpt = NULL;
    }
}

bool ql_excerpt_serves(const ql_excerpt *excerpt, const ql_tensor *tensor, const ql_spec *spec)
{
    if (!excerpt || excerpt->of != tensor) {
        return false;
    }
    const ql_excerpt_plan plan = ql_excerpt_plan_of(tensor, spec);
    return memcmp(&plan, &excerpt->plan, sizeof plan) == 0;
}

void ql_excerpt_learn(ql_excerpt *excerpt, const ql_profile *whole)
{
    ql_profile *p = excerpt->profile;
    ql_kept *fresh = excerpt->whole || whole->unusable || p->unusable ? NULL : ql_kept_new();
    if (!fresh) {
        return;
    }
    uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)] = { 0 };
    excerpt->whole = whole;
    p->x_min = whole->x_min;
    p->x_max = whole->x_max;
    p->original = (ql_histogram) { .lo = whole->original.lo, .hi = whole->original.hi };
    const ql_binning axis = { p->original.lo, p->original.hi, QL_BINS, false };
    ql_kernels_active()->histogram(&axis, excerpt->values, (size_t)excerpt->tensor.element_count, tables);
    ql_histogram_take(&p->original, tables);
    ql_kept_free(&p->kept); /* of the range that it had */
    p->kept = fresh;
}
