/* The distribution closely: what part of the values it shows, and the clipping range moved by hand. */
#include "tui.h"

#include "npy.h"
#include "qloupe.h"
#include "text/number.c"

#include <math.h>

/* 0, 0.001, ... 1: how many lie where can be told by hand. */
static const char *write_ramp(void)
{
    static float values[1001];
    for (int i = 0; i <= 1000; i++)
        values[i] = (float)(i / 1000.0);
    static char path[512];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "ramp.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 1, 1001 }, values));
    return path;
}

static void keys_and_the_wheel_choose_the_part_that_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shows;
    } rows[] = {
        { "", "█ original  0 … 1 · 512 bins · 0 outside" },
        { "x", "view 0.2500 … 0.7500 of 0 … 1 · 512 bins · 250 below, 250 above" },
        { "xx", "view 0.3750 … 0.6250 of 0 … 1 · 512 bins · 375 below, 375 above" },
        { "x]", "view 0.3750 … 0.8750 of 0 … 1 · 512 bins · 375 below, 125 above" },
        { "x[[", "view 0 … 0.5000 of 0 … 1 · 512 bins · 500 above" },
        { "x[[[[[", "view 0 … 0.5000 of 0 … 1" },
        { "x]]]]]", "view 0.5000 … 1 of 0 … 1 · 512 bins · 500 below" },
        { "xX", "█ original  0 … 1 · 512 bins" },
        { "XXX", "█ original  0 … 1 · 512 bins" },
        { "xxx0", "█ original  0 … 1 · 512 bins" },
        { "xb", "view 0.2500 … 0.7500" }, /* another spec of the same values */
        { "xs<settle>uL", "view 0.2500 … 0.7500" },
        { "<Tab>x", "view 0.2500 … 0.7500" }, /* wherever the focus was */
        { "]", "all values are shown" },
        { "<settle>a", "view 0.001000 … 0.9990 of 0 … 1 · 512 bins · 1 below, 1 above" },
        { "a", "view 0.001000 … 0.9990 of 0 … 1 · 512 bins · 1 below, 1 above" },
        { "ax", "view 0.2505 … 0.7495" },
        { "aaa", "█ original  0 … 1 · 512 bins" },
        { "<WheelUp:8,9>", "view 0.006757 … 0.5068 of 0 … 1" }, /* around the second of 111 cells */
        { "<WheelUp:8,119>", " … 1 of 0 … 1" },
        { "x<WheelDown:8,60>", "█ original  0 … 1 · 512 bins" },
        { "x<Click:8,60><Drag:8,1><Release:8,1>", "view 0.4" },
        { "x<Click:8,60><Drag:8,20><Drag:8,60>", "view 0.2500 … 0.7500" },
        { "x<Click:8,60><Release:8,60><Drag:8,1>", "view 0.2500 … 0.7500" }, /* that is no drag */
        { "x<Click:8,60>s<Drag:8,1>", "view 0.2500 … 0.7500" },              /* it ends with the next key */
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "closer than that" },
    };
    const char *path = write_ramp();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '<settle>z%s' --size 120x36", path, rows[i].keys);
        if (!strstr(screen, rows[i].shows))
            fail_msg("%s: '%s' is not on\n%s", rows[i].keys, rows[i].shows, screen);
        free(screen);
    }
}

/* Also where groups have grids of their own, so that the worker has to count. */
static void what_lies_outside_is_counted(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4,per=row", "absmax:bits=4", "zeropoint:per=block,block=64" };
    ql_error error;
    ql_model *model;
    ql_engine *engine;
    ql_profile *profile;
    size_t index;
    assert_int_equal(ql_engine_new(2, &engine, &error), QL_OK);
    assert_int_equal(ql_model_open(DEMO, QL_LAYOUT_AUTO, &model, &error), QL_OK);
    assert_int_equal(ql_model_match(model, "h.2.mlp.c_fc.weight", &index, 1), 1);
    assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, index), NULL, &profile, &error), QL_OK);
    const double lo = profile->original.lo, width = profile->original.hi - lo;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        ql_spec spec;
        ql_report *report;
        ql_zoom *zoom;
        assert_int_equal(ql_spec_parse(specs[i], &spec, &error), QL_OK);
        assert_int_equal(ql_report_make(engine, profile, &spec, NULL, &report, &error), QL_OK);
        assert_int_equal(ql_zoom_make(engine, profile, report, lo + 0.375 * width, lo + 0.625 * width, NULL, &zoom, &error),
                         QL_OK);
        char *screen = screen_of(MATRIX " -s %s --keys zxx --size 120x36", specs[i]);
        const ql_histogram *const sides[] = { &zoom->original, &zoom->dequantized };
        for (int side = 0; side < 2; side++) {
            char below[TEXT_NUMBER_SIZE], above[TEXT_NUMBER_SIZE], text[128];
            text_count(below, sides[side]->below);
            text_count(above, sides[side]->above);
            snprintf(text, sizeof text, " · %s below, %s above", below, above);
            assert_shows(screen, text);
        }
        free(screen);
        ql_zoom_free(&zoom);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    ql_model_free(&model);
    ql_engine_free(&engine);
}

static void of_equal_values_there_is_no_part(void **state)
{
    (void)state;
    float same[64];
    for (int i = 0; i < 64; i++)
        same[i] = 0.5f;
    char path[512];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "same.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 8, 8 }, same));
    char *screen = screen_of("%s --keys '<settle>x' --size 80x24", path);
    assert_shows(screen, "all values are the same");
    assert_shows(screen, "log y · x closer");
    free(screen);
    screen = screen_of("%s --keys 'aa<settle>,,;[' --size 80x24", path);
    assert_shows(screen, "█ original  0.5000 … 0.5000");
    free(screen);
}

static void another_tensor_or_file_is_shown_whole(void **state)
{
    (void)state;
    static const char *const keys[] = { "xJ", "xJK", "x:open data/loud.npy<Enter>" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *screen = screen_of(MATRIX " --keys '%s' --size 80x24", keys[i]);
        assert_shows(screen, "log y · x closer");
        free(screen);
    }
}

static void the_view_of_the_clipping_range_shows_both_of_its_ends(void **state)
{
    (void)state;
    char *screen = screen_of(MATRIX " -s zeropoint:bits=4,clip=percentile,p=98 --keys aa --size 80x24");
    assert_shows(screen, "[─");
    assert_shows(screen, "─]");
    assert_shows(screen, "512 bins");
    free(screen);
    screen = screen_of(MATRIX " -s zeropoint:bits=4,clip=percentile,p=98 --keys aaxx --size 80x24");
    assert_shows(screen, "◂─"); /* beyond the view */
    assert_shows(screen, "─▸");
    free(screen);
}

static void levels_far_enough_apart_have_their_codes(void **state)
{
    (void)state;
    char *screen = screen_of(MATRIX " -s absmax --keys xxxx --size 80x24");
    assert_shows(screen, "code ");
    assert_shows(screen, "-24  -23   -22  -21");
    free(screen);
    screen = screen_of(MATRIX " -s absmax --size 80x24");
    assert_shows_not(screen, "code ");
    assert_shows(screen, "╵╵╵╵");
    free(screen);
    screen = screen_of(MATRIX " -s absmax:per=row --keys xxxx --size 80x24");
    assert_shows(screen, "each group has a grid of its own");
    free(screen);
}

/* ---- The range --------------------------------------------------------------------------------------------------- */

/* The value of a key in a spec; NAN when it is not there. */
static double value_of(const char *spec, const char *key)
{
    const char *at = strstr(spec, key);
    return at ? strtod(at + strlen(key), NULL) : NAN;
}

/* The screen's spec and numbers after keys that are played with these: "absmax:..." to `spec`. */
static void assert_measured(const char *keys, char spec[512])
{
    char *screen = screen_of(MATRIX " --size 120x36 --keys '%s'", keys);
    snprintf(spec, 512, "%s", spec_on(screen));
    char arguments[700], text[64];
    snprintf(arguments, sizeof arguments, MATRIX " -s %s", spec);
    char *json = compare_json(arguments);
    snprintf(text, sizeof text, "SQNR  %.2f dB", json_number(json, "sqnr_db"));
    assert_shows(screen, text);
    free(json);
    free(screen);
}

static void keys_move_the_ends_by_a_cell_and_the_numbers_are_those_of_that_spec(void **state)
{
    (void)state;
    enum { COLS = 66 }; /* of the plot */
    const double whole = 0.314697265625 + 0.2271, cell = whole / COLS;
    char spec[512];
    assert_measured(",", spec);
    assert_true(fabs(value_of(spec, "manual,abs=") - (0.3147 - cell)) < 0.001 + cell / 4);
    assert_measured(",,,,,", spec);
    assert_true(fabs(value_of(spec, "manual,abs=") - (0.3147 - 5 * cell)) < 0.001 + cell);
    assert_measured(",,,,,...", spec);
    assert_true(fabs(value_of(spec, "manual,abs=") - (0.3147 - 2 * cell)) < 0.001 + cell);
    assert_measured("xx,,", spec); /* cells are a quarter as wide */
    assert_true(fabs(value_of(spec, "manual,abs=") - (0.3147 - cell / 2)) < 0.0005 + cell / 8);
    assert_measured("bbbbcc,", spec); /* from where kl put it */
    assert_true(value_of(spec, "manual,abs=") < 0.3);
    assert_measured("s;,,,", spec);
    assert_true(fabs(value_of(spec, "lo=") - (-0.3147 + 3 * cell)) < 0.003 + cell);
    assert_true(fabs(value_of(spec, "hi=") - 0.2271) < 0.003);
    assert_measured("s;;,,,", spec);
    assert_true(fabs(value_of(spec, "lo=") + 0.3147) < 0.003);
    assert_true(fabs(value_of(spec, "hi=") - (0.2271 - 3 * cell)) < 0.003 + cell);
    assert_measured("s;;;,,,", spec);
    assert_true(fabs(value_of(spec, "lo=") - (-0.3147 + 3 * cell)) < 0.003 + cell);
    assert_true(fabs(value_of(spec, "hi=") - (0.2271 - 3 * cell)) < 0.003 + cell);
    assert_measured("g,", spec); /* the same for all rows */
    assert_non_null(strstr(spec, "absmax:per=row,clip=manual,abs="));
}

static void the_range_ends_at_the_values_and_before_nothing_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *says;
    } rows[] = {
        { "C<settle>.", "the range ends here" },
        { ":spec absmax:clip=manual,abs=0.001<Enter><settle>,", "the range ends here" },
        { ":spec nf4<Enter><settle>,", "nf4 has no clipping to choose" },
        { ":spec none<Enter>,", "none has no clipping to choose" },
        { ";", "both ends of this range move together" },
        { ":spec nf4<Enter>;", "both ends of this range move together" },
        { "s;", "the low end" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --size 120x36 --keys '%s'", rows[i].keys);
        if (!strstr(screen, rows[i].says))
            fail_msg("%s: '%s' is not on\n%s", rows[i].keys, rows[i].says, screen);
        free(screen);
    }
    char *screen = screen_of(MATRIX " --size 120x36 --keys 'C..........'");
    assert_string_equal(spec_on(screen), "absmax:clip=manual,abs=0.314697265625");
    free(screen);
}

/* In both directions, by key and by mouse; the first end is at the left edge of the plot. */
static void a_drag_is_one_turn_to_undo(void **state)
{
    (void)state;
#define DRAG "<settle><Click:10,8><Drag:10,12><settle><Drag:10,15><Drag:10,20>"
    static const struct {
        const char *keys, *spec;
    } rows[] = {
        { "b,,,,u", "absmax:bits=7" },
        { "b,,,,uu", "absmax" },
        { "b,,<settle>,,uu<C-r><C-r>u", "absmax:bits=7" },
        { "b,,b,,u", NULL },
        { "b" DRAG "<Release:10,20>u", "absmax:bits=7" },
        { "b" DRAG "<Release:10,20>uu", "absmax" },
        { "b" DRAG "u", "absmax:bits=7" }, /* before the button is let go */
        { "b" DRAG "<Release:10,20><settle><Click:10,20><Drag:10,26><Release:10,26>u", NULL },
        { "b" DRAG "<Release:10,20>,,,uu", "absmax:bits=7" },       /* two drags */
        { "b<settle><Click:10,8><Release:10,8>", "absmax:bits=7" }, /* a click alone is none */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --size 80x24 --keys '%s'", rows[i].keys);
        const char *spec = spec_on(screen);
        if (rows[i].spec ? strcmp(spec, rows[i].spec) != 0 : !strstr(spec, "clip=manual"))
            fail_msg("%s: %s, expected %s", rows[i].keys, spec, rows[i].spec ? rows[i].spec : "a range by hand");
        free(screen);
    }
}

static void the_end_is_where_the_mouse_is(void **state)
{
    (void)state;
    enum { LEFT = 8, COLS = 71 }; /* of the plot, from 1 */
    const double lo = -0.314697265625, hi = 0.2271, cell = (hi - lo) / COLS;
    static const struct {
        const char *spec, *key;
        int row, from, to;
    } rows[] = {
        { "absmax", "abs=", 10, LEFT, LEFT + 12 },
        { "absmax", "abs=", 10, LEFT, LEFT + 60 },                          /* across zero: the other end is there */
        { "absmax:clip=percentile,p=99", "abs=", 8, LEFT + 23, LEFT + 16 }, /* on the line above it */
        { "zeropoint", "hi=", 10, LEFT + 69, LEFT + 50 },
        { "zeropoint", "lo=", 10, LEFT, LEFT + 20 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --size 80x24 -s %s --keys '<settle><Click:%d,%d><Drag:%d,%d><Release:%d,%d>'",
                                 rows[i].spec, rows[i].row, rows[i].from, rows[i].row, rows[i].to, rows[i].row, rows[i].to);
        const double there = lo + (rows[i].to - LEFT + 0.5) * cell, found = value_of(spec_on(screen), rows[i].key);
        const double expected = strcmp(rows[i].key, "abs=") == 0 ? fabs(there) : there;
        if (!(fabs(found - expected) <= cell / 2))
            fail_msg("row %zu: %s, expected %g\n%s", i, spec_on(screen), expected, screen);
        free(screen);
    }
}

static void every_size_is_drawn_and_dragged(void **state)
{
    (void)state;
    static const int some[] = { 1, 2, 7, 16, 17, 24, 29, 60, 61, 80, 100, 130 };
    enum { SOME = sizeof some / sizeof some[0] };
    for (int cols = 0; cols < SOME; cols++)
        for (int rows = cols % 3; rows < SOME; rows += 3)
            free(screen_of(MATRIX " -s zeropoint:bits=4 --size %dx%d %s --keys 'xx<settle>,;,;.aa<settle>z<Click:%d,%d>"
                                  "<Drag:1,1><Drag:%d,%d><Release:3,3>[]<WheelUp:7,20>0J,'",
                           some[cols], some[rows], cols % 2 ? "--ascii" : "", some[rows] / 2 + 1, some[cols] / 2 + 1,
                           some[rows], some[cols]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_the_wheel_choose_the_part_that_is_shown),
        cmocka_unit_test(what_lies_outside_is_counted),
        cmocka_unit_test(of_equal_values_there_is_no_part),
        cmocka_unit_test(another_tensor_or_file_is_shown_whole),
        cmocka_unit_test(the_view_of_the_clipping_range_shows_both_of_its_ends),
        cmocka_unit_test(levels_far_enough_apart_have_their_codes),
        cmocka_unit_test(keys_move_the_ends_by_a_cell_and_the_numbers_are_those_of_that_spec),
        cmocka_unit_test(the_range_ends_at_the_values_and_before_nothing_is_left),
        cmocka_unit_test(a_drag_is_one_turn_to_undo),
        cmocka_unit_test(the_end_is_where_the_mouse_is),
        cmocka_unit_test(every_size_is_drawn_and_dragged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
