/*
 * Ways to multiply: what stands behind ql_matmul.
 *
 *   operands   W[n][k] and X[m][k] as float32, and their product as float32: what every way is compared with
 *   method     a row of the table in matmul_methods.c: what it makes of W once (prepare), and of X each time (run)
 *   way        a method with its argument, prepared
 *
 * A method adds a file matmul_NAME.c, a declaration here and its row.
 */
#ifndef QL_ANALYSIS_MATMUL_H
#define QL_ANALYSIS_MATMUL_H

#include "analysis/errors.h"
#include "matmul/gemm.h"
#include "qloupe.h"
#include "quant/scheme.h"

typedef struct ql_operands {
    ql_engine *engine;   /* borrowed */
    ql_profile *profile; /* of W as it is stored */
    size_t m, k, n;
    float *w, *x; /* [n][k], [m][k] */
    float *exact; /* [m][n] the product in float32 */
} ql_operands;

typedef struct ql_way {
    const ql_operands *o;
    double threshold; /* of methods that take T */
    ql_spec spec;     /* of methods that take SPEC */
    const ql_monitor *monitor;

    /* What prepare makes; freed by ql_way_free. */
    ql_packed w;
    ql_gemm_x x;
    float *w_steps, *x_steps; /* [n], [m] */
    int32_t *w_sums;          /* [n] of codes */
    void *state;
    void (*free_state)(void *state);

    /* What is told. */
    uint64_t bytes;          /* of the weights, as the scheme stores them */
    double quantize_seconds; /* of the last run: what became of X before the product */
    int32_t *largest;        /* [threads] largest magnitude of a sum so far; NULL: not looked at */
    uint32_t *outliers;      /* [outlier_count] columns of X, ascending; NULL: the method knows none */
    size_t outlier_count;
    char note[200];
} ql_way;

/* What a method's argument is. */
typedef enum ql_argument { QL_NO_ARGUMENT, QL_THRESHOLD, QL_THRESHOLD_OR_NOT, QL_SPEC_ARGUMENT } ql_argument;

typedef struct ql_method {
    ql_matmul_method info;
    ql_argument argument;
    bool is_float;                                            /* by products of floats: which peak is meant */
    ql_status (*prepare)(ql_way *way, ql_error *error);       /* the rest of *way is zero */
    ql_status (*run)(ql_way *way, float *y, ql_error *error); /* y[m][n] */
} ql_method;

/* By "NAME" or "NAME:ARGUMENT"; fills in the argument of *way. QL_BAD_USAGE says what there is. */
ql_status ql_method_parse(const char *text, const ql_method **out, ql_way *way, ql_error *error);
void ql_way_free(ql_way *way);

double ql_now(void); /* seconds */

/* What a kernel of products reaches on operands in the first cache, in operations per second, with all threads of the
   engine; the best that was found in this process. 0 when memory is short. Takes milliseconds. */
double ql_product_peak(ql_engine *engine, bool of_floats);

/* calloc of count * size bytes, at least one; NULL and the message when memory is short. */
void *ql_way_array(size_t count, size_t size, ql_error *error);

/* ---- What methods share */

/* W[n][k] coded symmetrically per row, packed: w, w_steps, w_sums, bytes. x_steps is made too. */
ql_status ql_way_code_rows(ql_way *way, ql_error *error);

/* Options of a product of codes after which y = (sum - zero w_sums[j]) x_steps[i] w_steps[j]. */
typedef struct ql_scaling {
    ql_way *way;
    int32_t zero;
} ql_scaling;
ql_gemm_options ql_scaled(ql_scaling *scaling);

/* Notes the largest magnitude among n sums of one worker. */
void ql_way_watch(ql_way *way, unsigned worker, const int32_t *sums, size_t n);

/* Calls use(context, begin, n, codes, y) for all tiles of W in stored order, quantized by way->spec, from several threads;
   the quantizer is the caller's to free. codes and y are [n]. */
typedef void ql_use_tile(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y);
ql_status ql_way_quantize(ql_way *way, ql_quantizer *quantizer, ql_use_tile *use, void *context, ql_error *error);

/* Where stored element i lies in W[n][k]. */
size_t ql_way_place(const ql_walk *walk, uint64_t i);

/* What a quantizer makes of its codes, from code_lo on, in a group whose scale is 1; scales: its own, or its `extra` where
   these are the scales of groups and the tensor has another one (nvfp4). Codes of up to 8 bits. */
enum { QL_WAY_LEVELS = 256 };
void ql_way_find_levels(ql_quantizer *quantizer, const float *scales, float levels[QL_WAY_LEVELS]);

/* ---- Methods */

ql_status ql_prepare_fp32(ql_way *way, ql_error *error);
ql_status ql_prepare_simulated(ql_way *way, ql_error *error);
ql_status ql_prepare_weights(ql_way *way, ql_error *error);
ql_status ql_run_floats(ql_way *way, float *y, ql_error *error);

ql_status ql_prepare_tensor(ql_way *way, ql_error *error);
ql_status ql_run_tensor(ql_way *way, float *y, ql_error *error);
ql_status ql_run_row(ql_way *way, float *y, ql_error *error);
ql_status ql_prepare_static(ql_way *way, ql_error *error);
ql_status ql_run_static(ql_way *way, float *y, ql_error *error);
ql_status ql_prepare_integer(ql_way *way, ql_error *error);
ql_status ql_run_integer(ql_way *way, float *y, ql_error *error);

ql_status ql_prepare_split(ql_way *way, ql_error *error);
ql_status ql_run_llm_int8(ql_way *way, float *y, ql_error *error);
ql_status ql_run_bnb_llm_int8(ql_way *way, float *y, ql_error *error);

ql_status ql_prepare_weights_a8(ql_way *way, ql_error *error);
ql_status ql_run_weights_a8(ql_way *way, float *y, ql_error *error);

#endif
