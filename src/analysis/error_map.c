/*
 * A map: where in a matrix the error is, in bands of rows by bands of columns.
 *
 * The same parameters and values as behind a report, once more. Sums are merged in the order of the chunks, so that they are
 * the same for every number of threads.
 */
#include "analysis/errors.h"
#include "analysis/tiles.h"
#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

typedef struct map_job {
    ql_walk walk;
    ql_error_map *map;
} map_job;

uint64_t ql_map_start(uint64_t count, unsigned bands, unsigned band)
{
    return ql_size_ceil_div(count * band, bands);
}

/* The sums of a chunk: [QL_MAP_ROWS * QL_MAP_COLS] */
static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    (void)context;
    (void)begin;
    (void)end;
    memset(memory, 0, QL_MAP_ROWS * QL_MAP_COLS * sizeof(double));
}

/* In pieces that lie in one cell: runs along the stored rows up to the next edge of a band. */
static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const map_job *job = context;
    double *sums = memory;
    const ql_walk *walk = &job->walk;
    const ql_error_map *map = job->map;
    const uint64_t length = walk->across ? walk->rows : walk->cols, lines = walk->across ? walk->cols : walk->rows;
    const unsigned bands = walk->across ? map->row_bands : map->col_bands;
    const unsigned line_bands = walk->across ? map->col_bands : map->row_bands;
    for (size_t done = 0; done < tile->n;) {
        const uint64_t at = (tile->begin + done) % length, line = (tile->begin + done) / length;
        const unsigned band = (unsigned)(at * bands / length), line_band = (unsigned)(line * line_bands / lines);
        const uint64_t left = ql_map_start(length, bands, band + 1) - at;
        const size_t end = left < tile->n - done ? done + (size_t)left : tile->n;
        double sum = 0;
        for (; done < end; done++) {
            const double e = (double)(tile->x[done] - tile->y[done]);
            sum += e * e;
        }
        sums[walk->across ? band * map->col_bands + line_band : line_band * map->col_bands + band] += sum;
    }
}

static void merge(void *context, const void *memory)
{
    const map_job *job = context;
    const double *sums = memory;
    for (unsigned i = 0; i < job->map->row_bands * job->map->col_bands; i++) {
        job->map->mse[i] += sums[i];
    }
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
    ql_error_map *map = calloc(1, sizeof *map);
    if (!map) {
        return ql_fail_memory(error, sizeof *map);
    }
    map->row_bands = tensor->rows < QL_MAP_ROWS ? (unsigned)tensor->rows : QL_MAP_ROWS;
    map->col_bands = tensor->cols < QL_MAP_COLS ? (unsigned)tensor->cols : QL_MAP_COLS;
    map_job job = { ql_walk_of(tensor), map };
    const ql_visitor visitor = {
        .context = &job,
        .end = tensor->element_count,
        .memory_size = QL_MAP_ROWS * QL_MAP_COLS * sizeof(double),
        .chunk = begin_chunk,
        .add = add_tile,
        .merge = merge,
    };
    const ql_status status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    if (status == QL_OK) {
        divide(map, &job.walk);
        *out = map;
        map = NULL;
    }
    free(map);
    return status;
}

void ql_error_map_free(ql_error_map **map)
{
    free(*map);
    *map = NULL;
}
