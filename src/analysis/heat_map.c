/*
 * A map: one number for each cell of a region of a matrix, in bands of rows by bands of columns.
 *
 * The same parameters and values as behind a report, once more. What is merged is merged in the order of the chunks, so that
 * it is the same for every number of threads.
 */
#include "analysis/errors.h"
#include "analysis/regions.h"
#include "analysis/tiles.h"
#include "base/error.h"
#include "base/sizes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = QL_HEAT_ROWS * QL_HEAT_COLS };

typedef struct map_worker {
    double cells[CELLS];
    uint64_t groups[QL_TILE];
} map_worker;

typedef struct map_job map_job;

/* What is done with the values of a cell. */
typedef struct kind_info {
    void (*add)(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n, double *cell);
    double (*merge)(double a, double b);
    bool is_mean, needs_quantizer;
} kind_info;

/* As the matrix is stored: lines, and places on a line. */
struct map_job {
    const kind_info *kind;
    uint64_t length;                                                        /* of a line */
    uint64_t first_line, lines, first_place, places;                        /* of the region */
    unsigned line_bands, place_bands, line_step, place_step;                /* steps from cell to cell of the map */
    uint64_t line_starts[QL_HEAT_COLS + 1], place_starts[QL_HEAT_COLS + 1]; /* of the bands, and where the last one ends */
    ql_groups groups;
    const float *scales;
    ql_heat_map *map;
};

uint64_t ql_band_start(uint64_t count, unsigned bands, unsigned band)
{
    return count / bands * band + ql_size_ceil_div(count % bands * band, bands);
}

/* The band that holds `at`. */
static unsigned band_of(const uint64_t *starts, unsigned bands, uint64_t at)
{
    unsigned band = (unsigned)((double)at / (double)starts[bands] * bands);
    band = band < bands ? band : bands - 1;
    while (starts[band] > at) {
        band--;
    }
    while (starts[band + 1] <= at) {
        band++;
    }
    return band;
}

/* ---- What the cells hold */

static double sum(double a, double b)
{
    return a + b;
}

static double larger(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return NAN;
    }
    return fabs(b) > fabs(a) || (fabs(b) == fabs(a) && b > a) ? b : a;
}

static void add_square_errors(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n,
                              double *cell)
{
    (void)job;
    (void)w;
    double total = 0;
    for (size_t i = from; i < from + n; i++) {
        const double e = (double)(tile->x[i] - tile->y[i]);
        total += e * e;
    }
    *cell += total;
}

static void add_peaks(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n, double *cell)
{
    (void)job;
    (void)w;
    double peak = *cell;
    for (size_t i = from; i < from + n; i++) {
        const double value = (double)tile->x[i];
        if (!(fabs(value) < fabs(peak))) { /* NaN, too */
            peak = larger(peak, value);
        }
    }
    *cell = peak;
}

static void add_values(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n, double *cell)
{
    (void)job;
    (void)w;
    double total = 0;
    for (size_t i = from; i < from + n; i++) {
        total += (double)tile->x[i];
    }
    *cell += total;
}

static void add_magnitudes(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n, double *cell)
{
    (void)job;
    (void)w;
    double total = 0;
    for (size_t i = from; i < from + n; i++) {
        total += fabs((double)tile->x[i]);
    }
    *cell += total;
}

static void add_scales(const map_job *job, map_worker *w, const ql_tile_seen *tile, size_t from, size_t n, double *cell)
{
    double total = 0;
    ql_groups_of(&job->groups, tile->begin + from, n, w->groups);
    for (size_t i = 0; i < n; i++) {
        total += (double)job->scales[w->groups[i]];
    }
    *cell += total;
}

static const kind_info kinds[QL_HEAT_KIND_COUNT] = {
    [QL_HEAT_MSE] = { add_square_errors, sum, true, true }, [QL_HEAT_PEAK] = { add_peaks, larger, false, false },
    [QL_HEAT_MEAN] = { add_values, sum, true, false },      [QL_HEAT_MEAN_ABS] = { add_magnitudes, sum, true, false },
    [QL_HEAT_SCALE] = { add_scales, sum, true, false },
};

/* ---- The pass */

static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    (void)context;
    (void)begin;
    (void)end;
    map_worker *w = memory;
    memset(w->cells, 0, sizeof w->cells);
}

/* In pieces that lie in one cell: runs along a line up to the next edge of a band, or to where the region begins anew. */
static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const map_job *job = context;
    map_worker *w = memory;
    uint64_t line = tile->begin / job->length, at = tile->begin % job->length;
    unsigned band = job->place_bands; /* not known */
    double *cells = NULL;             /* of the line */
    for (size_t done = 0, count; done < tile->n; done += count) {
        const bool is_before = at < job->first_place, is_inside = !is_before && at - job->first_place < job->places;
        const uint64_t place = at - job->first_place;
        uint64_t left = is_before ? job->first_place - at : job->length - at;
        if (is_inside) {
            if (band == job->place_bands) {
                band = band_of(job->place_starts, job->place_bands, place);
                cells = w->cells + band_of(job->line_starts, job->line_bands, line - job->first_line) * job->line_step;
            }
            left = job->place_starts[band + 1] - place;
        }
        count = left < tile->n - done ? (size_t)left : tile->n - done;
        if (is_inside) {
            job->kind->add(job, w, tile, done, count, &cells[band++ * job->place_step]);
        }
        at += count;
        if (at == job->length) {
            at = 0;
            line++;
            band = job->place_bands;
        }
    }
}

static void merge(void *context, const void *memory)
{
    const map_job *job = context;
    const map_worker *w = memory;
    for (unsigned i = 0; i < job->map->row_bands * job->map->col_bands; i++) {
        job->map->values[i] = job->kind->merge(job->map->values[i], w->cells[i]);
    }
}

/* Sums to means. */
static void divide(ql_heat_map *map)
{
    for (unsigned row = 0; row < map->row_bands; row++) {
        for (unsigned col = 0; col < map->col_bands; col++) {
            const uint64_t rows = ql_band_start(map->region.rows, map->row_bands, row + 1) -
                                  ql_band_start(map->region.rows, map->row_bands, row);
            const uint64_t cols = ql_band_start(map->region.cols, map->col_bands, col + 1) -
                                  ql_band_start(map->region.cols, map->col_bands, col);
            map->values[row * map->col_bands + col] /= (double)rows * (double)cols;
        }
    }
}

static unsigned bands_of(uint64_t count, unsigned wanted, unsigned most)
{
    const unsigned bands = wanted < 1 ? 1 : wanted < most ? wanted : most;
    return count < bands ? (unsigned)count : bands;
}

static void start_bands(uint64_t count, unsigned bands, uint64_t *starts)
{
    for (unsigned band = 0; band <= bands; band++) {
        starts[band] = ql_band_start(count, bands, band);
    }
}

/* Rows and columns to lines and places. */
static void place_region(map_job *job, const ql_walk *walk)
{
    const ql_heat_map *map = job->map;
    const ql_region *r = &map->region;
    const bool is_across = walk->across;
    job->length = is_across ? walk->rows : walk->cols;
    job->first_line = is_across ? r->col : r->row;
    job->lines = is_across ? r->cols : r->rows;
    job->first_place = is_across ? r->row : r->col;
    job->places = is_across ? r->rows : r->cols;
    job->line_bands = is_across ? map->col_bands : map->row_bands;
    job->place_bands = is_across ? map->row_bands : map->col_bands;
    job->line_step = is_across ? 1 : map->col_bands;
    job->place_step = is_across ? map->col_bands : 1;
    start_bands(job->lines, job->line_bands, job->line_starts);
    start_bands(job->places, job->place_bands, job->place_starts);
}

static ql_status run(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                     map_job *job, ql_error *error)
{
    const ql_walk walk = ql_walk_of(profile->tensor);
    place_region(job, &walk);
    const ql_visitor visitor = {
        .context = job,
        .begin = job->first_line * job->length + job->first_place,
        .end = (job->first_line + job->lines - 1) * job->length + job->first_place + job->places,
        .memory_size = sizeof(map_worker),
        .chunk = begin_chunk,
        .add = add_tile,
        .merge = merge,
    };
    ql_status status = ql_tiles_visit(engine, profile, job->kind->needs_quantizer ? report : NULL, &visitor, monitor, error);
    if (status == QL_OK && job->kind->is_mean) {
        divide(job->map);
    }
    return status;
}

ql_status ql_heat_map_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, ql_heat_kind kind,
                           const ql_region *region, unsigned row_bands, unsigned col_bands, const ql_monitor *monitor,
                           ql_heat_map **out, ql_error *error)
{
    map_job job = { .kind = &kinds[kind] };
    ql_status status = ql_region_check(profile->tensor, region, error);
    if (status == QL_OK && kind == QL_HEAT_SCALE) {
        job.scales = report->scales;
        status = job.scales ? ql_groups_make(profile->tensor, &report->spec, &job.groups, error)
                            : ql_fail(error, QL_UNUSABLE, "%s has no scales to map",
                                      ql_mapping_describe(report->spec.mapping)->name);
    }
    if (status != QL_OK) {
        return status;
    }
    ql_heat_map *map = calloc(1, sizeof *map);
    if (!map) {
        return ql_fail_memory(error, sizeof *map);
    }
    map->kind = kind;
    map->region = *region;
    map->row_bands = bands_of(region->rows, row_bands, QL_HEAT_ROWS);
    map->col_bands = bands_of(region->cols, col_bands, QL_HEAT_COLS);
    job.map = map;
    status = run(engine, profile, report, monitor, &job, error);
    if (status == QL_OK) {
        *out = map;
        map = NULL;
    }
    free(map);
    return status;
}

void ql_heat_map_free(ql_heat_map **map)
{
    free(*map);
    *map = NULL;
}
