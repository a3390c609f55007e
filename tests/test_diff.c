/* The same tensors of two files: which they are, and every number against a brute-force computation. */
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "gguf.h"
#include "tensor/convert.h"

static ql_engine *engine, *alone; /* three threads, one */
static uint64_t seed = 41;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(3, &engine, NULL) != QL_OK || ql_engine_new(1, &alone, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    ql_engine_free(&alone);
    return 0;
}

/* ---- Files in memory ------------------------------------------------------------------------------------------- */

typedef struct entry {
    const char *name;
    ql_dtype dtype;
    uint64_t shape[2]; /* {n, 0}: a vector */
    const void *data;
} entry;

static size_t entry_bytes(const entry *e)
{
    return e->shape[0] * (e->shape[1] ? e->shape[1] : 1) * (ql_dtype_describe(e->dtype)->bits / 8);
}

/* A safetensors file of `count` entries, malloced. */
static uint8_t *safetensors_of(const entry *entries, size_t count, size_t *size)
{
    char header[4096] = "{";
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        char shape[64];
        snprintf(shape, sizeof shape, entries[i].shape[1] ? "%llu,%llu" : "%llu", (unsigned long long)entries[i].shape[0],
                 (unsigned long long)entries[i].shape[1]);
        sprintf(header + strlen(header), "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                i ? "," : "", entries[i].name, ql_dtype_describe(entries[i].dtype)->name, shape, at,
                at + entry_bytes(&entries[i]));
        at += entry_bytes(&entries[i]);
    }
    strcat(header, "}");
    const uint64_t length = strlen(header);
    uint8_t *bytes = malloc(8 + length + at);
    assert_non_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    *size = 8 + length;
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + *size, entries[i].data, entry_bytes(&entries[i]));
        *size += entry_bytes(&entries[i]);
    }
    return bytes;
}

/* A GGUF file of F32 entries whose metadata is that of a Llama with so many heads; -1: the key is missing. */
static uint8_t *llama_of(const entry *entries, size_t count, const char *architecture, int heads, int kv_heads, size_t *size)
{
    gguf g = { 0 };
    gguf_head(&g, count, 1u + (heads >= 0) + (kv_heads >= 0));
    gguf_key(&g, "general.architecture", 8);
    gguf_text(&g, architecture);
    if (heads >= 0) {
        gguf_key(&g, "llama.attention.head_count", 4);
        gguf_number(&g, (uint64_t)heads, 4);
    }
    if (kv_heads >= 0) {
        gguf_key(&g, "llama.attention.head_count_kv", 4);
        gguf_number(&g, (uint64_t)kv_heads, 4);
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t ne[2] = { entries[i].shape[1] ? entries[i].shape[1] : entries[i].shape[0], entries[i].shape[0] };
        gguf_tensor(&g, entries[i].name, 0, offset, entries[i].shape[1] ? 2 : 1, ne);
        offset += (entry_bytes(&entries[i]) + 31) / 32 * 32;
    }
    gguf_pad(&g, 32);
    for (size_t i = 0; i < count; i++) {
        gguf_put(&g, entries[i].data, entry_bytes(&entries[i]));
        gguf_pad(&g, 32);
    }
    *size = g.size;
    return g.bytes;
}

/* Two files and what is the same in them. */
typedef struct work {
    uint8_t *bytes[2];
    ql_model *model[2];
    ql_pairs *pairs;
} work;

static void open_bytes(work *w, uint8_t *first, size_t first_size, uint8_t *other, size_t other_size)
{
    ql_error error = { 0 };
    w->bytes[0] = first;
    w->bytes[1] = other;
    must(ql_model_open_memory("A", first, first_size, QL_LAYOUT_AUTO, &w->model[0], &error), &error);
    must(ql_model_open_memory("B", other, other_size, QL_LAYOUT_AUTO, &w->model[1], &error), &error);
    must(ql_pairs_make(w->model[0], w->model[1], &w->pairs, &error), &error);
}

static void open_both(work *w, const entry *first, size_t first_count, const entry *other, size_t other_count)
{
    size_t sizes[2];
    uint8_t *a = safetensors_of(first, first_count, &sizes[0]), *b = safetensors_of(other, other_count, &sizes[1]);
    open_bytes(w, a, sizes[0], b, sizes[1]);
}

static void close_both(work *w)
{
    ql_pairs_free(&w->pairs);
    for (int i = 0; i < 2; i++) {
        ql_model_free(&w->model[i]);
        free(w->bytes[i]);
    }
}

static ql_status diff_pair(ql_engine *with, const ql_pair *pair, const ql_monitor *monitor, ql_diff *out, ql_error *error)
{
    ql_profile *profile;
    must(ql_profile_make(with, NULL, pair->tensor, NULL, &profile, error), error);
    const ql_status status = ql_diff_make(with, profile, pair, monitor, out, error);
    ql_profile_free(&profile);
    return status;
}

static ql_diff diff_of(const work *w, size_t index)
{
    ql_error error = { 0 };
    ql_diff diff;
    must(diff_pair(engine, &w->pairs->pairs[index], NULL, &diff, &error), &error);
    return diff;
}

static float *random_values(size_t count)
{
    float *values = malloc((count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(0.05 * random_normal(&seed));
    return values;
}

/* out[cols][rows] of in[rows][cols]. */
static float *transposed(const float *in, size_t rows, size_t cols)
{
    float *out = malloc(rows * cols * sizeof *out);
    assert_non_null(out);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            out[c * rows + r] = in[r * cols + c];
    return out;
}

/* What convert_hf_to_gguf.py does to rows of `cols` values: reshape(heads, 2, d / 2, cols).swapaxes(1, 2). */
static float *permuted(const float *in, size_t rows, size_t cols, size_t heads)
{
    float *out = malloc(rows * cols * sizeof *out), *to = out;
    assert_non_null(out);
    const size_t half = rows / heads / 2;
    for (size_t head = 0; head < heads; head++)
        for (size_t pair = 0; pair < half; pair++)
            for (size_t part = 0; part < 2; part++, to += cols)
                memcpy(to, in + ((head * 2 + part) * half + pair) * cols, cols * sizeof *out);
    return out;
}

/* ---- Which tensors are the same ----------------------------------------------------------------------------------- */

static void assert_pair(const work *w, size_t index, const char *name, const char *other)
{
    const ql_pair *pair = &w->pairs->pairs[index];
    assert_int_equal(pair->tensor->name.size, strlen(name));
    assert_memory_equal(pair->tensor->name.data, name, strlen(name));
    assert_int_equal(pair->other->name.size, strlen(other));
    assert_memory_equal(pair->other->name.data, other, strlen(other));
}

static void exact_names_win_over_known_ones(void **state)
{
    (void)state;
    const float x[4] = { 1, 2, 3, 4 };
    const entry first[] = {
        { "transformer.wte.weight", QL_F32, { 2, 2 }, x },
        { "extra", QL_F32, { 4, 0 }, x },
        { "wte.weight", QL_F32, { 2, 2 }, x },
        { "ln_f.weight", QL_F32, { 4, 0 }, x },
        { "h.0.ln_1.weight", QL_F32, { 4, 0 }, x },
    };
    const entry other[] = {
        { "unknown", QL_F32, { 4, 0 }, x },           { "output_norm.weight", QL_F32, { 4, 0 }, x },
        { "wte.weight", QL_F32, { 2, 2 }, x },        { "blk.0.attn_norm.bias", QL_F32, { 4, 0 }, x },
        { "token_embd.weight", QL_F32, { 2, 2 }, x },
    };
    work w;
    open_both(&w, first, 5, other, 5);
    assert_int_equal(w.pairs->count, 3);
    assert_pair(&w, 0, "transformer.wte.weight", "token_embd.weight");
    assert_pair(&w, 1, "wte.weight", "wte.weight");
    assert_pair(&w, 2, "ln_f.weight", "output_norm.weight");
    assert_int_equal(w.pairs->only_in_first_count, 2);
    assert_memory_equal(w.pairs->only_in_first[0]->name.data, "extra", 5);
    assert_memory_equal(w.pairs->only_in_first[1]->name.data, "h.0.ln_1.weight", 15);
    assert_int_equal(w.pairs->only_in_other_count, 2);
    assert_memory_equal(w.pairs->only_in_other[0]->name.data, "unknown", 7);
    assert_memory_equal(w.pairs->only_in_other[1]->name.data, "blk.0.attn_norm.bias", 20);
    close_both(&w);
}

static void files_without_a_common_tensor_have_no_pairs(void **state)
{
    (void)state;
    const float x[4] = { 1, 2, 3, 4 };
    const entry one[] = { { "a", QL_F32, { 4, 0 }, x } }, two[] = { { "b", QL_F32, { 4, 0 }, x } };
    work w;
    open_both(&w, one, 1, two, 1);
    assert_int_equal(w.pairs->count, 0);
    assert_int_equal(w.pairs->only_in_first_count + w.pairs->only_in_other_count, 2);
    close_both(&w);
    open_both(&w, one, 1, NULL, 0);
    assert_int_equal(w.pairs->count, 0);
    close_both(&w);
    open_both(&w, NULL, 0, one, 1);
    assert_int_equal(w.pairs->count, 0);
    close_both(&w);
}

/* More tensors than a quadratic search would do in the time of a test, in reverse order. */
static void many_tensors_are_matched_fast(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    char *header[2] = { malloc(COUNT * 128), malloc(COUNT * 128) };
    uint8_t *bytes[2];
    size_t sizes[2];
    for (int file = 0; file < 2; file++) {
        size_t used = (size_t)sprintf(header[file], "{");
        for (int i = 0; i < COUNT; i++)
            used += (size_t)sprintf(header[file] + used,
                                    "%s\"%s%d%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "",
                                    file    ? "blk."
                                    : i % 2 ? "h."
                                            : "transformer.h.",
                                    file ? COUNT - 1 - i : i, file ? ".attn_norm.weight" : ".ln_1.weight");
        used += (size_t)sprintf(header[file] + used, "}");
        bytes[file] = malloc(8 + used);
        memcpy(bytes[file], &(uint64_t) { used }, 8);
        memcpy(bytes[file] + 8, header[file], used);
        sizes[file] = 8 + used;
        free(header[file]);
    }
    work w;
    open_bytes(&w, bytes[0], sizes[0], bytes[1], sizes[1]);
    assert_int_equal(w.pairs->count, COUNT);
    close_both(&w);
}

static void shapes_that_differ_are_noted_and_not_compared(void **state)
{
    (void)state;
    float *x = random_values(64);
    const entry first[] = { { "w", QL_F32, { 4, 8 }, x }, { "v", QL_F32, { 8, 0 }, x }, { "u", QL_F32, { 1, 8 }, x } };
    const entry other[] = { { "w", QL_F32, { 8, 4 }, x }, { "v", QL_F32, { 9, 0 }, x }, { "u", QL_F32, { 8, 0 }, x } };
    work w;
    open_both(&w, first, 3, other, 3);
    assert_int_equal(w.pairs->count, 3);
    assert_false(w.pairs->pairs[0].is_comparable);
    assert_string_equal(w.pairs->pairs[0].note, "shapes differ: [4,8] (out,in) against [8,4] (out,in)");
    assert_false(w.pairs->pairs[1].is_comparable);
    assert_true(w.pairs->pairs[2].is_comparable); /* an axis of length 1 says nothing */
    ql_diff diff;
    ql_error error;
    assert_int_equal(diff_pair(engine, &w.pairs->pairs[0], NULL, &diff, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "A: tensor 'w': shapes differ: [4,8] (out,in) against [8,4] (out,in)");
    close_both(&w);
    free(x);
}

/* ---- Numbers ------------------------------------------------------------------------------------------------------- */

static void a_file_against_itself_has_no_error(void **state)
{
    (void)state;
    float *x = random_values(300 * 400);
    const entry one[] = { { "w", QL_F32, { 300, 400 }, x } };
    work w;
    open_both(&w, one, 1, one, 1);
    const ql_diff diff = diff_of(&w, 0);
    assert_true(diff.metrics[QL_MSE] == 0 && diff.metrics[QL_MAX_ABS] == 0 && diff.metrics[QL_P99_ABS] == 0);
    assert_true(diff.metrics[QL_SQNR_DB] == INFINITY && diff.metrics[QL_COSINE] == 1 && diff.metrics[QL_KL_HIST] == 0);
    assert_true(diff.bits_per_weight == 32 && diff.byte_count == 4 * 300 * 400);
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        assert_int_equal(isnan(diff.metrics[metric]) != 0, ql_metric_needs_codes(metric));
    close_both(&w);
    free(x);
}

/* The dequantized values of a report as the other file: all metrics to the last bit. */
static void metrics_are_those_of_a_report(void **state)
{
    (void)state;
    enum { ROWS = 96, COLS = 288 };
    static const char *const specs[] = { "absmax:bits=4", "zeropoint:bits=3,per=row", "nf4", "absmax:bits=2,clip=mse" };
    static const char *const names[] = { "w", "h.0.attn.c_attn.weight" }; /* out,in and in,out */
    for (size_t i = 0; i < 2 * sizeof specs / sizeof specs[0]; i++) {
        const char *name = names[i % 2];
        float *x = random_values(ROWS * COLS);
        const entry first[] = { { name, QL_F32, { ROWS, COLS }, x } };
        work w;
        open_both(&w, first, 1, first, 1);
        ql_error error = { 0 };
        ql_spec spec;
        ql_profile *profile;
        ql_report *report;
        ql_working *working;
        must(ql_spec_parse(specs[i / 2], &spec, &error), &error);
        must(ql_profile_make(engine, NULL, w.pairs->pairs[0].tensor, NULL, &profile, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_working_make(engine, profile, report, &working, &error), &error);
        const entry other[] = { { name, QL_F32, { ROWS, COLS }, working->y } };
        work against;
        open_both(&against, first, 1, other, 1);
        assert_int_equal(against.pairs->pairs[0].tensor->layout, i % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN);
        const ql_diff diff = diff_of(&against, 0);
        for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
            if (!ql_metric_needs_codes(metric) && diff.metrics[metric] != report->metrics[metric])
                fail_msg("%s of %s: %.17g is not %.17g", ql_metric_describe(metric)->name, specs[i / 2],
                         diff.metrics[metric], report->metrics[metric]);
        ql_working_free(&working);
        ql_report_free(&report);
        ql_profile_free(&profile);
        close_both(&against);
        close_both(&w);
        free(x);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* W[rows][cols] against an approximation, by the definitions. */
static void assert_metrics(const ql_diff *diff, const float *x, const float *y, size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    double *e = malloc(n * sizeof *e), worst = 0;
    long double abs = 0, square = 0, xx = 0, xy = 0, yy = 0, sum = 0;
    size_t zeros = 0;
    assert_non_null(e);
    for (size_t r = 0; r < rows; r++) {
        long double row = 0;
        for (size_t c = 0; c < cols; c++) {
            const size_t i = r * cols + c;
            e[i] = fabs((double)x[i] - (double)y[i]);
            abs += e[i];
            row += (long double)e[i] * e[i];
            xx += (long double)x[i] * x[i];
            xy += (long double)x[i] * y[i];
            yy += (long double)y[i] * y[i];
            sum += x[i];
            zeros += y[i] == 0;
        }
        square += row;
        worst = fmax(worst, (double)(row / cols));
    }
    qsort(e, n, sizeof *e, compare_doubles);
    const double h = 0.99 * (double)(n - 1);
    const size_t k = (size_t)h;
    const double p99 = e[k] + (h - (double)k) * (e[k + 1 < n ? k + 1 : k] - e[k]), rmse = sqrt((double)(square / n));
    const double std = sqrt((double)(xx / n - sum / n * (sum / n)));
    const double *m = diff->metrics;
    assert_close(m[QL_MAE], (double)(abs / n), 1e-12, 0);
    assert_close(m[QL_MSE], (double)(square / n), 1e-12, 0);
    assert_close(m[QL_RMSE], rmse, 1e-12, 0);
    assert_close(m[QL_SQNR_DB], 10 * log10((double)(xx / square)), 1e-11, 0);
    assert_close(m[QL_COSINE], (double)(xy / sqrtl(xx * yy)), 1e-12, 0);
    assert_close(m[QL_REL_FRO], (double)sqrtl(square / xx), 1e-12, 0);
    assert_close(m[QL_WORST_ROW_MSE], worst, 1e-12, 0);
    assert_close(m[QL_RMSE_OVER_STD], rmse / std, 1e-9, 0);
    assert_close(m[QL_P99_ABS], p99, 1e-15, 0);
    assert_true(m[QL_MAX_ABS] == e[n - 1]);
    assert_true(m[QL_ZERO_FRAC] == (double)zeros / (double)n);
    free(e);
}

/* y: x with some noise, a few zeros, and one bad row. */
static float *approximation(const float *x, size_t rows, size_t cols)
{
    float *y = malloc(rows * cols * sizeof *y);
    assert_non_null(y);
    for (size_t i = 0; i < rows * cols; i++)
        y[i] = random_below(&seed, 50) ? x[i] + (float)(0.001 * random_normal(&seed)) : 0;
    for (size_t c = 0; c < cols; c++)
        y[rows / 2 * cols + c] *= 1.5f;
    return y;
}

/* Shapes with one chunk and several, rows that are short, long, and longer than a chunk. */
static const uint64_t matrices[][2] = { { 300, 700 }, { 64, 1024 }, { 3, 70000 }, { 40000, 3 },
                                        { 70000, 1 }, { 1, 9 },     { 65, 1025 }, { 129, 512 } };

static void numbers_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof matrices / sizeof matrices[0]; i++) {
        const uint64_t rows = matrices[i][0], cols = matrices[i][1];
        float *x = random_values(rows * cols), *y = approximation(x, rows, cols);
        const entry first[] = { { "w", QL_F32, { rows, cols }, x } }, other[] = { { "w", QL_F32, { rows, cols }, y } };
        work w;
        open_both(&w, first, 1, other, 1);
        const ql_diff diff = diff_of(&w, 0);
        assert_metrics(&diff, x, y, rows, cols);
        close_both(&w);
        free(x);
        free(y);
    }
}

/* GPT-2's Conv1D: W[out][in] is stored [in, out] in one file and [out, in] in the other, whichever is the first. */
static void transposed_files_are_compared_in_their_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < 16; i++) {
        const uint64_t in = i < 8 ? matrices[i][0] : 96, out = i < 8 ? matrices[i][1] : 96; /* some are square */
        float *x = random_values(in * out), *y = approximation(x, out, in);
        float *x_stored = transposed(x, out, in), *y_stored = transposed(y, out, in), *attn = random_values(3);
        const entry conv[] = { { "h.0.attn.c_attn.weight", QL_F32, { 1, 3 }, attn },
                               { "h.0.mlp.c_fc.weight", QL_F32, { in, out }, i % 2 ? y_stored : x_stored } };
        const entry linear[] = { { "blk.0.ffn_up.weight", QL_F32, { out, in }, i % 2 ? x : y } };
        work w;
        if (i % 2)
            open_both(&w, linear, 1, conv, 2);
        else
            open_both(&w, conv, 2, linear, 1);
        assert_int_equal(w.pairs->count, 1);
        assert_true(w.pairs->pairs[0].is_comparable && w.pairs->pairs[0].is_transposed);
        const ql_diff diff = diff_of(&w, 0);
        assert_metrics(&diff, x, y, out, in);
        close_both(&w);
        free(x);
        free(y);
        free(x_stored);
        free(y_stored);
        free(attn);
    }
}

/* A file with c_proj alone does not tell that it is stored in,out; its name does. */
static void equal_names_and_shapes_are_stored_alike(void **state)
{
    (void)state;
    float *x = random_values(16 * 48);
    const entry whole[] = { { "h.0.attn.c_attn.weight", QL_F32, { 16, 48 }, x },
                            { "h.0.attn.c_proj.weight", QL_F32, { 16, 16 }, x } };
    const entry part[] = { { "transformer.h.0.attn.c_proj.weight", QL_F32, { 16, 16 }, x } };
    for (int turn = 0; turn < 2; turn++) {
        work w;
        if (turn)
            open_both(&w, part, 1, whole, 2);
        else
            open_both(&w, whole, 2, part, 1);
        assert_int_equal(w.pairs->count, 1);
        assert_int_not_equal(w.pairs->pairs[0].tensor->layout, w.pairs->pairs[0].other->layout);
        assert_true(diff_of(&w, 0).metrics[QL_MSE] == 0);
        close_both(&w);
    }
    free(x);
}

static void other_types_are_compared_as_float32(void **state)
{
    (void)state;
    enum { ROWS = 90, COLS = 1000 };
    float *x = random_values(ROWS * COLS), *y = malloc(ROWS * COLS * sizeof *y);
    uint16_t *half = malloc(ROWS * COLS * sizeof *half);
    double *wide = malloc(ROWS * COLS * sizeof *wide);
    for (size_t i = 0; i < ROWS * COLS; i++) {
        half[i] = ql_float_to_half(x[i]);
        y[i] = ql_half_to_float(half[i]);
        wide[i] = (double)x[i] * (1 + 1e-12);
        x[i] = (float)wide[i];
    }
    const entry first[] = { { "w", QL_F64, { ROWS, COLS }, wide } }, other[] = { { "w", QL_F16, { ROWS, COLS }, half } };
    work w;
    open_both(&w, first, 1, other, 1);
    const ql_diff diff = diff_of(&w, 0);
    assert_metrics(&diff, x, y, ROWS, COLS);
    assert_true(diff.bits_per_weight == 16 && diff.byte_count == 2 * ROWS * COLS);
    close_both(&w);
    free(x);
    free(y);
    free(half);
    free(wide);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    enum { IN = 350, OUT = 1100 };
    float *x = random_values(IN * OUT), *y = approximation(x, OUT, IN), *stored = transposed(x, OUT, IN), attn[3] = { 0 };
    const entry conv[] = { { "h.0.attn.c_attn.weight", QL_F32, { 1, 3 }, attn },
                           { "h.0.mlp.c_fc.weight", QL_F32, { IN, OUT }, stored },
                           { "wte.weight", QL_F32, { OUT, IN }, x } };
    const entry linear[] = { { "blk.0.ffn_up.weight", QL_F32, { OUT, IN }, y },
                             { "token_embd.weight", QL_F32, { OUT, IN }, y } };
    work w;
    open_both(&w, conv, 3, linear, 2);
    for (size_t i = 0; i < 2; i++) {
        ql_error error = { 0 };
        ql_diff one;
        must(diff_pair(alone, &w.pairs->pairs[i], NULL, &one, &error), &error);
        const ql_diff three = diff_of(&w, i);
        assert_memory_equal(&one, &three, sizeof one);
    }
    close_both(&w);
    free(x);
    free(y);
    free(stored);
}

/* Errors of another kind wherever no sample is taken: the percentile is exact all the same. */
static void the_percentile_is_exact_when_the_sample_deceives(void **state)
{
    (void)state;
    enum { COLS = 200, ROWS = 2048 };
    float *x = random_values(ROWS * COLS), *y = malloc(ROWS * COLS * sizeof *y);
    for (size_t i = 0; i < ROWS * COLS; i++)
        y[i] = x[i] + (i % COLS < 40 ? 0 : (float)(0.01 * random_normal(&seed)));
    const entry first[] = { { "w", QL_F32, { ROWS, COLS }, x } }, other[] = { { "w", QL_F32, { ROWS, COLS }, y } };
    work w;
    open_both(&w, first, 1, other, 1);
    const ql_diff diff = diff_of(&w, 0);
    assert_metrics(&diff, x, y, ROWS, COLS);
    close_both(&w);
    free(x);
    free(y);
}

/* ---- What has no numbers ------------------------------------------------------------------------------------------ */

static void values_that_are_not_finite_are_told_of_the_file_that_holds_them(void **state)
{
    (void)state;
    enum { N = 200000 };
    float *x = random_values(N), *y = random_values(N);
    y[N - 1] = NAN;
    y[N / 2] = INFINITY;
    const entry first[] = { { "w", QL_F32, { N, 0 }, x }, { "v", QL_F32, { 400, 500 }, y } };
    const entry other[] = { { "w", QL_F32, { N, 0 }, y }, { "v", QL_F32, { 400, 500 }, x } };
    work w;
    open_both(&w, first, 2, other, 2);
    ql_diff diff;
    ql_error error;
    assert_int_equal(diff_pair(engine, &w.pairs->pairs[0], NULL, &diff, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "B: tensor 'w': holds NaN or infinite values; `qloupe stat` counts them");
    assert_int_equal(diff_pair(engine, &w.pairs->pairs[1], NULL, &diff, &error), QL_UNUSABLE);
    assert_memory_equal(error.message, "A: tensor 'v': non-finite value at flat index 100000 (2 in all", 62);
    close_both(&w);
    free(x);
    free(y);
}

static void values_that_are_not_finite_are_noticed_where_they_are_gathered(void **state)
{
    (void)state;
    enum { N = 400 };
    float *x = random_values(N * N), *y = random_values(N * N);
    y[N * N - 1] = -INFINITY;
    const entry conv[] = { { "h.0.attn.c_attn.weight", QL_F32, { 1, 3 }, x },
                           { "h.0.mlp.c_fc.weight", QL_F32, { N, N }, x } };
    const entry linear[] = { { "blk.0.ffn_up.weight", QL_F32, { N, N }, y } };
    work w;
    open_both(&w, conv, 2, linear, 1);
    assert_true(w.pairs->pairs[0].is_transposed);
    ql_diff diff;
    ql_error error;
    assert_int_equal(diff_pair(engine, &w.pairs->pairs[0], NULL, &diff, &error), QL_UNUSABLE);
    assert_memory_equal(error.message, "B: tensor 'blk.0.ffn_up.weight': holds NaN", 42);
    close_both(&w);
    free(x);
    free(y);
}

static bool refuse(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return false;
}

static void a_diff_can_be_cancelled_and_made_again(void **state)
{
    (void)state;
    float *x = random_values(300000), *y = random_values(300000);
    const entry first[] = { { "w", QL_F32, { 300, 1000 }, x } }, other[] = { { "w", QL_F32, { 300, 1000 }, y } };
    work w;
    open_both(&w, first, 1, other, 1);
    ql_diff before = diff_of(&w, 0), diff;
    ql_error error;
    const ql_monitor monitor = { refuse, NULL };
    assert_int_equal(diff_pair(engine, &w.pairs->pairs[0], &monitor, &diff, &error), QL_CANCELLED);
    diff = diff_of(&w, 0);
    assert_memory_equal(&before, &diff, sizeof diff);
    close_both(&w);
    free(x);
    free(y);
}

/* ---- Llama: rows of Q and K that llama.cpp moves -------------------------------------------------------------------- */

enum { Q_ROWS = 96, K_ROWS = 48, COLS = 80, HEADS = 6, KV_HEADS = 3 };

typedef struct llama {
    float *q, *k, *bias, *gguf_q, *gguf_k, *gguf_bias;
    entry checkpoint[4], gguf[4];
} llama;

static void make_llama(llama *m)
{
    m->q = random_values(Q_ROWS * COLS);
    m->k = random_values(K_ROWS * COLS);
    m->bias = random_values(Q_ROWS);
    m->gguf_q = permuted(m->q, Q_ROWS, COLS, HEADS);
    m->gguf_k = permuted(m->k, K_ROWS, COLS, KV_HEADS);
    m->gguf_bias = permuted(m->bias, Q_ROWS, 1, HEADS);
    const entry checkpoint[4] = {
        { "model.layers.0.self_attn.q_proj.weight", QL_F32, { Q_ROWS, COLS }, m->q },
        { "model.layers.0.self_attn.k_proj.weight", QL_F32, { K_ROWS, COLS }, m->k },
        { "model.layers.0.self_attn.q_proj.bias", QL_F32, { Q_ROWS, 0 }, m->bias },
        { "model.layers.0.self_attn.v_proj.weight", QL_F32, { K_ROWS, COLS }, m->k }, /* stays as it is */
    };
    const entry converted[4] = {
        { "blk.0.attn_q.weight", QL_F32, { Q_ROWS, COLS }, m->gguf_q },
        { "blk.0.attn_k.weight", QL_F32, { K_ROWS, COLS }, m->gguf_k },
        { "blk.0.attn_q.bias", QL_F32, { Q_ROWS, 0 }, m->gguf_bias },
        { "blk.0.attn_v.weight", QL_F32, { K_ROWS, COLS }, m->k },
    };
    memcpy(m->checkpoint, checkpoint, sizeof checkpoint);
    memcpy(m->gguf, converted, sizeof converted);
}

static void free_llama(llama *m)
{
    free(m->q);
    free(m->k);
    free(m->bias);
    free(m->gguf_q);
    free(m->gguf_k);
    free(m->gguf_bias);
}

static void open_llama(work *w, const llama *m, const char *architecture, int heads, int kv_heads, bool gguf_first)
{
    size_t sizes[2];
    uint8_t *a = safetensors_of(m->checkpoint, 4, &sizes[0]);
    uint8_t *b = llama_of(m->gguf, 4, architecture, heads, kv_heads, &sizes[1]);
    if (gguf_first)
        open_bytes(w, b, sizes[1], a, sizes[0]);
    else
        open_bytes(w, a, sizes[0], b, sizes[1]);
    assert_int_equal(w->pairs->count, 4);
}

static void moved_rows_make_no_difference(void **state)
{
    (void)state;
    llama m;
    make_llama(&m);
    for (int gguf_first = 0; gguf_first < 2; gguf_first++) {
        work w;
        open_llama(&w, &m, "llama", HEADS, KV_HEADS, gguf_first);
        for (size_t i = 0; i < 4; i++) {
            const ql_diff diff = diff_of(&w, i);
            assert_true(diff.metrics[QL_MSE] == 0 && diff.metrics[QL_SQNR_DB] == INFINITY);
            assert_string_equal(w.pairs->pairs[i].note, "");
        }
        close_both(&w);
    }
    free_llama(&m);
}

static void without_moving_them_back_they_would(void **state)
{
    (void)state;
    llama m;
    make_llama(&m);
    work w;
    open_llama(&w, &m, "llama", HEADS, KV_HEADS, false);
    for (size_t i = 0; i < 3; i++) {
        ql_pair pair = w.pairs->pairs[i];
        assert_int_equal(pair.head_rows, 0);
        assert_int_equal(pair.other_head_rows, 16);
        pair.other_head_rows = 0;
        ql_diff diff;
        ql_error error = { 0 };
        must(diff_pair(engine, &pair, NULL, &diff, &error), &error);
        assert_true(diff.metrics[QL_SQNR_DB] < 3);
    }
    close_both(&w);
    free_llama(&m);
}

/* Numbers of a moved tensor that also differs, by the definition. */
static void moved_rows_are_measured_in_their_places(void **state)
{
    (void)state;
    llama m;
    make_llama(&m);
    float *y = approximation(m.q, Q_ROWS, COLS), *z = approximation(m.bias, 1, Q_ROWS);
    free(m.gguf_q);
    free(m.gguf_bias);
    m.gguf[0].data = m.gguf_q = permuted(y, Q_ROWS, COLS, HEADS);
    m.gguf[2].data = m.gguf_bias = permuted(z, Q_ROWS, 1, HEADS);
    work w;
    open_llama(&w, &m, "llama", HEADS, KV_HEADS, false);
    ql_diff diff = diff_of(&w, 0);
    assert_metrics(&diff, m.q, y, Q_ROWS, COLS);
    diff = diff_of(&w, 2);
    assert_metrics(&diff, m.bias, z, 1, Q_ROWS);
    close_both(&w);
    free(y);
    free(z);
    free_llama(&m);
}

static void only_models_that_are_moved_are_moved_back(void **state)
{
    (void)state;
    llama m;
    make_llama(&m);
    static const char *const metas[] = { "layers.0.attention.wq.weight", "layers.0.attention.wk.weight" };
    work w;
    open_llama(&w, &m, "qwen2", HEADS, KV_HEADS, false);
    for (size_t i = 0; i < 4; i++)
        assert_true(w.pairs->pairs[i].other_head_rows == 0 && !*w.pairs->pairs[i].note);
    close_both(&w);
    for (size_t i = 0; i < 2; i++) { /* Meta's rows are where llama.cpp's are */
        m.checkpoint[i].name = metas[i];
        m.checkpoint[i].data = m.gguf[i].data;
    }
    open_llama(&w, &m, "llama", HEADS, KV_HEADS, false);
    assert_true(diff_of(&w, 0).metrics[QL_MSE] == 0 && diff_of(&w, 1).metrics[QL_MSE] == 0);
    close_both(&w);
    free_llama(&m);
}

static void heads_that_do_not_fit_are_noted_and_rows_left(void **state)
{
    (void)state;
    llama m;
    make_llama(&m);
    static const struct {
        int heads, kv_heads;
        const char *q, *k;
    } cases[] = {
        { 7, 3, "llama.attention.head_count 7 does not make heads of 96 rows: their order is left as stored", "" },
        { 0, 3, "llama.attention.head_count 0 does not make heads of 96 rows: their order is left as stored", "" },
        { -1, 3, "llama.attention.head_count 0 does not make heads of 96 rows: their order is left as stored", "" },
        { 6, 48, "", "llama.attention.head_count_kv 48 does not make heads of 48 rows: their order is left as stored" },
        { 6, -1, "", "" }, /* as many for K as for Q */
        { 0x7FFFFFFF, 3,
          "llama.attention.head_count 2147483647 does not make heads of 96 rows: their order is left as stored", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        work w;
        open_llama(&w, &m, "llama", cases[i].heads, cases[i].kv_heads, false);
        assert_string_equal(w.pairs->pairs[0].note, cases[i].q);
        assert_string_equal(w.pairs->pairs[1].note, cases[i].k);
        assert_true(*cases[i].q ? w.pairs->pairs[0].other_head_rows == 0 : diff_of(&w, 0).metrics[QL_MSE] == 0);
        assert_true(diff_of(&w, 0).metrics[QL_MSE] >= 0);
        close_both(&w);
    }
    free_llama(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_names_win_over_known_ones),
        cmocka_unit_test(files_without_a_common_tensor_have_no_pairs),
        cmocka_unit_test(many_tensors_are_matched_fast),
        cmocka_unit_test(shapes_that_differ_are_noted_and_not_compared),
        cmocka_unit_test(a_file_against_itself_has_no_error),
        cmocka_unit_test(metrics_are_those_of_a_report),
        cmocka_unit_test(numbers_are_those_of_the_definition),
        cmocka_unit_test(transposed_files_are_compared_in_their_places),
        cmocka_unit_test(equal_names_and_shapes_are_stored_alike),
        cmocka_unit_test(other_types_are_compared_as_float32),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(the_percentile_is_exact_when_the_sample_deceives),
        cmocka_unit_test(values_that_are_not_finite_are_told_of_the_file_that_holds_them),
        cmocka_unit_test(values_that_are_not_finite_are_noticed_where_they_are_gathered),
        cmocka_unit_test(a_diff_can_be_cancelled_and_made_again),
        cmocka_unit_test(moved_rows_make_no_difference),
        cmocka_unit_test(without_moving_them_back_they_would),
        cmocka_unit_test(moved_rows_are_measured_in_their_places),
        cmocka_unit_test(only_models_that_are_moved_are_moved_back),
        cmocka_unit_test(heads_that_do_not_fit_are_noted_and_rows_left),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
