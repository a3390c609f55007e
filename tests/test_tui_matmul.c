/* The MatMul view: its numbers, its threshold, what it says where there is no product. */
#include "screens.h"

#include <math.h>

#include "npy.h"
#include "qloupe.h"

#define LAYER "h.1.attn.c_attn"
#define REAL  DEMO " -t " LAYER ".weight --x data/inputs/" LAYER ".npy"

static void screens_are_as_recorded_at_every_size_in_every_mode(void **state)
{
    (void)state;
    assert_screen_everywhere("matmul", REAL " --keys 3");
    static const struct {
        const char *name, *arguments;
    } screens[] = {
        { "matmul-channels-80x24", "--keys '3<S-Tab>' --size 80x24" },
        { "matmul-threshold-80x24", "--keys '3<Tab>l' --size 80x24" },
        { "matmul-map-80x24-ascii", "--keys '3<Tab><Tab>m' --size 80x24 --ascii" },
        { "matmul-loudest-80x24", "--keys '3<Tab><Tab><Tab>' --size 80x24" },
        { "matmul-linear-120x36", "--keys 3LhhJK --size 120x36" },
        { "matmul-export-80x24", "--keys 3w --size 80x24" },
        { "matmul-export-120x36", "--keys '3<Tab><settle>w<Down>' --size 120x36" },
        { "matmul-export-80x24-ascii", "--keys '3<S-Tab>w<Tab>' --size 80x24 --ascii" },
    };
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        char arguments[512];
        snprintf(arguments, sizeof arguments, "%s %s", REAL, screens[i].arguments);
        assert_screen(screens[i].name, arguments);
    }
}

static char *matmul_json(const char *arguments)
{
    testing_result result = testing_run("\"$QLOUPE\" matmul --json --runs 1 %s", arguments);
    if (result.exit_code != 0)
        fail_msg("exit %d: matmul %s: %s", result.exit_code, arguments, result.standard_error);
    char *json = strdup(result.standard_output);
    testing_result_free(&result);
    return json;
}

/* The line of the screen with `name` says the error and the decibels that `qloupe matmul` gives. */
static void assert_row(const char *screen, const char *name, const char *json)
{
    char error[64], db[64];
    const char *at = strstr(screen, name);
    if (!at)
        fail_msg("'%s' is not on the screen:\n%s", name, screen);
    const char *line = line_of(at, 0);
    snprintf(error, sizeof error, " %#.4g ", json_number(json, "rel_fro"));
    snprintf(db, sizeof db, " %.2f ", json_number(json, "sqnr_db"));
    if (!strstr(line, error) || !strstr(line, db))
        fail_msg("%s: expected%sand%sin\n%s", name, error, db, line);
}

static void numbers_are_those_of_matmul(void **state)
{
    (void)state;
    static const struct {
        const char *x, *of_matmul, *keys;
    } inputs[] = {
        { "--x data/inputs/" LAYER ".npy", "--x data/inputs/" LAYER ".npy", "3" },
        { "", "--x synthetic --seed 7 --outlier-channels 5 --m 32", "3" },
        { "", "--x synthetic --seed 7 --outlier-channels 5 --m 100", "3n100<Enter>" },
        { "", "--x synthetic --seed 7 --outlier-channels 5 --m 32 --threads 1", "3t3<Enter>" },
    };
    static const char *const methods[] = { "int8:tensor", "int8:row",        "llm_int8:6",
                                           "weights:nf4", "weights_a8:q4_0", "weights:absmax:bits=7" };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        char *screen = screen_of(DEMO " -t " LAYER ".weight %s --size 120x36 --keys 'b%s'", inputs[i].x, inputs[i].keys);
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
            char arguments[512];
            snprintf(arguments, sizeof arguments, DEMO " -t " LAYER ".weight %s -m %s", inputs[i].of_matmul, methods[m]);
            char *json = matmul_json(arguments);
            assert_row(screen, methods[m], json);
            free(json);
        }
        free(screen);
    }
}

static void the_threshold_moves_and_the_split_follows(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown[2], *method;
    } rows[] = {
        { "3", { "5 at or above T = 6 ", "5 of 256 input channels cost 10.6 dB" }, "llm_int8:6" },
        { "3l", { "T = 6.5 ", "5 of 256" }, "llm_int8:6.5" },
        { "3>>>", { "T = 7.5 ", "4 of 256" }, "llm_int8:7.5" },
        { "3-", { "T = 5.9 ", "5 of 256" }, "llm_int8:5.9" },
        { "3h<lt>h", { "T = 4.5 ", "7 of 256" }, "llm_int8:4.5" },
        { "3lllllllll", { "T = 15 ", "1 of 256" }, "llm_int8:15" },
        { "3llllllllllhh", { "T = 10 ", "3 of 256" }, "llm_int8:10" },
        { "3<WheelUp:6,20>", { "T = 6.1 ", "▸ Products" }, "llm_int8:6.1" },
        { "3<settle><Click:16,82>", { "▸ Error against T", "T = 2 " }, "llm_int8:2" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char arguments[512];
        char *screen = screen_of("%s --size 120x36 --keys '%s'", REAL, rows[i].keys);
        for (int k = 0; k < 2; k++)
            if (!strstr(screen, rows[i].shown[k]))
                fail_msg("keys %s: '%s' is not on the screen:\n%s", rows[i].keys, rows[i].shown[k], screen);
        snprintf(arguments, sizeof arguments, "%s -m %s", REAL, rows[i].method);
        char *json = matmul_json(arguments);
        assert_row(screen, rows[i].method, json);
        free(json);
        free(screen);
    }
}

static void what_keys_ask_for_is_done(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown;
    } rows[] = {
        { "3j", "|Y-Y'| of D weights:nf4" },
        { "3k", "|Y-Y'| of B int8:row" },
        { "3m", "▸ |Y-Y'| of D weights:nf4" },
        { "3jjjj", "|Y-Y'| of A int8:tensor" },
        { "3r", "5 of 256 input channels" },
        { "3n64<Enter>", "64×256 × 256×768" },
        { "3n64<Enter>n<Enter>", "512×256 × 256×768" },
        { "3n9999<Enter>", "9999 rows were asked for, there are 512" },
        { "3<settle>n9999<Enter>", "9999 rows were asked for, there are 512" }, /* not the numbers of before */
        { "3<settle>n9999<Enter><settle>n<Enter>", "512×256 × 256×768" },
        { "3nx<Enter>", "rows of X: a number from 1 to 65536 is wanted" },
        { "3t0<Enter>", "threads: a number from 1 to 1024 is wanted" },
        { "3x<Enter>", "32×256 × 256×768" },
        { "3<settle>x<Enter>", "32×256 × 256×768" },
        { "3<settle>n7<Enter>", "7×256 × 256×768" },
        { "3xdata/inputs/h.1.mlp.c_proj.npy<Enter>", "is 512x1024" },
        { "3hhhhhhhhhhhhhh", "All 256 channels" },
        { "3<settle><Click:16,116>", "No channel of X reaches 60" },
        { "3bb", "weights:absmax:bits=6" },
        { "3z", "Tab  Channels [Results]" },
        { "3z<Esc>", "Error against T" },
        { "3<Esc>", "[1 Explore]" },
        { "3<settle>yn", "copied: 0.00208" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 120x36 --keys '%s'", REAL, rows[i].keys);
        if (!strstr(screen, rows[i].shown))
            fail_msg("keys %s: '%s' is not on the screen:\n%s", rows[i].keys, rows[i].shown, screen);
        free(screen);
    }
}

/* Run, it prints the numbers of the screen. */
static void the_command_that_is_copied_prints_the_numbers(void **state)
{
    (void)state;
    static const char *const keys[] = { "3<settle>yy", "b3n50<Enter>t1<Enter><settle>yy" };
    static const char word[] = "copied: qloupe matmul ";
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *screen = screen_of(DEMO " -t " LAYER ".weight --size 300x36 --keys '%s'", keys[i]), *command;
        assert_shows(screen, word);
        command = strdup(line_of(strstr(screen, word) + sizeof word - 1, 0));
        char *json = matmul_json(command);
        int count = 0;
        for (const char *at = json; (at = strstr(at, "\"method\":")) != NULL; at++, count++) {
            char method[64];
            assert_int_equal(sscanf(at, "\"method\": \"%63[^\"]", method), 1);
            if (strcmp(method, "fp32") != 0)
                assert_row(screen, method, at);
        }
        assert_int_equal(count, 7);
        free(command);
        free(json);
        free(screen);
    }
}

static void where_there_is_no_product_it_says_why(void **state)
{
    (void)state;
    char *screen = screen_of(DEMO " -t h.1.attn.c_attn.bias --size 120x36 --keys 3");
    assert_shows(screen, "a tensor of one axis, a vector, makes no product");
    free(screen);
    float values[64] = { 1, 2, 3 };
    values[9] = NAN;
    const char *path = testing_path(testing_folder(), "nan.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 8, 8 }, values));
    screen = screen_of("%s --size 120x36 --keys 3", path);
    assert_shows(screen, "NaN");
    assert_shows_not(screen, "multiplying");
    free(screen);
}

/* 6.1 in float32 lies below 6.1: both sides are float32. */
static void the_screen_counts_the_columns_that_the_product_takes_apart(void **state)
{
    (void)state;
    float w[4 * 8], x[3 * 8];
    for (int i = 0; i < 4 * 8; i++)
        w[i] = (float)(i % 7 - 3);
    for (int i = 0; i < 3 * 8; i++)
        x[i] = (float)(i % 5);
    x[8 + 2] = 6.1f;
    const char *w_path = testing_path(testing_folder(), "w.npy"), *x_path = testing_path(testing_folder(), "x.npy");
    assert_true(npy_write(w_path, "f4", 2, (uint64_t[]) { 4, 8 }, w) &&
                npy_write(x_path, "f4", 2, (uint64_t[]) { 3, 8 }, x));
    char *screen = screen_of("'%s' --x '%s' --size 120x36 --keys 3+", w_path, x_path);
    assert_shows(screen, "1 at or above T = 6.1 ");
    assert_shows(screen, "llm_int8:6.1  1 in fp16");
    free(screen);
}

/* How many of all rows hold a value that reaches the threshold, in the order of what is listed. */
static void rows_that_reach_the_threshold_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        double threshold;
        bool rows; /* of X: 64 instead of all */
    } cases[] = { { "3hhh", 4.5, false }, { "3n64<Enter><settle>l", 6.5, true } };
    npy x;
    assert_true(npy_read("data/inputs/" LAYER ".npy", &x) && x.rank == 2);
    const size_t cols = (size_t)x.shape[1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *screen = screen_of("%s --size 120x50 --keys '%s'", REAL, cases[i].keys);
        const size_t rows = cases[i].rows ? 64 : (size_t)x.shape[0];
        const char *at = strstr(screen, "rows>=T");
        int listed = 0;
        assert_non_null(at);
        while ((at = strchr(at, '\n')) != NULL) {
            unsigned long channel, found, all;
            double most;
            const char *row = strstr(line_of(++at, 0), "││");
            if (!row || sscanf(row + strlen("││") + 1, "%lu %lf %lu/%lu", &channel, &most, &found, &all) != 4)
                break;
            size_t expected = 0;
            double largest = 0;
            for (size_t r = 0; r < rows; r++) {
                expected += fabs(x.values[r * cols + channel]) >= cases[i].threshold;
                largest = fmax(largest, fabs(x.values[r * cols + channel]));
            }
            if (found != expected || all != rows || fabs(most - largest) > 0.006 * largest)
                fail_msg("%s: channel %lu: %lu/%lu, %zu of %zu were to be expected:\n%s", cases[i].keys, channel, found, all,
                         expected, rows, screen);
            listed++;
        }
        assert_true(listed >= 8);
        free(screen);
    }
    npy_free(&x);
}

/* Of one row of X every cell of the map is one element of Y, so its darkest is the largest error. */
static void the_map_is_in_shares_of_y(void **state)
{
    (void)state;
    ql_error error;
    ql_engine *engine;
    ql_model *model;
    ql_activations *x;
    ql_matmul *matmul;
    ql_matmul_result result;
    assert_int_equal(ql_engine_new(1, &engine, &error), QL_OK);
    assert_int_equal(ql_model_open("data/spike.npy", QL_LAYOUT_AUTO, &model, &error), QL_OK);
    assert_int_equal(ql_activations_open("synthetic", &x, &error), QL_OK);
    assert_int_equal(ql_matmul_new(engine, ql_model_tensor(model, 0), x, 1, NULL, &matmul, &error), QL_OK);
    assert_int_equal(ql_matmul_run(matmul, "llm_int8:6", 1, NULL, &result, &error), QL_OK);
    const float *y = ql_matmul_y(matmul), *exact = ql_matmul_exact(matmul);
    const size_t n = (size_t)ql_matmul_shape_of(matmul).n;
    double squares = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        squares += (double)exact[i] * (double)exact[i];
        largest = fmax(largest, fabs((double)y[i] - (double)exact[i]));
    }
    char shown[100];
    snprintf(shown, sizeof shown, " = %.3g %% of rms Y · rows × outputs", 100 * largest / sqrt(squares / (double)n));
    char *screen = screen_of("data/spike.npy --size 200x60 --keys '3n1<Enter>'");
    assert_shows(screen, shown);
    free(screen);
    ql_matmul_free(&matmul);
    ql_activations_free(&x);
    ql_model_free(&model);
    ql_engine_free(&engine);
}

/* Less room, fewer thresholds; what is multiplied is named in full. */
static void a_narrow_view_keeps_what_matters(void **state)
{
    (void)state;
    static const struct {
        const char *size, *keys, *shown;
    } rows[] = {
        { "100x32", "3", "      T   2   4   6  10  15  30 " },
        { "100x32", "3", "in fp16  11   7   5   3   1   0 " },
        { "100x32", "3", "C: 251 columns int8, 5 fp16 (1.95 %)" },
        { "100x32", "3", " Y = X W^T  512×256 × 256×768 · W " LAYER ".weight · X data/inputs/" LAYER ".npy 5" },
        { "120x36", "3:x<Enter>", "      T     2     4     6    10    15    30 " }, /* 131 columns need more room */
        { "120x36", "3", "in fp16 11  7  7  6  5  4  3  1  1  0  0  0 " },
        { "120x36", "3j", " as codes of a spec, decoded piece by piece in cache; X in float32." },
        { "120x36", "3kk", " codes, one step for W and one for X, by absmax." },
        { "80x24", "3", " X data/inputs/" LAYER ".npy 512×256 " },
        { "80x24", "3", " Y = X W^T  512×256 × 256×768 " },
    };
    char *screen = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool is_same =
            i > 0 && strcmp(rows[i].size, rows[i - 1].size) == 0 && strcmp(rows[i].keys, rows[i - 1].keys) == 0;
        if (!is_same) {
            free(screen);
            screen = screen_of("%s --size %s --keys '%s'", REAL, rows[i].size, rows[i].keys);
        }
        if (!strstr(screen, rows[i].shown))
            fail_msg("%s, keys %s: '%s' is not on the screen:\n%s", rows[i].size, rows[i].keys, rows[i].shown, screen);
    }
    free(screen);
}

static void every_size_is_drawn(void **state)
{
    (void)state;
    static const char *const sizes[] = { "1x1", "60x16", "61x17", "99x28", "100x26", "100x29", "3x200", "300x3", "101x60" };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int tabs = 0; tabs < 5; tabs++)
            free(screen_of("data/spike.npy --size %s --keys '3%.*s'", sizes[i], 5 * tabs,
                           "<Tab><Tab><Tab><Tab>")); /* small */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded_at_every_size_in_every_mode),
        cmocka_unit_test(numbers_are_those_of_matmul),
        cmocka_unit_test(the_threshold_moves_and_the_split_follows),
        cmocka_unit_test(what_keys_ask_for_is_done),
        cmocka_unit_test(the_command_that_is_copied_prints_the_numbers),
        cmocka_unit_test(where_there_is_no_product_it_says_why),
        cmocka_unit_test(the_screen_counts_the_columns_that_the_product_takes_apart),
        cmocka_unit_test(rows_that_reach_the_threshold_are_counted),
        cmocka_unit_test(the_map_is_in_shares_of_y),
        cmocka_unit_test(a_narrow_view_keeps_what_matters),
        cmocka_unit_test(every_size_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
