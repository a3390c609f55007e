/* The config file: what its lines mean, what makes no sense, what is written back. */
#include "testing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tui/app.h"
#include "tui/config.h"
#include "tui/settings.h"

static tui_app app;

static int begin(void **state)
{
    (void)state;
    app = (tui_app) { .first_spec = TUI_FIRST_SPEC, .first_x = TUI_INPUTS_USUAL };
    tui_theme_use(0);
    return 0;
}

static const char *value_of(const char *name)
{
    static char value[TUI_SETTING_VALUE];
    ql_error error;
    const tui_setting *setting = tui_setting_find(name, strlen(name), &error);
    assert_non_null(setting);
    tui_setting_print(&app, setting, value);
    return value;
}

static size_t take(const char *bytes, size_t size, ql_error *error)
{
    char *copy = malloc(size + 1); /* so that a sanitizer sees what is read beyond */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const size_t wrong = tui_config_take(&app, copy, size, error);
    free(copy);
    return wrong;
}

static void every_setting_is_taken_however_its_line_is_spaced(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF# a comment = nothing\n\n   \t\n"
                               "theme=light\n\t axis =\tlinear  \r\nglyphs = ascii\r\nmouse=off\nsort = sqnr\n"
                               "  # theme = mono\nspec = absmax:per=row,bits=4\nx = acts.npy\nthreads = 3\nstate = off";
    ql_error error;
    assert_int_equal(take(text, sizeof text - 1, &error), 0);
    static const char *const expected[][2] = { { "theme", "light" },  { "axis", "linear" },
                                               { "glyphs", "ascii" }, { "mouse", "off" },
                                               { "sort", "sqnr_db" }, { "spec", "absmax:bits=4,per=row" },
                                               { "x", "acts.npy" },   { "threads", "3" },
                                               { "state", "off" } };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(value_of(expected[i][0]), expected[i][1]);
    assert_null(tui_setting_at(sizeof expected / sizeof expected[0])); /* all of them */
}

static void a_line_that_makes_no_sense_is_named_and_the_others_count(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *message;
    } rows[] = {
#define ROW(text, message) { text, sizeof text - 1, message }
        ROW("theme\n", "1: a line is NAME = VALUE"),
        ROW("theme = plaid\n", "1: it can be theme=[dark]|light|safe|mono"),
        ROW("theme =\n", "1: it can be theme="),
        ROW("= light\n", "1: there is no setting ''"),
        ROW("\n\r\ncolour = blue\n", "3: there is no setting 'colour'"),
        ROW("themes = light\n", "1: there is no setting 'themes'; did you mean theme?"),
        ROW("theme = li\0ght\n", "1: theme: a zero byte is in the value"),
        ROW("the\0me = light\n", "1: there is no setting 'the"),
        ROW("\xff\xfe\x1b[2J = light\n", "1: there is no setting '"),
        ROW("mouse = o\n", "1: it can be mouse=[on]|off"),
        ROW("threads = 0\n", "1: threads: it can be 1 to 1024"),
        ROW("threads = 99999999999999999999\n", "1: threads: it can be 1 to 1024"),
        ROW("threads = -1\n", "1: threads: it can be 1 to 1024"),
        ROW("spec = absmax:bits=99\n", "1: "),
        ROW("axis == linear\n", "1: it can be axis="),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ql_error error;
        char text[512];
        begin(NULL);
        memcpy(text, rows[i].text, rows[i].size);
        memcpy(text + rows[i].size, "axis = linear\n", strlen("axis = linear\n"));
        const size_t wrong = take(text, rows[i].size + strlen("axis = linear\n"), &error);
        if (wrong != 1 || strncmp(error.message, rows[i].message, strlen(rows[i].message)) != 0)
            fail_msg("row %zu: %zu wrong, '%s'", i, wrong, error.message);
        for (const char *c = error.message; *c; c++)
            assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
        assert_string_equal(value_of("axis"), "linear");
        assert_string_equal(value_of("theme"), "dark");
    }
}

static void long_lines_and_random_bytes_are_survived(void **state)
{
    (void)state;
    enum { SIZE = 1 << 16 };
    char *bytes = malloc(SIZE);
    ql_error error;
    assert_non_null(bytes);
    memset(bytes, 'x', SIZE);
    assert_int_equal(take(bytes, SIZE, &error), 1);
    memcpy(bytes, "spec = ", 7);
    assert_int_equal(take(bytes, SIZE, &error), 1);
    assert_string_equal(error.message, "1: spec: the value is too long");
    memset(bytes, '=', SIZE);
    assert_int_equal(take(bytes, SIZE, &error), 1);
    memset(bytes, '\n', SIZE);
    assert_int_equal(take(bytes, SIZE, &error), 0);
    assert_int_equal(take("", 0, &error), 0);
    uint64_t seed = 1;
    static const char letters[] = "theme=axis log\n\r\0#\xff mousepcdrk";
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 512; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = letters[(seed >> 33) % (sizeof letters - 1)];
        }
        take(bytes, 512, &error);
    }
    free(bytes);
}

/* ---- The file -------------------------------------------------------------------------------------------------- */

static const char *place_in(const char *folder)
{
    static char place[512];
    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(place, sizeof place, "%s/qloupe/config", folder);
    return place;
}

static void a_config_that_is_written_keeps_comments_and_order(void **state)
{
    (void)state;
    char written[PATH_MAX];
    ql_error error = { 0 };
    const char *folder = testing_folder(), *place = place_in(folder);
    app.threads = 2;
    tui_theme_use(1);
    assert_int_equal(tui_config_save(&app, written, &error), QL_OK); /* with the folder */
    assert_string_equal(written, place);
    char *bytes = testing_read(place, NULL);
    assert_string_equal(bytes, "theme = light\nthreads = 2\n"); /* what is not usual */
    free(bytes);

    static const char old[] = "# mine\naxis=log\r\n\nnonsense\ntheme  =  mono # no comment: a value";
    testing_write(place, old, sizeof old - 1);
    app.linear = true;
    assert_int_equal(tui_config_save(&app, written, &error), QL_OK);
    bytes = testing_read(place, NULL);
    assert_string_equal(bytes, "# mine\naxis = linear\n\nnonsense\ntheme = light\nthreads = 2\n");
    free(bytes);

    begin(NULL);
    assert_int_equal(tui_config_load(&app, &error), QL_BAD_FILE); /* the line that makes no sense */
    assert_non_null(strstr(error.message, "/qloupe/config:4: a line is NAME = VALUE"));
    assert_string_equal(value_of("axis"), "linear");
    assert_string_equal(value_of("theme"), "light");
    assert_string_equal(value_of("threads"), "2");
    testing_result files = testing_run("ls -A %s/qloupe", folder); /* nothing half-written */
    assert_string_equal(files.standard_output, "config\n");
    testing_result_free(&files);
}

static void a_config_that_cannot_be_read_or_written_is_said_so(void **state)
{
    (void)state;
    char written[PATH_MAX];
    ql_error error = { 0 };
    const char *folder = testing_folder(), *place = place_in(folder);
    assert_int_equal(tui_config_load(&app, &error), QL_OK); /* there is none */
    assert_int_equal(mkdir(testing_path(folder, "qloupe"), 0700), 0);
    assert_int_equal(mkdir(place, 0700), 0); /* a folder is no file */
    assert_int_equal(tui_config_load(&app, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "/qloupe/config: Is a directory"));
    assert_int_not_equal(tui_config_save(&app, written, &error), QL_OK);
    setenv("XDG_CONFIG_HOME", "/proc/nonexistent", 1);
    assert_int_not_equal(tui_config_save(&app, written, &error), QL_OK);
    assert_non_null(strstr(error.message, "/proc/nonexistent/qloupe/config"));
    setenv("XDG_CONFIG_HOME", "relative", 1);
    unsetenv("HOME");
    assert_int_equal(tui_config_load(&app, &error), QL_OK);
    assert_int_equal(tui_config_save(&app, written, &error), QL_BAD_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_setting_is_taken_however_its_line_is_spaced, begin),
        cmocka_unit_test_setup(a_line_that_makes_no_sense_is_named_and_the_others_count, begin),
        cmocka_unit_test_setup(long_lines_and_random_bytes_are_survived, begin),
        cmocka_unit_test_setup(a_config_that_is_written_keeps_comments_and_order, begin),
        cmocka_unit_test_setup(a_config_that_cannot_be_read_or_written_is_said_so, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
