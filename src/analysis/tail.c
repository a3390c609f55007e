/*
 * The 99th percentile of the errors: see tail.h. Among the |e| where the sample promised it to be it is found at once, also
 * when it lies between two that float32 does not tell apart. A sample may deceive: then |e| in float64 is searched, from the
 * beginning.
 */
#include "analysis/tail.h"

#include "base/error.h"
#include "quant/ranks.h"
#include "quant/select.h"

#include <math.h>
#include <stdlib.h>

struct ql_tail {
    unsigned threads;
    uint64_t elements;
    ql_percentile p99;
    ql_ranks *ranks;
    ql_select *select; /* after a guess that was wrong */
    double value;
};

ql_status ql_tail_new(unsigned threads, uint64_t elements, ql_tail **out, ql_error *error)
{
    ql_tail *tail = calloc(1, sizeof *tail);
    if (!tail) {
        return ql_fail_memory(error, sizeof *tail);
    }
    tail->threads = threads;
    tail->elements = elements;
    tail->p99 = ql_percentile_at(99, elements);
    ql_status status = ql_ranks_new(threads, QL_BY_MAGNITUDE, elements, &tail->ranks, error);
    if (status != QL_OK) {
        free(tail);
        return status;
    }
    ql_ranks_want(tail->ranks, elements, tail->p99.rank, 2);
    *out = tail;
    return QL_OK;
}

void ql_tail_free(ql_tail **tail)
{
    if (*tail) {
        ql_ranks_free(&(*tail)->ranks);
        ql_select_free(&(*tail)->select);
        free(*tail);
        *tail = NULL;
    }
}

ql_status ql_tail_guess(ql_tail *tail, const ql_kernels *kernels, const float *errors, size_t n, ql_error *error)
{
    return ql_ranks_guess(tail->ranks, kernels, errors, n, error);
}

void ql_tail_feed(ql_tail *tail, const ql_kernels *kernels, unsigned worker, const float *e, const float *x, const float *y,
                  size_t n, double *scratch)
{
    if (!tail->select) {
        ql_ranks_feed_errors(tail->ranks, kernels, worker, e, x, y, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        scratch[i] = fabs((double)x[i] - (double)y[i]);
    }
    ql_select_feed(tail->select, worker, scratch, n);
}

bool ql_tail_wants_one(const ql_tail *tail, uint32_t wanted[2])
{
    return !tail->select && ql_ranks_keeps_one(tail->ranks, wanted);
}

void ql_tail_keep(ql_tail *tail, unsigned worker, const uint32_t *at, size_t count, uint64_t above, const float *x,
                  const float *y)
{
    ql_ranks_keep_errors(tail->ranks, worker, at, count, above, x, y);
}

static ql_status begin_search(ql_tail *tail, ql_error *error)
{
    ql_status status = ql_select_new(tail->threads, tail->elements, &tail->select, error);
    if (status == QL_OK) {
        ql_select_ranks(tail->select, tail->p99.rank, 2);
    }
    return status;
}

ql_status ql_tail_advance(ql_tail *tail, bool *done, ql_error *error)
{
    if (tail->select) {
        ql_status status = ql_select_advance(tail->select, done, error);
        if (status == QL_OK && *done) {
            tail->value =
                ql_percentile_value(&tail->p99, ql_select_value(tail->select, 0), ql_select_value(tail->select, 1));
        }
        return status;
    }
    ql_status status = ql_ranks_advance(tail->ranks, done, error);
    if (status == QL_OK && *done) {
        tail->value = ql_percentile_value(&tail->p99, ql_ranks_value(tail->ranks, 0), ql_ranks_value(tail->ranks, 1));
    }
    return status == QL_OK && !*done ? begin_search(tail, error) : status;
}

double ql_tail_value(const ql_tail *tail)
{
    return tail->value;
}
