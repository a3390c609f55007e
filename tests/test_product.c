/* The error of the product on activations that are made up, held against a plain one. */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qloupe.h"

static const ql_synthetic usual = { .seed = 7, .rows = 9, .channels = 5, .strongest = 20 };

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

static void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK)
        fail_msg("%s", error->message);
}

static void activations_are_normal_but_for_the_outlier_channels(void **state)
{
    (void)state;
    enum { ROWS = 400, COLS = 300 };
    const ql_synthetic many = { .seed = 7, .rows = ROWS, .channels = 5, .strongest = 20 };
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    float *x = malloc(ROWS * COLS * sizeof *x);
    ql_synthetic_make(&many, COLS, x);
    assert_int_equal(ql_synthetic_channels(&many, COLS, channels), 5);
    for (size_t col = 0; col < COLS; col++) {
        double sum = 0, square = 0, expected = 1;
        for (unsigned i = 0; i < 5; i++)
            expected = channels[i] == col ? 20.0 / (i + 1) : expected;
        for (size_t row = 0; row < ROWS; row++) {
            sum += (double)x[row * COLS + col];
            square += (double)x[row * COLS + col] * (double)x[row * COLS + col];
        }
        assert_true(fabs(sum / ROWS) < 0.25 * expected);
        assert_true(fabs(sqrt(square / ROWS) / expected - 1) < 0.2);
    }
    free(x);
}

static void the_seed_decides_and_the_bits_are_fixed(void **state)
{
    (void)state;
    uint64_t a[QL_SYNTHETIC_CHANNELS], b[QL_SYNTHETIC_CHANNELS];
    ql_synthetic other = usual;
    other.seed = 8;
    ql_synthetic_channels(&usual, 1000, a);
    ql_synthetic_channels(&other, 1000, b);
    assert_memory_not_equal(a, b, 5 * sizeof a[0]);
    assert_int_equal(ql_synthetic_channels(&usual, 3, a), 1); /* no more than half */
    assert_int_equal(ql_synthetic_channels(&usual, 1, a), 0);
    float x[4];
    const ql_synthetic plain = { .seed = 0, .rows = 2, .channels = 0 };
    ql_synthetic_make(&plain, 2, x);
    static const float expected[] = { -0.7149658203125f, 1.1082305908203125f, -0.8515625f, 0.1670684814453125f };
    for (int i = 0; i < 4; i++)
        if (x[i] != expected[i])
            fail_msg("value %d is %a", i, (double)x[i]);
}

/* In float64, from the working. */
static double plain_error(const ql_tensor *tensor, const ql_working *w, const ql_synthetic *synthetic)
{
    float *x = malloc(synthetic->rows * tensor->cols * sizeof *x);
    double whole = 0, lost = 0;
    ql_synthetic_make(synthetic, tensor->cols, x);
    for (uint64_t t = 0; t < synthetic->rows; t++)
        for (uint64_t row = 0; row < tensor->rows; row++) {
            double p = 0, d = 0;
            for (uint64_t col = 0; col < tensor->cols; col++) {
                const uint64_t at = tensor->layout == QL_LAYOUT_IN_OUT ? col * tensor->rows + row : row * tensor->cols + col;
                p += (double)x[t * tensor->cols + col] * (double)w->x[at];
                d += (double)x[t * tensor->cols + col] * ((double)w->x[at] - (double)w->y[at]);
            }
            whole += p * p;
            lost += d * d;
        }
    free(x);
    return lost == 0 ? 0 : sqrt(lost / whole);
}

static void check(const ql_model *model, const ql_tensor *tensor, const char *text)
{
    ql_error error;
    ql_profile *profile;
    ql_spec spec;
    ql_report *report;
    ql_working *w;
    double found;
    must(ql_profile_make(engine, model, tensor, NULL, &profile, &error), &error);
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    must(ql_working_make(engine, profile, report, &w, &error), &error);
    must(ql_product_error(engine, profile, report, &usual, NULL, &found, &error), &error);
    const double expected = plain_error(tensor, w, &usual);
    if (!(fabs(found - expected) <= 1e-5 * expected))
        fail_msg("%s: %.9g, expected %.9g", text, found, expected);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        ql_engine *several;
        double again;
        must(ql_engine_new(threads, &several, &error), &error);
        must(ql_product_error(several, profile, report, &usual, NULL, &again, &error), &error);
        assert_true(again == found);
        ql_engine_free(&several);
    }
    ql_working_free(&w);
    ql_report_free(&report);
    ql_profile_free(&profile);
}

static void the_product_is_that_of_a_plain_sum(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4", "nf4", "zeropoint:bits=3,per=col", "absmax:outliers=2%", "none" };
    static const uint64_t shapes[][2] = { { 2, 2 }, { 3, 500 }, { 500, 3 }, { 255, 257 }, { 21845, 3 }, { 2, 32768 } };
    ql_error error;
    ql_model *model;
    float *x = malloc(65536 * sizeof *x);
    uint32_t random = 3;
    for (int i = 0; i < 65536; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        must(ql_model_from_values("x", 2, shapes[i], x, &model, &error), &error);
        for (size_t k = 0; k < sizeof specs / sizeof specs[0]; k++)
            check(model, ql_model_tensor(model, 0), specs[k]);
        ql_model_free(&model);
    }
    free(x);
}

static void tensors_stored_across_give_the_same(void **state)
{
    (void)state;
    ql_error error;
    ql_model *model;
    size_t index;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    assert_int_equal(ql_model_match(model, "h.2.attn.c_proj.weight", &index, 1), 1);
    assert_int_equal(ql_model_tensor(model, index)->layout, QL_LAYOUT_IN_OUT);
    check(model, ql_model_tensor(model, index), "absmax:bits=4");
    check(model, ql_model_tensor(model, index), "nf4");
    ql_model_free(&model);
}

/* The same matrix in both orders, so wide that a chunk ends inside a column and the next begins anew. */
static void columns_longer_than_a_chunk_go_around(void **state)
{
    (void)state;
    enum { ROWS = 70001, COLS = 3 };
    float *along = malloc(ROWS * COLS * sizeof *along), *across = malloc(ROWS * COLS * sizeof *across);
    double shares[2];
    uint32_t random = 5;
    for (size_t row = 0; row < ROWS; row++)
        for (size_t col = 0; col < COLS; col++) {
            random = random * 1664525 + 1013904223;
            along[row * COLS + col] = across[col * ROWS + row] = (float)((double)(int32_t)random / 0x1p31);
        }
    const char *path = testing_path(testing_folder(), "w.bin");
    for (int i = 0; i < 2; i++) {
        ql_error error;
        ql_model *model;
        ql_profile *profile;
        ql_report *report;
        ql_spec spec;
        testing_write(path, i ? across : along, ROWS * COLS * sizeof *along);
        must(ql_model_open_raw(path, i ? "F32:3x70001" : "F32:70001x3", i ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN, &model, &error),
             &error);
        must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
        must(ql_spec_parse("absmax:bits=4,per=row", &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_product_error(engine, profile, report, &usual, NULL, &shares[i], &error), &error);
        ql_report_free(&report);
        ql_profile_free(&profile);
        ql_model_free(&model);
    }
    assert_close(shares[0], shares[1], 1e-6, 0);
    free(along);
    free(across);
}

static void what_is_no_matrix_is_refused(void **state)
{
    (void)state;
    const float x[] = { 1, 2, 3, 4, 5, 6 };
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_report *report;
    ql_spec spec;
    double share;
    must(ql_model_from_values("x", 1, (uint64_t[]) { 6 }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    assert_int_equal(ql_product_error(engine, profile, report, &usual, NULL, &share, &error), QL_UNUSABLE);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_normal_but_for_the_outlier_channels),
        cmocka_unit_test(the_seed_decides_and_the_bits_are_fixed),
        cmocka_unit_test(the_product_is_that_of_a_plain_sum),
        cmocka_unit_test(tensors_stored_across_give_the_same),
        cmocka_unit_test(columns_longer_than_a_chunk_go_around),
        cmocka_unit_test(what_is_no_matrix_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
