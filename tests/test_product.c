/* The error of the product on activations that are made up or come from a file, held against a plain one. */
#include "npy.h"
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

static ql_activations *made_up(const ql_synthetic *synthetic)
{
    ql_activations *x;
    ql_error error;
    must(ql_activations_make_up(synthetic, &x, &error), &error);
    return x;
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

static void the_seed_decides_which_channels_are_loud(void **state)
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
}

/* In float64, from the working; x is [tokens][cols]. */
static double plain_error(const ql_tensor *tensor, const ql_working *w, const float *x, uint64_t tokens)
{
    double whole = 0, lost = 0;
    for (uint64_t t = 0; t < tokens; t++)
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
    return lost == 0 ? 0 : sqrt(lost / whole);
}

/* `x` are the tokens that `activations` stand for. */
static void check_with(const ql_model *model, const ql_tensor *tensor, const char *text, const ql_activations *activations,
                       const float *x, uint64_t tokens)
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
    must(ql_product_error(engine, profile, report, activations, NULL, &found, &error), &error);
    const double expected = plain_error(tensor, w, x, tokens);
    if (!(fabs(found - expected) <= 1e-5 * expected))
        fail_msg("%s: %.9g, expected %.9g", text, found, expected);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        ql_engine *several;
        double again;
        must(ql_engine_new(threads, &several, &error), &error);
        must(ql_product_error(several, profile, report, activations, NULL, &again, &error), &error);
        assert_true(again == found);
        ql_engine_free(&several);
    }
    ql_working_free(&w);
    ql_report_free(&report);
    ql_profile_free(&profile);
}

static void check_made_up(const ql_model *model, const ql_tensor *tensor, const char *text, const ql_synthetic *synthetic)
{
    ql_activations *activations = made_up(synthetic);
    float *x = malloc(synthetic->rows * tensor->cols * sizeof *x);
    ql_synthetic_make(synthetic, tensor->cols, x);
    check_with(model, tensor, text, activations, x, synthetic->rows);
    free(x);
    ql_activations_free(&activations);
}

static void check(const ql_model *model, const ql_tensor *tensor, const char *text)
{
    check_made_up(model, tensor, text, &usual);
}

static void the_product_is_that_of_a_plain_sum(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4", "nf4", "zeropoint:bits=3,per=col", "absmax:outliers=2%", "none" };
    static const uint64_t shapes[][2] = { { 2, 2 }, { 1, 7 }, { 7, 1 }, { 3, 500 }, { 500, 3 }, { 255, 257 }, { 21845, 3 }, { 2, 32768 } };
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
    ql_activations *activations = made_up(&usual);
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
        must(ql_product_error(engine, profile, report, activations, NULL, &shares[i], &error), &error);
        ql_report_free(&report);
        ql_profile_free(&profile);
        ql_model_free(&model);
    }
    assert_close(shares[0], shares[1], 1e-6, 0);
    ql_activations_free(&activations);
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
    ql_activations *activations = made_up(&usual);
    must(ql_model_from_values("x", 1, (uint64_t[]) { 6 }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    assert_int_equal(ql_product_error(engine, profile, report, activations, NULL, &share, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "a tensor of one axis, a vector, makes no product");
    ql_activations_free(&activations);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

/* Uniform in -1 .. 1. */
static float *random_values(size_t count, uint32_t random)
{
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    return x;
}

/* More tokens than a worker keeps: 4,194,304 over the 21,845 rows of a chunk. */
static void many_tokens_are_taken_in_bands(void **state)
{
    (void)state;
    const ql_synthetic many = { .seed = 3, .rows = 400, .channels = 1, .strongest = 9 };
    float *w = random_values(21845 * 3, 4);
    ql_error error;
    ql_model *model;
    must(ql_model_from_values("w", 2, (uint64_t[]) { 21845, 3 }, w, &model, &error), &error);
    check_made_up(model, ql_model_tensor(model, 0), "absmax:bits=3", &many);
    ql_model_free(&model);
    free(w);
}

static ql_activations *opened(const char *text)
{
    ql_activations *x;
    ql_error error;
    must(ql_activations_open(text, &x, &error), &error);
    return x;
}

static void assert_described(const ql_activations *x, uint64_t cols, const char *expected)
{
    char text[256];
    const ql_tensor tensor = { .name = ql_text_from("w"), .rows = 2, .cols = cols };
    ql_activations_describe(x, cols ? &tensor : NULL, text, sizeof text);
    const char *name = strrchr(text, '/'); /* the folder is a temporary one */
    assert_string_equal(name ? name + 1 : text, expected);
}

static void activations_come_from_a_file(void **state)
{
    (void)state;
    enum { ROWS = 11, COLS = 37, TOKENS = 6 };
    float *w = random_values(ROWS * COLS, 8), *x = random_values(TOKENS * COLS, 9);
    const char *path = testing_path(testing_folder(), "acts.npy");
    ql_error error;
    ql_model *model;
    must(ql_model_from_values("w", 2, (uint64_t[]) { ROWS, COLS }, w, &model, &error), &error);
    static const struct {
        unsigned rank;
        uint64_t shape[3];
    } shapes[] = { { 2, { TOKENS, COLS } }, { 3, { 2, TOKENS / 2, COLS } } };
    for (size_t i = 0; i < 2; i++) {
        assert_true(npy_write(path, "f4", shapes[i].rank, shapes[i].shape, x));
        ql_activations *activations = opened(path);
        assert_described(activations, COLS, "acts.npy 6×37");
        check_with(model, ql_model_tensor(model, 0), "absmax:bits=3", activations, x, TOKENS);
        check_with(model, ql_model_tensor(model, 0), "nf4", activations, x, TOKENS);
        ql_activations_free(&activations);
    }
    ql_model_free(&model);
    free(w);
    free(x);
}

static void of_a_long_file_rows_are_taken_evenly(void **state)
{
    (void)state;
    enum { ROWS = 5, COLS = 4, TOKENS = 2500 };
    float *w = random_values(ROWS * COLS, 8), *x = random_values(TOKENS * COLS, 9),
          *taken = malloc(1024 * COLS * sizeof *taken);
    for (size_t row = 0; row < 1024; row++)
        memcpy(taken + row * COLS, x + row * TOKENS / 1024 * COLS, COLS * sizeof *x);
    const char *path = testing_path(testing_folder(), "long.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { TOKENS, COLS }, x));
    ql_error error;
    ql_model *model;
    must(ql_model_from_values("w", 2, (uint64_t[]) { ROWS, COLS }, w, &model, &error), &error);
    ql_activations *activations = opened(path);
    assert_described(activations, 0, "long.npy 1024 of 2500 rows × 4");
    check_with(model, ql_model_tensor(model, 0), "absmax:bits=4", activations, taken, 1024);
    ql_activations_free(&activations);
    ql_model_free(&model);
    free(w);
    free(x);
    free(taken);
}

static void made_up_ones_are_as_wide_as_the_tensor(void **state)
{
    (void)state;
    ql_activations *x = opened("synthetic"),
                   *one = made_up(&(ql_synthetic) { .seed = 1, .rows = 2, .channels = 1, .strongest = 3 });
    assert_described(x, 256, "synthetic 32×256, 5 outlier channels, seed 7");
    assert_described(x, 0, "synthetic, 5 outlier channels, seed 7");
    assert_described(x, 4, "synthetic 32×4, 2 outlier channels, seed 7"); /* half of all */
    assert_described(one, 3, "synthetic 2×3, 1 outlier channel, seed 1");
    ql_activations_free(&x);
    ql_activations_free(&one);
    ql_activations_free(&x);
}

static void assert_refused(const char *text, ql_status status, const char *expected)
{
    ql_activations *x = NULL;
    ql_error error;
    const ql_status found = ql_activations_open(text, &x, &error);
    if (found != status || !strstr(error.message, expected) || strchr(error.message, '\n'))
        fail_msg("%s: status %d, '%s'; expected %d and '%s'", text, found, error.message, status, expected);
    assert_null(x);
}

static void what_is_no_activations_is_refused(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    float x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    char text[512];
    assert_true(npy_write(testing_path(folder, "line.npy"), "f4", 1, (uint64_t[]) { 12 }, x));
    assert_true(npy_write(testing_path(folder, "none.npy"), "f4", 2, (uint64_t[]) { 0, 4 }, x));
    x[7] = NAN;
    assert_true(npy_write(testing_path(folder, "nan.npy"), "f4", 2, (uint64_t[]) { 3, 4 }, x));
    x[7] = -INFINITY;
    assert_true(npy_write(testing_path(folder, "inf.npy"), "f4", 2, (uint64_t[]) { 3, 4 }, x));
    assert_refused(testing_path(folder, "line.npy"), QL_BAD_USAGE, "line.npy: holds no activations");
    assert_refused(testing_path(folder, "none.npy"), QL_BAD_USAGE, "none.npy: holds no activations");
    assert_refused(testing_path(folder, "nan.npy"), QL_UNUSABLE, "nan.npy: X[1][3] is NaN");
    assert_refused(testing_path(folder, "inf.npy"), QL_UNUSABLE, "inf.npy: X[1][3] is infinite");
    assert_refused(testing_path(folder, "missing.npy"), QL_BAD_FILE,
                   "missing.npy: cannot be opened (No such file or directory)");
    assert_refused("", QL_BAD_FILE, "");
    assert_refused("data/storyteller.safetensors", QL_BAD_USAGE, "tensors may be the activations ('");
    assert_refused("data/storyteller.safetensors:nothing", QL_BAD_USAGE, "no tensor matches 'nothing'");
    assert_refused(
        "data/storyteller.safetensors:h.*.mlp.c_fc.weight", QL_BAD_USAGE,
        "4 tensors may be the activations ('h.0.mlp.c_fc.weight', 'h.1.mlp.c_fc.weight', 'h.2.mlp.c_fc.weight', ...)");
    assert_refused("data/storyteller.safetensors:ln_f.bias", QL_BAD_USAGE, "holds no activations");
    snprintf(text, sizeof text, "%s:x:y", testing_path(folder, "line.npy"));
    assert_refused(text, QL_BAD_USAGE, "no tensor matches 'x:y'");
}

static void a_tensor_of_a_file_is_named_behind_a_colon(void **state)
{
    (void)state;
    ql_activations *exact = opened("data/storyteller.safetensors:wpe.weight"),
                   *some = opened("data/storyteller.safetensors:wpe*");
    assert_described(exact, 0, "storyteller.safetensors:wpe.weight 512×256");
    assert_described(some, 0, "storyteller.safetensors:wpe* 512×256");
    ql_activations_free(&exact);
    ql_activations_free(&some);

    const float x[6] = { 1, 2, 3, 4, 5, 6 }; /* a name with a colon in it is no file with a tensor */
    const char *path = testing_path(testing_folder(), "a:b.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 3 }, x));
    exact = opened(path);
    assert_described(exact, 0, "a:b.npy 2×3");
    ql_activations_free(&exact);
}

static void another_number_of_channels_is_refused_with_both_shapes(void **state)
{
    (void)state;
    const float x[6] = { 1, 2, 3, 4, 5, 6 };
    const char *path = testing_path(testing_folder(), "x.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 3 }, x));
    ql_activations *activations = opened(path);
    ql_model *model;
    ql_error error;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    size_t index;
    assert_int_equal(ql_model_match(model, "h.2.mlp.c_proj.weight", &index, 1), 1);
    assert_int_equal(ql_activations_fit(activations, ql_model_tensor(model, index), &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "x.npy is 2x3, W is 256x1024 (out x in): X needs 1024 columns"));
    ql_model_free(&model);
    ql_activations_free(&activations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_normal_but_for_the_outlier_channels),
        cmocka_unit_test(the_seed_decides_which_channels_are_loud),
        cmocka_unit_test(the_product_is_that_of_a_plain_sum),
        cmocka_unit_test(tensors_stored_across_give_the_same),
        cmocka_unit_test(columns_longer_than_a_chunk_go_around),
        cmocka_unit_test(what_is_no_matrix_is_refused),
        cmocka_unit_test(many_tokens_are_taken_in_bands),
        cmocka_unit_test(activations_come_from_a_file),
        cmocka_unit_test(of_a_long_file_rows_are_taken_evenly),
        cmocka_unit_test(made_up_ones_are_as_wide_as_the_tensor),
        cmocka_unit_test(what_is_no_activations_is_refused),
        cmocka_unit_test(a_tensor_of_a_file_is_named_behind_a_colon),
        cmocka_unit_test(another_number_of_channels_is_refused_with_both_shapes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
