/* What the tests of ql_matmul share: operands with a few loud columns, and a product of them. */
#ifndef QL_TESTS_MATMUL_H
#define QL_TESTS_MATMUL_H

#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "analysis/inputs.h"
#include "matmul/activations.h"

static uint64_t seed = 5;

/* W[n][k], X[m][k] with a few loud columns, and a product of them. */
typedef struct fixture {
    size_t m, k, n;
    float *w, *x;
    memory_tensor tensor;
    ql_activations x_of;
    ql_engine *engine;
    ql_matmul *matmul;
} fixture;

static inline float *numbers(size_t count, double scale)
{
    float *v = malloc(count * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++) {
        v[i] = (float)(random_normal(&seed) * scale);
    }
    return v;
}

static inline void set_up_on(fixture *f, size_t m, size_t k, size_t n, unsigned threads)
{
    ql_error error;
    seed = 5;
    *f = (fixture) { .m = m, .k = k, .n = n, .w = numbers(n * k, 0.05), .x = numbers(m * k, 1) };
    for (size_t i = 0; i < m && k > 8; i++) {
        f->x[i * k + 3] *= 9;
        f->x[i * k + k - 2] *= 20;
    }
    for (size_t j = 0; j < n && k > 8; j += 3) {
        f->w[j * k + 3] = 0.9f; /* the largest of its row lies in an outlier column */
    }
    const uint64_t shape[2] = { n, k };
    memory_tensor_make(&f->tensor, QL_F32, f->w, QL_LAYOUT_OUT_IN, 2, shape);
    f->x_of = (ql_activations) { .rows = m, .cols = k, .row_count = m, .values = f->x, .name = "x" };
    must(ql_engine_new(threads, &f->engine, &error), &error);
    must(ql_matmul_new(f->engine, &f->tensor.tensor, &f->x_of, 0, NULL, &f->matmul, &error), &error);
}

static inline void set_up(fixture *f, size_t m, size_t k, size_t n)
{
    set_up_on(f, m, k, n, 2);
}

static inline void tear_down(fixture *f)
{
    ql_matmul_free(&f->matmul);
    ql_engine_free(&f->engine);
    memory_tensor_free(&f->tensor);
    free(f->w);
    free(f->x);
}

static inline ql_matmul_result run(const fixture *f, const char *method)
{
    ql_matmul_result result;
    ql_error error;
    must(ql_matmul_run(f->matmul, method, 1, NULL, &result, &error), &error);
    return result;
}

static inline double exact_of(const fixture *f, const float *w, size_t i, size_t j)
{
    double sum = 0;
    for (size_t l = 0; l < f->k; l++) {
        sum += (double)f->x[i * f->k + l] * (double)w[j * f->k + l];
    }
    return sum;
}

static inline float *transposed(const float *w, size_t n, size_t k)
{
    float *t = malloc(n * k * sizeof *t);
    assert_non_null(t);
    for (size_t i = 0; i < n * k; i++) {
        t[i % k * n + i / k] = w[i];
    }
    return t;
}

#endif
