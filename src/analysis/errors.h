/*
 * The errors e = x - y of a tensor against what became of it, gathered tile by tile: sums, and the squares of the rows. A
 * report and a diff measure with it.
 *
 * A worker begins a chunk, adds its tiles, and merges it when the engine says so: in the order of the chunks, so that every
 * number is the same for any number of threads.
 */
#ifndef QL_ANALYSIS_ERRORS_H
#define QL_ANALYSIS_ERRORS_H

#include "base/engine.h"
#include "kernels/kernels.h"
#include "qloupe.h"
#include "quant/scheme.h"

/* Sums over the whole tensor; e = x - y. */
typedef struct ql_measured {
    double abs, square, xy, yy; /* |e|, e^2, x y, y^2 */
    double max_abs, p99_abs;    /* of e: largest, exact 99th percentile */
    double worst_row;           /* largest mean of e^2 of a row */
    uint64_t zeros, clipped;    /* y == 0, codes clamped */
} ql_measured;

/* How elements follow each other: along the rows of W[rows][cols], or across them (a matrix that is stored in,out). */
typedef struct ql_walk {
    uint64_t rows, cols;
    bool across;
} ql_walk;

/* The order in which a tensor is stored. */
static inline ql_walk ql_walk_of(const ql_tensor *tensor)
{
    return (ql_walk) { tensor->rows, tensor->cols, tensor->layout == QL_LAYOUT_IN_OUT };
}

/* What one worker gathers of a chunk. */
typedef struct ql_errors {
    float e[QL_TILE];                   /* of the piece */
    uint32_t found[QL_TILE + QL_LANES]; /* of the piece: where those are that a tally wants */
    size_t found_count;
    uint64_t above; /* of the piece: how many are above those */
    ql_error_sums sums;
    double square;
    double run[QL_LANES];          /* e^2 of a run of a row, or of a tile, that has not ended */
    uint64_t first_row, row_count; /* slot s belongs to row (first_row + s) mod rows */
    double row_square[QL_CHUNK];
    double squares[QL_TILE]; /* of the piece: e^2 of rows too short for lanes; scratch for others in between */
} ql_errors;

/* A chunk of elements [begin, end) of the walk, at most QL_CHUNK. */
void ql_errors_begin(ql_errors *errors, const ql_walk *walk, uint64_t begin, uint64_t end);

/* What is added. */
typedef struct ql_error_piece {
    uint64_t begin;       /* elements [begin, begin + n) of the walk, n <= QL_TILE */
    const float *x, *y;   /* [n] */
    const int16_t *codes; /* [n] with a tally */
    size_t n;
    const ql_tally *tally; /* counts by it, too, and leaves what it wants in errors->found and above; or NULL */
    bool is_last;          /* of a tile. A tile is added in pieces of multiples of QL_LANES; its last one is any */
} ql_error_piece;

/* A piece of the chunk. e is left in errors->e. */
void ql_errors_add(ql_errors *errors, const ql_walk *walk, const ql_kernels *kernels, const ql_error_piece *piece);

/* The chunk to *out and to row_square[rows]. */
void ql_errors_merge(const ql_errors *errors, const ql_walk *walk, ql_measured *out, double *row_square);

/* Turns the squares of the rows into means; returns the largest. */
double ql_errors_row_means(const ql_walk *walk, double *row_square);

#endif
