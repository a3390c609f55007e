/*
 * A map: where in a matrix the error is, in bands of rows by bands of columns.
 *
 * The same parameters and values as behind a report, once more. Sums are merged in the order of the chunks, so that they are
 * the same for every number of threads.
 */
#include "analysis/errors.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

typedef struct map_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_quantizer *quantizer;
    ql_walk walk;
    ql_error_map *map;
} map_job;

typedef struct map_worker {
    ql_tile_buffers tile;
    double sums[QL_MAP_ROWS * QL_MAP_COLS];
} map_worker;

uint64_t ql_map_start(uint64_t count, unsigned bands, unsigned band)
{
    return ql_size_ceil_div(count * band, bands);
}

/* A tile in pieces that lie in one cell: runs along the stored rows up to the next edge of a band. */
static void add_tile(const map_job *job, map_worker *w, uint64_t begin, size_t n)
{
    const ql_walk *walk = &job->walk;
    const ql_error_map *map = job->map;
    const uint64_t length = walk->across ? walk->rows : walk->cols, lines = walk->across ? walk->cols : walk->rows;
    const unsigned bands = walk->across ? map->row_bands : map->col_bands;
    const unsigned line_bands = walk->across ? map->col_bands : map->row_bands;
    for (size_t done = 0; done < n;) {
        const uint64_t at = (begin + done) % length, line = (begin + done) / length;
        const unsigned band = (unsigned)(at * bands / length), line_band = (unsigned)(line * line_bands / lines);
        const uint64_t left = ql_map_start(length, bands, band + 1) - at;
        const size_t end = left < n - done ? done + (size_t)left : n;
        double sum = 0;
        for (; done < end; done++) {
            const double e = (double)(w->tile.x[done] - w->tile.y[done]);
            sum += e * e;
        }
        w->sums[walk->across ? band * map->col_bands + line_band : line_band * map->col_bands + band] += sum;
    }
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const map_job *job = context;
    map_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = chunk * QL_CHUNK, left = job->tensor->element_count - chunk_begin;
    const uint64_t chunk_end = chunk_begin + (left < QL_CHUNK ? left : QL_CHUNK);
    memset(w->sums, 0, sizeof w->sums);
    for (uint64_t begin = chunk_begin; begin < chunk_end; begin += QL_TILE) {
        const size_t n = chunk_end - begin < QL_TILE ? (size_t)(chunk_end - begin) : QL_TILE;
        uint64_t clipped = 0;
        const ql_status status =
            ql_quantize_tile(job->quantizer, ql_kernels_active(), job->tensor, begin, n, &w->tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        add_tile(job, w, begin, n);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const map_job *job = context;
    const map_worker *w = ql_engine_scratch(job->engine, worker, 0);
    for (unsigned i = 0; i < job->map->row_bands * job->map->col_bands; i++) {
        job->map->mse[i] += w->sums[i];
    }
}

static ql_status run(map_job *job, uint64_t done_before, const ql_monitor *monitor, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        if (!ql_engine_scratch(job->engine, worker, sizeof(map_worker))) {
            return ql_fail_memory(error, sizeof(map_worker));
        }
    }
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .done_before = done_before,
        .elements = elements,
        .total = done_before + elements,
    };
    return ql_parallel(job->engine, &pass, error);
}

/* Sums to means. */
static void divide(ql_error_map *map, const ql_walk *walk)
{
    for (unsigned row = 0; row < map->row_bands; row++) {
        for (unsigned col = 0; col < map->col_bands; col++) {
            const uint64_t rows =
                ql_map_start(walk->rows, map->row_bands, row + 1) - ql_map_start(walk->rows, map->row_bands, row);
            const uint64_t cols =
                ql_map_start(walk->cols, map->col_bands, col + 1) - ql_map_start(walk->cols, map->col_bands, col);
            map->mse[row * map->col_bands + col] /= (double)(rows * cols);
        }
    }
}

ql_status ql_error_map_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                            ql_error_map **out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    const uint64_t before = ql_quantizer_elements(profile, &report->spec);
    ql_quantizer q = { 0 };
    ql_error_map *map = calloc(1, sizeof *map);
    ql_status status =
        map ? ql_quantizer_make(engine, profile, &report->spec, monitor, before + tensor->element_count, &q, error)
            : ql_fail_memory(error, sizeof *map);
    if (status == QL_OK) {
        map_job job = { engine, tensor, &q, ql_walk_of(tensor), map };
        map->row_bands = tensor->rows < QL_MAP_ROWS ? (unsigned)tensor->rows : QL_MAP_ROWS;
        map->col_bands = tensor->cols < QL_MAP_COLS ? (unsigned)tensor->cols : QL_MAP_COLS;
        status = run(&job, before, monitor, error);
        divide(map, &job.walk);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *out = map;
        map = NULL;
    }
    free(map);
    ql_quantizer_free(&q);
    return status;
}

void ql_error_map_free(ql_error_map **map)
{
    free(*map);
    *map = NULL;
}
