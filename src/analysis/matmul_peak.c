/* How fast the kernels of products are when nothing but them counts: a tile whose operands stay in the first cache. */
#include "analysis/matmul.h"
#include "base/engine.h"

#include <string.h>

enum { CELLS = 128, TURNS = 1000, TRIES = 7 };

typedef struct peak_job {
    const ql_product_kernels *kernels;
    bool of_floats;
    ql_engine *engine;
} peak_job;

static ql_status run_tile(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const peak_job *job = context;
    const ql_product_kernels *k = job->kernels;
    uint8_t *memory = ql_engine_scratch(job->engine, worker, 0);
    const size_t x_size = (size_t)CELLS * k->rows * QL_CELL, w_size = (size_t)CELLS * k->outputs * QL_CELL;
    const int32_t sums[QL_PRODUCT_ROWS] = { 0 };
    const ql_band band = {
        .cells = CELLS,
        .rows = k->rows,
        .panels = 1,
        .x = memory,
        .w = memory + x_size,
        .panel = w_size,
        .stride = k->outputs,
    };
    void *y = memory + x_size + w_size;
    (void)chunk, (void)error;
    memset(memory, 0, x_size + w_size);
    for (int turn = 0; turn < TURNS; turn++) {
        if (job->of_floats) {
            k->floats(&band, false, y);
        } else {
            k->codes(&band, sums, y);
        }
    }
    return QL_OK;
}

double ql_product_peak(ql_engine *engine, bool of_floats)
{
    peak_job job = { ql_products_active(), of_floats, engine };
    const ql_product_kernels *k = job.kernels;
    const unsigned threads = ql_engine_threads(engine);
    const size_t size = (size_t)QL_CELL * (CELLS * (k->rows + k->outputs) + k->rows * k->outputs);
    const double cell_operations = of_floats ? 2 : 2 * QL_CELL;
    double best = 0;
    for (unsigned worker = 0; worker < threads; worker++) {
        if (!ql_engine_scratch(engine, worker, size)) {
            return 0;
        }
    }
    for (int attempt = 0; attempt < TRIES; attempt++) {
        const ql_pass pass = { .chunk_count = threads, .work = run_tile, .context = &job };
        ql_error error;
        const double start = ql_now();
        if (ql_parallel(engine, &pass, &error) == QL_OK) {
            const double rate = cell_operations * CELLS * k->rows * k->outputs * TURNS * threads / (ql_now() - start);
            best = rate > best ? rate : best;
        }
    }
    return best;
}
