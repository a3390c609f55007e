/* How fast the kernels of products are when nothing but them counts: a tile whose operands stay in the first cache. */
#include "analysis/matmul.h"
#include "base/engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 128, TURNS = 64, TRIES = 5, CHUNKS = 4096 /* more than are done in time */ };
static const double SECONDS = 0.005; /* of a try: waking the threads must not count */

/* What a worker has done. */
typedef struct worker_done {
    uint64_t chunks;
    double end;
} worker_done;

typedef struct peak_job {
    const ql_product_kernels *kernels;
    bool of_floats;
    ql_engine *engine;
    double deadline;
    worker_done *done; /* [threads] */
} peak_job;

static ql_status run_tiles(void *context, unsigned worker, uint64_t chunk, ql_error *error)
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
    if (ql_now() >= job->deadline) {
        return QL_OK;
    }
    memset(memory, 0, x_size + w_size);
    for (int turn = 0; turn < TURNS; turn++) {
        if (job->of_floats) {
            k->floats(&band, false, y);
        } else {
            k->codes(&band, sums, y);
        }
    }
    job->done[worker].chunks++;
    job->done[worker].end = ql_now();
    return QL_OK;
}

/* Operations per second of one try; 0: it failed. */
static double try_once(peak_job *job, unsigned threads)
{
    const ql_product_kernels *k = job->kernels;
    const ql_pass pass = { .chunk_count = (uint64_t)threads * CHUNKS, .work = run_tiles, .context = job };
    const double cell_operations = job->of_floats ? 2 : 2 * QL_CELL, start = ql_now();
    ql_error error;
    uint64_t chunks = 0;
    double end = start;
    memset(job->done, 0, threads * sizeof *job->done);
    job->deadline = start + SECONDS;
    if (ql_parallel(job->engine, &pass, &error) != QL_OK) {
        return 0;
    }
    for (unsigned worker = 0; worker < threads; worker++) {
        chunks += job->done[worker].chunks;
        end = job->done[worker].end > end ? job->done[worker].end : end;
    }
    return end > start ? cell_operations * CELLS * k->rows * k->outputs * TURNS * (double)chunks / (end - start) : 0;
}

/* The best so far in this process: others may be at work on the machine while one asks. */
typedef struct known_peak {
    const ql_product_kernels *kernels;
    unsigned threads;
    bool of_floats;
    double rate;
} known_peak;
static known_peak known[32];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Keeps `rate` if it is the best; returns the best. When there is no room any more, what was found is what is told. */
static double better(const peak_job *job, unsigned threads, double rate)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        known_peak *k = &known[i];
        if (!k->kernels) {
            *k = (known_peak) { job->kernels, threads, job->of_floats, 0 };
        }
        if (k->kernels == job->kernels && k->threads == threads && k->of_floats == job->of_floats) {
            k->rate = rate > k->rate ? rate : k->rate;
            rate = k->rate;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return rate;
}

double ql_product_peak(ql_engine *engine, bool of_floats)
{
    const unsigned threads = ql_engine_threads(engine);
    peak_job job = { .kernels = ql_products_active(), .of_floats = of_floats, .engine = engine };
    const ql_product_kernels *k = job.kernels;
    const size_t size = (size_t)QL_CELL * (CELLS * (k->rows + k->outputs) + k->rows * k->outputs);
    double best = better(&job, threads, 0);
    const int tries = best > 0 ? 1 : TRIES;
    for (unsigned worker = 0; worker < threads; worker++) {
        if (!ql_engine_scratch(engine, worker, size)) {
            return 0;
        }
    }
    job.done = calloc(threads, sizeof *job.done);
    for (int attempt = 0; attempt < tries && job.done; attempt++) {
        best = better(&job, threads, try_once(&job, threads));
    }
    free(job.done);
    return best;
}
