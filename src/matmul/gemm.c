/* The walk over a product: gemm.h draws it. */
#include "matmul/gemm.h"

#include <string.h>

#include "base/engine.h"
#include "base/error.h"
#include "base/pages.h"
#include "base/sizes.h"

enum {
    PIECE_BYTES = 512 << 10, /* of panels of W */
    PIECE_ROWS = 240,        /* of X: many enough that W is read from far away seldom */
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
    size_t piece_panels, w_pieces; /* of W */
    size_t piece_rows, x_pieces;   /* panels of X, pieces of them */
    void *y;
} gemm_job;

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
    }
}

/* Panels [first, end) of W with one of X, cells [from, from + cells). The last panel of W may reach beyond Y: its sums go
   through `ragged`. */
static void multiply_band(const gemm_job *job, size_t first, size_t end, size_t x_panel, size_t from, size_t cells,
                          uint32_t *ragged)
{
    const ql_packed *w = job->w;
    const size_t outputs = w->kernels->outputs, row = first_row(job->x, x_panel), cell_size = w->panel / w->cells;
    const unsigned rows = rows_of(job->x, x_panel);
    const bool is_ragged = end * outputs > w->n;
    ql_band band = {
        .cells = cells,
        .rows = rows,
        .panels = end - first - is_ragged,
        .x = job->x->x + (row * job->x->cells + from * rows) * QL_CELL,
        .w = w->w + first * w->panel + from * cell_size,
        .panel = w->panel,
        .stride = w->n,
    };
    uint32_t *y = (uint32_t *)job->y + row * w->n;
    if (band.panels > 0) {
        multiply(job, &band, first, x_panel, from > 0, y + first * outputs);
    }
    if (!is_ragged) {
        return;
    }
    const size_t last = end - 1, left = w->n - last * outputs;
    band.panels = 1;
    band.w += (last - first) * w->panel;
    band.stride = outputs;
    for (unsigned i = 0; i < rows && from > 0; i++) {
        memcpy(ragged + i * outputs, y + i * w->n + last * outputs, left * sizeof *y);
    }
    multiply(job, &band, last, x_panel, from > 0, ragged);
    for (unsigned i = 0; i < rows; i++) {
        memcpy(y + i * w->n + last * outputs, ragged + i * outputs, left * sizeof *y);
    }
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const gemm_job *job = context;
    uint32_t *ragged = ql_engine_scratch(job->engine, worker, 0);
    const size_t first = (size_t)(chunk / job->x_pieces) * job->piece_panels,
                 first_x = (size_t)(chunk % job->x_pieces) * job->piece_rows;
    const size_t end = first + job->piece_panels < job->w->panels ? first + job->piece_panels : job->w->panels;
    const size_t end_x = first_x + job->piece_rows < job->x->panels ? first_x + job->piece_rows : job->x->panels;
    const size_t depth = job->w->packing == QL_PACKED_FLOATS ? DEPTH_CELLS : job->w->cells;
    for (size_t from = 0; from < job->w->cells; from += depth) {
        const size_t left = job->w->cells - from;
        for (size_t x = first_x; x < end_x; x++) {
            multiply_band(job, first, end, x, from, left < depth ? left : depth, ragged);
        }
    }
    return QL_OK;
}

static ql_status run(gemm_job *job, const ql_monitor *monitor, ql_error *error)
{
    const ql_packed *w = job->w;
    const size_t ragged = (size_t)w->kernels->rows * w->kernels->outputs * sizeof(uint32_t);
    const size_t depth_bytes =
        w->packing == QL_PACKED_FLOATS && w->cells > DEPTH_CELLS ? w->panel / w->cells * DEPTH_CELLS : w->panel;
    const unsigned threads = ql_engine_threads(job->engine);
    for (unsigned worker = 0; worker < threads; worker++) {
        if (!ql_engine_scratch(job->engine, worker, ragged)) {
            return ql_fail_memory(error, ragged);
        }
    }
    job->piece_panels = PIECE_BYTES / depth_bytes > 0 ? PIECE_BYTES / depth_bytes : 1;
    const size_t fair = (w->panels + 4 * threads - 1) / (4 * threads); /* some pieces for each thread */
    job->piece_panels = job->piece_panels < fair ? job->piece_panels : fair;
    job->piece_rows = PIECE_ROWS / w->kernels->rows;
    job->w_pieces = (size_t)ql_size_ceil_div(w->panels, job->piece_panels);
    job->x_pieces = (size_t)ql_size_ceil_div(job->x->panels, job->piece_rows);
    const ql_pass pass = {
        .chunk_count = job->w_pieces * job->x_pieces,
        .work = work,
        .context = job,
        .monitor = monitor,
        .elements = job->w_pieces * job->x_pieces,
        .total = job->w_pieces * job->x_pieces,
    };
    return ql_parallel(job->engine, &pass, error);
}

ql_status ql_gemm_floats(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y, const ql_monitor *monitor,
                         ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, monitor, error);
}

ql_status ql_gemm_codes(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, int32_t *y, const ql_monitor *monitor,
                        ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, monitor, error);
}

ql_status ql_gemm_grouped(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y, const ql_monitor *monitor,
                          ql_error *error)
{
    gemm_job job = { .engine = engine, .w = w, .x = x, .y = y };
    return run(&job, monitor, error);
}

/* ---- Packing X */

typedef struct take_job {
    const uint8_t *in;
    size_t element; /* bytes */
    ql_gemm_x *x;
} take_job;

static ql_status take_panel(void *context, unsigned worker, uint64_t panel, ql_error *error)
{
    (void)worker, (void)error;
    const take_job *job = context;
    ql_gemm_x *x = job->x;
    const size_t row = first_row(x, (size_t)panel), bytes = x->k * job->element;
    const unsigned rows = rows_of(x, (size_t)panel);
    ql_pack_cells(job->in + row * bytes, bytes, bytes, rows, rows, 0, x->x + row * x->cells * QL_CELL);
    for (size_t group = 0; x->sums && group < x->groups; group++) {
        const size_t first = group * x->group_cells * QL_CELL, left = x->k - first;
        const size_t count = left < x->group_cells * QL_CELL ? left : x->group_cells * QL_CELL;
        for (unsigned i = 0; i < rows; i++) {
            const int8_t *codes = (const int8_t *)job->in + (row + i) * x->k + first;
            int32_t sum = 0;
            for (size_t k = 0; k < count; k++) {
                sum += codes[k];
            }
            x->sums[row * x->groups + group * rows + i] = sum;
        }
    }
    return QL_OK;
}

/* Room for at least `size` bytes, kept when there is. */
static bool need(void **memory, size_t *have, size_t size)
{
    if (size > *have) {
        ql_pages_free(*memory, *have);
        *memory = ql_pages_new(size);
        *have = *memory ? size : 0;
    }
    return *memory != NULL;
}

static ql_status take(ql_engine *engine, const ql_packed *w, const void *in, size_t element, size_t m, ql_gemm_x *out,
                      ql_error *error)
{
    if (m == 0) {
        return ql_fail(error, QL_UNUSABLE, "X has no rows: a product needs at least one");
    }
    out->m = m;
    out->k = w->k;
    out->cells = w->cells;
    out->panels = (m + w->kernels->rows - 1) / w->kernels->rows;
    out->group_cells = w->scales ? w->group_cells : w->cells;
    out->groups = w->scales ? w->groups : 1;
    void *cells = out->x, *sums = out->sums;
    const size_t size = m * w->cells * QL_CELL, sums_size = m * out->groups * sizeof(int32_t);
    const bool has_room = need(&cells, &out->size, size) && (element > 1 || need(&sums, &out->sums_size, sums_size));
    out->x = cells;
    out->sums = sums;
    if (!has_room) {
        return ql_fail_memory(error, size + sums_size);
    }
    take_job job = { in, element, out };
    const ql_pass pass = { .chunk_count = out->panels, .work = take_panel, .context = &job };
    return ql_parallel(engine, &pass, error);
}

ql_status ql_gemm_take_floats(ql_engine *engine, const ql_packed *w, const float *x, size_t m, ql_gemm_x *out,
                              ql_error *error)
{
    return take(engine, w, x, sizeof *x, m, out, error);
}

ql_status ql_gemm_take_codes(ql_engine *engine, const ql_packed *w, const int8_t *x, size_t m, ql_gemm_x *out,
                             ql_error *error)
{
    return take(engine, w, x, sizeof *x, m, out, error);
}

void ql_gemm_x_free(ql_gemm_x *x)
{
    ql_pages_free(x->x, x->size);
    ql_pages_free(x->sums, x->sums_size);
    *x = (ql_gemm_x) { 0 };
}
