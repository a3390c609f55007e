/* The ways to choose a clipping range, and the figure that compares them. */
#include "pictures.h"
#include "tensors.h"

#include <float.h>
#include <stdlib.h>
#include <unistd.h>

#include "plot/words.h"

enum { ROWS = 12, COLS = 96, COUNT = ROWS * COLS };

static const ql_figure_options options = {
    .kind = "calibration",
    .command = "qloupe plot model.safetensors -t w -s absmax:bits=4 --kind calibration -o figure.png",
    .tensor = "w",
    .file = "model.safetensors",
};

static ql_engine *engine;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

/* ---- Tensors and their ways -------------------------------------------------------------------------------- */

typedef struct work {
    memory_tensor tensor;
    ql_profile *profile;
    ql_spec spec;
    ql_ways *ways;
} work;

static void profile_values(work *w, const char *spec_text, const float *x, uint64_t rows, uint64_t cols)
{
    ql_error error = { 0 };
    memset(w, 0, sizeof *w);
    must(ql_spec_parse(spec_text, &w->spec, &error), &error);
    memory_tensor_make(&w->tensor, QL_F32, x, QL_LAYOUT_OUT_IN, 2, (const uint64_t[]) { rows, cols });
    must(ql_profile_make(engine, NULL, &w->tensor.tensor, NULL, &w->profile, &error), &error);
}

static void make(work *w, const char *spec_text, const float *x)
{
    ql_error error = { 0 };
    profile_values(w, spec_text, x, ROWS, COLS);
    must(ql_ways_make(engine, w->profile, &w->spec, NULL, &w->ways, &error), &error);
}

static void free_work(work *w)
{
    ql_ways_free(&w->ways);
    ql_profile_free(&w->profile);
    memory_tensor_free(&w->tensor);
}

static void be_bell(float x[COUNT])
{
    uint64_t seed = 8;
    for (unsigned i = 0; i < COUNT; i++)
        x[i] = (float)(0.1 * random_normal(&seed));
    x[7 * COLS + 3] = -1.25f; /* row 7 holds the largest magnitude */
}

static void be_zeros(float x[COUNT])
{
    memset(x, 0, COUNT * sizeof *x);
}

static void be_constant(float x[COUNT])
{
    for (unsigned i = 0; i < COUNT; i++)
        x[i] = -2.5f;
}

static void be_positive(float x[COUNT])
{
    be_bell(x);
    for (unsigned i = 0; i < COUNT; i++)
        x[i] += 5;
}

static void be_negative(float x[COUNT])
{
    be_bell(x);
    for (unsigned i = 0; i < COUNT; i++)
        x[i] -= 5;
}

static void be_huge(float x[COUNT])
{
    be_bell(x);
    for (unsigned i = 0; i < COUNT; i++)
        x[i] *= FLT_MAX / 1.25f;
}

static void be_denormal(float x[COUNT])
{
    be_bell(x);
    for (unsigned i = 0; i < COUNT; i++)
        x[i] *= 1e-43f;
}

static void have_rows_of_zeros(float x[COUNT])
{
    be_bell(x);
    memset(x, 0, 3 * COLS * sizeof *x);
}

static void be_few_values(float x[COUNT])
{
    for (unsigned i = 0; i < COUNT; i++)
        x[i] = (float)((int)(i * 7 % 15) - 7);
}

static void (*const oddities[])(float x[COUNT]) = {
    be_bell, be_zeros, be_constant, be_positive, be_negative, be_huge, be_denormal, have_rows_of_zeros, be_few_values,
};
enum { ODDITY_COUNT = sizeof oddities / sizeof oddities[0] };

static const char *const specs[] = {
    "absmax:bits=4",
    "absmax:bits=2,per=row,range=torchobs",
    "absmax:per=tile,block=5x7,range=full,outliers=1%",
    "absmax:bits=3,clip=manual,abs=0.3",
    "zeropoint:bits=4",
    "zeropoint:bits=2,per=block,block=10",
    "zeropoint:zero=raw,clip=percentile,p=2:97",
};
enum { SPEC_COUNT = sizeof specs / sizeof specs[0] };

static void write_figure(const ql_ways *ways, const char *path)
{
    ql_error error = { .message = "" };
    if (ql_figure_write_ways(ways, &options, path, &error) != QL_OK)
        fail_msg("%s", error.message);
}

/* ---- Ways ---------------------------------------------------------------------------------------------------- */

static void assert_names(const char *spec_text, const char *const *names)
{
    float x[COUNT];
    work w;
    be_bell(x);
    make(&w, spec_text, x);
    for (size_t i = 0; i < w.ways->count; i++) {
        assert_non_null(names[i]);
        assert_string_equal(w.ways->names[i], names[i]);
    }
    assert_null(names[w.ways->count]);
    free_work(&w);
}

static void every_clip_method_that_the_mapping_takes_is_tried(void **state)
{
    (void)state;
    assert_names("absmax:bits=4",
                 (const char *const[]) { "minmax", "percentile 99.9", "kl", "mse", "aciq laplace", "aciq gauss", NULL });
    assert_names("zeropoint", (const char *const[]) { "minmax", "percentile 99.9", "mse", NULL });
}

static void the_clip_of_the_spec_itself_takes_part(void **state)
{
    (void)state;
    assert_names("absmax:clip=percentile,p=97",
                 (const char *const[]) { "minmax", "percentile 97", "kl", "mse", "aciq laplace", "aciq gauss", NULL });
    assert_names("absmax:clip=manual,abs=0.5", (const char *const[]) { "minmax", "percentile 99.9", "kl", "mse",
                                                                       "aciq laplace", "aciq gauss", "manual", NULL });
    assert_names("zeropoint:clip=percentile,p=1:98", (const char *const[]) { "minmax", "percentile 1:98", "mse", NULL });
}

static void each_way_is_the_report_of_its_spec(void **state)
{
    (void)state;
    float x[COUNT];
    be_bell(x);
    for (unsigned s = 0; s < SPEC_COUNT; s++) {
        work w;
        make(&w, specs[s], x);
        for (size_t i = 0; i < w.ways->count; i++) {
            ql_error error = { 0 };
            ql_spec spec;
            ql_report *report;
            must(ql_spec_parse(w.ways->reports[i]->spec_text, &spec, &error), &error);
            must(ql_report_make(engine, w.profile, &spec, NULL, &report, &error), &error);
            assert_memory_equal(report->metrics, w.ways->reports[i]->metrics, sizeof report->metrics);
            assert_true(w.ways->reports[w.ways->best]->metrics[QL_SQNR_DB] >= report->metrics[QL_SQNR_DB]);
            ql_report_free(&report);
        }
        free_work(&w);
    }
}

static void the_least_loss_is_where_the_search_clips(void **state)
{
    (void)state;
    float x[COUNT];
    be_bell(x);
    for (unsigned rows = 0; rows < 2; rows++) {
        work w;
        unsigned curves = 0;
        make(&w, rows ? "absmax:bits=4,per=row" : "absmax:bits=4", x);
        assert_int_equal(w.ways->group, rows ? 7 : 0);
        assert_close(w.ways->hi[0], 1.25, 1e-6, 0); /* minmax, of that group: 7 steps of float32 */
        assert_true(w.ways->lo[0] == -w.ways->hi[0]);
        for (size_t i = 0; i < w.ways->count; i++) {
            const ql_curve *curve = w.ways->curves[i];
            if (!curve)
                continue;
            curves++;
            assert_close(w.ways->hi[i], curve->threshold[curve->best], 1e-6, 0);
            assert_true(curve->group == w.ways->group && curve->hi == 1.25 && curve->lo == -1.25);
            assert_true((float)(curve->threshold[curve->best] / 7) == w.ways->reports[i]->scales[w.ways->group]);
            for (size_t k = 0; k < curve->count; k++)
                assert_true(curve->loss[k] > curve->loss[curve->best] * (1 - 1e-6) - 1e-12);
        }
        assert_int_equal(curves, 2);
        free_work(&w);
    }
}

static void curves_of_zeros_are_empty_in_every_granularity(void **state)
{
    (void)state;
    static const char *const grains[] = { "absmax", "absmax:per=row", "zeropoint", "zeropoint:per=row" };
    float x[COUNT];
    be_zeros(x);
    for (unsigned i = 0; i < 4; i++) {
        work w;
        make(&w, grains[i], x);
        for (size_t way = 0; way < w.ways->count; way++)
            assert_true(!w.ways->curves[way] || w.ways->curves[way]->count == 0);
        free_work(&w);
    }
}

static void mappings_without_clip_are_refused_and_told_which_have_it(void **state)
{
    (void)state;
    float x[COUNT];
    be_bell(x);
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const ql_mapping *mapping = ql_mapping_at(i);
        char allowed[160];
        work w;
        ql_error error = { 0 };
        if (ql_mapping_key_values(mapping, QL_KEY_CLIP, allowed))
            continue;
        profile_values(&w, "absmax", x, ROWS, COLS);
        ql_spec_change_mapping(&w.spec, mapping);
        assert_int_equal(ql_ways_make(engine, w.profile, &w.spec, NULL, &w.ways, &error), QL_BAD_USAGE);
        assert_null(w.ways);
        assert_true(strncmp(error.message, ql_mapping_describe(mapping)->name, strlen(ql_mapping_describe(mapping)->name)) ==
                    0);
        assert_non_null(strstr(error.message, "absmax"));
        assert_non_null(strstr(error.message, "zeropoint"));
        free_work(&w);
    }
}

static void values_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    float x[COUNT];
    work w;
    ql_error error = { 0 };
    be_bell(x);
    x[5] = NAN;
    profile_values(&w, "absmax", x, ROWS, COLS);
    assert_int_equal(ql_ways_make(engine, w.profile, &w.spec, NULL, &w.ways, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "1 NaN"));
    free_work(&w);
}

typedef struct watch {
    uint64_t ticks, most, last, total;
    bool fell;
} watch;

static bool on_tick(void *context, uint64_t done, uint64_t total)
{
    watch *at = context;
    at->fell |= done < at->last || done > total || (at->total && at->total != total);
    at->last = done;
    at->total = total;
    return ++at->ticks <= at->most;
}

static void progress_never_falls_and_every_stage_can_be_cancelled(void **state)
{
    (void)state;
    static const char *const some[] = { "absmax:bits=4,outliers=1%", "zeropoint:per=row" };
    float x[COUNT];
    be_bell(x);
    for (unsigned s = 0; s < 2; s++) {
        work w;
        ql_error error = { 0 };
        watch at = { .most = UINT64_MAX };
        const ql_monitor monitor = { on_tick, &at };
        profile_values(&w, some[s], x, ROWS, COLS);
        must(ql_ways_make(engine, w.profile, &w.spec, &monitor, &w.ways, &error), &error);
        assert_false(at.fell);
        assert_true(at.last > at.total / 2);
        ql_ways_free(&w.ways);
        const uint64_t all = at.ticks;
        for (uint64_t most = 0; most < all; most++) {
            at = (watch) { .most = most };
            free_work(&w);
            profile_values(&w, some[s], x, ROWS, COLS); /* one that keeps nothing of the time before */
            assert_int_equal(ql_ways_make(engine, w.profile, &w.spec, &monitor, &w.ways, &error), QL_CANCELLED);
            assert_null(w.ways);
        }
        free_work(&w);
    }
}

/* ---- Figures ------------------------------------------------------------------------------------------------- */

static void every_oddity_makes_a_figure_inside_its_page(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.bmp");
    for (unsigned o = 0; o < ODDITY_COUNT; o++)
        for (unsigned s = 0; s < SPEC_COUNT; s++) {
            float x[COUNT];
            work w;
            ql_error error = { 0 };
            oddities[o](x);
            profile_values(&w, specs[s], x, ROWS, COLS);
            if (ql_ways_make(engine, w.profile, &w.spec, NULL, &w.ways, &error) == QL_OK) {
                write_figure(w.ways, path);
                assert_margin_is_white(path, specs[s]);
            } else { /* outliers go to half precision */
                assert_true(error.status == QL_UNUSABLE && oddities[o] == be_huge && strstr(specs[s], "outliers"));
            }
            free_work(&w);
        }
}

static void one_element_makes_a_figure(void **state)
{
    (void)state;
    const float x[] = { 3.25f };
    for (unsigned s = 0; s < SPEC_COUNT; s++) {
        work w;
        ql_error error = { 0 };
        profile_values(&w, specs[s], x, 1, 1);
        must(ql_ways_make(engine, w.profile, &w.spec, NULL, &w.ways, &error), &error);
        write_figure(w.ways, testing_path(testing_folder(), "figure.svg"));
        free_work(&w);
    }
}

static void the_same_ways_give_the_same_bytes(void **state)
{
    (void)state;
    static const char *const names[] = { "a.png", "a.svg", "a.pdf", "a.jpg", "a.bmp", "a.tga" };
    float x[COUNT];
    be_bell(x);
    const char *folder = testing_folder();
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = testing_path(folder, names[i]);
        char *bytes[2];
        size_t size[2];
        for (unsigned round = 0; round < 2; round++) {
            work w;
            make(&w, "zeropoint:bits=4,per=row", x);
            write_figure(w.ways, path);
            bytes[round] = testing_read(path, &size[round]);
            free_work(&w);
        }
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

/* The text behind "WAY: NAME". */
static const char *find_chunk(const chunks *c, const char *way, const char *name)
{
    char keyword[128];
    snprintf(keyword, sizeof keyword, "%s%s%s", way, *way ? ": " : "", name);
    return chunks_find(c, keyword);
}

static void assert_curve(const char *text, const ql_curve *curve)
{
    for (size_t i = 0; i < curve->count; i++) {
        char *end;
        assert_true(strtod(text, &end) == curve->threshold[i] && *end == ' ');
        assert_true(strtod(end, &end) == curve->loss[i]);
        assert_int_equal(*end, i + 1 < curve->count ? '\n' : '\0');
        text = end + 1;
    }
}

static void png_carries_every_number_of_every_way_and_curve(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    float x[COUNT];
    work w;
    chunks c;
    be_bell(x);
    make(&w, "absmax:bits=4,per=row,clip=kl", x);
    write_figure(w.ways, path);
    chunks_read(&c, path);
    assert_string_equal(find_chunk(&c, "", "Command"), options.command);
    assert_string_equal(find_chunk(&c, "", "Spec"), "absmax:bits=4,per=row");
    assert_string_equal(find_chunk(&c, "", "group"), "7");
    assert_string_equal(find_chunk(&c, "", "groups"), "12");
    assert_string_equal(find_chunk(&c, "", "best"), w.ways->names[w.ways->best]);
    for (size_t i = 0; i < w.ways->count; i++) {
        const char *way = w.ways->names[i];
        const ql_report *report = w.ways->reports[i];
        assert_string_equal(find_chunk(&c, way, "spec"), report->spec_text);
        assert_close(strtod(find_chunk(&c, way, "scale"), NULL), report->scales[7], 0, 0);
        assert_close(strtod(find_chunk(&c, way, "clip_hi"), NULL), report->clip_hi, 0, 0);
        for (unsigned m = 0; m < QL_METRIC_COUNT; m++)
            assert_close(strtod(find_chunk(&c, way, ql_metric_describe((ql_metric)m)->name), NULL), report->metrics[m], 0,
                         0);
        if (w.ways->curves[i])
            assert_curve(find_chunk(&c, way, "curve"), w.ways->curves[i]);
    }
    chunks_free(&c);
    free_work(&w);
}

static void a_kind_is_drawn_only_of_its_own_subject(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    float x[COUNT];
    work w;
    ql_figure_options odd = options;
    ql_error error = { .message = "" };
    be_bell(x);
    make(&w, "absmax", x);
    assert_int_equal(ql_figure_write(w.ways->reports[0], &odd, path, &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "the ways to clip"));
    odd.kind = "histogram";
    assert_int_equal(ql_figure_write_ways(w.ways, &odd, path, &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "one report"));
    assert_int_equal(access(path, F_OK), -1);
    free_work(&w);
}

/* ---- The histogram of every scheme --------------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names;
}

static void every_mapping_has_a_histogram_that_speaks_of_steps_only_where_there_are_some(void **state)
{
    (void)state;
    static const char *const stepped[] = { "absmax", "zeropoint", "int4g", "ternary", NULL };
    const char *path = testing_path(testing_folder(), "figure.bmp"), *levels = testing_path(testing_folder(), "levels.npy");
    static const char header[] = "\x93NUMPY\x01\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    char bytes[128 + 12];
    const float values[] = { -1, 0.25f, 1 };
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, header, sizeof header - 1);
    bytes[127] = '\n';
    memcpy(bytes + 128, values, sizeof values);
    testing_write(levels, bytes, sizeof bytes);
    ql_figure_options histogram = options;
    histogram.kind = "histogram";
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const char *name = ql_mapping_describe(ql_mapping_at(i))->name;
        char spec[512];
        snprintf(spec, sizeof spec, "%s%s%s", name, strcmp(name, "codebook") == 0 ? ":file=" : "",
                 strcmp(name, "codebook") == 0 ? levels : "");
        for (unsigned o = 0; o < ODDITY_COUNT; o++) {
            float x[COUNT];
            work w;
            ql_report *report;
            ql_error error = { 0 };
            oddities[o](x);
            profile_values(&w, spec, x, ROWS, COLS);
            if (ql_report_make(engine, w.profile, &w.spec, NULL, &report, &error) == QL_OK) {
                assert_int_equal(ql_words_has_steps(report), is_one_of(name, stepped));
                must(ql_figure_write(report, &histogram, path, &error), &error);
                ql_report_free(&report);
            } else {
                assert_int_equal(error.status, QL_UNUSABLE); /* float16 scales cannot hold huge ones */
            }
            free_work(&w);
        }
    }
}

static void ranges_are_written_short(void **state)
{
    (void)state;
    char out[QL_RANGE_SIZE];
    ql_words_range(out, -0.5, 0.5);
    assert_string_equal(out, "±0.5000");
    ql_words_range(out, -0.5, 0.25);
    assert_string_equal(out, "−0.5000 … 0.2500");
    ql_words_range(out, 0, 0);
    assert_string_equal(out, "0");
    ql_words_range(out, -INFINITY, INFINITY);
    assert_string_equal(out, "±inf");
}

/* ---- The command --------------------------------------------------------------------------------------------- */

static void the_command_in_the_figure_makes_the_same_bytes_again(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    testing_result r =
        testing_run("$QLOUPE plot -t h.0.ln_1.weight -s absmax:clip=mse,bits=4 --kind calibration --threads 1 -o %s", path);
    assert_int_equal(r.exit_code, 0);
    testing_result_free(&r);
    size_t size, size_again;
    char *first = testing_read(path, &size), command[1024];
    chunks c;
    chunks_read(&c, path);
    const char *text = find_chunk(&c, "", "Command");
    assert_true(strncmp(text, "qloupe ", 7) == 0);
    snprintf(command, sizeof command, "%s", text + 7);
    chunks_free(&c);
    unlink(path);
    r = testing_run("$QLOUPE %s", command);
    assert_int_equal(r.exit_code, 0);
    testing_result_free(&r);
    char *second = testing_read(path, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
}

static void the_command_refuses_a_mapping_without_clip_and_writes_nothing(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    testing_result r = testing_run("$QLOUPE plot -q -t h.0.ln_1.weight -s nf4 --kind calibration -o %s", path);
    assert_int_equal(r.exit_code, 2);
    assert_string_equal(r.standard_error,
                        "qloupe: nf4 takes no clip, so there are no ways to choose a range; use one of: absmax zeropoint\n");
    assert_int_equal(access(path, F_OK), -1);
    testing_result_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clip_method_that_the_mapping_takes_is_tried),
        cmocka_unit_test(the_clip_of_the_spec_itself_takes_part),
        cmocka_unit_test(each_way_is_the_report_of_its_spec),
        cmocka_unit_test(the_least_loss_is_where_the_search_clips),
        cmocka_unit_test(curves_of_zeros_are_empty_in_every_granularity),
        cmocka_unit_test(mappings_without_clip_are_refused_and_told_which_have_it),
        cmocka_unit_test(values_that_are_not_finite_are_refused),
        cmocka_unit_test(progress_never_falls_and_every_stage_can_be_cancelled),
        cmocka_unit_test(every_oddity_makes_a_figure_inside_its_page),
        cmocka_unit_test(one_element_makes_a_figure),
        cmocka_unit_test(the_same_ways_give_the_same_bytes),
        cmocka_unit_test(png_carries_every_number_of_every_way_and_curve),
        cmocka_unit_test(a_kind_is_drawn_only_of_its_own_subject),
        cmocka_unit_test(every_mapping_has_a_histogram_that_speaks_of_steps_only_where_there_are_some),
        cmocka_unit_test(ranges_are_written_short),
        cmocka_unit_test(the_command_in_the_figure_makes_the_same_bytes_again),
        cmocka_unit_test(the_command_refuses_a_mapping_without_clip_and_writes_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
