/*
 * Bits per weight with everything counted: codes, scales as they are stored, zero points, codebooks, outliers. The expected
 * numbers are worked out here, by hand, from the counts of groups.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "qloupe.h"

enum { ROWS = 37, COLS = 50, N = ROWS * COLS };

/* Groups of a matrix of 37 x 50: nothing divides anything. */
enum {
    ONE = 1,
    BLOCK_16 = 37 * 4,
    BLOCK_32 = 37 * 2,
    BLOCK_128 = 37,
    FLAT_64 = 29,
    TILE_16 = 3 * 4,
};

static const struct {
    const char *spec;
    double bits; /* of the whole matrix */
} EXPECTED[] = {
    { "absmax", 8.0 * N + 32 },
    { "absmax:bits=3", 3.0 * N + 32 },
    { "absmax:bits=4,per=row", 4.0 * N + 32 * ROWS },
    { "absmax:bits=4,per=col", 4.0 * N + 32 * COLS },
    { "absmax:bits=4,per=block,block=32", 4.0 * N + 32 * BLOCK_32 },
    { "absmax:bits=4,per=flat,block=64", 4.0 * N + 32 * FLAT_64 },
    { "absmax:bits=4,per=tile,block=16x16", 4.0 * N + 32 * TILE_16 },
    { "absmax:bits=4,per=row,outliers=1.5%", 4.0 * N + 32 * ROWS + 48 * 27 },
    { "absmax:bits=4,clip=mse", 4.0 * N + 32 },
    { "absmax:round=stochastic,range=full", 8.0 * N + 32 },
    { "zeropoint", 8.0 * N + (32 + 8) },
    { "zeropoint:bits=4,per=row", 4.0 * N + (32 + 4) * ROWS },
    { "zeropoint:bits=4,per=row,zero=raw", 4.0 * N + 64 * ROWS },
    { "zeropoint:bits=2,per=block,block=16", 2.0 * N + (32 + 2) * BLOCK_16 },
    { "int4g", 4.0 * N + (16 + 4) * BLOCK_128 },
    { "int4g:bits=3,block=32", 3.0 * N + (16 + 3) * BLOCK_32 },
    { "nf4", 4.0 * N + 32 * FLAT_64 },
    { "nf4:per=block,block=32", 4.0 * N + 32 * BLOCK_32 },
    { "nf4:double=1", 4.0 * N + 8 * FLAT_64 + 32 + 32 },
    { "nf4:block=1,double=1", 4.0 * N + 8 * N + 32 * 8 + 32 },
    { "nf4:outliers=1%", 4.0 * N + 32 * FLAT_64 + 48 * 18 },
    { "bnbfp4", 4.0 * N + 32 * FLAT_64 },
    { "fp4", 4.0 * N + 32 * BLOCK_32 },
    { "mxfp4", 4.0 * N + 8 * BLOCK_32 },
    { "nvfp4", 4.0 * N + 8 * BLOCK_16 + 32 },
    { "fp8_e4m3", 8.0 * N + 32 * ROWS },
    { "fp8_e5m2:per=tensor", 8.0 * N + 32 },
    { "fp8_e4m3:scale=0", 8.0 * N },
    { "fp16", 16.0 * N },
    { "bf16", 16.0 * N },
    { "kmeans", 4.0 * N + 32 * 16 },
    { "kmeans:bits=2,per=row", 2.0 * N + 32 * 4 * ROWS },
    { "quantile:bits=3", 3.0 * N + 32 * 8 },
    { "ternary", 2.0 * N + 32 },
    { "ternary:per=row", 2.0 * N + 32 * ROWS },
    { "binary:per=row", 1.0 * N + 32 * ROWS },
    { "q8_0", 8.0 * N + 16 * BLOCK_32 },
    { "q4_0", 4.0 * N + 16 * BLOCK_32 },
    { "q4_1", 4.0 * N + 32 * BLOCK_32 },
    { "q5_0", 5.0 * N + 16 * BLOCK_32 },
    { "q5_1", 5.0 * N + 32 * BLOCK_32 },
};

enum { EXPECTED_COUNT = sizeof EXPECTED / sizeof EXPECTED[0] };

static ql_engine *engine;
static ql_model *model;
static ql_profile *profile;

static void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK)
        fail_msg("%s", error->message);
}

static int start(void **state)
{
    (void)state;
    static float x[N];
    uint32_t random = 1;
    for (int i = 0; i < N; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    ql_error error;
    return ql_engine_new(2, &engine, &error) != QL_OK ||
           ql_model_from_values("x", 2, (uint64_t[]) { ROWS, COLS }, x, &model, &error) != QL_OK ||
           ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_profile_free(&profile);
    ql_model_free(&model);
    ql_engine_free(&engine);
    return 0;
}

static void check_report(const char *text, double bits)
{
    ql_spec spec;
    ql_report *report;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    if (report->bits_per_weight != bits / N)
        fail_msg("%s: %.17g bits per weight, not %.17g", text, report->bits_per_weight, bits / N);
    assert_int_equal(report->byte_count, (uint64_t)ceil(bits / 8));
    ql_report_free(&report);
}

static void every_scheme_counts_all_that_it_stores(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++)
        check_report(EXPECTED[i].spec, EXPECTED[i].bits);
    check_report("none", 32.0 * N);
}

static void a_codebook_counts_its_levels_once(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    char spec[300];
    assert_true(
        npy_write(testing_path(folder, "levels.npy"), "f4", 1, (uint64_t[]) { 5 }, (float[]) { -1, -0.25f, 0, 0.25f, 1 }));
    snprintf(spec, sizeof spec, "codebook:per=row,file=%s", testing_path(folder, "levels.npy"));
    check_report(spec, 3.0 * N + 32 * ROWS + 32 * 5);
}

static void no_mapping_is_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const ql_mapping_info *info = ql_mapping_describe(ql_mapping_at(i));
        const size_t size = strlen(info->name);
        bool found = strcmp(info->name, "none") == 0 || strcmp(info->name, "codebook") == 0;
        for (size_t at = 0; at < EXPECTED_COUNT; at++)
            found = found || (strncmp(EXPECTED[at].spec, info->name, size) == 0 && strchr(":", EXPECTED[at].spec[size]));
        if (!found)
            fail_msg("%s has no row here", info->name);
        assert_non_null(info->storage);
    }
}

static void bits_are_known_before_there_are_weights(void **state)
{
    (void)state;
    ql_error error;
    ql_spec spec;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        must(ql_spec_parse(EXPECTED[i].spec, &spec, &error), &error);
        assert_close(ql_spec_bits_per_weight(&spec, ROWS, COLS), EXPECTED[i].bits / N, 1e-15, 0);
    }
    must(ql_spec_parse("none", &spec, &error), &error);
    assert_true(ql_spec_bits_per_weight(&spec, ROWS, COLS) == 0);
}

/* The texts of a large matrix: what people know of these formats. */
static void large_matrices_have_the_bits_that_people_quote(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        double bits;
    } quoted[] = {
        { "nf4", 4.5 }, { "nf4:double=1", 4.127 }, { "mxfp4", 4.25 }, { "nvfp4", 4.5 }, { "int4g", 4.156 }, { "q4_0", 4.5 },
        { "q4_1", 5 },  { "q5_0", 5.5 },           { "q5_1", 6 },     { "q8_0", 8.5 },
    };
    ql_error error;
    ql_spec spec;
    for (size_t i = 0; i < sizeof quoted / sizeof quoted[0]; i++) {
        must(ql_spec_parse(quoted[i].spec, &spec, &error), &error);
        assert_close(ql_spec_bits_per_weight(&spec, 4096, 4096), quoted[i].bits, 0, 5e-4);
    }
}

static void tables_show_the_true_bits(void **state)
{
    (void)state;
    static const char *const commands[] = { "quant", "compare" };
    for (size_t i = 0; i < 2; i++) {
        testing_result result =
            testing_run("\"$QLOUPE\" %s data/storyteller.safetensors -t h.2.mlp.c_fc.weight -s nf4 -q", commands[i]);
        assert_int_equal(result.exit_code, 0);
        assert_non_null(strstr(result.standard_output, "4.500"));
        assert_non_null(strstr(result.standard_output, "144.0 KiB"));
        testing_result_free(&result);
    }
    testing_result result = testing_run("\"$QLOUPE\" explain nf4:block=2 1 2 3 4");
    assert_non_null(strstr(result.standard_output, "10 bytes for n = 4, G = 2"));
    testing_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scheme_counts_all_that_it_stores),
        cmocka_unit_test(a_codebook_counts_its_levels_once),
        cmocka_unit_test(no_mapping_is_left_out),
        cmocka_unit_test(bits_are_known_before_there_are_weights),
        cmocka_unit_test(large_matrices_have_the_bits_that_people_quote),
        cmocka_unit_test(tables_show_the_true_bits),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
