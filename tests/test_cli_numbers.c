/*
 * The numbers of `qloupe compare` on a matrix of the demo, against numbers that NumPy found a second way.
 *
 * The table is what tests/check_compare.py prints; that script also checks a JSON file directly.
 */
#include "cli.h"
#include "npy.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_COUNT = 9 };

static const char *const NUMBERS[NUMBER_COUNT] = { "mae",       "mse",           "max_abs", "sqnr_db",      "cosine",
                                                   "zero_frac", "worst_row_mse", "p99_abs", "rmse_over_std" };

static const struct {
    const char *spec;
    double bits_per_weight;
    double numbers[NUMBER_COUNT];
} EXPECTED[] = {
    { "absmax",
      8.0001220703125,
      { 0.000620180046055907, 5.125596745843469e-07, 0.0012389570474624634, 36.5568384506948, 0.9998895434480215,
        0.021099090576171875, 6.27419160184417e-07, 0.0012271907180547714, 0.014865014184778 } },
    { "absmax:per=row",
      8.125,
      { 0.0002958685745431122, 1.1926368949732167e-07, 0.0012341588735580444, 42.88920039936231, 0.9999742936431674,
        0.01001739501953125, 5.505471760099231e-07, 0.000677153468132019, 0.007170463517881469 } },
    { "zeropoint:bits=4,per=row",
      4.140625,
      { 0.004646052382952348, 2.9128489752285398e-05, 0.01520996168255806, 19.01110312323142, 0.9937775561162425,
        0.15626144409179688, 8.288624640030716e-05, 0.01027832180261612, 0.11206038090203435 } },
    { "absmax:bits=4,per=block,block=64",
      4.5,
      { 0.00448071962338048, 2.7993014331916185e-05, 0.0219573974609375, 19.183786138282517, 0.9940228742023772,
        0.15250396728515625, 5.844931927337194e-05, 0.0109710693359375, 0.10985452323029193 } },
};

/* The number behind "KEY": in JSON text, from `at` on. */
static double number_after(const char *at, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(at, quoted);
    assert_non_null(found);
    return strtod(found + strlen(quoted), NULL);
}

static void compare_agrees_with_numpy(void **state)
{
    (void)state;
    testing_result result =
        testing_run("\"$QLOUPE\" compare -t h.2.mlp.c_fc.weight -s absmax:bits=8 -s absmax:bits=8,per=channel "
                    "-s zeropoint:bits=4,per=channel -s absmax:bits=4,per=block,block=64 "
                    "--json data/storyteller.safetensors");
    assert_int_equal(result.exit_code, 0);
    const char *at = result.standard_output;
    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++) {
        char spec[96];
        snprintf(spec, sizeof spec, "\"spec\":\"%s\",", EXPECTED[i].spec);
        at = strstr(at, spec);
        assert_non_null(at);
        assert_true(number_after(at, "bits_per_weight") == EXPECTED[i].bits_per_weight);
        for (size_t number = 0; number < NUMBER_COUNT; number++)
            assert_close(number_after(at, NUMBERS[number]), EXPECTED[i].numbers[number], 1e-9, 0);
    }
    testing_result_free(&result);
}

static void layout_decides_what_a_row_is(void **state)
{
    (void)state;
    testing_result found = testing_run("\"$QLOUPE\" compare -t h.2.mlp.c_fc.weight -s absmax:per=row "
                                       "--json data/storyteller.safetensors");
    testing_result forced = testing_run("\"$QLOUPE\" compare -t h.2.mlp.c_fc.weight -s absmax:per=col --layout out,in "
                                        "--json data/storyteller.safetensors");
    assert_true(number_after(found.standard_output, "mse") == number_after(forced.standard_output, "mse"));
    assert_true(number_after(found.standard_output, "bits_per_weight") == 8 + 32.0 / 256);
    testing_result_free(&found);
    testing_result_free(&forced);
}

/* absmax in 4 bits and the product by hand, in float64. */
static void the_product_is_that_of_a_plain_loop(void **state)
{
    (void)state;
    enum { OUT = 6, IN = 50, TOKENS = 7 };
    float w[OUT * IN], x[TOKENS * IN], largest = 0;
    uint32_t random = 11;
    for (int i = 0; i < OUT * IN + TOKENS * IN; i++) {
        random = random * 1664525 + 1013904223;
        *(i < OUT * IN ? &w[i] : &x[i - OUT * IN]) = (float)((double)(int32_t)random / 0x1p31);
    }
    for (int i = 0; i < OUT * IN; i++)
        largest = fmaxf(largest, fabsf(w[i]));
    const double step = (double)(largest / 7);
    double whole = 0, lost = 0;
    for (int t = 0; t < TOKENS; t++)
        for (int row = 0; row < OUT; row++) {
            double p = 0, d = 0;
            for (int col = 0; col < IN; col++) {
                const double value = (double)w[row * IN + col];
                p += (double)x[t * IN + col] * value;
                d += (double)x[t * IN + col] * (value - step * nearbyint(value / step));
            }
            whole += p * p;
            lost += d * d;
        }
    const char *folder = testing_folder();
    assert_true(npy_write(testing_path(folder, "w.npy"), "f4", 2, (uint64_t[]) { OUT, IN }, w));
    assert_true(npy_write(testing_path(folder, "x.npy"), "f4", 2, (uint64_t[]) { TOKENS, IN }, x));
    testing_result json = testing_run("\"$QLOUPE\" compare %s/w.npy --x %s/x.npy -s absmax:bits=4 --json", folder, folder);
    testing_result plain = testing_run("\"$QLOUPE\" compare %s/w.npy -s absmax:bits=4 --json", folder);
    testing_result csv = testing_run("\"$QLOUPE\" compare %s/w.npy --x %s/x.npy -s absmax:bits=4 --csv", folder, folder);
    testing_result quant = testing_run("\"$QLOUPE\" quant %s/w.npy --x %s/x.npy -s absmax:bits=4 --json", folder, folder);
    const double found = number_after(json.standard_output, "product_rel_fro");
    assert_close(found, sqrt(lost / whole), 1e-5, 0);
    char text[600];
    snprintf(text, sizeof text, "\"activations\":\"%s/x.npy\",", folder);
    assert_non_null(strstr(json.standard_output, text));
    assert_string_equal(json.standard_output, quant.standard_output);
    assert_non_null(strstr(csv.standard_output, ",rmse_over_std,product_rel_fro,note\n"));
    const char *digits = strstr(json.standard_output, "product_rel_fro\":") + strlen("product_rel_fro\":");
    snprintf(text, sizeof text, ",%.*s,", (int)strcspn(digits, "}"), digits);
    assert_non_null(strstr(csv.standard_output, text));
    assert_null(strstr(plain.standard_output, "product"));
    assert_null(strstr(plain.standard_output, "activations"));
    testing_result_free(&json);
    testing_result_free(&plain);
    testing_result_free(&csv);
    testing_result_free(&quant);
}

static void numbers_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    testing_result one = testing_run("\"$QLOUPE\" compare -t '*c_fc*' -s zeropoint:bits=4,per=row --json --threads 1 "
                                     "data/storyteller.safetensors");
    testing_result many = testing_run("\"$QLOUPE\" compare -t '*c_fc*' -s zeropoint:bits=4,per=row --json --threads 7 "
                                      "data/storyteller.safetensors");
    assert_int_equal(one.exit_code, 0);
    assert_string_equal(one.standard_output, many.standard_output);
    testing_result_free(&one);
    testing_result_free(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_agrees_with_numpy),
        cmocka_unit_test(layout_decides_what_a_row_is),
        cmocka_unit_test(the_product_is_that_of_a_plain_loop),
        cmocka_unit_test(numbers_are_the_same_for_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
