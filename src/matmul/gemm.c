/* The walk over a product: gemm.h draws it. */
#include "matmul/gemm.h"

#include <string.h>

#include "base/engine.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/sizes.h"

enum {
    PIECE_BYTES = 512 << 10, /* of panels of W */
    PIECE_ROWS = 1020,       /* of X: many enough that W is read from far away seldom */
    DEPTH_CELLS = 1024,      /* of floats: what a panel of W and one of X take of the first caches at a time */
};

/* ---- Panels of X: all as long as each other, but for one row */

static size_t first_row(const ql_gemm_x *x, size_t panel)
{
    return panel * x->m / x->panels;
}

static unsigned rows_of(const ql_gemm_x *x, size_t panel)
{
    return (unsigned)(first_row(x, panel + 1) - first_row(x, panel));
}

/* ---- A product */

typedef struct gemm_job {
    ql_engine *engine;
    const ql_packed *w;
    const ql_gemm_x *x;
    ql_gemm_options options;
    size_t piece_panels, w_pieces; /* of W */
    size_t piece_rows, x_pieces;   /* panels of X, pieces of them */
    size_t depth;                  /* cells */
    void *y;
} gemm_job;

/* What a worker has for itself: sums of the last panel of W, which may reach beyond Y; and, of weights that are decoded,
   rows of a panel before they are packed, and the panels of a piece. */
typedef struct room {
    uint32_t *ragged;
    float *rows;
    uint8_t *panels;
} room;

static size_t ragged_size(const gemm_job *job)
{
    return (size_t)QL_PRODUCT_ROWS * job->w->kernels->outputs * sizeof(uint32_t);
}

/* Of one panel in one depth. */
static size_t decoded_size(const gemm_job *job)
{
    return job->w->packing == QL_DECODED_FLOATS ? job->depth * job->w->kernels->outputs * QL_CELL : 0;
}

static size_t room_size(const gemm_job *job)
{
    return ragged_size(job) + (job->piece_panels + 1) * decoded_size(job);
}

static room room_of(const gemm_job *job, unsigned worker)
{
    uint8_t *memory = ql_engine_scratch(job->engine, worker, 0);
    uint8_t *rows = memory + ragged_size(job);
    return (room) { (uint32_t *)(void *)memory, (float *)(void *)rows, rows + decoded_size(job) };
}

/* Panels of W that lie one behind the other, cells [from, from + cells) of each. */
typedef struct weights {
    size_t first, end; /* panels */
    size_t from, cells;
    const uint8_t *start; /* cell `from` of the first panel */
    size_t panel;         /* bytes from one to the next */
} weights;

static void multiply(const gemm_job *job, const ql_band *band, size_t panel, size_t x_panel, bool more, void *y)
{
    const ql_packed *w = job->w;
    const int32_t *x_sums = job->x->sums ? job->x->sums + first_row(job->x, x_panel) * job->x->groups : NULL;
    const ql_grouped grouped = {
        .group_cells = w->group_cells,
        .scales = w->scales ? w->scales + panel * w->groups * w->kernels->outputs : NULL,
        .x_sums = x_sums,
        .levels = &w->levels,
    };
    switch (w->packing) {
    case QL_PACKED_FLOATS:
    case QL_DECODED_FLOATS:
        w->kernels->floats(band, more, y);
        break;
    case QL_PACKED_CODES:
        w->kernels->codes(band, x_sums, y);
        break;
    case QL_PACKED_GROUPED_CODES:
        w->kernels->grouped_codes(band, &grouped, y);
        break;
    case QL_PACKED_NIBBLES:
        w->kernels->grouped_nibbles(band, &grouped, y);
        break;
    case QL_PACKED_LEVELED:
        w->kernels->leveled(band, &(ql_leveled) { w->group_cells * QL_CELL, grouped.scales, &w->float_levels }, y);
        break;
    }
}

/* One panel of X with some of W. The sums of a last panel that reaches beyond Y go through `ragged`. */
static void multiply_band(const gemm_job *job, const weights *part, size_t x_panel, uint32_t *ragged)
{
    const ql_packed *w = job->w;
    const size_t outputs = w->kernels->outputs, row = first_row(job->x, x_panel);
    const unsigned rows = rows_of(job->x, x_panel);
    const bool is_ragged = part->end * outputs > w->n, more = part->from > 0 || job->options.more;
    ql_band band = {
        .cells = w->packing == QL_PACKED_LEVELED ? job->x->cells : part->cells,
        .rows = rows,
        .panels = part->end - part->first - is_ragged,
        .x = job->x->x + (row * job->x->cells + part->from * rows) * QL_CELL,
        .w = part->start,
        .panel = part->panel,
        .stride = w->n,
    };
    uint32_t *y = (uint32_t *)job->y + row * w->n;
    if (band.panels > 0) {
        multiply(job, &band, part->first, x_panel, more, y + part->first * outputs);
    }
    if (!is_ragged) {
        return;
    }
    const size_t last = part->end - 1, left = w->n - last * outputs;
    band.panels = 1;
    band.w += (last - part->first) * part->panel;
    band.stride = outputs;
    for (unsigned i = 0; i < rows && more; i++) {
        memcpy(ragged + i * outputs, y + i * w->n + last * outputs, left * sizeof *y);
    }
    multiply(job, &band, last, x_panel, more, ragged);
    for (unsigned i = 0; i < rows; i++) {
        memcpy(y + i * w->n + last * outputs, ragged + i * outputs, left * sizeof *y);
    }
}

static void end_band(const gemm_job *job, unsigned worker, const weights *part, size_t x_panel)
{
    const size_t outputs = job->w->kernels->outputs, first = part->first * outputs, end = part->end * outputs,
                 row = first_row(job->x, x_panel), n = job->w->n;
    const ql_gemm_tile tile = {
        .row = row,
        .output = first,
        .rows = rows_of(job->x, x_panel),
        .outputs = (end < n ? end : n) - first,
        .stride = n,
        .y = (uint32_t *)job->y + row * n + first,
    };
    job->options.end(job->options.context, worker, &tile);
}

static void decode_panels(const gemm_job *job, weights *part, const room *r)
{
    const ql_packed *w = job->w;
    const size_t outputs = w->kernels->outputs, panel = part->cells * outputs * QL_CELL;
    for (size_t p = part->first; p < part->end; p++) {
        const size_t first = p * outputs, left = w->n - first, have = left < outputs ? left : outputs;
        for (size_t i = 0; i < have; i++) {
            w->decode(w->decode_context, first + i, part->from, part->cells, r->rows + i * part->cells);
        }
        ql_pack_cells((const uint8_t *)r->rows, part->cells * QL_CELL, part->cells * QL_CELL, (unsigned)have,
                      (unsigned)outputs, 0, false, r->panels + (p - part->first) * panel);
    }
    part->start = r->panels;
    part->panel = panel;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const gemm_job *job = context;
    const ql_packed *w = job->w;
    const room r = room_of(job, worker);
    const size_t first = (size_t)(chunk / job->x_pieces) * job->piece_panels,
                 first_x = (size_t)(chunk % job->x_pieces) * job->piece_rows;
    const size_t end_x = first_x + job->piece_rows < job->x->panels ? first_x + job->piece_rows : job->x->panels;
    weights part = { .first = first, .end = first + job->piece_panels < w->panels ? first + job->piece_panels : w->panels };
    for (; part.from < w->cells; part.from += part.cells) {
        const size_t left = w->cells - part.from;
        part.cells = left < job->depth ? left : job->depth;
        if (w->packing == QL_DECODED_FLOATS) {
            decode_panels(job, &part, &r);
        } else {
            part.start = w->w + first * w->panel + part.from * (w->panel / w->cells);
            part.panel = w->panel;
        }
        for (size_t x = first_x; x < end_x; x++) {
            multiply_band(job, &part, x, r.ragged);
            if (part.cells == left && job->options.end) {
                end_band(job, worker, &part, x);
            }
        }
    }
    return QL_OK;
}

static ql_status run(gemm_job *job, const ql_gemm_options *options, ql_error *error)
{
    const ql_packed *w = job->w;
    const bool is_decoded = w->packing == QL_DECODED_FLOATS, has_depths = is_decoded || w->packing == QL_PACKED_FLOATS;
    const size_t cell_size = is_decoded ? w->kernels->outputs * QL_CELL : w->panel / w->cells;
    const unsigned threads = ql_engine_threads(job->engine);
    job->options = options ? *options : (ql_gemm_options) { .end = NULL };
    const size_t depths = has_depths ? (w->cells + DEPTH_CELLS - 1) / DEPTH_CELLS : 1;
    job->depth = (w->cells + depths - 1) / depths;
    const size_t fit = PIECE_BYTES / (cell_size * job->depth);
    const size_t fair = (w->panels + 4 * threads - 1) / (4 * threads); /* some pieces for each thread */
    job->piece_panels = fit < 1 ? 1 : fit < fair ? fit : fair;
    job->piece_rows = is_decoded ? job->x->panels : PIECE_ROWS / w->kernels->rows; /* nothing is decoded twice */
    job->w_pieces = (size_t)ql_size_ceil_div(w->panels, job->piece_panels);
    job->x_pieces = (size_t)ql_size_ceil_div(job->x->panels, job->piece_rows);
    job->piece_rows = (size_t)ql_size_ceil_div(job->x->panels, job->x_pieces); /* as long as each other */
    const size_t size = room_size(job);
    for (unsigned worker = 0; worker < threads; worker++) {
        if (!ql_engine_scratch(job->engine, worker, size)) {
            return ql_fail_memory(error, size);
        }
    }
    const ql_pass pass = {
        .chunk_count = job->w_pieces * job->x_pieces,
        .work = work,
        .context = job,
        .monitor = job->options.monitor,
        .elements = job->w_pieces * job->x_pieces,
        .total = job->w_pieces * job->x_pieces,
    };
    return ql_parallel(job->engine, &pass, error);
}

ql_status ql_gemm_floats(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y, const ql_gemm_options *options,
                         ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, options, error);
}

ql_status ql_gemm_codes(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, int32_t *y,
                        const ql_gemm_options *options, ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, options, error);
}

ql_status ql_gemm_grouped(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y,
                          const ql_gemm_options *options, ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, options, error);
}

/* ---- Packing X */

typedef struct take_job {
    ql_engine *engine;
    const uint8_t *in; /* NULL: `make` makes the rows, of codes */
    size_t element;    /* bytes */
    ql_make_row *make;
    void *context;
    ql_gemm_x *x;
} take_job;

/* Of one row, in[k], to its place among the sums. */
static void sum_row(const ql_gemm_x *x, const int8_t *in, size_t row, unsigned place, unsigned rows)
{
    const size_t length = x->group_cells * QL_CELL;
    for (size_t group = 0; group < x->groups; group++) {
        const size_t first = group * length, end = first + length < x->k ? first + length : x->k;
        int32_t sum = 0;
        for (size_t k = first; k < end; k++) {
            sum += in[k];
        }
        x->sums[row * x->groups + group * rows + place] = sum;
    }
}

static ql_status take_panel(void *context, unsigned worker, uint64_t panel, ql_error *error)
{
    (void)error;
    const take_job *job = context;
    ql_gemm_x *x = job->x;
    const size_t row = first_row(x, (size_t)panel), bytes = x->k * job->element;
    const unsigned rows = rows_of(x, (size_t)panel);
    const uint8_t *in = job->in + row * bytes;
    if (job->make) {
        uint8_t *made = ql_engine_scratch(job->engine, worker, 0);
        for (unsigned i = 0; i < rows; i++) {
            job->make(job->context, worker, row + i, (int8_t *)made + i * bytes);
        }
        in = made;
    }
    ql_pack_cells(in, bytes, bytes, rows, rows, 0, false, x->x + row * x->cells * QL_CELL);
    for (unsigned i = 0; job->element == 1 && i < rows; i++) {
        sum_row(x, (const int8_t *)in + i * bytes, row, i, rows);
    }
    return QL_OK;
}

static ql_status take(take_job *job, const ql_packed *w, size_t m, ql_gemm_x *out, ql_error *error)
{
    if (m == 0) {
        return ql_fail(error, QL_UNUSABLE, "X has no rows: a product needs at least one");
    }
    job->x = out;
    out->m = m;
    out->k = w->k;
    out->cells = w->packing == QL_PACKED_LEVELED ? w->k : w->cells;
    out->panels = (m + w->kernels->rows - 1) / w->kernels->rows;
    out->group_cells = w->scales ? w->group_cells : w->cells;
    out->groups = w->scales ? w->groups : 1;
    void *cells = out->x, *sums = out->sums;
    const size_t size = m * out->cells * QL_CELL, sums_size = m * out->groups * sizeof(int32_t);
    bool has_room =
        ql_pages_need(&cells, &out->size, size) && (job->element > 1 || ql_pages_need(&sums, &out->sums_size, sums_size));
    out->x = cells;
    out->sums = sums;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine) && job->make && has_room; worker++) {
        has_room = ql_engine_scratch(job->engine, worker, w->kernels->rows * w->k);
    }
    if (!has_room) {
        return ql_fail_memory(error, size + sums_size);
    }
    const ql_pass pass = { .chunk_count = out->panels, .work = take_panel, .context = job };
    return ql_parallel(job->engine, &pass, error);
}

ql_status ql_gemm_take_floats(ql_engine *engine, const ql_packed *w, const float *x, size_t m, ql_gemm_x *out,
                              ql_error *error)
{
    return take(&(take_job) { .engine = engine, .in = (const uint8_t *)x, .element = sizeof *x }, w, m, out, error);
}

ql_status ql_gemm_make_codes(ql_engine *engine, const ql_packed *w, ql_make_row *row, void *context, size_t m,
                             ql_gemm_x *out, ql_error *error)
{
    return take(&(take_job) { .engine = engine, .element = 1, .make = row, .context = context }, w, m, out, error);
}

void ql_gemm_x_free(ql_gemm_x *x)
{
    ql_pages_free(x->x, x->size);
    ql_pages_free(x->sums, x->sums_size);
    *x = (ql_gemm_x) { 0 };
}
