/* The losses of a clip: their minima are those of the library and of a plain count, the ways those of the command line. */
#include "tui.h"

#include "qloupe.h"

#include "npy.h"

#include <math.h>

enum { ROWS = 40, COLS = 500, WIDE = 17 }; /* the row of the largest value */

static float values[ROWS][COLS];

static const char *write_matrix(void)
{
    static char path[512];
    uint64_t seed = 5;
    for (int i = 0; i < ROWS * COLS; i++) {
        double sum = -6;
        for (int k = 0; k < 12; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(seed >> 11) * 0x1p-53;
        }
        values[i / COLS][i % COLS] = (float)(0.05 * sum);
    }
    values[WIDE][33] = 0.5f;
    values[WIDE][34] = -0.4f;
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "curve.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { ROWS, COLS }, values));
    return path;
}

/* The curve that a search weighs, and what stands at its minimum. */
static void assert_least(const char *path, const char *base, const char *clip, uint64_t group, const char *keys,
                         const char *first)
{
    ql_error error;
    ql_model *model;
    ql_engine *engine;
    ql_profile *profile;
    ql_spec spec;
    ql_curve *curve;
    char text[256];
    snprintf(text, sizeof text, "%s%cclip=%s", base, strchr(base, ':') ? ',' : ':', clip);
    assert_int_equal(ql_engine_new(2, &engine, &error), QL_OK);
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_OK);
    assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), QL_OK);
    assert_int_equal(ql_spec_parse(text, &spec, &error), QL_OK);
    assert_int_equal(ql_curve_make(engine, profile, &spec, group, NULL, &curve, &error), QL_OK);
    const bool is_symmetric = strncmp(base, "absmax", 6) == 0;
    const double at = curve->threshold[curve->best];
    const double lo = is_symmetric ? -at : at * curve->lo, hi = is_symmetric ? at : at * curve->hi;
    uint64_t inside = 0;
    for (int row = 0; row < ROWS; row++)
        for (int col = 0; col < COLS && (group == 0 || row == (int)group); col++)
            inside += (double)values[row][col] >= lo && (double)values[row][col] <= hi;
    const double share = 100 * (double)inside / (double)curve->elements;
    char *screen = screen_of("%s -s %s --keys '%s' --size 120x36", path, base, keys);
    if (is_symmetric)
        snprintf(text, sizeof text, "█ %s  least %#.4g%s at ±%#.4g = p%.2f", first, curve->loss[curve->best],
                 strcmp(clip, "kl") == 0 ? " nats" : " mean e²", hi, share);
    else
        snprintf(text, sizeof text, "█ %s  least %#.4g mean e² at %#.4g … %#.4g, %.2f %%", first, curve->loss[curve->best],
                 lo, hi, share);
    assert_shows(screen, text);
    free(screen);
    ql_curve_free(&curve);
    ql_profile_free(&profile);
    ql_model_free(&model);
    ql_engine_free(&engine);
}

static void the_least_loss_is_named_with_its_place_and_percentile(void **state)
{
    (void)state;
    const char *path = write_matrix();
    assert_least(path, "absmax:bits=4", "mse", 0, "vz", "mse");
    assert_least(path, "absmax:bits=4", "kl", 0, "vz", "kl");
    assert_least(path, "absmax:bits=4,per=row", "mse", WIDE, "vz", "mse of row 17");
    assert_least(path, "zeropoint:bits=3", "mse", 0, "vz", "mse");
    assert_least(path, "zeropoint:bits=3,per=row", "mse", WIDE, "vz", "mse of row 17");
}

static void every_way_has_the_numbers_of_the_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *clip, *shown;
    } ways[] = {
        { "minmax", "m minmax" }, { "percentile", "p p99.9" }, { "kl", "k kl" },
        { "mse", "e mse" },       { "aciq", "l laplace" },     { "aciq,dist=gauss", "g gauss" },
    };
    char arguments[512], text[128];
    char *screen = screen_of(MATRIX " -s absmax:bits=4 --keys v --size 80x24");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(arguments, sizeof arguments, MATRIX " -s absmax:bits=4,clip=%s", ways[i].clip);
        char *json = compare_json(arguments);
        snprintf(text, sizeof text, "%s %.2f dB", ways[i].shown, json_number(json, "sqnr_db"));
        assert_shows(screen, text);
        free(json);
    }
    assert_shows(screen, "★");
    free(screen);
    screen = screen_of(MATRIX " -s absmax:bits=4 --keys 'v,,' --size 80x24"); /* by hand is one more */
    assert_shows(screen, "h manual ");
    assert_shows(screen, "Loss of a clip"); /* still */
    free(screen);
    screen = screen_of(MATRIX " -s zeropoint:bits=4 --keys v --size 80x24");
    assert_shows_not(screen, "k kl");
    assert_shows(screen, "100 % of the range");
    free(screen);
}

/* A press puts the threshold there, a drag takes it along, and both are one turn. */
static void the_threshold_is_where_the_mouse_is(void **state)
{
    (void)state;
    enum { LEFT = 8, CELLS = 71 }; /* of the plot, from 1 */
    static const struct {
        const char *keys;
        int col; /* of the threshold; 0: there is none */
    } rows[] = {
        { "v<settle><Click:8,40>", 40 },
        { "v<settle><Click:8,40><Drag:9,30><Drag:20,20><Release:20,20>", 20 },
        { "v<settle><Click:8,40><Drag:9,30><Release:9,30>u", 0 },
        { "sv<settle><Click:8,40>", 0 }, /* two ends */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " -s absmax:bits=4 --keys '%s' --size 80x24", rows[i].keys);
        const char *spec = spec_on(screen), *at = strstr(spec, "manual,abs=");
        const double expected = 0.314697265625 * (rows[i].col - LEFT + 0.5) / CELLS;
        if (!at != !rows[i].col || (at && !(fabs(strtod(at + strlen("manual,abs="), NULL) - expected) < 0.0025)))
            fail_msg("%s: %s, expected %g", rows[i].keys, spec, rows[i].col ? expected : 0);
        free(screen);
    }
}

static void what_takes_no_clip_or_is_all_zero_says_so(void **state)
{
    (void)state;
    static float zeros[64];
    char *screen = screen_of(MATRIX " -s nf4 --keys v --size 80x24");
    assert_shows(screen, "nf4 takes no clip");
    free(screen);
    float with_nan[64] = { NAN, 1 };
    const char *nan_path = testing_path(testing_folder(), "nan.npy");
    assert_true(npy_write(nan_path, "f4", 2, (uint64_t[]) { 8, 8 }, with_nan));
    screen = screen_of("%s --keys v --size 80x24", nan_path);
    assert_shows(screen, "1 NaN");
    assert_shows_not(screen, "trying every way");
    free(screen);
    const char *path = testing_path(testing_folder(), "zeros.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 8, 8 }, zeros));
    char *screen_of_zeros = screen_of("%s --keys v --size 80x24", path);
    assert_shows(screen_of_zeros, "all 0, nothing to search");
    free(screen_of_zeros);
}

static void v_leads_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *title;
    } rows[] = {
        { "v", "▸ Loss of a clip · h.2.mlp.c_fc.weight" },
        { "vv", "▸ Distribution · " },
        { "V", "▸ Loss of a clip · " },
        { "vx", "▸ Distribution · " }, /* who comes closer wants to see it */
        { "v<Tab>v", "▸ Error · rows" },
        { "<S-Tab>v", "▸ Error · rows" }, /* the list has no sub-views */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --keys '%s' --size 120x36", rows[i].keys);
        assert_shows(screen, rows[i].title);
        free(screen);
    }
}

static void every_spec_and_size_is_drawn(void **state)
{
    (void)state;
    static const char *const sizes[] = { "1x1", "9x40", "60x16", "61x17", "80x24", "100x29", "1000x20", "61x100" };
    static const char *const specs[] = {
        "absmax:bits=2", "zeropoint:per=row,clip=mse", "absmax:per=block,block=16,clip=aciq", "absmax:outliers=1%,clip=kl",
        "none",          "absmax:clip=manual,abs=9"
    };
    const char *path = write_matrix();
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        for (size_t k = i % 2; k < sizeof sizes / sizeof sizes[0]; k += 2)
            free(screen_of("%s -s %s --keys 'v<settle>L<settle>c<settle>s<settle>z,J' --size %s %s", path, specs[i],
                           sizes[k], k % 4 ? "--ascii" : ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_loss_is_named_with_its_place_and_percentile),
        cmocka_unit_test(every_way_has_the_numbers_of_the_command_line),
        cmocka_unit_test(the_threshold_is_where_the_mouse_is),
        cmocka_unit_test(what_takes_no_clip_or_is_all_zero_says_so),
        cmocka_unit_test(v_leads_there_and_back),
        cmocka_unit_test(every_spec_and_size_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
