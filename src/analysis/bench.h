/*
 * The matrix that passes are timed on (bench_tensor.c), and what a pass is: a row of the table in bench.c and a function of
 * bench_kernels.c, bench_decode.c or bench_product.c.
 */
#ifndef QL_ANALYSIS_BENCH_H
#define QL_ANALYSIS_BENCH_H

#include "base/engine.h"
#include "quant/ranks.h"
#include "quant/scheme.h"
#include "tensor/blocks.h"
#include "tensor/tensor.h"

struct ql_bench {
    ql_engine *engine;
    ql_source *source; /* over `values` */
    ql_storage storage;
    uint64_t shape[2];
    ql_tensor tensor;
    float *values; /* owned [rows][cols] */
    ql_profile *profile;
    ql_quantizer quantizer; /* of the pass that needs one made */
    uint8_t *codes;         /* owned [codes_size], of decoders; NULL until one is timed */
    size_t codes_size;
    float *decoded; /* owned [rows][cols], what they write; NULL likewise */
};

typedef struct ql_bench_job ql_bench_job;

typedef struct ql_bench_pass {
    ql_bench_info info;
    ql_status (*run)(ql_bench_job *job, ql_error *error);
    /* Before the time; NULL: nothing to prepare. */
    ql_status (*ready)(ql_bench *bench, const struct ql_bench_pass *pass, ql_error *error);
    const char *spec; /* or the name of a format to decode */
    uint32_t bins;    /* of a histogram */
    bool known;       /* the range is that of the profile: it is not looked for */
    unsigned sweeps;  /* how often the pass reads the matrix, for the progress bar; 0: the product's function says */
    bool decodes;     /* reads codes and writes a matrix instead */
    bool again;       /* what an earlier run left with the profile may be used */
} ql_bench_pass;

/* Sums over the matrix; e = x - y. */
typedef struct ql_bench_totals {
    double abs, square, xy, yy, max_abs;
} ql_bench_totals;

/* One run of a pass. */
struct ql_bench_job {
    ql_bench *bench;
    const ql_bench_pass *pass;
    const ql_kernels *kernels;
    const ql_monitor *monitor;
    uint64_t done; /* elements of earlier sweeps */
    ql_bench_run *out;

    ql_spec spec;
    ql_uniform codes;
    float step;
    int32_t zero;
    const ql_quantizer *quantizer;
    ql_binning axis;
    ql_ranks *ranks;
    const ql_block_type *type;
    ql_bench_totals totals;
};

/* What a worker gathers. */
typedef struct ql_bench_gathered {
    uint32_t sum;
    float lo, hi;
    ql_error_sums errors; /* of the chunk */
    double square[QL_LANES];
    float e[QL_TILE];
    ql_tile_buffers tile;
    uint64_t counted;  /* values in the tables */
    uint64_t counts[]; /* of a histogram: the bins, and behind them the tables of the kernel */
} ql_bench_gathered;

/* Zeroed memory of the workers, `more` bytes besides what all have, and a worker's own. */
ql_status ql_bench_prepare(ql_bench_job *job, size_t more, ql_error *error);
ql_bench_gathered *ql_bench_gathered_by(const ql_bench_job *job, unsigned worker);

/* Reads the matrix once in chunks of `elements` elements. */
typedef ql_status ql_bench_work(void *context, unsigned worker, uint64_t chunk, ql_error *error);
typedef void ql_bench_merge(void *context, unsigned worker, uint64_t chunk);
ql_status ql_bench_sweep(ql_bench_job *job, uint64_t elements, ql_bench_work *work, ql_bench_merge *merge, ql_error *error);

/* The values of a chunk of QL_CHUNK elements; returns how many. */
size_t ql_bench_chunk(const ql_bench_job *job, uint64_t chunk, const float **x);

/* The errors of a chunk are zeroed, added to the totals in order, and answered. */
void ql_bench_begin_errors(ql_bench_gathered *g);
void ql_bench_merge_errors(void *context, unsigned worker, uint64_t chunk);
void ql_bench_answer_errors(ql_bench_job *job);
void ql_bench_answer(ql_bench_job *job, const char *name, double value);

static inline size_t ql_bench_tile(size_t n)
{
    return n < QL_TILE ? n : QL_TILE;
}

/* With the kernels in use, tile by tile: bench_kernels.c. */
ql_status ql_bench_read(ql_bench_job *job, ql_error *error);
ql_status ql_bench_uniform(ql_bench_job *job, ql_error *error);
ql_status ql_bench_rows(ql_bench_job *job, ql_error *error);
ql_status ql_bench_histogram(ql_bench_job *job, ql_error *error);

/* From codes to values in memory, and writing alone: bench_decode.c. The answer is found after the time. */
ql_status ql_bench_ready_to_decode(ql_bench *bench, const ql_bench_pass *pass, ql_error *error);
ql_status ql_bench_write(ql_bench_job *job, ql_error *error);
ql_status ql_bench_decode(ql_bench_job *job, ql_error *error);
void ql_bench_answer_decoded(ql_bench_job *job);

/* The product's own functions: bench_product.c. */
ql_status ql_bench_calibration(ql_bench_job *job, ql_error *error);
ql_status ql_bench_quantizer(ql_bench_job *job, ql_error *error);
ql_status ql_bench_ready_to_fit(ql_bench *bench, const ql_bench_pass *pass, ql_error *error);
ql_status ql_bench_fit(ql_bench_job *job, ql_error *error);
ql_status ql_bench_quantiles(ql_bench_job *job, ql_error *error);
ql_status ql_bench_profile(ql_bench_job *job, ql_error *error);
ql_status ql_bench_report(ql_bench_job *job, ql_error *error);

#endif
