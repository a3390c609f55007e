/*
 * The pictures in screenshots/ and what they tell: each NAME.keys there is played as its first line says, and every number
 * on the screen must be that of `qloupe compare --json`.
 */
#include "compare_screen.h"

#define SPIKE "data/spike.npy"
#define LOUD  "data/loud.npy"

/* The screen that `screenshots/NAME.keys` leads to; more arguments behind those of its first line. */
static char *play(const char *name, const char *more)
{
    char path[128];
    snprintf(path, sizeof path, "screenshots/%s.keys", name);
    char *script = testing_read(path, NULL);
    static const char begin[] = "# qloupe ";
    assert_int_equal(strncmp(script, begin, sizeof begin - 1), 0);
    char *screen =
        screen_of("%.*s %s", (int)strcspn(script, "\n") - (int)(sizeof begin - 1), script + sizeof begin - 1, more);
    free(script);
    return screen;
}

/* "LABEL  NUMBER" of a pane of Explore. */
static void assert_pair(const char *screen, const char *label, const char *json, const char *name, text_form form)
{
    char number[TEXT_NUMBER_SIZE];
    const char *at = strstr(screen, label);
    if (!at)
        fail_msg("no '%s' on the screen:\n%s", label, screen);
    at += strlen(label);
    at += strspn(at, " ");
    text_number(number, json_number(json, name), form);
    if (strncmp(at, number, strlen(number)) != 0)
        fail_msg("%s is %s in JSON:\n%s", label, number, screen);
}

static void assert_explore_is_json(const char *screen, const char *arguments)
{
    static const struct {
        const char *label, *name;
        int metric; /* whose form it has, -1: three decimals, -2: a size */
    } pairs[] = {
        { "│ SQNR ", "sqnr_db", QL_SQNR_DB },
        { "│ RMSE/σ ", "rmse_over_std", QL_RMSE_OVER_STD },
        { "cosine ", "cosine", QL_COSINE },
        { "│ MSE ", "mse", QL_MSE },
        { "MAE ", "mae", QL_MAE },
        { "│ max |e| ", "max_abs", QL_MAX_ABS },
        { "p99 |e| ", "p99_abs", QL_P99_ABS },
        { "entropy ", "entropy_bits", QL_ENTROPY_BITS },
        { "zeros ", "zero_frac", QL_ZERO_FRAC },
        { "│ codes ", "levels_used", QL_LEVELS_USED },
        { "│ bits/wt ", "bits_per_weight", -1 },
        { "size ", "bytes", -2 },
    };
    char *json = compare_json(arguments);
    const char *pane = strstr(screen, "Error · histogram");
    assert_non_null(pane);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_pair(pane, pairs[i].label, json, pairs[i].name,
                    pairs[i].metric == -1   ? TEXT_FIXED_3
                    : pairs[i].metric == -2 ? TEXT_BYTES
                                            : text_metric_form((ql_metric)pairs[i].metric));
    free(json);
}

static void one_weight_sets_the_step(void **state)
{
    (void)state;
    char *screen = play("one-weight", ""), text[256];
    assert_explore_is_json(screen, SPIKE " -s absmax");
    char *before = compare_json(SPIKE " -s absmax"), *after = compare_json(SPIKE " -s absmax:per=block,block=64");
    snprintf(text, sizeof text, "sets the step for all 24,576: %.0f of 255 codes idle.",
             255 - json_number(before, "levels_used"));
    assert_shows(screen, "One weight, -1.64 at [29,120] (36 standard deviations),");
    assert_shows(screen, text);
    snprintf(text, sizeof text, "absmax:per=block,block=64: %.2f dB, %+.2f", json_number(after, "sqnr_db"),
             json_number(after, "sqnr_db") - json_number(before, "sqnr_db"));
    assert_shows(screen, text);
    free(screen);
    free(before);
    free(after);
}

static void a_clip_improves_the_weights_and_ruins_the_product(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4", "absmax:bits=4,clip=percentile" };
    char *screen = play("product", ""), text[256], small[TEXT_NUMBER_SIZE], large[TEXT_NUMBER_SIZE];
    assert_metrics_are_json(screen, LOUD " --x synthetic", specs, 2, 0);
    assert_true(assert_plot_is_json(screen, LOUD) >= 4);
    char *a = compare_json(LOUD " --x synthetic -s absmax:bits=4");
    char *b = compare_json(LOUD " --x synthetic -s absmax:bits=4,clip=percentile");
    const double gain = json_number(b, "sqnr_db") - json_number(a, "sqnr_db");
    assert_true(gain > 7 && json_number(b, "product_rel_fro") > 4 * json_number(a, "product_rel_fro"));
    text_number(small, json_number(a, "product_rel_fro"), TEXT_SIGNIFICANT);
    text_number(large, json_number(b, "product_rel_fro"), TEXT_SIGNIFICANT);
    snprintf(text, sizeof text, "B has better weights than A (+%.1f dB) and a worse product (%s against %s)", gain, large,
             small);
    assert_shows(screen, text);
    free(a);
    free(b);
    free(screen);
}

static void the_plot_shows_what_a_bit_buys(void **state)
{
    (void)state;
    char *screen = play("pareto", "");
    assert_shows(screen, "E◆ int4g:block=32");
    assert_true(assert_plot_is_json(screen, MATRIX) >= 15);
    free(screen);
}

static void a_block_is_stepped_through(void **state)
{
    (void)state;
    char *screen = play("block", "");
    assert_shows(screen, "W[654][192…255] under D");
    assert_shows(screen, "w = +0.04819   W[654][198]");
    free(screen);
    static const char *const specs[] = { "absmax", "absmax:bits=4", "absmax:bits=4,per=block,block=64", "nf4" };
    screen = play("compare", "");
    assert_metrics_are_json(screen, MATRIX " --x synthetic", specs, 4, 0);
    assert_true(assert_plot_is_json(screen, MATRIX) >= 6);
    free(screen);
    screen = testing_read("tests/tui/compare-120x36.txt", NULL); /* the golden screen */
    assert_metrics_are_json(screen, MATRIX " --x synthetic", specs, 4, 0);
    free(screen);
    for (int wide = 0; wide < 2; wide++) { /* narrow: the pane of the metrics alone */
        screen = play("compare", wide ? "--size 200x60" : "--size 80x24 --keys 2");
        assert_metrics_are_json(screen, MATRIX " --x synthetic", specs, 4, 0);
        assert_int_equal(assert_plot_is_json(screen, MATRIX) > 0, wide);
        free(screen);
    }
}

/* Each column over all tensors, which `m` measures under every column's spec. */
static void the_whole_model_is_summed_under_every_spec(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax", "absmax:bits=4", "absmax:bits=4,per=block,block=64", "nf4" };
    static const char *const keys[] = { "2m<settle>", "m<settle>2<settle>", "2<settle>lllm<settle>hhh<settle>",
                                        "2<settle>m<settle>J<settle>K<settle>" };
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        char *screen = screen_of("%s --size 160x40 --keys '%s'", MATRIX, keys[k]);
        compare_line lines[3];
        static const char *const labels[] = { "bits/wt, all", "mean dB, all", "worst dB,all" };
        for (size_t i = 0; i < 3; i++) {
            const char *at = compare_find(screen, labels[i]);
            assert_non_null(at);
            lines[i] = compare_split(at);
        }
        assert_shows(screen, "all: 52 tensors");
        for (size_t i = 0; i < 4; i++) {
            char arguments[256];
            snprintf(arguments, sizeof arguments, "%s -s %s", DEMO, specs[i]);
            char *json = compare_json(arguments);
            double elements = 0, bits = 0, sum = 0, worst = INFINITY;
            size_t count = 0;
            for (const char *at = json; (at = strstr(at, "{\"tensor\":")) != NULL; at++) {
                const char *shape = strstr(at, "\"shape\":[") + strlen("\"shape\":[");
                double n = strtod(shape, NULL);
                if (shape[strcspn(shape, ",]")] == ',')
                    n *= strtod(shape + strcspn(shape, ",]") + 1, NULL);
                elements += n;
                bits += n * json_number(at, "bits_per_weight");
                sum += json_number(at, "sqnr_db");
                worst = fmin(worst, json_number(at, "sqnr_db"));
                count++;
            }
            assert_int_equal(count, 52);
            const double expected[] = { bits / elements, sum / (double)count, worst };
            const int x = 15 + 30 * (int)i; /* columns are 30 cells apart, the first behind the labels */
            for (size_t row = 0; row < 3; row++) {
                char shown[COMPARE_TEXT], number[TEXT_NUMBER_SIZE];
                compare_text(&lines[row], x, x + 29, shown);
                text_number(number, expected[row], row == 0 ? TEXT_FIXED_3 : TEXT_FIXED_2);
                if (strncmp(shown, number, strlen(number)) != 0)
                    fail_msg("%s of %s is '%s' after %s, expected %s:\n%s", labels[row], specs[i], shown, keys[k], number,
                             screen);
            }
            free(json);
        }
        free(screen);
    }
}

/* The weight and what becomes of it, against the arrays that `quant -o` writes: code and value of every step of n. */
static void the_arithmetic_of_a_weight_is_that_of_quant(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    testing_result result = testing_run("\"$QLOUPE\" quant %s -s nf4 --quiet -o %s/out", MATRIX, folder);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
    ql_model *values, *stored;
    ql_error error;
    char path[512];
    snprintf(path, sizeof path, "%s/out/dequant.npy", folder);
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &values, &error), QL_OK);
    snprintf(path, sizeof path, "%s/out/codes.npy", folder);
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &stored, &error), QL_OK);
    size_t size;
    char *codes = testing_read(path, &size);
    snprintf(path, sizeof path, "%s/out/dequant.npy", folder);
    char *dequant = testing_read(path, &size);
    const ql_tensor *code_tensor = ql_model_tensor(stored, 0), *value_tensor = ql_model_tensor(values, 0);
    assert_int_equal(code_tensor->byte_count, 1024 * 256); /* a byte each; stored in,out: [256][1024] */
    for (int step = 0; step < 12; step++) {
        char keys[32] = "2lll", text[64], number[TEXT_NUMBER_SIZE];
        memset(keys + 4, 'n', (size_t)step);
        keys[4 + step] = 0;
        char *screen = screen_of("%s --size 120x36 --keys '%s'", MATRIX, keys);
        const size_t at = (size_t)(194 + step) * 1024 + 654;
        float y;
        memcpy(&y, dequant + value_tensor->offset + 4 * at, sizeof y);
        snprintf(text, sizeof text, "code %d = 0b", (int)(unsigned char)codes[code_tensor->offset + at]);
        assert_shows(screen, text);
        text_number(number, (double)y, TEXT_SIGNIFICANT);
        snprintf(text, sizeof text, "·A = %s%s   error ", y >= 0 ? "+" : "", number);
        assert_shows(screen, text);
        free(screen);
    }
    free(codes);
    free(dequant);
    ql_model_free(&values);
    ql_model_free(&stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_weight_sets_the_step),
        cmocka_unit_test(a_clip_improves_the_weights_and_ruins_the_product),
        cmocka_unit_test(the_plot_shows_what_a_bit_buys),
        cmocka_unit_test(a_block_is_stepped_through),
        cmocka_unit_test(the_whole_model_is_summed_under_every_spec),
        cmocka_unit_test(the_arithmetic_of_a_weight_is_that_of_quant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
