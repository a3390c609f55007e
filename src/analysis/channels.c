/*
 * The rows and columns of a matrix, each by itself.
 *
 * A chunk holds pieces of lines as they are stored. What its elements add to their lines, and to their places on a line,
 * goes to slots of its own and from there, in the order of the chunks, to the whole:
 *
 *      place:   first  first+1 ...  length-1  0  1 ...        slot s: place (first + s) mod length
 *      line:    first  first+1 ...                            slot s: line first + s
 */
#include "analysis/errors.h"
#include "analysis/tiles.h"
#include "base/engine.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of each line or each place: sums of x^2 and e^2, and the largest |x|; of a few, in one block of memory. */
typedef struct channel_sums {
    double *square, *error, *most;
} channel_sums;

typedef struct channels_worker {
    uint64_t first_line, first_place;
    size_t line_count, place_count;
    uint64_t worst_index;
    double worst_error;
    channel_sums lines, places; /* [line_count], [place_count] */
} channels_worker;

typedef struct channels_job {
    uint64_t length; /* of a line */
    size_t place_slots, line_slots;
    channel_sums lines, places; /* [elements / length], [length] */
    uint64_t worst_index;
    double worst_error;
} channels_job;

enum { LANES = 8, NUMBERS = 3 /* of a channel */ };

static channel_sums channels_in(double *memory, size_t count)
{
    return (channel_sums) { memory, memory + count, memory + 2 * count };
}

static void clear(const channel_sums *c, size_t count)
{
    memset(c->square, 0, count * sizeof *c->square);
    memset(c->error, 0, count * sizeof *c->error);
    memset(c->most, 0, count * sizeof *c->most);
}

static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    const channels_job *job = context;
    channels_worker *w = memory;
    double *numbers = (double *)(w + 1);
    w->first_line = begin / job->length;
    w->first_place = begin % job->length;
    w->line_count = (size_t)((end - 1) / job->length - w->first_line) + 1;
    w->place_count = end - begin < job->length ? (size_t)(end - begin) : (size_t)job->length;
    w->worst_index = begin;
    w->worst_error = 0;
    w->places = channels_in(numbers, job->place_slots);
    w->lines = channels_in(numbers + NUMBERS * job->place_slots, job->line_slots);
    clear(&w->places, w->place_count);
    clear(&w->lines, w->line_count);
}

/* x[LANES] to the sums of their line, which are kept in lanes, and to their places. */
static inline void add_lanes(const float *x, const float *y, size_t n, double square[LANES], double error[LANES],
                             double most[LANES], const channel_sums *places, size_t slot)
{
    for (size_t i = 0; i < n; i++) {
        const double value = (double)x[i], e = y ? (double)(x[i] - y[i]) : 0;
        const double magnitude = fabs(value), of_value = value * value, of_e = e * e;
        square[i] += of_value;
        error[i] += of_e;
        most[i] = magnitude > most[i] ? magnitude : most[i];
        places->square[slot + i] += of_value;
        places->error[slot + i] += of_e;
        places->most[slot + i] = magnitude > places->most[slot + i] ? magnitude : places->most[slot + i];
    }
}

/* Of one line, and of places whose slots follow each other. */
static void add_run(const float *x, const float *y, size_t n, const channel_sums *lines, size_t line,
                    const channel_sums *places, size_t slot)
{
    double square[LANES] = { 0 }, error[LANES] = { 0 }, most[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        add_lanes(x + i, y ? y + i : NULL, LANES, square, error, most, places, slot + i);
    }
    add_lanes(x + i, y ? y + i : NULL, n - i, square, error, most, places, slot + i);
    for (size_t lane = 0; lane < LANES; lane++) {
        lines->square[line] += square[lane];
        lines->error[line] += error[lane];
        lines->most[line] = fmax(lines->most[line], most[lane]);
    }
}

static void find_worst(channels_worker *w, const ql_tile_seen *tile)
{
    for (size_t i = 0; i < tile->n; i++) {
        const double e = (double)(tile->x[i] - tile->y[i]);
        if (fabs(e) > fabs(w->worst_error)) {
            w->worst_error = e;
            w->worst_index = tile->begin + i;
        }
    }
}

/* In pieces of one line, which end where the slots of the places begin anew. */
static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const channels_job *job = context;
    channels_worker *w = memory;
    if (tile->y) {
        find_worst(w, tile);
    }
    for (size_t done = 0, count; done < tile->n; done += count) {
        const uint64_t line = (tile->begin + done) / job->length, place = (tile->begin + done) % job->length;
        const uint64_t slot = place < w->first_place ? place + job->length - w->first_place : place - w->first_place;
        const uint64_t end = place < w->first_place ? w->first_place : job->length;
        count = end - place < tile->n - done ? (size_t)(end - place) : tile->n - done;
        add_run(tile->x + done, tile->y ? tile->y + done : NULL, count, &w->lines, (size_t)(line - w->first_line),
                &w->places, (size_t)slot);
    }
}

/* `count` of them, those of `into` from `at` on. */
static void merge_channels(const channel_sums *into, uint64_t at, const channel_sums *from, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into->square[at + i] += from->square[first + i];
        into->error[at + i] += from->error[first + i];
        into->most[at + i] = fmax(into->most[at + i], from->most[first + i]);
    }
}

static void merge(void *context, const void *memory)
{
    channels_job *job = context;
    const channels_worker *w = memory;
    const uint64_t left = job->length - w->first_place;
    const size_t ahead = left < w->place_count ? (size_t)left : w->place_count; /* slots before the places begin anew */
    if (fabs(w->worst_error) > fabs(job->worst_error)) {
        job->worst_error = w->worst_error;
        job->worst_index = w->worst_index;
    }
    merge_channels(&job->lines, w->first_line, &w->lines, 0, w->line_count);
    merge_channels(&job->places, w->first_place, &w->places, 0, ahead);
    merge_channels(&job->places, 0, &w->places, ahead, w->place_count - ahead);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts values[count]. */
static double median_of(double *values, uint64_t count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : values[count / 2 - 1] / 2 + values[count / 2] / 2;
}

/* Sums over `length` elements each to numbers; mse may be NULL. The sums are scratch. */
static double conclude(const channel_sums *sums, uint64_t count, uint64_t length, double *rms, double *max, double *mse)
{
    for (uint64_t i = 0; i < count; i++) {
        rms[i] = sqrt(sums->square[i] / (double)length);
        max[i] = sums->most[i];
        if (mse) {
            mse[i] = sums->error[i] / (double)length;
        }
    }
    memcpy(sums->square, rms, (size_t)count * sizeof *rms);
    return median_of(sums->square, count);
}

static ql_channels *allocate(const ql_tensor *tensor, bool has_error)
{
    ql_channels *c = calloc(1, sizeof *c);
    if (c) {
        c->row_count = tensor->rows;
        c->col_count = tensor->cols;
        c->row_rms = calloc((size_t)tensor->rows, sizeof *c->row_rms);
        c->row_max = calloc((size_t)tensor->rows, sizeof *c->row_max);
        c->col_rms = calloc((size_t)tensor->cols, sizeof *c->col_rms);
        c->col_max = calloc((size_t)tensor->cols, sizeof *c->col_max);
        c->col_mse = has_error ? calloc((size_t)tensor->cols, sizeof *c->col_mse) : NULL;
    }
    if (c && (!c->row_rms || !c->row_max || !c->col_rms || !c->col_max || (has_error && !c->col_mse))) {
        ql_channels_free(&c);
    }
    return c;
}

ql_status ql_channels_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                           ql_channels **out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
    const uint64_t length = is_across ? tensor->rows : tensor->cols, lines = is_across ? tensor->cols : tensor->rows;
    channels_job job = { .length = length,
                         .place_slots = length < QL_CHUNK ? (size_t)length : QL_CHUNK,
                         .line_slots = (size_t)(QL_CHUNK / length) + 2 /* that a chunk touches at most */ };
    double *sums = calloc((size_t)(lines + length), NUMBERS * sizeof *sums);
    ql_channels *made = allocate(tensor, report);
    ql_status status = sums && made ? QL_OK : ql_fail_memory(error, (lines + length) * 2 * NUMBERS * sizeof(double));
    if (status == QL_OK) {
        job.lines = channels_in(sums, (size_t)lines);
        job.places = channels_in(sums + NUMBERS * lines, (size_t)length);
        const ql_visitor visitor = {
            .context = &job,
            .end = tensor->element_count,
            .memory_size = sizeof(channels_worker) + (job.place_slots + job.line_slots) * NUMBERS * sizeof *sums,
            .chunk = begin_chunk,
            .add = add_tile,
            .merge = merge,
        };
        status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    }
    if (status == QL_OK) {
        made->row_rms_median = conclude(is_across ? &job.places : &job.lines, tensor->rows, tensor->cols,
                                        (double *)made->row_rms, (double *)made->row_max, NULL);
        made->col_rms_median = conclude(is_across ? &job.lines : &job.places, tensor->cols, tensor->rows,
                                        (double *)made->col_rms, (double *)made->col_max, (double *)made->col_mse);
        made->worst_index = job.worst_index;
        made->worst_error = job.worst_error;
        *out = made;
        made = NULL;
    }
    ql_channels_free(&made);
    free(sums);
    return status;
}

void ql_channels_free(ql_channels **channels)
{
    ql_channels *c = *channels;
    if (c) {
        free((double *)c->row_rms);
        free((double *)c->row_max);
        free((double *)c->col_rms);
        free((double *)c->col_max);
        free((double *)c->col_mse);
        free(c);
        *channels = NULL;
    }
}

size_t ql_largest(const double *values, uint64_t count, size_t most, uint64_t *out)
{
    size_t found = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (isnan(values[i]) || (found == most && (most == 0 || !(values[i] > values[out[most - 1]])))) {
            continue;
        }
        size_t at = found < most ? found++ : most - 1;
        for (; at > 0 && values[i] > values[out[at - 1]]; at--) {
            out[at] = out[at - 1];
        }
        out[at] = i;
    }
    return found;
}
