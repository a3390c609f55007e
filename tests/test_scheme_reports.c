/*
 * Reports of every mapping and every knob: totals, storage, the same bytes for any number of threads, the same parameters and codes for both
 * storage orders.
 */
#include "schemes.h"

#include <float.h>

enum { THREADS = 3 };
static ql_engine *engines[THREADS];

static int start(void **state)
{
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        if (ql_engine_new(i + 1, &engines[i], NULL) != QL_OK)
            return 1;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        ql_engine_free(&engines[i]);
    return 0;
}

#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
enum { LARGE_ROWS = 71 };
#else
enum { LARGE_ROWS = 149 };
#endif

static uint64_t seed = 23;

/* NULL when half precision cannot hold what the spec wants it to. */
static ql_report *report_of(unsigned threads, const subject *s, const ql_spec *spec)
{
    ql_report *r = NULL;
    ql_error error;
    ql_status status = ql_report_make(engines[threads - 1], s->profile, spec, NULL, &r, &error);
    if (status == QL_UNUSABLE && strstr(error.message, "half precision"))
        return NULL;
    must(status, &error);
    return r;
}

/* ---- Totals and storage */

static uint64_t sum_of(const uint64_t *counts, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

static uint64_t total_of(const ql_histogram *h)
{
    return h->below + h->above + sum_of(h->bins, QL_BINS);
}

static void totals_are_right(const ql_report *r, uint64_t n)
{
    const char *text = r->spec_text;
    uint64_t used = 0;
    if (total_of(&r->original) != n || total_of(&r->dequantized) != n || total_of(&r->error) != n)
        fail_msg("%s: a histogram does not hold all elements", text);
    if (sum_of(r->code_counts, (size_t)(r->code_hi - r->code_lo) + 1) != n)
        fail_msg("%s: the codes are not as many as the elements", text);
    if (r->grid_count && isfinite(r->clip_lo) && isfinite(r->clip_hi) && sum_of(r->grid_counts, r->grid_count) != n - r->outlier_count)
        fail_msg("%s: the values of the grid are not those of all elements but outliers", text);
    for (int code = r->code_lo; code <= r->code_hi; code++)
        used += r->code_counts[code - r->code_lo] > 0;
    if (r->levels && (used > r->levels || r->metrics[QL_LEVELS_USED] != (double)used))
        fail_msg("%s: %d codes are used of %u", text, (int)used, r->levels);
    for (unsigned i = 1; i < r->grid_count; i++)
        if (!(r->grid[i - 1] < r->grid[i]))
            fail_msg("%s: the grid does not ascend", text);
    if (r->grid_count > r->levels || (r->group_count == 1 && r->levels && r->levels <= 256 && r->grid_count == 0))
        fail_msg("%s: %u values in the grid, %u levels", text, r->grid_count, r->levels);
}

/* Bits beside the codes: section by section of what a format stores. */
static double parameter_bits(const ql_spec *spec, double groups, double levels)
{
    static const struct {
        const char *mapping;
        double group, level, group_level, tensor; /* bits each */
    } table[] = {
        { "absmax", 32, 0, 0, 0 },  { "nf4", 32, 0, 0, 0 },      { "bnbfp4", 32, 0, 0, 0 },  { "fp4", 32, 0, 0, 0 },   { "mxfp4", 8, 0, 0, 0 },
        { "nvfp4", 8, 0, 0, 32 },   { "fp16", 0, 0, 0, 0 },      { "bf16", 0, 0, 0, 0 },     { "none", 0, 0, 0, 0 },   { "kmeans", 0, 0, 32, 0 },
        { "quantile", 0, 0, 32, 0 }, { "codebook", 32, 32, 0, 0 }, { "ternary", 32, 0, 0, 0 }, { "binary", 32, 0, 0, 0 }, { "q8_0", 16, 0, 0, 0 },
        { "q4_0", 16, 0, 0, 0 },    { "q4_1", 32, 0, 0, 0 },     { "q5_0", 16, 0, 0, 0 },    { "q5_1", 32, 0, 0, 0 },
    };
    if (is_named(spec, "zeropoint"))
        return groups * (spec->zero == QL_ZERO_RAW ? 64 : 32 + spec->bits);
    if (is_named(spec, "int4g"))
        return groups * (16 + spec->bits);
    if (is_named(spec, "fp8_e4m3") || is_named(spec, "fp8_e5m2"))
        return spec->scale ? groups * 32 : 0;
    if (spec->double_quant)
        return groups * 8 + ceil(groups / 256) * 32 + 32;
    for (size_t i = 0; i < COUNT(table); i++)
        if (is_named(spec, table[i].mapping))
            return groups * (table[i].group + table[i].group_level * levels) + table[i].level * levels + table[i].tensor;
    fail_msg("%s: what does it store?", spec->mapping->info.name);
    return 0;
}

static void storage_is_counted(const ql_report *r, const subject *s)
{
    const ql_spec *spec = &r->spec;
    const double n = (double)s->n, code = is_named(spec, "codebook") ? 4 : is_named(spec, "none") ? ql_dtype_describe(s->dtype)->bits : spec->bits;
    const double bits = code * n + parameter_bits(spec, (double)r->group_count, r->levels) + 48.0 * (double)r->outlier_count;
    assert_close(r->bits_per_weight, bits / n, 1e-15, 0);
    assert_int_equal(r->byte_count, ceil(bits / 8));
    const double told = ql_spec_bits_per_weight(spec, s->memory.tensor.rows, s->memory.tensor.cols);
    if (told != 0 && (spec->outliers == 0 || spec->outliers_percent))
        assert_close(told, r->bits_per_weight, 1e-15, 0);
    assert_int_equal(told == 0, is_named(spec, "none") || is_named(spec, "codebook"));
}

static void check_totals(const ql_spec *spec)
{
    static unsigned turn;
    subject s;
    subject_make(&s, engines[0], turn % KIND_COUNT, dtypes[turn % 3], turn / KIND_COUNT % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN,
                 &shapes[turn % COUNT(shapes)], random_bits(&seed));
    turn++;
    ql_report *r = report_of(1, &s, spec);
    if (r) {
        totals_are_right(r, s.n);
        storage_is_counted(r, &s);
        assert_string_equal(r->spec_text, text_of(spec));
        if (spec->outliers == 0 && r->metrics[QL_FRAC_CLIPPED] == 0 && r->error.below + r->error.above > 0)
            fail_msg("%s: nothing is clipped, and errors lie off their axis", text_of(spec));
    }
    ql_report_free(&r);
    subject_free(&s);
}

static void totals_and_storage_are_right_for_every_pair_of_knobs(void **state)
{
    (void)state;
    each_spec(check_totals);
}

/* The largest floats: the value of an outermost code may round beyond them, then it is not in the grid; but every element is counted once. */
static void the_largest_numbers_are_counted(void **state)
{
    (void)state;
    const float x[] = { FLT_MAX, -FLT_MAX, 0, 1, -FLT_MAX / 3, FLT_MAX / 2, 3e38f, -1e-45f, 5, FLT_MAX, -FLT_MAX, 7e37f };
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        for (int by_row = 0; by_row < 2; by_row++) {
            static const struct setting per_row = { QL_KEY_PER, "per=row" };
            subject s;
            ql_spec spec;
            if (!make_spec(ql_mapping_at(m), by_row ? &per_row : NULL, NULL, &spec))
                continue;
            subject_from(&s, engines[0], QL_F32, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 3, 4 }, x);
            ql_report *r = report_of(1, &s, &spec);
            if (r)
                totals_are_right(r, s.n);
            ql_report_free(&r);
            subject_free(&s);
        }
    }
}

/* ---- Threads */

static void assert_same_array(const void *a, const void *b, uint64_t count, size_t size, const char *text, const char *what)
{
    if ((a == NULL) != (b == NULL) || (a && memcmp(a, b, count * size) != 0))
        fail_msg("%s: %s differs", text, what);
}

static void assert_same_parameters(const ql_report *a, const ql_report *b, const char *text)
{
    assert_int_equal(a->group_count, b->group_count);
    assert_int_equal(a->levels, b->levels);
    assert_same_array(a->scales, b->scales, a->group_count, sizeof *a->scales, text, "scales");
    assert_same_array(a->zeros, b->zeros, a->group_count, sizeof *a->zeros, text, "zeros");
    assert_same_array(a->codebook, b->codebook, a->group_count * a->levels, sizeof *a->codebook, text, "codebook");
    assert_same_array(a->edges, b->edges, a->group_count * (a->levels + 1), sizeof *a->edges, text, "edges");
    assert_same_array(a->scale_codes, b->scale_codes, a->group_count, sizeof *a->scale_codes, text, "scale_codes");
    assert_same_array(a->block_maxima, b->block_maxima, a->group_count, sizeof *a->block_maxima, text, "block_maxima");
    assert_int_equal(a->second_count, b->second_count);
    assert_same_array(a->second_scales, b->second_scales, a->second_count, sizeof *a->second_scales, text, "second_scales");
    assert_same_array(&a->tensor_scale, &b->tensor_scale, 1, sizeof a->tensor_scale, text, "tensor_scale");
    assert_same_array(a->code_counts, b->code_counts, (uint64_t)(a->code_hi - a->code_lo) + 1, sizeof *a->code_counts, text, "code_counts");
    assert_int_equal(a->outlier_count, b->outlier_count);
    assert_int_equal(a->outlier_rows, b->outlier_rows);
    assert_int_equal(a->outlier_cols, b->outlier_cols);
}

static void assert_same_report(const ql_report *a, const ql_report *b, const char *text)
{
    assert_same_parameters(a, b, text);
    assert_same_array(a->metrics, b->metrics, QL_METRIC_COUNT, sizeof *a->metrics, text, "metrics");
    assert_same_array(a->row_mse, b->row_mse, a->row_count, sizeof *a->row_mse, text, "row_mse");
    assert_same_array(&a->dequantized, &b->dequantized, 1, sizeof a->dequantized, text, "dequantized");
    assert_same_array(&a->error, &b->error, 1, sizeof a->error, text, "error");
    assert_same_array(a->grid_counts, b->grid_counts, a->grid_count, sizeof *a->grid_counts, text, "grid_counts");
    assert_same_array(a->outlier_index, b->outlier_index, a->outlier_count, sizeof *a->outlier_index, text, "outlier_index");
    assert_same_array(a->outlier_value, b->outlier_value, a->outlier_count, sizeof *a->outlier_value, text, "outlier_value");
}

/* Besides the default of every mapping. */
static const char *const on_large[] = {
    "absmax:bits=4,clip=kl", "absmax:bits=3,clip=mse", "absmax:clip=aciq,dist=gauss,bits=4", "absmax:clip=percentile,per=row,bits=4",
    "absmax:per=col,clip=mse,bits=2", "absmax:per=tile,block=16x9,outliers=1%", "absmax:round=stochastic,bits=4,per=row",
    "zeropoint:outliers=0.5%,per=flat,block=1000", "zeropoint:clip=percentile,per=col,bits=4", "kmeans:per=row,bits=3", "quantile:per=row,bits=3",
    "nf4:double=1,outliers=0.1%", "ternary:per=tile,block=7x100", "binary:per=col", "fp8_e4m3:per=tile,block=5x5", "fp8_e5m2:scale=0",
    "absmax:clip=kl,per=tile,block=100x400",
};

static void the_number_of_threads_changes_no_byte(void **state)
{
    (void)state;
    for (int layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        subject s;
        subject_make(&s, engines[0], BELL, layout == QL_LAYOUT_IN_OUT ? QL_F16 : QL_F32, layout, &(struct shape) { 2, { LARGE_ROWS, 989 } }, 9);
        for (size_t i = 0; i < ql_mapping_count() + COUNT(on_large); i++) {
            ql_spec spec;
            ql_error error;
            if (i < ql_mapping_count())
                assert_true(make_spec(ql_mapping_at(i), NULL, NULL, &spec));
            else
                must(ql_spec_parse(on_large[i - ql_mapping_count()], &spec, &error), &error);
            ql_report *one = report_of(1, &s, &spec);
            totals_are_right(one, s.n);
            storage_is_counted(one, &s);
            for (unsigned threads = 2; threads <= THREADS; threads++) {
                ql_report *many = report_of(threads, &s, &spec);
                assert_same_report(one, many, text_of(&spec));
                ql_report_free(&many);
            }
            ql_report_free(&one);
        }
        subject_free(&s);
    }
}

/* ---- Storage order */

/* The matrix once stored [out, in], once [in, out]. Neighbours differ, so that shares of outliers have no ties to break. */
static subject both[2];
enum { ROWS = 23, COLS = 61 };

static void codes_of(const subject *s, const ql_spec *spec, int16_t codes[ROWS * COLS], float y[ROWS * COLS])
{
    static ql_tile_buffers buffers;
    ql_quantizer q;
    ql_error error;
    uint64_t clipped = 0;
    must(ql_quantizer_make(engines[1], s->profile, spec, NULL, 0, &q, &error), &error);
    must(ql_quantize_tile(&q, ql_kernels_active(), &s->memory.tensor, 0, ROWS * COLS, &buffers, &clipped, &error), &error);
    for (int i = 0; i < ROWS * COLS; i++) {
        const int at = s->memory.tensor.layout == QL_LAYOUT_IN_OUT ? i % ROWS * COLS + i / ROWS : i;
        codes[at] = buffers.codes[i];
        y[at] = buffers.y[i];
    }
    ql_quantizer_free(&q);
}

/* Chances go by the place in the file. */
static void check_order(const ql_spec *spec)
{
    static int16_t codes[2][ROWS * COLS];
    static float y[2][ROWS * COLS];
    if (spec->round == QL_ROUND_STOCHASTIC)
        return;
    ql_report *reports[2];
    for (int turned = 0; turned < 2; turned++) {
        codes_of(&both[turned], spec, codes[turned], y[turned]);
        reports[turned] = report_of(2, &both[turned], spec);
    }
    const char *text = text_of(spec);
    assert_same_parameters(reports[0], reports[1], text);
    assert_same_array(codes[0], codes[1], ROWS * COLS, sizeof codes[0][0], text, "codes");
    assert_same_array(y[0], y[1], ROWS * COLS, sizeof y[0][0], text, "y");
    for (int row = 0; row < ROWS; row++)
        assert_close(reports[0]->row_mse[row], reports[1]->row_mse[row], 1e-12, 0);
    ql_report_free(&reports[0]);
    ql_report_free(&reports[1]);
}

static void the_order_of_storage_changes_no_parameter_and_no_code(void **state)
{
    (void)state;
    static float w[ROWS * COLS], transposed[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++) {
        w[i] = (float)(random_normal(&seed) / 2);
        transposed[i % COLS * ROWS + i / COLS] = w[i];
    }
    subject_from(&both[0], engines[0], QL_F32, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS }, w);
    subject_from(&both[1], engines[0], QL_F32, QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { COLS, ROWS }, transposed);
    each_spec(check_order);
    subject_free(&both[0]);
    subject_free(&both[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_and_storage_are_right_for_every_pair_of_knobs),
        cmocka_unit_test(the_largest_numbers_are_counted),
        cmocka_unit_test(the_number_of_threads_changes_no_byte),
        cmocka_unit_test(the_order_of_storage_changes_no_parameter_and_no_code),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
