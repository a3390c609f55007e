/*
 * The rows and columns of a matrix, each by itself.
 *
 * A chunk holds pieces of lines as they are stored. What its elements add to their lines, and to their places on a line, goes
 * to slots of its own and from there, in the order of the chunks, to the whole:
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

/* Of one line or one place: sums of x^2 and e^2, and the largest |x|. */
typedef struct channel {
    double square, error, most;
} channel;

typedef struct channels_worker {
    uint64_t first_line, first_place;
    size_t line_count, place_count;
    channel *lines, *places; /* [line_count], [place_count] */
} channels_worker;

typedef struct channels_job {
    uint64_t length; /* of a line */
    size_t place_slots;
    channel *lines, *places; /* [elements / length], [length] */
} channels_job;

static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    const channels_job *job = context;
    channels_worker *w = memory;
    w->first_line = begin / job->length;
    w->first_place = begin % job->length;
    w->line_count = (size_t)((end - 1) / job->length - w->first_line) + 1;
    w->place_count = end - begin < job->length ? (size_t)(end - begin) : (size_t)job->length;
    w->places = (channel *)(w + 1);
    w->lines = w->places + job->place_slots;
    memset(w->places, 0, w->place_count * sizeof *w->places);
    memset(w->lines, 0, w->line_count * sizeof *w->lines);
}

/* Of one line, and of places whose slots follow each other. */
static void add_run(const float *x, const float *y, size_t n, channel *line, channel *places)
{
    channel sum = { 0 };
    for (size_t i = 0; i < n; i++) {
        const double value = (double)x[i], e = y ? (double)(x[i] - y[i]) : 0;
        const double square = value * value, error = e * e, magnitude = fabs(value);
        sum.square += square;
        sum.error += error;
        sum.most = fmax(sum.most, magnitude);
        places[i].square += square;
        places[i].error += error;
        places[i].most = fmax(places[i].most, magnitude);
    }
    line->square += sum.square;
    line->error += sum.error;
    line->most = fmax(line->most, sum.most);
}

/* In pieces of one line, which end where the slots of the places begin anew. */
static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const channels_job *job = context;
    channels_worker *w = memory;
    for (size_t done = 0, count; done < tile->n; done += count) {
        const uint64_t line = (tile->begin + done) / job->length, place = (tile->begin + done) % job->length;
        const uint64_t slot = place < w->first_place ? place + job->length - w->first_place : place - w->first_place;
        const uint64_t end = place < w->first_place ? w->first_place : job->length;
        count = end - place < tile->n - done ? (size_t)(end - place) : tile->n - done;
        add_run(tile->x + done, tile->y ? tile->y + done : NULL, count, &w->lines[line - w->first_line], &w->places[slot]);
    }
}

static void merge_channel(channel *into, const channel *from)
{
    into->square += from->square;
    into->error += from->error;
    into->most = fmax(into->most, from->most);
}

static void merge(void *context, const void *memory)
{
    const channels_job *job = context;
    const channels_worker *w = memory;
    for (size_t i = 0; i < w->line_count; i++) {
        merge_channel(&job->lines[w->first_line + i], &w->lines[i]);
    }
    uint64_t place = w->first_place;
    for (size_t i = 0; i < w->place_count; i++) {
        merge_channel(&job->places[place], &w->places[i]);
        place = place + 1 < job->length ? place + 1 : 0;
    }
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
static double conclude(channel *sums, uint64_t count, uint64_t length, double *rms, double *max, double *mse)
{
    for (uint64_t i = 0; i < count; i++) {
        rms[i] = sqrt(sums[i].square / (double)length);
        max[i] = sums[i].most;
        if (mse) {
            mse[i] = sums[i].error / (double)length;
        }
    }
    double *sorted = (double *)sums;
    memcpy(sorted, rms, (size_t)count * sizeof *sorted);
    return median_of(sorted, count);
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
    channels_job job = { .length = length, .place_slots = length < QL_CHUNK ? (size_t)length : QL_CHUNK };
    const size_t line_slots = (size_t)(QL_CHUNK / length) + 2; /* that a chunk touches at most */
    job.lines = calloc((size_t)lines, sizeof *job.lines);
    job.places = calloc((size_t)length, sizeof *job.places);
    ql_channels *channels = allocate(tensor, report);
    ql_status status = job.lines && job.places && channels
                           ? QL_OK
                           : ql_fail_memory(error, (lines + length) * (sizeof(channel) + 3 * sizeof(double)));
    if (status == QL_OK) {
        const ql_visitor visitor = {
            .context = &job,
            .end = tensor->element_count,
            .memory_size = sizeof(channels_worker) + (job.place_slots + line_slots) * sizeof(channel),
            .chunk = begin_chunk,
            .add = add_tile,
            .merge = merge,
        };
        status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    }
    if (status == QL_OK) {
        channels->row_rms_median = conclude(is_across ? job.places : job.lines, tensor->rows, tensor->cols,
                                            (double *)channels->row_rms, (double *)channels->row_max, NULL);
        channels->col_rms_median =
            conclude(is_across ? job.lines : job.places, tensor->cols, tensor->rows, (double *)channels->col_rms,
                     (double *)channels->col_max, (double *)channels->col_mse);
        *out = channels;
        channels = NULL;
    }
    ql_channels_free(&channels);
    free(job.lines);
    free(job.places);
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
