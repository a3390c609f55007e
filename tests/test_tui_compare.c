/* The Compare view: columns, their numbers, what keys do to them. */
#include "screens.h"

#include "npy.h"
#include "qloupe.h"

static void screens_are_as_recorded_at_every_size_in_every_mode(void **state)
{
    (void)state;
    static const struct {
        const char *name, *arguments;
    } screens[] = {
        { "compare", MATRIX " --keys 2" },
        { "compare-baseline", MATRIX " --keys '2p<Right>cL'" },
        { "compare-columns", MATRIX " --keys '2<Tab>aab'" },
        { "compare-bits", MATRIX " --keys '2]'" },
        { "compare-block", MATRIX " --keys 2lllnnnn" },
        { "compare-product", "data/loud.npy -s absmax:bits=4 --keys pc2" },
    };
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
        assert_screen_everywhere(screens[i].name, screens[i].arguments);
}

static char *columns_of(const char *keys)
{
    return screen_of("%s --size 200x40 --keys '%s'", MATRIX, keys);
}

static int count_columns(const char *screen)
{
    int count = 0;
    for (char letter = 'A'; letter <= 'F'; letter++) {
        char title[16], focused[16];
        snprintf(title, sizeof title, "─ %c ", letter);
        snprintf(focused, sizeof focused, "▸ %c ", letter);
        count += strstr(screen, title) || strstr(screen, focused);
    }
    return count;
}

static void a_first_start_has_columns(void **state)
{
    (void)state;
    char *screen = columns_of("2");
    assert_int_equal(count_columns(screen), 4);
    assert_shows(screen, "A=base absmax");
    assert_shows(screen, "absmax:bits=4,per=block,block=64");
    assert_shows(screen, "D nf4");
    free(screen);
    screen = columns_of("bbbb2"); /* what is offered is not there twice */
    assert_int_equal(count_columns(screen), 3);
    free(screen);
}

static void numbers_are_those_of_compare(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax", "absmax:bits=4", "absmax:bits=4,per=block,block=64", "nf4" };
    char *screen = screen_of("%s --size 160x60 --keys 2", MATRIX);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        char arguments[256], number[64];
        snprintf(arguments, sizeof arguments, "%s -s %s", MATRIX, specs[i]);
        char *json = compare_json(arguments);
        snprintf(number, sizeof number, " %.2f ", json_number(json, "sqnr_db"));
        assert_shows(screen, number);
        snprintf(number, sizeof number, " %.3f ", json_number(json, "bits_per_weight"));
        assert_shows(screen, number);
        snprintf(number, sizeof number, " %.6f ", json_number(json, "cosine"));
        assert_shows(screen, number);
        free(json);
    }
    free(screen);
}

static void keys_change_the_columns(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        int columns;
        const char *shown; /* on the screen */
    } rows[] = {
        { "2<Right>b", 4, "B absmax:bits=3" },
        { "2<Right>bu", 4, "B absmax:bits=4" },
        { "2lll", 4, " nf4   " },
        { "2lllhp", 4, "C=base abs" },
        { "2a", 5, "E absmax" },
        { "2ab", 5, "E absmax:bits=7" },
        { "2aaa", 6, "six columns" },
        { "2d", 3, "A=base absmax:bits=4" },
        { "2ddd", 2, "needs two columns" },
        { "2lp<End>d", 3, "B=base" },
        { "2lpd", 3, "A=base" },
        { "2e<C-u>zeropoint:bits=5<Enter>", 4, "A=base zeropoint:bits=5" },
        { "2e<C-u>nf5<Enter>", 4, "nf5" },
        { "2lb<Esc>", 0, "absmax:bits=3" },
        { "bbbbpgpgg2", 3, "A=base absmax:bits=4" },
        { "bbbbp2", 3, "C nf4" },
        { "2<Esc>p2", 4, "D nf4" },
        { "2<Esc>psp2", 3, "C zeropoint" },
        { "ppppppp", 0, "six columns" },
        { "2J", 4, "h.2.mlp.c_proj.bias" },
        { "2j", 4, "Metrics · h.2.mlp.c_proj.bias" },
        { "2<Right>b<Left>b<Right>u", 4, "B absmax:bits=4" }, /* undo is of the column */
        { "2<Right>bb<Left>b<Right>u", 4, "B absmax:bits=3" },
        { "2<Right>bb<Left>b<Right>u<Left>u", 4, "A=base absmax   " },
        { "2<Right>bb<Left><Right>uu<C-r>", 4, "B absmax:bits=3" },
        { "2<Right>b<Left>uu", 4, "nothing to undo in A" },
        { "2<Right><C-r>", 4, "nothing to redo in B" },
        { "bb2a", 5, "E absmax:bits=6" },
        { "bb2au", 5, "E absmax:bits=7" }, /* a copy takes it over */
        { "bb2au<Left><Left><Left><Left>u", 5, "A=base absmax:bits=7" },
        { "bbpbu", 0, "absmax:bits=6" },
        { "2ld<End>bu", 3, "C nf4" },
        { "2]]<Enter>u", 5, "E absmax  " },
        { "2<Enter><C-u>nf4<Enter>", 4, "A=base nf4" },
        { "2<S-Tab><Enter>", 4, "n and N step through the weights" },
        { "2<settle>yt", 4, "copied: a table of the columns, as Markdown" },
        { "2<settle>Y", 4, "copied: h.2.mlp.c_fc.weight absmax" },
        { "2^", 4, "^ does nothing here" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = columns_of(rows[i].keys);
        if (!strstr(screen, rows[i].shown) || (rows[i].columns && count_columns(screen) != rows[i].columns))
            fail_msg("keys %s: expected %d columns and '%s':\n%s", rows[i].keys, rows[i].columns, rows[i].shown, screen);
        free(screen);
    }
}

static void the_words_are_from_the_numbers(void **state)
{
    (void)state;
    char *screen = columns_of("2");
    char *json = compare_json(MATRIX " -s nf4"), *four = compare_json(MATRIX " -s absmax:bits=4"), text[128];
    snprintf(text, sizeof text, "D gains %.1f dB over B for 0.5 bit: 4,096 scales instead of 1.",
             json_number(json, "sqnr_db") - json_number(four, "sqnr_db"));
    assert_shows(screen, text);
    free(screen);
    free(json);
    free(four);
    screen = columns_of("bbbpbggg2");
    assert_shows(screen, "B at 4.5 bits is 1.2 dB better than A at 5: finer scales buy more than bits here.");
    free(screen);
    screen = columns_of("bbbpb2");
    assert_shows(screen, "From B to A a bit per weight buys 6.");
    free(screen);
}

static void the_pareto_edge_is_marked(void **state)
{
    (void)state;
    char *screen = screen_of("%s --size 120x60 --keys 2", MATRIX);
    char *json = compare_json(MATRIX " -s q8_0"), text[64];
    snprintf(text, sizeof text, "%.3f  %.2f", json_number(json, "bits_per_weight"), json_number(json, "sqnr_db"));
    assert_shows(screen, text);
    assert_shows(screen, "l◆ q8_0");
    assert_shows(screen, "D  nf4"); /* q4_0 has as few bits and is better */
    assert_shows(screen, "f◆ q4_0");
    free(json);
    free(screen);
    screen = columns_of("2]]<Enter>");
    assert_shows(screen, "E int4g");
    assert_shows(screen, "E◆ int4g");
    free(screen);
    screen = columns_of("2[<Enter>"); /* around */
    assert_shows(screen, "E q8_0");
    free(screen);
}

/* A column of W where the activations are loudest holds a few weights that a clip cuts: better weights, a worse product. */
static void a_clip_may_ruin_the_product(void **state)
{
    (void)state;
    enum { ROWS = 64, COLS = 512 };
    static float w[ROWS * COLS];
    const ql_synthetic synthetic = { .seed = 7, .rows = 32, .channels = 5, .strongest = 20 };
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    uint32_t random = 3;
    ql_synthetic_channels(&synthetic, COLS, channels);
    for (int i = 0; i < ROWS * COLS; i++) {
        random = random * 1664525 + 1013904223;
        w[i] = (float)((double)(int32_t)random / 0x1p31 * 0.1);
    }
    for (int row = 0; row < 6; row++)
        w[row * 9 * COLS + (int)channels[0]] = row % 2 ? 1.5f : -1.5f;
    const char *path = testing_path(testing_folder(), "clip.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { ROWS, COLS }, w));
    char *screen =
        screen_of("%s --size 120x36 -s absmax:bits=4 --keys 'pE<C-u>absmax:bits=4,clip=percentile,p=99.95<Enter>2'", path);
    assert_shows(screen, "B has better weights than A (+");
    assert_shows(screen, "and a worse product (");
    assert_shows(screen, "X synthetic 32×512, 5 outlier channels, seed 7");
    free(screen);

    static const char *const specs[] = { "absmax:bits=4", "absmax:bits=4,clip=percentile,p=99.95" };
    screen = screen_of("%s --size 120x36 -s %s --keys 'pE<C-u>%s<Enter>2'", path, specs[0], specs[1]);
    for (int i = 0; i < 2; i++) {
        char arguments[512], text[32];
        snprintf(arguments, sizeof arguments, "%s --x synthetic -s %s", path, specs[i]);
        char *json = compare_json(arguments);
        snprintf(text, sizeof text, " %#.4g ", json_number(json, "product_rel_fro"));
        assert_shows(screen, text);
        free(json);
    }
    free(screen);
}

/* `2` looks at the weight of largest magnitude, W[654][194]. */
static void the_microscope_steps_through_weights(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown[3];
    } rows[] = {
        { "2", { "W[654][192…255] under A", "w = -0.3147   W[654][194]", "rounded to -127: code -127 = 0b10000001" } },
        { "2n", { "W[654][195]", "weight 4 of 64", "error " } },
        { "2NN", { "W[654][192]", "weight 1 of 64", "error " } },
        { "2NNN", { "W[654][191]", "weight 64 of 64", "W[654][128…191]" } },
        { "2]", { "W[654][194]", "▸ SQNR against bits", "under A" } },
        { "2<S-Tab>]", { "W[655][2]", "weight 3 of 64", "W[655][0…63]" } },
        { "2<S-Tab>[[[[", { "W[653][194]", "weight 3 of 64", "W[653][192…255]" } },
        { "2nlll", { "W[654][195]", "under D", "w ÷ A" } },
        { "2e<C-u>zeropoint:bits=4<Enter>", { "d = 0.03612", "rounded to -9, zero point 1 added: code -8 = 0b1000", "-9·d" } },
        { "2e<C-u>absmax:bits=4,clip=manual,abs=0.1<Enter>",
          { "w ÷ d = -0.3147 ÷ 0.01429 = -22.03", "out of range, cut to -7: code -7", "y = -7·d = -0.1000" } },
        { "2e<C-u>nf4<Enter>", { "A = 0.3147", "on a level: code 0 = 0b0000", "y = -1·A = -0.3147   error +0" } },
        { "2e<C-u>absmax:outliers=1%<Enter>", { "an outlier", "half precision", "y = -0.3147" } },
        { "2e<C-u>kmeans<Enter>", { "beyond the last level -0.1361", "code 0", "y = -0.1361   error -0.1786" } },
        { "2e<C-u>none<Enter>", { "levels too fine", "y = -0.3147   error +0", "" } },
        { "2Jn", { "h.2.mlp.c_proj.bias", "under A", "weight " } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 160x50 --keys '%s'", MATRIX, rows[i].keys);
        for (size_t k = 0; k < 3; k++)
            if (!strstr(screen, rows[i].shown[k]))
                fail_msg("keys %s: '%s' is not on the screen:\n%s", rows[i].keys, rows[i].shown[k], screen);
        free(screen);
    }
}

/* "<Click:ROW,COL>" of the n-th place (from 0) where the text stands on a screen, or another thing that the mouse does. */
static void mouse_at(const char *screen, const char *what, const char *text, int n, char out[32])
{
    const char *at = strstr(screen, text);
    while (at && n-- > 0)
        at = strstr(at + 1, text);
    if (!at)
        fail_msg("'%s' is not on the screen:\n%s", text, screen);
    int row = 1, col = 1;
    for (const char *c = screen; c < at; c++) {
        row += *c == '\n';
        col = *c == '\n' ? 1 : col + (((unsigned char)*c & 0xc0) != 0x80);
    }
    snprintf(out, 32, "<%s:%d,%d>", what, row, col);
}

static void the_mouse_reaches_what_the_panes_show(void **state)
{
    (void)state;
    static const struct {
        const char *size, *what, *text;
        int n;
        const char *keys, *shown[2]; /* after the keys */
    } rows[] = {
        { "120x36", "Click", "D nf4", 0, "", { "▸ D nf4", " nf4   4-bit" } },
        { "120x36", "Click", "D nf4", 1, "", { "▸ Metrics", " nf4   4-bit" } },
        { "120x36", "Click", "B absmax:bits=4", 0, "b", { "▸ B absmax:bits=3", "" } },
        { "120x36", "Click", "j◆ abs", 0, "<Enter>", { "▸ SQNR against bits", "E absmax:bits=6,per=row" } },
        { "120x36", "Click", "j◆ abs", 0, "%s", { "▸ SQNR against bits", "E absmax:bits=6,per=row" } },
        { "120x36", "Click", "h◆ ", 0, "<Enter>", { "▸ SQNR against bits", "E int4g:block=32" } }, /* in the plot */
        { "120x36", "Click", "A◆ absmax", 0, "b", { "▸ SQNR against bits", "A=base absmax:bits=7" } },
        { "120x36", "Click", "under A", 0, "]", { "▸ W[655]", "" } },
        { "120x36", "Click", "▇▄█▇█▅▇▂", 0, "", { "▸ W[654][192…255]", "weight 10 of 64" } },
        { "120x36", "WheelDown", "RMSE/σ", 0, "", { "absmax:bits=4   symmetric", "▸ Metrics" } },
        { "120x36", "WheelUp", "SQNR against", 0, "<Enter>", { "▸ SQNR against bits", "E absmax:bits=4,per=row" } },
        { "120x36", "WheelDown", "w ÷ d", 0, "", { "▸ W[654]", "weight 4 of 64" } },
        { "80x24", "Click", "Bits", 0, "", { "[Bits]", "▸ SQNR against bits" } },
        { "80x24", "Click", "C ab…k,block=64", 0, "", { "[Metrics]", "absmax:bits=4,per=block,block=64   " } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char mouse[32], keys[128];
        char *screen = screen_of("%s --size %s --keys 2", MATRIX, rows[i].size);
        mouse_at(screen, rows[i].what, rows[i].text, rows[i].n, mouse);
        free(screen);
        snprintf(keys, sizeof keys, "2<settle>%s%s", mouse, strcmp(rows[i].keys, "%s") == 0 ? mouse : rows[i].keys);
        screen = screen_of("%s --size %s --keys '%s'", MATRIX, rows[i].size, keys);
        for (size_t k = 0; k < 2; k++)
            if (!strstr(screen, rows[i].shown[k]))
                fail_msg("keys %s: '%s' is not on the screen:\n%s", keys, rows[i].shown[k], screen);
        free(screen);
    }
}

/* X of 20 tokens for h.2.mlp.c_fc.weight, which has 256 inputs. */
static const char *write_inputs(uint64_t cols)
{
    static float x[20 * 1024];
    uint32_t random = 5;
    for (size_t i = 0; i < 20 * cols; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    const char *path = testing_path(testing_folder(), "acts.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 20, cols }, x));
    return path;
}

/* The error of the product of column A, as it is on the screen. */
static void assert_product(const char *screen, const char *x)
{
    char arguments[512], text[64];
    snprintf(arguments, sizeof arguments, "%s -s absmax --x %s", MATRIX, x);
    char *json = compare_json(arguments);
    snprintf(text, sizeof text, "product err  %#.4g ", json_number(json, "product_rel_fro"));
    assert_shows(screen, text);
    free(json);
}

static void activations_come_from_a_file(void **state)
{
    (void)state;
    const char *path = write_inputs(256);
    char *screen = screen_of("%s --x %s --size 120x36 --keys 2", MATRIX, path);
    assert_shows(screen, "acts.npy 20×256 ──");
    assert_product(screen, path);
    free(screen);
    screen = screen_of("%s --size 120x36 --keys '2<settle>:x %s<Enter>'", MATRIX, path); /* after others were found */
    assert_shows(screen, "acts.npy 20×256 ──");
    assert_shows(screen, "acts.npy 20×256: the products of Compare (2) are with it");
    assert_product(screen, path);
    free(screen);
    screen = screen_of("%s --x %s --size 120x36 --keys '2<settle>:x<Enter>'", MATRIX, path);
    assert_shows(screen, "X synthetic 32×256, 5 outlier channels, seed 7 (:x FILE) ──");
    assert_product(screen, "synthetic");
    free(screen);
    screen = screen_of("%s --size 120x36 --keys ':x %s<Enter>2'", MATRIX, path); /* in the other view */
    assert_product(screen, path);
    free(screen);
    screen = screen_of("%s --x %s --size 120x36 --keys '2J'", MATRIX, path); /* a bias */
    assert_shows(screen, "product err  -");
    assert_shows(screen, "no product: a tensor of one axis, a vector, makes no product");
    free(screen);
}

static void activations_that_do_not_fit_are_refused_in_a_line(void **state)
{
    (void)state;
    const char *path = write_inputs(3);
    char *screen = screen_of("%s --size 160x36 --keys '2:x %s<Enter>'", MATRIX, path);
    assert_shows(screen, "product err  - ");
    assert_shows(screen, "no product: X of ");
    assert_shows(line_of(screen, 34), "acts.npy is 20x3, W is 1024x256 (out x in): X needs 256 columns");
    free(screen);
    screen = screen_of("%s --size 160x36 --keys '2:x /nonexistent.npy<Enter>'", MATRIX);
    assert_shows(line_of(screen, 34), "/nonexistent.npy: cannot be opened");
    assert_shows(screen, "X synthetic 32×256");
    assert_product(screen, "synthetic");
    free(screen);
    testing_result result = testing_run("\"$QLOUPE\" %s --size 80x24 --x /nonexistent.npy", MATRIX);
    assert_int_equal(result.exit_code, 2);
    assert_non_null(strstr(result.standard_error, "qloupe: --x: /nonexistent.npy: cannot be opened"));
    testing_result_free(&result);
}

static void what_cannot_be_measured_says_why(void **state)
{
    (void)state;
    char *screen = columns_of("2le<C-u>codebook:file=missing.npy<Enter>h");
    assert_shows(screen, "codebook");
    assert_shows(screen, "missing.npy");
    assert_shows(screen, "No such file");
    free(screen);
}

static void every_size_is_drawn(void **state)
{
    (void)state;
    static const char *const sizes[] = { "1x1",   "1x50",   "59x16",  "60x15",   "60x16",
                                         "99x27", "100x29", "120x29", "101x200", "1000x20" };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        free(screen_of("%s --size %s --keys '2l<Tab>aaaz<Tab>zddL<Tab>e<Esc>n]N?<Esc>'", MATRIX, sizes[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded_at_every_size_in_every_mode),
        cmocka_unit_test(a_first_start_has_columns),
        cmocka_unit_test(numbers_are_those_of_compare),
        cmocka_unit_test(keys_change_the_columns),
        cmocka_unit_test(the_words_are_from_the_numbers),
        cmocka_unit_test(the_pareto_edge_is_marked),
        cmocka_unit_test(a_clip_may_ruin_the_product),
        cmocka_unit_test(the_microscope_steps_through_weights),
        cmocka_unit_test(the_mouse_reaches_what_the_panes_show),
        cmocka_unit_test(activations_come_from_a_file),
        cmocka_unit_test(activations_that_do_not_fit_are_refused_in_a_line),
        cmocka_unit_test(what_cannot_be_measured_says_why),
        cmocka_unit_test(every_size_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
