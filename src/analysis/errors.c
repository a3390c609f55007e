/* Errors of a tensor: see errors.h. */
#include "analysis/errors.h"

#include <math.h>
#include <string.h>

enum { SHORT_ROW = 64 };

void ql_errors_begin(ql_errors *errors, const ql_walk *walk, uint64_t begin, uint64_t end)
{
    memset(&errors->sums, 0, sizeof errors->sums);
    memset(errors->run, 0, sizeof errors->run);
    errors->square = 0;
    if (walk->across) { /* neighbours belong to neighbouring rows */
        errors->first_row = begin % walk->rows;
        errors->row_count = end - begin < walk->rows ? end - begin : walk->rows;
    } else {
        errors->first_row = begin / walk->cols;
        errors->row_count = (end - 1) / walk->cols - errors->first_row + 1;
    }
    memset(errors->row_square, 0, (size_t)errors->row_count * sizeof *errors->row_square);
}

/* Rows that stand side by side: e^2 of each of their elements goes to its own sum. */
static void add_rows_across(ql_errors *errors, const ql_walk *walk, const ql_kernels *kernels, uint64_t begin,
                            const float *x, const float *y, size_t n)
{
    const uint64_t rows = walk->rows;
    for (size_t done = 0; done < n;) {
        const uint64_t slot = ((begin + done) % rows + rows - errors->first_row) % rows, left = rows - slot;
        const size_t count = left < n - done ? (size_t)left : n - done;
        kernels->square_each(x + done, y + done, count, errors->row_square + slot);
        done += count;
    }
}

static void add_short_rows(ql_errors *errors, const ql_walk *walk, const ql_kernels *kernels, uint64_t begin, const float *x,
                           const float *y, size_t n)
{
    memset(errors->squares, 0, n * sizeof *errors->squares);
    kernels->square_each(x, y, n, errors->squares);
    uint64_t slot = begin / walk->cols - errors->first_row, left = walk->cols - begin % walk->cols;
    for (size_t i = 0; i < n; i++) {
        errors->row_square[slot] += errors->squares[i];
        if (--left == 0) {
            left = walk->cols;
            slot++;
        }
    }
}

/* The errors of elements [from, from + n) of the piece. */
static void add_run(ql_errors *errors, const ql_kernels *kernels, const ql_error_piece *piece, size_t from, size_t n)
{
    const float *x = piece->x + from, *y = piece->y + from;
    float *e = errors->e + from;
    if (!piece->tally) {
        kernels->errors(x, y, n, e, &errors->sums, errors->run);
        return;
    }
    ql_tally tally = *piece->tally;
    if (tally.blocks.size) {
        tally.blocks.offset = (tally.blocks.offset + from) % tally.blocks.size;
    }
    uint32_t *found = errors->found + errors->found_count;
    const size_t count =
        kernels->measure(&tally, x, y, piece->codes + from, n, e, &errors->sums, errors->run, found, &errors->above);
    for (size_t i = 0; from && i < count; i++) {
        found[i] += (uint32_t)from;
    }
    errors->found_count += count;
}

/* The sum of the squares of the run. */
static double end_run(ql_errors *errors)
{
    const double square = ql_lanes_total(errors->run);
    memset(errors->run, 0, sizeof errors->run);
    errors->square += square;
    return square;
}

void ql_errors_add(ql_errors *errors, const ql_walk *walk, const ql_kernels *kernels, const ql_error_piece *piece)
{
    const uint64_t begin = piece->begin;
    const size_t n = piece->n;
    errors->found_count = 0;
    errors->above = 0;
    if (walk->across || walk->cols < SHORT_ROW) {
        add_run(errors, kernels, piece, 0, n);
        (walk->across ? add_rows_across : add_short_rows)(errors, walk, kernels, begin, piece->x, piece->y, n);
        if (piece->is_last) {
            end_run(errors);
        }
        return;
    }
    for (size_t done = 0; done < n;) { /* row by row */
        const uint64_t row = (begin + done) / walk->cols, left = (row + 1) * walk->cols - (begin + done);
        const size_t count = left < n - done ? (size_t)left : n - done;
        add_run(errors, kernels, piece, done, count);
        done += count;
        if (count == left || (piece->is_last && done == n)) {
            errors->row_square[row - errors->first_row] += end_run(errors);
        }
    }
}

void ql_errors_merge(const ql_errors *errors, const ql_walk *walk, ql_measured *out, double *row_square)
{
    out->abs += ql_lanes_total(errors->sums.abs);
    out->square += errors->square;
    out->xy += ql_lanes_total(errors->sums.xy);
    out->yy += ql_lanes_total(errors->sums.yy);
    out->max_abs = fmax(out->max_abs, errors->sums.max_abs);
    out->zeros += errors->sums.zeros;
    uint64_t row = errors->first_row;
    for (uint64_t slot = 0; slot < errors->row_count; slot++) {
        row_square[row] += errors->row_square[slot];
        row = row + 1 < walk->rows ? row + 1 : 0;
    }
}

double ql_errors_row_means(const ql_walk *walk, double *row_square)
{
    double worst = 0;
    for (uint64_t row = 0; row < walk->rows; row++) {
        row_square[row] /= (double)walk->cols;
        worst = fmax(worst, row_square[row]);
    }
    return worst;
}
