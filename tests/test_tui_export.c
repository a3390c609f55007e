/* The export dialog: everything that it writes is what the command line beside it writes. */
#include "tui.h"

#include <sys/stat.h>
#include <unistd.h>

#include "npy.h"

/* The status line of a screen of 36 lines. */
static const char *status_of(const char *screen)
{
    return line_of(screen, 34);
}

/* The lines of the command in the dialog as they stand there, without the box. */
static void read_command(const char *screen, char *out, size_t size)
{
    const char *at = strstr(screen, "the same from a shell"), *side = strstr(screen, "│") ? "│" : "|";
    size_t used = 0;
    out[0] = 0;
    if (!at)
        fail_msg("no command line is shown:\n%s", screen);
    while ((at = strchr(at, '\n')) != NULL && (at = strstr(at, side)) != NULL) {
        at += strlen(side) + 1;
        const char *end = strstr(at, side);
        const char *line_end = strchr(at, '\n');
        if (!end || end > line_end)
            break;
        while (end > at && end[-1] == ' ')
            end--;
        used += (size_t)snprintf(out + used, size - used, "%.*s\n", (int)(end - at), at);
        at = line_end;
        if (strncmp(at + 1, side, strlen(side)) != 0 || used >= size)
            break;
    }
}

/* A folder with `qloupe`, the data and activations in it, to be the current one. */
static const char *make_place(void)
{
    const char *folder = testing_folder();
    testing_result result =
        testing_run("ln -s \"$(realpath \"$QLOUPE\")\" %s/qloupe && ln -s \"$(realpath data)\" %s/data", folder, folder);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
    static float x[8 * 512]; /* activations for data/loud.npy, channel 17 loud */
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = ((float)(i * 7919 % 1001) / 500 - 1) * (i % 512 == 17 ? 20 : 1);
    assert_true(npy_write(testing_path(folder, "loud-x.npy"), "f4", 2, (uint64_t[]) { 8, 512 }, x));
    return folder;
}

/* Plays keys in the folder and returns the screen. */
static char *play_in(const char *folder, const char *size, const char *arguments, const char *keys)
{
    testing_result result =
        testing_run("cd %s && ./qloupe --size %s --screenshot screen.txt %s --keys '%s'", folder, size, arguments, keys);
    if (result.exit_code != 0)
        fail_msg("%s: %s", keys, result.standard_error);
    testing_result_free(&result);
    return testing_read(testing_path(folder, "screen.txt"), NULL);
}

/* What the dialog writes after `keys`, and what its command line writes when sh runs it, are the same bytes, or are after
   `filter`, a command that reads one of them. */
static void compare_filtered(const char *folder, const char *arguments, const char *keys, const char *name,
                             const char *filter)
{
    char dialog_keys[512], command[8192];
    snprintf(dialog_keys, sizeof dialog_keys, "%s<C-u>%s", keys, name);
    char *dialog = play_in(folder, "80x24", arguments, dialog_keys);
    read_command(dialog, command, sizeof command);
    snprintf(dialog_keys, sizeof dialog_keys, "%s<C-u>%s<Enter>", keys, name);
    char *screen = play_in(folder, "120x36", arguments, dialog_keys);
    if (!strstr(screen, " wrote "))
        fail_msg("%s %s: nothing was written:\n%s", keys, name, screen);
    testing_write(testing_path(folder, "command.sh"), command, strlen(command));
    testing_result result =
        testing_run("cd %s && rm -rf kept && mv ./\"%s\" kept && PATH=.:$PATH sh command.sh && "
                    "for f in kept ./\"%s\"; do test -d \"$f\" || { %s <\"$f\" >filtered && mv filtered \"$f\"; }; done && "
                    "diff -r kept ./\"%s\" && rm -r kept ./\"%s\"",
                    folder, name, name, filter, name, name);
    if (result.exit_code != 0)
        fail_msg("%s\n%s%s", command, result.standard_output, result.standard_error);
    testing_result_free(&result);
    free(screen);
    free(dialog);
}

static void compare_both(const char *folder, const char *arguments, const char *keys, const char *name)
{
    compare_filtered(folder, arguments, keys, name, "cat");
}

static void what_is_written_is_what_the_command_line_writes(void **state)
{
    (void)state;
    const char *folder = make_place();
    static const struct {
        const char *arguments, *keys, *name;
    } rows[] = {
        { MATRIX, "bbw", "a.png" },
        { MATRIX, "w", "a.svg" },
        { MATRIX, "w", "a.pdf" },
        { MATRIX, "w", "a.jpg" },
        { MATRIX, "w", "a.bmp" },
        { MATRIX, "w", "a.tga" },
        { MATRIX, "bw<Down>", "a name with spaces, it is.png" },
        { MATRIX, "w<Down>", "calibration.svg" },
        { MATRIX, "w<Down><Down>", "a.json" },
        { MATRIX, "w", "b.json" }, /* the ending chooses */
        { MATRIX " -s zeropoint:bits=4,per=row", "w", "a.csv" },
        { MATRIX " -s nf4", "w", "a.md" },
        { MATRIX " --ascii -s absmax:bits=4,outliers=1%", "w", "ascii.md" },
        { MATRIX, "bbbbggw<Up>", "codes" },
        { MATRIX " -s zeropoint:bits=3,per=block,block=64", "w", "codes/" },
        { MATRIX, "2w", "a.json" },
        { MATRIX, "2w", "a.csv" },
        { MATRIX, "2lw", "a.md" },
        { MATRIX, "2llw", "a.png" }, /* of the selected column */
        { MATRIX, "2lw<Down>", "codes/" },
        { "data/loud.npy", "w", "a.json" },
        { "data/loud.npy --x loud-x.npy", "w", "a.json" }, /* named activations count in every view */
        { "data/loud.npy --x loud-x.npy", "2w", "a.csv" },
        { "data/loud.npy --x loud-x.npy", "w", "a.png" },
        { "data/loud.npy --x loud-x.npy", "w", "codes/" },
        { MATRIX " --x loud-x.npy", "w", "a.md" }, /* not where they do not fit */
        { DEMO " -t h.2.mlp.c_fc.bias", "2w", "bias.json" },
        { "data/eval.txt --raw U8:16x16:0x10 --layout in,out", "w", "a.csv" },
        { "data/eval.txt --raw U8:16x16:0x10", "w", "raw.png" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        compare_both(folder, rows[i].arguments, rows[i].keys, rows[i].name);
}

static void the_numbers_are_those_that_compare_prints(void **state)
{
    (void)state;
    const char *folder = make_place();
    free(play_in(folder, "120x36", MATRIX, "2w<C-u>n.json<Enter>"));
    testing_result result = testing_run(
        "cd %s && ./qloupe compare %s -s absmax -s absmax:bits=4 -s absmax:bits=4,per=block,block=64 -s nf4 --x synthetic "
        "--json | cmp - n.json && ./qloupe quant %s -s absmax --json >q.json",
        folder, MATRIX, MATRIX);
    if (result.exit_code != 0)
        fail_msg("%s%s", result.standard_output, result.standard_error);
    testing_result_free(&result);
    free(play_in(folder, "120x36", MATRIX, ":w one.json<Enter>")); /* the command line writes at once */
    result = testing_run("cd %s && cmp q.json one.json", folder);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
}

#define LAYER "data/storyteller.safetensors -t h.1.attn.c_attn.weight"
#define REAL  LAYER " --x data/inputs/h.1.attn.c_attn.npy"
#define SMALL "data/loud.npy --x loud-x.npy"

/* Figures of products bear no times. */
static void figures_of_products_are_those_of_the_command_line(void **state)
{
    (void)state;
    const char *folder = make_place();
    static const struct {
        const char *arguments, *keys, *name;
    } rows[] = {
        { REAL, "3<S-Tab>w", "a.png" },          /* channels */
        { SMALL, "3lll<S-Tab>w", "a.svg" },      /* another threshold */
        { "data/loud.npy", "3<Tab>w", "a.pdf" }, /* made-up activations */
        { SMALL, "3mw<Down><Down><Down>", "an error, it is.png" },
        { "data/loud.npy --threads 1 --ascii", "3n9<Enter><settle><Tab><Tab>w", "a.jpg" },
        { "data/eval.txt --raw U8:16x16:0x10 --layout in,out", "3<Tab><Tab><Tab>w", "raw.png" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        compare_both(folder, rows[i].arguments, rows[i].keys, rows[i].name);
}

static void figures_of_products_are_of_what_the_view_shows(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *methods;
    } rows[] = {
        { "3lll<S-Tab>w", "-m int8:row -m llm_int8:7.5 -o " },
        { "3<Tab>w", "-m int8:row -m llm_int8:2 -m llm_int8:3 -m llm_int8:4 -m llm_int8:5 " },
        { "3h<Tab><Tab>mmmw", "-m weights:absmax:bits=7 -o " }, /* the map is of the last method */
        { "3hw<Up>", "-m fp32 -m int8:tensor -m int8:row -m llm_int8:5.5 -m weights:nf4 -m weights_a8:q4_0 -m "
                     "weights:absmax:bits=7 -o " },
        { "3n50<Enter>w<Up>", "--seed 7 --outlier-channels 5 --m 50 -m fp32 " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[8192], *screen = screen_of("data/loud.npy --keys 'b%s' --size 80x24", rows[i].keys), *to = command;
        read_command(screen, command, sizeof command);
        for (const char *at = command; *at; at++) /* as one line */
            if (strncmp(at, "\\\n", 2) == 0)
                at++;
            else
                *to++ = *at;
        *to = 0;
        if (!strstr(command, rows[i].methods))
            fail_msg("after %s '%s' is not in %s", rows[i].keys, rows[i].methods, command);
        free(screen);
    }
}

/* Times are those of the screen: all else is the same. */
static void the_table_of_products_is_that_of_matmul_but_for_times(void **state)
{
    (void)state;
    static const char json[] =
        "sed -E 's/\"(ms_median|ms_min|ms_max|runs|quantize_ms|gops|peak_gops|peak_share)\":[^,]*,//g'";
    static const char csv[] = "cut -d, -f1-8,17-", md[] = "cut -d'|' -f1-9,16-";
    const char *folder = make_place();
    static const struct {
        const char *arguments, *keys, *name, *filter;
    } rows[] = {
        { SMALL, "3w", "a.json", json }, /* multiplied to be written */
        { REAL, "3<settle>w", "a.json", json },
        { SMALL, "3h<settle>h<settle>w<Tab>", "a.csv", csv },
        { "data/loud.npy", "3<settle>w", "a.md", md },
        { "data/loud.npy --ascii --threads 1", "bb3w", "a.json", json },
        { SMALL " -s mxfp4", "3n5<Enter>t1<Enter><settle>w", "a.json", json },
        { SMALL, "2<settle>3w", "a.json", json }, /* columns of Compare are none of it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        compare_filtered(folder, rows[i].arguments, rows[i].keys, rows[i].name, rows[i].filter);
}

static void the_table_of_products_has_columns_apart_and_times(void **state)
{
    (void)state;
    const char *folder = make_place();
    free(play_in(folder, "120x36", SMALL, "3<settle>:w mine.json<Enter>"));
    char *text = testing_read(testing_path(folder, "mine.json"), NULL);
    assert_shows(text, "\"method\":\"llm_int8:6\"");
    assert_shows(text, "\"outlier_columns\":[17]");
    assert_shows(text, "\"runs\":1,");
    assert_shows_not(text, "\"ms_median\":null");
    free(text);
}

static void what_makes_no_product_is_not_exported(void **state)
{
    (void)state;
    const char *folder = make_place();
    static const struct {
        const char *arguments, *keys, *message;
    } rows[] = {
        { DEMO " -t h.2.mlp.c_fc.bias", "3w<C-u>x.json<Enter>", "a tensor of one axis, a vector, makes no product" },
        { DEMO " -t h.2.mlp.c_fc.bias", "3w<C-u>x.png<Enter>", "a tensor of one axis, a vector, makes no product" },
        { LAYER " --x data/inputs/h.1.mlp.c_proj.npy", "3w<C-u>x.json<Enter>", "X needs 256 columns" },
        { "data/loud.npy", "3w<C-u>x/<Enter>", "products have no codes: name a file, not a folder" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play_in(folder, "160x36", rows[i].arguments, rows[i].keys);
        if (!strstr(status_of(screen), rows[i].message) || !strstr(screen, "Export ─"))
            fail_msg("%s:\n%s", rows[i].keys, screen);
        assert_int_not_equal(access(testing_path(folder, "x.json"), F_OK), 0);
        assert_int_not_equal(access(testing_path(folder, "x.png"), F_OK), 0);
        free(screen);
    }
}

static void the_name_follows_what_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *name;
    } rows[] = {
        { "w", "name  h.2.mlp.c_fc.weight-absmax.png" },
        { "w<Tab>", "name  h.2.mlp.c_fc.weight-absmax.svg" },
        { "w<S-Tab>", "name  h.2.mlp.c_fc.weight-absmax.tga" },
        { "w<Tab><Down>", "name  h.2.mlp.c_fc.weight-absmax-calibration.svg" },
        { "w<Down><Down>", "name  h.2.mlp.c_fc.weight-absmax.json" },
        { "w<Down><Down><Tab><Tab>", "name  h.2.mlp.c_fc.weight-absmax.md" },
        { "w<Up>", "name  h.2.mlp.c_fc.weight-absmax/" },
        { "w<Up><Down>", "name  h.2.mlp.c_fc.weight-absmax.png" },
        { "w<C-u>mine<Down>", "name  mine.png" }, /* what was typed stays */
        { "w<C-u>mine<Tab>", "name  mine.svg" },
        { "w<C-u>mine.csv<Tab>", "name  mine.md" },
        { "w<C-u>my.own<Up>", "name  my.own/" },
        { "w<C-u>some.folder/x<Tab>", "name  some.folder/x.svg" },
        { "2w", "name  h.2.mlp.c_fc.weight-compare.json" },
        { "2w<Down>", "name  h.2.mlp.c_fc.weight-absmax/" },
        { "3w", "name  h.2.mlp.c_fc.weight-matmul.json" }, /* what the pane shows */
        { "3<S-Tab>w", "name  h.2.mlp.c_fc.weight-channels.png" },
        { "3<Tab><Tab>w", "name  h.2.mlp.c_fc.weight-product-error.png" },
        { "3<Tab>w<C-u>mine.csv<Tab>", "name  mine.md" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        if (!strstr(screen, rows[i].name))
            fail_msg("after %s '%s' is not there:\n%s", rows[i].keys, rows[i].name, screen);
        free(screen);
    }
}

static void what_is_there_is_replaced_only_when_asked_again(void **state)
{
    (void)state;
    const char *folder = make_place(), *file = testing_path(folder, "mine.json");
    static const char before[] = "precious";
    testing_write(file, before, sizeof before - 1);
    static const char *const keep[] = {
        "w<C-u>mine.json<Enter>", ":w mine.json<Enter>",
        "w<C-u>mine.json<Enter><Tab><S-Tab><Enter>", /* another name in between: asked anew */
        "w<C-u>mine.json<Enter>x<BS><Enter>", "w<C-u>mine.json<Enter><Esc>"
    };
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
        char *screen = play_in(folder, "120x36", MATRIX, keep[i]);
        char *now = testing_read(file, NULL);
        assert_string_equal(now, before);
        if (!strstr(keep[i], "<Esc>")) {
            assert_shows(status_of(screen), "mine.json is there already: Enter again replaces it");
            assert_shows(screen, "Export ─"); /* the dialog stays */
        }
        free(now);
        free(screen);
    }
    char *screen = play_in(folder, "120x36", MATRIX, "w<C-u>mine.json<Enter><Enter>");
    assert_shows(status_of(screen), "wrote mine.json, ");
    assert_shows_not(screen, "Export ─");
    char *now = testing_read(file, NULL);
    assert_shows(now, "\"schema\":1");
    free(now);
    free(screen);

    free(play_in(folder, "120x36", MATRIX, "w<C-u>codes/<Enter>"));
    screen = play_in(folder, "120x36", MATRIX, "bw<C-u>codes/<Enter>");
    assert_shows(status_of(screen), "codes is there already");
    free(screen);
}

static void an_export_that_fails_says_why_and_the_dialog_stays(void **state)
{
    (void)state;
    const char *folder = make_place();
    assert_int_equal(mkdir(testing_path(folder, "folder.png"), 0700), 0);
    testing_write(testing_path(folder, "file"), "", 0);
    static const struct {
        const char *keys, *message;
    } rows[] = {
        { "w<C-u>/nonexistent/x.png<Enter>", "/nonexistent/x.png: " },
        { "w<C-u>/nonexistent/x.json<Enter>", "/nonexistent/x.json: " },
        { "w<C-u>/nonexistent/x/<Enter>", "/nonexistent/x: " },
        { "w<C-u>/proc/x.csv<Enter>", "/proc/x.csv: " },
        { "w<C-u>folder.png<Enter>", "folder.png: " },
        { "w<C-u>file/<Enter>", "file" },
        { "w<C-u>x.gif<Enter>", "x.gif: the ending names no picture format" },
        { "w<C-u><Enter>", "a file name is missing" },
        { ":w /nonexistent/x.md<Enter>", "/nonexistent/x.md: " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play_in(folder, "160x36", MATRIX, rows[i].keys);
        if (!strstr(status_of(screen), rows[i].message) || !strstr(screen, "Export ─"))
            fail_msg("%s:\n%s", rows[i].keys, screen);
        free(screen);
    }
    testing_result files =
        testing_run("ls -A %s | grep -v -e qloupe -e data -e screen.txt -e folder.png -e file -e loud-x.npy", folder);
    assert_string_equal(files.standard_output, ""); /* nothing half-written */
    testing_result_free(&files);
}

static void the_home_folder_is_meant_by_a_tilde(void **state)
{
    (void)state;
    const char *folder = make_place();
    testing_result result =
        testing_run("cd %s && mkdir home && HOME=$PWD/home ./qloupe %s --keys 'w<C-u>~/x.csv<Enter>' --size 120x36 "
                    "--screenshot screen.txt && test -s home/x.csv && test ! -e '~'",
                    folder, MATRIX);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
}

static void an_export_can_be_chosen_with_the_mouse(void **state)
{
    (void)state;
    static const struct {
        const char *click, *name; /* rows and columns of the box at 80x24 */
    } rows[] = {
        { "<Click:9,5>", "absmax.json" },
        { "<Click:9,33>", "absmax.csv" },
        { "<Click:10,5>", "absmax/" },
        { "<Click:8,34>", "absmax-calibration.svg" },
        { "<WheelDown:9,10>", "absmax-calibration.png" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys 'w%s' --size 80x24", MATRIX, rows[i].click);
        if (!strstr(screen, rows[i].name))
            fail_msg("after %s '%s' is not there:\n%s", rows[i].click, rows[i].name, screen);
        free(screen);
    }
}

static void what_cannot_be_measured_cannot_be_exported(void **state)
{
    (void)state;
    const float values[] = { 1, 2, __builtin_nanf(""), 4 };
    const char *path = testing_path(testing_folder(), "nan.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 2 }, values));
    char *screen = screen_of("%s --size 120x36 --keys '<settle>w'", path);
    assert_shows(screen, "nothing to export: ");
    free(screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_the_command_line_writes),
        cmocka_unit_test(the_numbers_are_those_that_compare_prints),
        cmocka_unit_test(figures_of_products_are_those_of_the_command_line),
        cmocka_unit_test(figures_of_products_are_of_what_the_view_shows),
        cmocka_unit_test(the_table_of_products_is_that_of_matmul_but_for_times),
        cmocka_unit_test(the_table_of_products_has_columns_apart_and_times),
        cmocka_unit_test(what_makes_no_product_is_not_exported),
        cmocka_unit_test(the_name_follows_what_is_chosen),
        cmocka_unit_test(what_is_there_is_replaced_only_when_asked_again),
        cmocka_unit_test(an_export_that_fails_says_why_and_the_dialog_stays),
        cmocka_unit_test(the_home_folder_is_meant_by_a_tilde),
        cmocka_unit_test(an_export_can_be_chosen_with_the_mouse),
        cmocka_unit_test(what_cannot_be_measured_cannot_be_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
