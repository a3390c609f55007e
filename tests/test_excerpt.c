/* Excerpts: which elements they hold, and how near a report of one is to the exact one. */
#include "schemes.h"

#include "analysis/excerpt.h"

#include <unistd.h>

#ifdef __SANITIZE_THREAD__
enum { EVERY = 7 }; /* case of the long tests: everything takes long */
#else
enum { EVERY = 1 };
#endif

static ql_engine *engine;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(3, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

static ql_spec spec_of(const char *text)
{
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    return spec;
}

static ql_excerpt *excerpt_of(const ql_tensor *tensor, const char *text)
{
    const ql_spec spec = spec_of(text);
    ql_excerpt *e;
    ql_error error;
    must(ql_excerpt_make(engine, tensor, &spec, NULL, &e, &error), &error);
    return e;
}

/* ---- Which elements ---------------------------------------------------------------------------------------------- */

/* Element (row, col) of W is row * cols + col, which float32 holds. */
static float *numbered(uint64_t rows, uint64_t cols, ql_layout layout)
{
    float *x = malloc(rows * cols * sizeof *x);
    for (uint64_t row = 0; row < rows; row++)
        for (uint64_t col = 0; col < cols; col++)
            x[layout == QL_LAYOUT_IN_OUT ? col * rows + row : row * cols + col] = (float)(row * cols + col);
    return x;
}

/* What ends in the excerpt, found from its values alone: runs of `unit` neighbours that begin at multiples of it. */
static void assert_whole(const uint64_t *at, uint64_t count, uint64_t total, uint64_t unit)
{
    for (uint64_t i = 0; i < count; i++) {
        assert_true(i == 0 || at[i] > at[i - 1]);
        assert_true(at[i] < total);
        if (count < total)
            assert_int_equal(at[i] % unit, i % unit);
        if (i % unit)
            assert_int_equal(at[i], at[i - 1] + 1);
    }
}

static void what_a_spec_shares_parameters_over_is_in_an_excerpt_whole(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        uint64_t rows, cols, unit_rows, unit_cols;
    } cases[] = {
        { "absmax", 2000, 5000, 1, 1 },
        { "absmax", 9000, 1111, 1, 1 },
        { "absmax:per=row", 2000, 5000, 1, 5000 },
        { "absmax:per=row,clip=kl", 5000, 1500, 1, 1500 },
        { "absmax:per=col", 2000, 5000, 2000, 1 },
        { "absmax:per=col", 5000, 2000, 5000, 1 },
        { "absmax:per=block,block=96", 2000, 5000, 1, 96 },
        { "zeropoint:per=block,block=96,clip=mse", 2000, 5000, 1, 96 },
        { "nf4:block=64", 2000, 5120, 1, 64 },
        { "absmax:per=flat,block=64", 2000, 5000, 1, 5000 },
        { "absmax:per=flat,block=3000", 9000, 1111, 3, 1111 },
        { "absmax:per=tile,block=128x64", 3000, 5000, 128, 64 },
        { "absmax:per=tile,block=7x9", 2000, 5000, 7, 9 },
        { "kmeans:per=block,block=32", 1, 9000000, 1, 32 },
        { "absmax", 9000000, 1, 1, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i += EVERY) {
        for (ql_layout layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
            const uint64_t rows = cases[i].rows, cols = cases[i].cols;
            float *x = numbered(rows, cols, layout);
            memory_tensor m;
            memory_tensor_make(&m, QL_F32, x, layout, 2,
                               layout == QL_LAYOUT_IN_OUT ? (uint64_t[]) { cols, rows } : (uint64_t[]) { rows, cols });
            ql_excerpt *e = excerpt_of(&m.tensor, cases[i].spec);
            const uint64_t r = e->tensor.rows, c = e->tensor.cols;
            assert_in_range(r * c, 1 << 14, 1 << 20);
            assert_true(r * c <= rows * cols / 2);
            uint64_t *row = malloc(r * sizeof *row), *col = malloc(c * sizeof *col), farthest = 0, first = rows;
            for (uint64_t k = 0; k < r; k++) {
                row[k] = (uint64_t)e->values[k * c] / cols;
                for (uint64_t j = 0; j < c; j++) {
                    assert_int_equal((uint64_t)e->values[k * c + j] / cols, row[k]);
                    col[j] = (uint64_t)e->values[k * c + j] % cols;
                    if (k % cases[i].unit_rows)
                        assert_true(e->values[k * c + j] == e->values[(k - 1) * c + j] + (float)cols);
                }
                assert_whole(col, c, cols, cases[i].unit_cols);
                farthest = row[k] > farthest ? row[k] : farthest;
                first = row[k] < first ? row[k] : first;
            }
            assert_whole(row, r, rows, cases[i].unit_rows);
            assert_true(first < rows / 4 + 1 && farthest >= rows - rows / 4 - 1); /* all over it */
            free(row);
            free(col);
            ql_excerpt_free(&e);
            memory_tensor_free(&m);
            free(x);
        }
    }
}

static void strips_lie_in_equal_parts_at_places_that_differ(void **state)
{
    (void)state;
    const ql_excerpt_axis axis = { 4096 + 31, 1024, 64 }; /* 16 strips in 64 places */
    unsigned offsets = 0;
    for (uint64_t i = 0; i < 16; i++) {
        const uint64_t at = ql_excerpt_start(&axis, i, 3);
        assert_int_equal(at % 64, 0);
        assert_int_equal(at / 256, i);
        offsets |= 1u << at / 64 % 4;
    }
    assert_int_equal(offsets, 15);
}

/* Every type, block types with codes at random: the values are those that the tensor's reader gives. */
static void every_type_is_read_as_it_is(void **state)
{
    (void)state;
    enum { ROWS = 64, COLS = 2048 };
    uint64_t seed = 5;
    float *row = malloc(COLS * sizeof *row);
    uint64_t *bytes = malloc(ROWS * COLS * 8);
    for (uint64_t i = 0; i < ROWS * COLS; i++)
        bytes[i] = random_bits(&seed);
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
        const ql_dtype_info *info = ql_dtype_describe(dtype);
        const ql_spec spec = spec_of("absmax:per=block,block=64,clip=kl"); /* a small excerpt */
        ql_error error = { 0 };
        memory_tensor m;
        ql_excerpt *e = NULL;
        memory_tensor_make(&m, QL_I64, bytes, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS });
        m.tensor.dtype = dtype;
        m.tensor.byte_count = ROWS * COLS / info->block_elements * info->block_bytes;
        if (!info->has_values) {
            assert_int_equal(ql_excerpt_make(engine, &m.tensor, &spec, NULL, &e, &error), QL_UNUSABLE);
            assert_null(e);
        } else {
            must(ql_excerpt_make(engine, &m.tensor, &spec, NULL, &e, &error), &error);
            assert_true(e->tensor.element_count < ROWS * COLS / 2);
            void *scratch = malloc(ql_tensor_scratch_size(&m.tensor, COLS));
            for (uint64_t r = 0; r < e->tensor.rows; r++) {
                const uint64_t strip = e->plan.cols.strip, at = ql_excerpt_start(&e->plan.rows, r, 0);
                must(ql_tensor_read_f32(&m.tensor, at * COLS, COLS, row, scratch, &error), &error);
                for (uint64_t c = 0; c < e->tensor.cols; c += strip)
                    assert_memory_equal(e->values + r * e->tensor.cols + c,
                                        row + ql_excerpt_start(&e->plan.cols, c / strip, 1 + r), strip * sizeof *row);
            }
            free(scratch);
        }
        ql_excerpt_free(&e);
        memory_tensor_free(&m);
    }
    free(bytes);
    free(row);
}

/* ---- How near ------------------------------------------------------------------------------------------------------ */

/* Rows whose deviations differ tenfold, and a weight in a thousand that is five times as large. */
static float *unlike_rows(uint64_t rows, uint64_t cols, ql_layout layout, uint64_t seed)
{
    float *x = malloc(rows * cols * sizeof *x);
    for (uint64_t row = 0; row < rows; row++) {
        const double scale = pow(10, random_unit(&seed) - 2);
        for (uint64_t col = 0; col < cols; col++) {
            const double v = scale * random_normal(&seed) * (random_below(&seed, 1000) ? 1 : 5);
            x[layout == QL_LAYOUT_IN_OUT ? col * rows + row : row * cols + col] = (float)v;
        }
    }
    return x;
}

typedef struct pair {
    memory_tensor tensor;
    ql_profile *profile;
    float *x;
} pair;

enum { ROWS = 1024, COLS = 1280 };

static void pair_make(pair *p, ql_layout layout)
{
    ql_error error;
    p->x = unlike_rows(ROWS, COLS, layout, 12);
    memory_tensor_make(&p->tensor, QL_F32, p->x, layout, 2,
                       layout == QL_LAYOUT_IN_OUT ? (uint64_t[]) { COLS, ROWS } : (uint64_t[]) { ROWS, COLS });
    must(ql_profile_make(engine, NULL, &p->tensor.tensor, NULL, &p->profile, &error), &error);
}

static void pair_free(pair *p)
{
    ql_profile_free(&p->profile);
    memory_tensor_free(&p->tensor);
    free(p->x);
}

static ql_report *exact_of(ql_engine *with, const ql_profile *profile, const ql_spec *spec)
{
    ql_report *r;
    ql_error error;
    must(ql_report_make(with, profile, spec, NULL, &r, &error), &error);
    return r;
}

static ql_report *sampled_of(ql_engine *with, const ql_excerpt *e, const ql_spec *spec)
{
    ql_report *r;
    ql_error error;
    must(ql_excerpt_report(with, e, spec, NULL, &r, &error), &error);
    return r;
}

static uint64_t sum_of(const ql_histogram *h)
{
    uint64_t sum = h->below + h->above;
    for (int i = 0; i < QL_BINS; i++)
        sum += h->bins[i];
    return sum;
}

/* By how much it is off was found for six seeds; these are the largest, rounded up. */
static void the_sqnr_of_unlike_rows_is_near_the_exact_one(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        double decibels;
    } cases[] = {
        { "absmax", 0.1 },
        { "absmax:bits=4", 0.2 },
        { "absmax:per=row", 1 },
        { "absmax:per=col", 0.5 },
        { "absmax:per=block,block=64", 0.2 },
        { "absmax:per=tile,block=32x32", 0.5 },
        { "absmax:per=flat,block=100", 0.3 },
        { "zeropoint:clip=percentile", 1.5 },
        { "zeropoint:per=row,clip=percentile", 2 },
        { "absmax:clip=mse", 1.5 },
        { "absmax:per=row,clip=mse", 1 },
        { "zeropoint:bits=4,per=block,block=128,clip=mse", 0.2 },
        { "absmax:clip=kl", 2 },
        { "absmax:per=row,clip=kl", 3 },
        { "absmax:clip=aciq", 2 },
        { "nf4", 0.1 },
        { "nf4:double=1", 0.1 },
        { "nvfp4", 0.1 },
        { "mxfp4", 0.1 },
        { "fp8_e4m3:per=tensor", 0.05 },
        { "fp8_e5m2", 0.05 },
        { "kmeans", 0.6 },
        { "kmeans:per=row,bits=3", 0.2 },
        { "quantile", 0.3 },
        { "quantile:per=row", 0.6 },
        { "ternary", 0.1 },
        { "binary", 0.1 },
        { "absmax:outliers=1%", 0.3 },
        { "q4_0", 0.1 },
        { "q8_0", 0.2 },
    };
    for (ql_layout layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        pair p;
        pair_make(&p, layout);
        for (size_t i = 0; i < COUNT(cases); i += EVERY) {
            const ql_spec spec = spec_of(cases[i].spec);
            ql_excerpt *e = excerpt_of(&p.tensor.tensor, cases[i].spec);
            ql_excerpt_learn(e, p.profile);
            ql_report *near = sampled_of(engine, e, &spec), *exact = exact_of(engine, p.profile, &spec);
            const double off = near->metrics[QL_SQNR_DB] - exact->metrics[QL_SQNR_DB];
            if (!(fabs(off) <= cases[i].decibels))
                fail_msg("%s, %s: %g dB off", ql_layout_name(layout), cases[i].spec, off);
            assert_close(near->metrics[QL_SQNR_DB],
                         10 * log10(p.profile->x_square_sum / (ROWS * COLS) / near->metrics[QL_MSE]), 1e-9, 0);
            assert_int_equal(near->sampled, e->tensor.element_count);
            assert_int_equal(exact->sampled, 0);
            ql_report_free(&near);
            ql_report_free(&exact);
            ql_excerpt_free(&e);
        }
        pair_free(&p);
    }
}

/* Size, groups, statistics, and what is counted together. */
static void what_is_said_to_be_exact_is(void **state)
{
    (void)state;
    pair p;
    pair_make(&p, QL_LAYOUT_OUT_IN);
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        for (size_t i = 0; i <= COUNT(settings); i += EVERY) {
            const struct setting *setting = i ? &settings[i - 1] : NULL;
            ql_spec spec;
            if (!make_spec(ql_mapping_at(m), setting, NULL, &spec) ||
                (setting && (setting->key == QL_KEY_CLIP || setting->key == QL_KEY_ROUND)) || spec.outliers > 50 ||
                is_named(&spec, "kmeans"))
                continue;
            ql_error error;
            ql_excerpt *e;
            must(ql_excerpt_make(engine, &p.tensor.tensor, &spec, NULL, &e, &error), &error);
            ql_excerpt_learn(e, p.profile);
            ql_report *near = sampled_of(engine, e, &spec), *exact = exact_of(engine, p.profile, &spec);
            if (spec.outliers == 0 || spec.outliers_percent) {
                if (near->bits_per_weight != exact->bits_per_weight)
                    fail_msg("%s: %.17g bits, exact %.17g", text_of(&spec), near->bits_per_weight, exact->bits_per_weight);
                assert_int_equal(near->byte_count, exact->byte_count);
                assert_int_equal(near->outlier_count, exact->outlier_count);
            }
            assert_string_equal(near->spec_text, exact->spec_text);
            assert_int_equal(near->group_count, exact->group_count);
            assert_int_equal(near->levels, exact->levels);
            assert_int_equal(near->code_lo, exact->code_lo);
            assert_int_equal(near->code_hi, exact->code_hi);
            assert_memory_equal(&near->stats, &exact->stats, sizeof near->stats);
            assert_memory_equal(&near->original, &exact->original, sizeof near->original);
            assert_true(near->dequantized.lo == exact->dequantized.lo && near->dequantized.hi == exact->dequantized.hi);
            assert_int_equal(sum_of(&near->dequantized), ROWS * COLS);
            assert_int_equal(sum_of(&near->error), ROWS * COLS);
            uint64_t codes = 0, grid = near->outlier_count;
            for (int code = near->code_lo; code <= near->code_hi; code++)
                codes += near->code_counts[code - near->code_lo];
            assert_int_equal(codes, ROWS * COLS);
            for (unsigned k = 0; k < near->grid_count; k++)
                grid += near->grid_counts[k];
            if (near->grid_count && near->outlier_count == 0)
                assert_int_equal(grid, ROWS * COLS);
            assert_int_equal(near->scales != NULL, exact->scales != NULL && exact->group_count == 1);
            assert_int_equal(near->row_count, ROWS);
            ql_report_free(&near);
            ql_report_free(&exact);
            ql_excerpt_free(&e);
        }
    }
    pair_free(&p);
}

/* A weight that no strip holds sets the step. */
static void the_range_of_the_tensor_is_exact_once_its_profile_is_known(void **state)
{
    (void)state;
    pair p;
    ql_error error;
    pair_make(&p, QL_LAYOUT_OUT_IN);
    ql_profile_free(&p.profile);
    ql_excerpt *e = excerpt_of(&p.tensor.tensor, "absmax");
    uint64_t at = 0; /* a row that is not there */
    while (at < e->plan.rows.picked && ql_excerpt_start(&e->plan.rows, at, 0) == at)
        at++;
    assert_true(at < e->plan.rows.picked);
    p.x[at * COLS + 3] = -7;
    must(ql_profile_make(engine, NULL, &p.tensor.tensor, NULL, &p.profile, &error), &error);
    static const char *const specs[] = { "absmax", "absmax:bits=4",       "zeropoint", "absmax:clip=mse",
                                         "nvfp4",  "fp8_e4m3:per=tensor", "quantile" };
    for (size_t i = 0; i < COUNT(specs); i++) {
        const ql_spec spec = spec_of(specs[i]);
        ql_report *before = sampled_of(engine, e, &spec);
        assert_true(before->clip_lo > -6);
        ql_report_free(&before);
        ql_excerpt *learned = excerpt_of(&p.tensor.tensor, specs[i]);
        ql_excerpt_learn(learned, p.profile);
        ql_report *near = sampled_of(engine, learned, &spec), *exact = exact_of(engine, p.profile, &spec);
        if (i < 3)
            assert_true(near->clip_lo == exact->clip_lo && near->clip_hi == exact->clip_hi &&
                        near->scale_max == exact->scale_max);
        if (fabs(near->metrics[QL_SQNR_DB] - exact->metrics[QL_SQNR_DB]) > 0.3)
            fail_msg("%s: %g, exact %g", specs[i], near->metrics[QL_SQNR_DB], exact->metrics[QL_SQNR_DB]);
        ql_report_free(&near);
        ql_report_free(&exact);
        ql_excerpt_free(&learned);
    }
    ql_excerpt_free(&e);
    pair_free(&p);
}

static void rows_that_an_excerpt_holds_have_their_error_and_others_none(void **state)
{
    (void)state;
    pair p;
    pair_make(&p, QL_LAYOUT_OUT_IN);
    const ql_spec spec = spec_of("absmax:per=row,bits=4");
    ql_excerpt *e = excerpt_of(&p.tensor.tensor, "absmax:per=row,bits=4");
    ql_report *near = sampled_of(engine, e, &spec), *exact = exact_of(engine, p.profile, &spec);
    uint64_t known = 0;
    double worst = 0;
    for (uint64_t row = 0; row < ROWS; row++) {
        if (isnan(near->row_mse[row]))
            continue;
        known++;
        worst = fmax(worst, exact->row_mse[row]);
        assert_close(near->row_mse[row], exact->row_mse[row], 1e-12, 0); /* whole rows */
    }
    assert_int_equal(known, e->tensor.rows);
    assert_true(known < ROWS / 2);
    assert_close(near->metrics[QL_WORST_ROW_MSE], worst, 1e-12, 0);
    ql_report_free(&near);
    ql_report_free(&exact);
    ql_excerpt_free(&e);
    pair_free(&p);
}

/* Before the profile is known all is an estimate, also of the values. */
static void without_a_profile_the_values_are_estimated_too(void **state)
{
    (void)state;
    for (ql_layout layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        pair p;
        pair_make(&p, layout);
        const ql_spec spec = spec_of("absmax:per=block,block=64");
        ql_excerpt *e = excerpt_of(&p.tensor.tensor, "absmax:per=block,block=64");
        ql_report *near = sampled_of(engine, e, &spec), *exact = exact_of(engine, p.profile, &spec);
        assert_true(fabs(near->metrics[QL_SQNR_DB] - exact->metrics[QL_SQNR_DB]) < 0.3);
        assert_close(near->stats.std, exact->stats.std, 0.1, 0);
        assert_close(near->stats.sum_abs, exact->stats.sum_abs, 0.1, 0);
        assert_int_equal(near->stats.count, ROWS * COLS);
        assert_int_equal(sum_of(&near->original), ROWS * COLS);
        assert_true(near->bits_per_weight == exact->bits_per_weight);
        ql_report_free(&near);
        ql_report_free(&exact);
        ql_excerpt_free(&e);
        pair_free(&p);
    }
}

/* ---- Small and awkward ------------------------------------------------------------------------------------------- */

static ql_profile *profile; /* of `whole` */
static memory_tensor whole;

/* An excerpt that is all of a tensor says what is so. */
static void assert_all(const ql_spec *spec)
{
    ql_error error = { 0 };
    ql_excerpt *e;
    ql_report *near = NULL, *exact = NULL;
    must(ql_excerpt_make(engine, &whole.tensor, spec, NULL, &e, &error), &error);
    ql_excerpt_learn(e, profile);
    assert_int_equal(e->tensor.element_count, whole.tensor.element_count);
    const ql_status status = ql_report_make(engine, profile, spec, NULL, &exact, &error);
    assert_int_equal(ql_excerpt_report(engine, e, spec, NULL, &near, &error), status);
    for (int m = 0; status == QL_OK && m < QL_METRIC_COUNT;
         m++) /* two files, two orders of adding up; ties of outliers by place */
        if (spec->round != QL_ROUND_STOCHASTIC && spec->outliers == 0)
            testing_close(near->metrics[m], exact->metrics[m], 1e-9, 1e-300, text_of(spec), __FILE__, __LINE__);
    if (status == QL_OK && near->bits_per_weight != exact->bits_per_weight)
        fail_msg("%s: %.17g bits, exact %.17g", text_of(spec), near->bits_per_weight, exact->bits_per_weight);
    ql_report_free(&near);
    ql_report_free(&exact);
    ql_excerpt_free(&e);
}

static void an_excerpt_of_a_tiny_tensor_is_all_of_it_under_every_spec(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        for (ql_layout layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
            float x[512];
            uint64_t seed = 3;
            ql_error error;
            for (int k = 0; k < 512; k++)
                x[k] = (float)random_normal(&seed);
            memory_tensor_make(&whole, QL_F32, x, layout, shapes[i].rank, shapes[i].shape);
            must(ql_profile_make(engine, NULL, &whole.tensor, NULL, &profile, &error), &error);
            for (size_t m = 0; m < ql_mapping_count(); m++) {
                for (size_t k = 0; k <= COUNT(settings); k++) {
                    ql_spec spec;
                    if (make_spec(ql_mapping_at(m), k ? &settings[k - 1] : NULL, NULL, &spec))
                        assert_all(&spec);
                }
            }
            ql_profile_free(&profile);
            memory_tensor_free(&whole);
        }
    }
}

static void what_has_no_answer_says_so(void **state)
{
    (void)state;
    enum { N = 300000 };
    const ql_spec spec = spec_of("absmax");
    ql_error error = { 0 };
    ql_excerpt *e = NULL;
    ql_report *r = NULL;
    memory_tensor m;
    float *x = calloc(N, sizeof *x);
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 0, 5 });
    assert_int_equal(ql_excerpt_make(engine, &m.tensor, &spec, NULL, &e, &error), QL_UNUSABLE);
    assert_null(e);
    assert_false(ql_excerpt_is_worth(&m.tensor, &spec, true));
    memory_tensor_free(&m);

    x[N / 2] = NAN;
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
    e = excerpt_of(&m.tensor, "absmax");
    assert_int_equal(ql_excerpt_report(engine, e, &spec, NULL, &r, &error), QL_UNUSABLE);
    assert_null(r);
    ql_excerpt_free(&e);
    memory_tensor_free(&m);
    free(x);
}

static void what_is_made_of_exact_numbers_refuses_an_estimate(void **state)
{
    (void)state;
    pair p;
    pair_make(&p, QL_LAYOUT_OUT_IN);
    const ql_spec spec = spec_of("absmax");
    const ql_figure_options figure = { .kind = ql_figure_kind_at(0)->name, .command = "qloupe", .file = "w", .tensor = "w" };
    ql_excerpt *e = excerpt_of(&p.tensor.tensor, "absmax");
    ql_report *near = sampled_of(engine, e, &spec);
    ql_error error = { 0 };
    ql_why why;
    const char *out = testing_path(testing_folder(), "w.png");
    assert_int_equal(ql_why_make(engine, p.profile, near, NULL, &why, &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "an estimate from "));
    assert_int_equal(ql_report_write_npy(engine, p.profile, near, NULL, out, &error), QL_BAD_USAGE);
    assert_int_equal(ql_figure_write(near, &figure, out, &error), QL_BAD_USAGE);
    assert_int_not_equal(access(out, F_OK), 0);
    ql_report_free(&near);
    ql_excerpt_free(&e);
    pair_free(&p);
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    pair p;
    ql_engine *alone;
    ql_error error;
    must(ql_engine_new(1, &alone, &error), &error);
    pair_make(&p, QL_LAYOUT_IN_OUT);
    static const char *const specs[] = { "absmax:clip=mse", "nf4:block=64,double=1", "kmeans:per=row,bits=2" };
    for (size_t i = 0; i < COUNT(specs); i++) {
        const ql_spec spec = spec_of(specs[i]);
        ql_excerpt *a, *b = excerpt_of(&p.tensor.tensor, specs[i]);
        must(ql_excerpt_make(alone, &p.tensor.tensor, &spec, NULL, &a, &error), &error);
        assert_memory_equal(a->values, b->values, a->tensor.byte_count);
        ql_report *one = sampled_of(alone, a, &spec), *three = sampled_of(engine, b, &spec);
        assert_memory_equal(one->metrics, three->metrics, sizeof one->metrics);
        assert_memory_equal(&one->dequantized, &three->dequantized, sizeof one->dequantized);
        ql_report_free(&one);
        ql_report_free(&three);
        ql_excerpt_free(&a);
        ql_excerpt_free(&b);
    }
    pair_free(&p);
    ql_engine_free(&alone);
}

/* ---- When -------------------------------------------------------------------------------------------------------- */

static bool is_worth(uint64_t rows, uint64_t cols, const char *text, bool is_profiled, uint64_t offset)
{
    const ql_spec spec = spec_of(text);
    const uint64_t shape[2] = { rows, cols };
    ql_tensor t = { .dtype = QL_BF16, .rank = 2, .shape = shape, .element_count = rows * cols, .offset = offset };
    ql_tensor_set_layout(&t, QL_LAYOUT_OUT_IN);
    return ql_excerpt_is_worth(&t, &spec, is_profiled);
}

static void an_excerpt_is_worth_its_while_where_the_exact_answer_takes_long(void **state)
{
    (void)state;
    static const char *const quick[] = { "absmax", "absmax:per=row", "zeropoint", "absmax:clip=percentile", "nf4",
                                         "fp4",    "nvfp4",          "mxfp4" };
    static const char *const slow[] = { "absmax:clip=mse", "absmax:clip=kl", "kmeans", "kmeans:per=row", "quantile" };
    for (size_t i = 0; i < COUNT(quick); i++) {
        assert_false(is_worth(4096, 4096, quick[i], true, 0));
        assert_true(is_worth(16384, 16384, quick[i], true, 0));
        assert_true(is_worth(16384, 16384, quick[i], false, 0));
        assert_false(is_worth(4096, 4096, quick[i], false, 0));
    }
    for (size_t i = 0; i < COUNT(slow); i++) {
        assert_true(is_worth(4096, 4096, slow[i], true, 0));
        assert_false(is_worth(256, 256, slow[i], true, 0));
    }
    assert_true(is_worth(1024, 1024, "absmax:per=block,block=64,clip=kl", true, 0));
    assert_false(is_worth(100, 200, "absmax:per=block,block=64,clip=kl", true, 0)); /* half of it would be all */
    assert_true(is_worth(16384, 16384, "absmax", true, QL_NO_OFFSET));
    assert_false(is_worth(16384, 16384, "absmax", false, QL_NO_OFFSET)); /* unpacked from the front */
}

static void an_excerpt_serves_every_spec_that_wants_its_strips(void **state)
{
    (void)state;
    pair p;
    pair_make(&p, QL_LAYOUT_OUT_IN);
    ql_excerpt *e = excerpt_of(&p.tensor.tensor, "absmax");
    const ql_spec same = spec_of("zeropoint:bits=3"), other = spec_of("absmax:per=col");
    ql_tensor copy = p.tensor.tensor;
    assert_true(ql_excerpt_serves(e, &p.tensor.tensor, &same));
    assert_false(ql_excerpt_serves(e, &p.tensor.tensor, &other));
    assert_false(ql_excerpt_serves(e, &copy, &same));
    assert_false(ql_excerpt_serves(NULL, &copy, &same));
    ql_excerpt_free(&e);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_spec_shares_parameters_over_is_in_an_excerpt_whole),
        cmocka_unit_test(strips_lie_in_equal_parts_at_places_that_differ),
        cmocka_unit_test(every_type_is_read_as_it_is),
        cmocka_unit_test(the_sqnr_of_unlike_rows_is_near_the_exact_one),
        cmocka_unit_test(what_is_said_to_be_exact_is),
        cmocka_unit_test(the_range_of_the_tensor_is_exact_once_its_profile_is_known),
        cmocka_unit_test(rows_that_an_excerpt_holds_have_their_error_and_others_none),
        cmocka_unit_test(without_a_profile_the_values_are_estimated_too),
        cmocka_unit_test(an_excerpt_of_a_tiny_tensor_is_all_of_it_under_every_spec),
        cmocka_unit_test(what_has_no_answer_says_so),
        cmocka_unit_test(what_is_made_of_exact_numbers_refuses_an_estimate),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(an_excerpt_is_worth_its_while_where_the_exact_answer_takes_long),
        cmocka_unit_test(an_excerpt_serves_every_spec_that_wants_its_strips),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
