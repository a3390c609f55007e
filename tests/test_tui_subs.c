/* The sub-views of the pane of the error: their numbers are those of the report. */
#include "tui.h"

#include "npy.h"

enum { ROWS = 1000, COLS = 24, WORST = 617 };

/* All rows alike but for one, which lies between the steps. */
static const char *write_matrix(void)
{
    static float values[ROWS][COLS];
    for (int row = 0; row < ROWS; row++)
        for (int col = 0; col < COLS; col++)
            values[row][col] = 1e-3f * (row == WORST ? 3.46f : (float)(col % 15 - 7) + (float)(row % 7) * 0.01f);
    values[0][0] = 7e-3f;
    const char *path = testing_path(testing_folder(), "rows.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { ROWS, COLS }, values));
    return path;
}

static void the_worst_row_and_its_error_are_those_of_the_report(void **state)
{
    (void)state;
    static const char *const sizes[] = { "60x16", "80x24", "120x36", "200x60" };
    const char *path = write_matrix();
    char arguments[512], text[64];
    snprintf(arguments, sizeof arguments, "%s -s absmax:bits=4", path);
    char *json = compare_json(arguments);
    snprintf(text, sizeof text, "worst row %d: MSE %#.4g", WORST, json_number(json, "worst_row_mse"));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *screen = screen_of("%s --keys '<Tab>v' --size %s", arguments, sizes[i]);
        assert_shows(screen, text);
        free(screen);
    }
    snprintf(text, sizeof text, "worst row %d: %#.4g", WORST, json_number(json, "worst_row_mse"));
    char *narrow = screen_of("%s --keys '<Tab>v' --size 100x29", arguments); /* the number goes before words */
    assert_shows(narrow, text);
    free(narrow);
    free(json);
    snprintf(arguments, sizeof arguments, MATRIX " -s absmax:bits=4,per=row");
    json = compare_json(arguments);
    snprintf(text, sizeof text, ": MSE %#.4g · 1,024 rows", json_number(json, "worst_row_mse"));
    char *screen = screen_of("%s --keys '<Tab>v' --size 80x24", arguments);
    assert_shows(screen, text);
    free(screen);
    free(json);
}

/* Column of the first `mark` on a line, in characters; -1: not there. */
static int column_of(const char *line, const char *mark)
{
    const char *at = strstr(line, mark);
    int column = 0;
    for (const char *c = line; at && c < at; c++)
        column += ((unsigned char)*c & 0xC0) != 0x80;
    return at ? column : -1;
}

static void the_mark_is_below_the_worst_row(void **state)
{
    (void)state;
    char *screen = screen_of("%s -s absmax:bits=4 --keys '<Tab>v' --size 80x24", write_matrix());
    int marked = -1;
    for (int line = 0; line < 24 && marked < 0; line++)
        marked = column_of(line_of(screen, line), "▲");
    assert_true(marked >= 0);
    const int expected = 2 + WORST * 76 / ROWS; /* 76 cells after a frame and a space */
    assert_in_range(marked, expected - 1, expected + 1);
    free(screen);
}

static void codes_are_counted_as_in_the_report(void **state)
{
    (void)state;
    float values[64];
    for (int i = 0; i < 64; i++)
        values[i] = i < 40 ? 3 : i < 50 ? -7 : (float)(i % 5);
    const char *path = testing_path(testing_folder(), "codes.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 8, 8 }, values));
    char arguments[512], text[64];
    snprintf(arguments, sizeof arguments, "%s -s absmax:bits=4", path);
    char *json = compare_json(arguments);
    char *screen = screen_of("%s --keys '<Tab>VV' --size 80x24", arguments);
    snprintf(text, sizeof text, "most often 3: 43 · %.0f unused", 15 - json_number(json, "levels_used"));
    assert_shows(screen, text);
    free(screen);
    free(json);
    screen = screen_of(MATRIX " -s none --keys '<Tab>VV' --size 80x24");
    assert_shows(screen, "no codes of its own");
    free(screen);
    screen = screen_of(MATRIX " -s none --keys '<Tab>v' --size 80x24");
    assert_shows(screen, "no error in any row");
    free(screen);
}

/* Each weight is a cell: the worst has the largest error. */
static void the_map_names_the_weight_with_the_largest_error(void **state)
{
    (void)state;
    float values[64];
    for (int i = 0; i < 64; i++)
        values[i] = (float)(i % 15 - 7) + (i == 27 ? 0.47f : 0.01f * (float)(i % 5)); /* [3][3] */
    values[0] = 7;
    const char *path = testing_path(testing_folder(), "map.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 8, 8 }, values));
    char arguments[512], text[64];
    snprintf(arguments, sizeof arguments, "%s -s absmax:bits=4", path);
    char *json = compare_json(arguments);
    const double largest = json_number(json, "max_abs");
    snprintf(text, sizeof text, "MSE %#.4g at [3,3]", largest * largest);
    char *screen = screen_of("%s --keys '<Tab>V' --size 80x24", arguments);
    assert_shows(screen, text);
    free(screen);
    free(json);
}

/* It follows the spec, the tensor, the view and the file, and what is asked for meanwhile. */
static void the_map_is_of_what_is_shown(void **state)
{
    (void)state;
    static const char *const keys[] = { "<Tab>Vb<settle>",   "b<Tab>V<settle>",      "<Tab>V2<settle>1<settle>b<Tab>",
                                        "<Tab>V21b<Tab>",    "2<settle>1<Tab>Vb",    "b<Tab>VVvbu",
                                        "<Tab>VbJK<settle>", "<Tab>V<C-c>rb<settle>" };
    char *expected = NULL;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *screen = screen_of(MATRIX " --keys '%s' --size 80x24", keys[i]);
        char *at = strstr(screen, "MSE "), *map = at ? strstr(at + 1, "MSE ") : NULL;
        if (!map)
            fail_msg("keys %s: no map in\n%s", keys[i], screen);
        map[strcspn(map, "\n")] = 0;
        if (expected)
            assert_string_equal(map, expected);
        else
            expected = strdup(map);
        free(screen);
    }
    free(expected);
    char *screen = screen_of("data/loud.npy --keys '<Tab>V<settle>:open " DEMO "<Enter><settle>' --size 80x24");
    assert_shows(screen, "the worst of the map");
    free(screen);
    screen = screen_of(MATRIX " -s none --keys '<Tab>V' --size 80x24");
    assert_shows(screen, "no error anywhere");
    free(screen);
}

static void keys_step_through_the_sub_views(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *title;
    } rows[] = {
        { "<Tab>", "Error · histogram" },        { "<Tab>v", "Error · rows" },
        { "<Tab>vv", "Error · columns" },        { "<Tab>vvv", "Error · groups" },
        { "<Tab>vvvv", "Error · codes" },        { "<Tab>vvvvv", "Error · map" },
        { "<Tab>vvvvvv", "Error · histogram" },  { "<Tab>V", "Error · map" },
        { "<Tab><Tab>v", "loudest columns" },    { "<Tab><Tab>vv", "loudest rows" },
        { "<Tab>vV", "Error · histogram" },      { "<Tab>v<Tab><S-Tab>", "Error · rows" },
        { "<Tab>:view<Enter>", "Error · rows" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --keys '%s' --size 80x24", rows[i].keys);
        assert_shows(screen, rows[i].title);
        assert_shows(screen, "v view");
        free(screen);
    }
}

static void the_title_says_what_is_drawn(void **state)
{
    (void)state;
    char *screen = screen_of(MATRIX " --keys '<Tab>' --size 100x29"); /* the metrics take all lines */
    assert_shows(screen, "Error ─");
    assert_shows(screen, "codes              174/255");
    free(screen);
    screen = screen_of(MATRIX " --keys '<Tab>VV' --size 100x29"); /* they give way to what was asked for */
    assert_shows(screen, "Error · codes ── v view ─┐");
    assert_shows(screen, "most often -1: 5,585 ");
    assert_shows_not(screen, "174/255 ");
    free(screen);
    screen = screen_of(MATRIX " --keys '<Tab>v' --size 120x36");
    assert_shows(screen, "Error · rows ── log y · v view ─┐");
    free(screen);
}

/* One row, more rows than cells and than runs, one column, and too small a screen. */
static void every_shape_and_size_is_drawn(void **state)
{
    (void)state;
    static float values[3000];
    for (int i = 0; i < 3000; i++)
        values[i] = (float)(i * 37 % 101) / 50 - 1;
    static const uint64_t shapes[][2] = { { 1, 1 }, { 1, 3000 }, { 3000, 1 }, { 513, 2 }, { 2, 513 }, { 77, 30 } };
    static const char *const sizes[] = { "1x1", "9x40", "60x16", "80x24", "100x29", "1000x20", "61x100" };
    static const char *const specs[] = { "absmax:bits=4", "ternary", "kmeans:bits=2", "mxfp4" };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const char *path = testing_path(testing_folder(), "shape.npy");
        assert_true(npy_write(path, "f4", 2, shapes[i], values));
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            free(screen_of("%s -s %s --keys '<Tab>v<settle>L<settle>v<settle>v<settle>z' --size %s %s", path,
                           specs[(i + k) % (sizeof specs / sizeof specs[0])], sizes[k], k % 2 ? "--ascii" : ""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_row_and_its_error_are_those_of_the_report),
        cmocka_unit_test(the_mark_is_below_the_worst_row),
        cmocka_unit_test(codes_are_counted_as_in_the_report),
        cmocka_unit_test(the_map_names_the_weight_with_the_largest_error),
        cmocka_unit_test(the_map_is_of_what_is_shown),
        cmocka_unit_test(keys_step_through_the_sub_views),
        cmocka_unit_test(the_title_says_what_is_drawn),
        cmocka_unit_test(every_shape_and_size_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
