/* The terminal interface over every mapping and knob: they are reached by key, turned, typed, and their formula holds the
 * report's numbers. */
#include "tui.h"

#include <math.h>
#include <stdbool.h>

#include "npy.h"
#include "qloupe.h"

enum { ROWS = 24, COLS = 40 };

/* ---- A small tensor, on disk and in the library ---------------------------------------------------------------- */

static char tensor_path[256], levels_path[256];
static ql_engine *engine;
static ql_model *model;
static ql_profile *profile;

static int start(void **state)
{
    (void)state;
    static float values[ROWS * COLS];
    uint64_t seed = 2024;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        double sum = 0; /* of twelve uniform numbers: about normal */
        for (int k = 0; k < 12; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(seed >> 40) / (1 << 24);
        }
        values[i] = (float)(0.1 * (sum - 6));
    }
    values[7 * COLS + 5] = -1.25f; /* the widest group is neither the first nor the last */
    snprintf(tensor_path, sizeof tensor_path, "%s", testing_path(testing_folder(), "small.npy"));
    snprintf(levels_path, sizeof levels_path, "%s",
             testing_path(testing_folder(), "levels,1.npy")); /* a comma is no end of a path */
    static const float levels[] = { -1, -0.5f, -0.2f, 0, 0.2f, 0.5f, 1 };
    ql_error error;
    return !npy_write(tensor_path, "f4", 2, (uint64_t[]) { ROWS, COLS }, values) ||
           !npy_write(levels_path, "f4", 1, (uint64_t[]) { 7 }, levels) || ql_engine_new(1, &engine, &error) != QL_OK ||
           ql_model_open(tensor_path, QL_LAYOUT_AUTO, &model, &error) != QL_OK ||
           ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_profile_free(&profile);
    ql_model_free(&model);
    ql_engine_free(&engine);
    return 0;
}

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error;
    if (ql_spec_parse(text, &spec, &error) != QL_OK)
        fail_msg("%s", error.message);
    return spec;
}

static ql_report *report_of(const ql_spec *spec)
{
    ql_report *report = NULL;
    ql_error error;
    if (ql_report_make(engine, profile, spec, NULL, &report, &error) != QL_OK)
        fail_msg("%s", error.message);
    return report;
}

/* The screen after `keys` from the spec `from`. */
static char *play(const char *from, const char *keys, const char *size)
{
    return screen_of("%s -s '%s' --keys '%s<settle>' --size %s", tensor_path, from, keys, size);
}

static void repeat(char *out, size_t size, const char *key, size_t count, const char *last)
{
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        strncat(out, key, size - strlen(out) - 1);
    strncat(out, last, size - strlen(out) - 1);
}

/* ---- Mappings ---------------------------------------------------------------------------------------------------- */

/* As the screen writes a number. */
static void assert_line_has(const char *line, const char *before, double value)
{
    char text[64];
    snprintf(text, sizeof text, value == trunc(value) ? "%s%.0f" : "%s%#.4g", before, value);
    if (!strstr(line, text))
        fail_msg("no '%s' in '%s'", text, line);
}

/* What the report of the mapping holds of its widest group is in the line. */
static void check_formula(const char *line, const ql_spec *spec)
{
    ql_report *report = report_of(spec);
    uint64_t widest = 0;
    for (uint64_t g = 0; report->scales && g < report->group_count; g++)
        widest = fabsf(report->scales[g]) > fabsf(report->scales[widest]) ? g : widest;
    if (report->tensor_scale != 1) {
        assert_line_has(line, " = ", report->tensor_scale);
        assert_line_has(line, " = ",
                        round((double)report->scales[widest] / (double)report->tensor_scale)); /* 448 is whole */
    } else if (report->codebook && !report->edges) {
        assert_line_has(line, "levels ", report->codebook[0]);
        assert_line_has(line, " ", report->codebook[report->levels - 1]);
    } else if (report->edges) {
        assert_line_has(line, "D = ", report->edges[1]);
        assert_line_has(line, " ", report->edges[report->levels - 1]);
    } else if (report->scales && report->scale_max != 1) {
        assert_line_has(line, "", report->scales[widest]);
    }
    if (report->zeros)
        assert_line_has(line, " = ", report->zeros[widest]);
    ql_report_free(&report);
}

static void walk(const char *size, const char *key, int status_line)
{
    ql_spec spec = parse("absmax");
    const size_t count = ql_mapping_count();
    for (size_t i = 0; i <= count; i++) {
        char keys[64], text[QL_SPEC_TEXT];
        repeat(keys, sizeof keys, key, i, "");
        const size_t at = *key == 's' ? i % count : (count - i % count) % count;
        if (i > 0)
            ql_spec_change_mapping(&spec, ql_mapping_at(at));
        ql_spec_format(&spec, text);
        char *screen = play("absmax", keys, size);
        if (strcmp(spec_on(screen), text) != 0)
            fail_msg("%zu times %s leads to %s, expected %s", i, key, spec_on(screen), text);
        assert_shows(line_of(screen, 1), ql_mapping_describe(spec.mapping)->title);
        if (ql_spec_takes(&spec, QL_KEY_FILE)) {
            assert_shows(screen, "needs a file of its levels");
        } else {
            assert_string_equal(line_of(screen, status_line), "");
            assert_shows_not(screen, "measuring");
            assert_shows_not(screen, "still of");
            check_formula(line_of(screen, 2), &spec);
        }
        free(screen);
    }
}

static void every_mapping_is_reached_by_s_with_its_formula_in_numbers(void **state)
{
    (void)state;
    walk("120x36", "s", 34);
    walk("80x24", "s", 22);
    walk("100x30", "S", 28);
}

static void the_formula_says_of_which_group_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *line;
    } rows[] = {
        { "absmax", " d = 1.250 / 127 = 0.009843   q = round(x / d)   y = q·d" },
        { "absmax:per=row", " row 7, the widest of 24: d = 1.250 / 127 = 0.009843   q = round(x / d)   y = q·d" },
        { "absmax:per=col", " column 5, the widest of 40: d = 1.250 / 127 = 0.009843   q = round(x / d)   y = q·d" },
        { "absmax:per=block,block=4",
          " block 1 of row 7, the widest of 240: d = 1.250 / 127 = 0.009843   q = round(x / d)   y = q·d" },
        { "absmax:per=tile,block=8x8",
          " tile 0, the widest of 15: d = 1.250 / 127 = 0.009843   q = round(x / d)   y = q·d" },
        { "absmax:clip=manual,abs=0.5", " d = 0.5000 / 127 = 0.003937   q = round(x / d)   y = q·d" },
        { "absmax:bits=4,round=away", " d = 1.250 / 7 = 0.1786   q = round away(x / d)   y = q·d" },
        { "mxfp4",
          " block 0 of row 7, the widest of 48: d = 2^(floor(log2 1.250) - 2) = 2^-2 = 0.2500   q = e2m1(x / d)   y = q·d" },
        { "fp8_e4m3:scale=0", " q = e4m3(x)   y = q" },
        { "fp16", " y = x rounded to 5 exponent and 10 mantissa bits: steps of 0.0009766 at 1.250" },
        { "none", " y = x" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play(rows[i].spec, "", "120x36");
        assert_string_equal(line_of(screen, 2), rows[i].line);
        free(screen);
    }
}

static void a_tensor_of_zeros_has_the_formula_alone(void **state)
{
    (void)state;
    static const float zeros[6];
    char path[512];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "zeros.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 3 }, zeros));
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const ql_mapping_info *info = ql_mapping_describe(ql_mapping_at(i));
        if (strcmp(info->name, "codebook") == 0)
            continue;
        char *screen = screen_of("%s -s %s --size 200x36", path, info->name);
        assert_shows_not(line_of(screen, 2), "nan");
        assert_shows_not(line_of(screen, 2), "inf");
        if (strcmp(info->name, "absmax") == 0 || strcmp(info->name, "mxfp4") == 0)
            assert_string_equal(line_of(screen, 2) + 1, info->formula);
        free(screen);
    }
}

/* ---- Knobs ------------------------------------------------------------------------------------------------------- */

static void check_knob(const char *from, ql_key key, size_t line)
{
    const char *name = ql_key_describe(key)->name;
    char keys[64], text[QL_SPEC_TEXT], mark[64];
    ql_spec spec = parse(from);
    const char *turn = "l";
    if (!ql_spec_step(&spec, key, 1, profile)) {
        turn = "h";
        if (key != QL_KEY_FILE)
            assert_true(ql_spec_step(&spec, key, -1, profile));
    }
    ql_spec_format(&spec, text);
    char from_keys[64];
    snprintf(from_keys, sizeof from_keys, "<settle>e");
    repeat(keys, sizeof keys, "j", line, turn);
    strncat(from_keys, keys, sizeof from_keys - strlen(from_keys) - 1);
    char *screen = play(from, from_keys, "120x36");
    if (strcmp(spec_on(screen), text) != 0)
        fail_msg("%s: %s turned by %s leads to %s, expected %s", from, name, turn, spec_on(screen), text);
    snprintf(mark, sizeof mark, "▶ %s ", name);
    assert_shows(screen, mark);
    snprintf(mark, sizeof mark, "%s: ", ql_key_describe(key)->title);
    assert_shows(screen, mark);
    free(screen);
}

static void every_knob_is_in_the_list_and_turns(void **state)
{
    (void)state;
    static const char *const more[] = { "absmax:clip=percentile",
                                        "zeropoint:clip=percentile",
                                        "absmax:clip=manual,abs=0.5",
                                        "zeropoint:clip=manual,lo=-0.5,hi=0.5",
                                        "absmax:clip=aciq",
                                        "absmax:round=stochastic",
                                        "absmax:per=tile,block=16x16",
                                        "absmax:per=block,block=16",
                                        "fp8_e5m2:scale=0" };
    const size_t extra = sizeof more / sizeof more[0];
    bool turned[QL_KEY_COUNT] = { false };
    for (size_t i = 0; i < ql_mapping_count() + extra + 1; i++) {
        char from[QL_SPEC_TEXT];
        const char *name = i < ql_mapping_count() ? ql_mapping_describe(ql_mapping_at(i))->name : NULL;
        if (i == ql_mapping_count() + extra)
            snprintf(from, sizeof from, "codebook:file=%s", levels_path);
        else
            snprintf(from, sizeof from, "%s", name ? name : more[i - ql_mapping_count()]);
        if (strcmp(from, "codebook") == 0)
            continue;
        const ql_spec spec = parse(from);
        size_t line = 0;
        for (int key = 0; key < QL_KEY_COUNT; key++)
            if (ql_spec_takes(&spec, (ql_key)key)) {
                line++;
                if (name == NULL || !turned[key]) /* each knob of every kind of spec once, and the special ones all */
                    check_knob(from, (ql_key)key, line);
                turned[key] = true;
            }
        char *screen = play(from, "e", "120x36"); /* and no other is there */
        char count[32];
        snprintf(count, sizeof count, "1 of %zu ─┐", line + 1);
        assert_shows(screen, count);
        free(screen);
    }
    for (int key = 0; key < QL_KEY_COUNT; key++)
        if (!turned[key])
            fail_msg("no mapping shows the knob %s", ql_key_describe((ql_key)key)->name);
}

static void values_and_specs_are_typed(void **state)
{
    (void)state;
    char file_keys[640], file_spec[640];
    snprintf(file_keys, sizeof file_keys, "e<Enter>codebook<Enter>jj<Enter>%s<Enter>", levels_path);
    snprintf(file_spec, sizeof file_spec, "codebook:file=%s", levels_path);
    const struct {
        const char *from, *keys, *spec, *shows;
    } rows[] = {
        { "absmax", "ej<Enter>5<Enter>", "absmax:bits=5", "A" },
        { "absmax", "ej<Enter><BS>3<Enter>", "absmax:bits=3", NULL },
        { "absmax", "ej<Enter>99<Enter>", "absmax", "bits=99 is not allowed for absmax; allowed: 2..8 [8]" },
        { "absmax", "ej<Enter>99<Enter><C-u>4<Enter>", "absmax:bits=4", NULL },
        { "absmax", "ej<Enter>5<Esc>", "absmax", NULL },
        { "absmax", "ejj<Enter>tile<Enter>j<Enter>8x4<Enter>", "absmax:per=tile,block=8x4", NULL },
        { "absmax:per=block,block=8", "ejj<Enter>row<Enter>", "absmax:per=row", NULL },
        { "absmax", "<settle>ejjj<Enter>percentile<Enter>j<Enter>98.7<Enter>", "absmax:clip=percentile,p=98.7", NULL },
        { "zeropoint", "<settle>ejjj<Enter>percentile<Enter>j<Enter>1:97<Enter>", "zeropoint:clip=percentile,p=1:97", NULL },
        { "absmax", "<settle>ejjj<Enter>manual<Enter>j<Enter>0.25<Enter>", "absmax:clip=manual,abs=0.25", NULL },
        { "absmax:round=stochastic", "ejjjjjj<Enter>12345<Enter>", "absmax:round=stochastic,seed=12345", NULL },
        { "absmax", "ejjjjjj<Enter>0.3%<Enter>", "absmax:outliers=0.3%", NULL },
        { "absmax", "ejjjjjj<Enter>0.4<Enter>", "absmax:outliers=0.4", NULL },
        { "ternary", "ejj<Enter>0.25<Enter>", "ternary:eps=0.25", "0.25" },
        { "kmeans", "ejjj<Enter>7<Enter>", "kmeans:iterations=7", NULL },
        { "absmax", "e<Enter>nf4<Enter>", "nf4", "4-bit NormalFloat" },
        { "absmax", "e<Enter>nothing<Enter>", "absmax", "no mapping is named 'nothing'" },
        { "absmax", file_keys, file_spec, "levels: -1.250" },
        { "absmax", "E<C-u>zeropoint:bits=3<Enter>", "zeropoint:bits=3", NULL },
        { "absmax", "E:bits=4,per=row<Enter>", "absmax:bits=4,per=row", NULL },
        { "absmax", "E<C-u>zeropoint<Esc>", "absmax", NULL },
        { "absmax", "E,bits<Enter>", "absmax", "no mapping is named 'absmax,bits'" },
        { "absmax", "E,bits<Enter>", "absmax", " spec absmax,bits\n" }, /* which can be put right */
        { "absmax", "E,bits<Enter><BS><BS><BS><BS><BS>:bits=2<Enter>", "absmax:bits=2", NULL },
        { "absmax", "eEx<Esc>jl", "absmax", NULL },         /* back in the list: bits are at their most */
        { "absmax", "ej<Enter>5<Enter>u", "absmax", NULL }, /* undone as one turn */
        { "absmax", "ejhh<Esc>u", "absmax:bits=7", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play(rows[i].from, rows[i].keys, "200x36");
        if (strcmp(spec_on(screen), rows[i].spec) != 0)
            fail_msg("%s: keys %s lead to %s, expected %s", rows[i].from, rows[i].keys, spec_on(screen), rows[i].spec);
        if (rows[i].shows)
            assert_shows(screen, rows[i].shows);
        free(screen);
    }
}

static void a_knob_that_does_not_turn_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *keys, *why;
    } rows[] = {
        { "mxfp4", "g", "mxfp4 has fixed blocks of 32" },
        { "mxfp4", "b", "mxfp4 has fixed codes of 4 bits" },
        { "mxfp4", "c", "mxfp4 has no clipping to choose" },
        { "binary", "b", "binary has fixed codes of 1 bit" },
        { "int4g", "g", "int4g always has blocks of a row; + and - change their size" },
        { "fp16", "g", "fp16 has no groups" },
        { "none", "b", "none keeps the bits as stored" },
        { "nf4", "c", "nf4 has no clipping to choose" },
        { "absmax", "+", "nothing to change finely here: e opens all knobs of absmax" },
        { "absmax", "ejl", "that is as far as it goes; Enter types a value" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play(rows[i].spec, rows[i].keys, "120x36");
        assert_string_equal(spec_on(screen), rows[i].spec);
        assert_shows(line_of(screen, 34), rows[i].why);
        free(screen);
    }
}

/* ---- What a result shows ----------------------------------------------------------------------------------------- */

static void outliers_and_notes_are_told(void **state)
{
    (void)state;
    const ql_spec spec = parse("absmax:outliers=1%");
    ql_report *report = report_of(&spec);
    char text[160];
    snprintf(text, sizeof text, " %d outliers kept in half precision: in %d rows and %d columns", (int)report->outlier_count,
             (int)report->outlier_rows, (int)report->outlier_cols);
    char *screen = play("absmax:outliers=1%", "", "120x36");
    assert_string_equal(line_of(screen, 34), text);
    free(screen);
    ql_report_free(&report);
    screen = play("absmax:outliers=1.2", "", "120x36");
    assert_shows(line_of(screen, 34), "1 outlier kept in half precision: in 1 row and 1 column");
    free(screen);
    screen = play("absmax:clip=kl,outliers=1.2", "", "160x36");
    assert_shows(line_of(screen, 34), "1 column · clip=kl on groups");
    free(screen);
}

static void codes_are_shown_in_the_order_of_their_values(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *shows;
    } rows[] = {
        { "absmax:bits=4", "codes -7▕" },
        { "zeropoint:bits=4", "codes -8▕" },
        { "mxfp4", "levels by value▕" },
        { "fp8_e4m3", "levels by value▕" },
        { "nf4", "codes 0▕" },
        { "fp16", "codes 0▕" },
        { "none", "no codes of its own" },
        { "absmax:per=row", "24 groups · step " },
        { "nf4", "15 groups · scale " },
        { "kmeans", "16 levels · " },
        { "fp16", "63487 levels · " },
        { "none", "as stored · 0 outside" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play(rows[i].spec, "", "120x36");
        assert_shows(screen, rows[i].shows);
        free(screen);
    }
}

static void levels_come_lowest_first_whatever_their_codes(void **state)
{
    (void)state;
    float values[64]; /* none is negative: of the levels, the upper half is used */
    for (int i = 0; i < 64; i++)
        values[i] = (float)(i % 32) * 0.1875f;
    char path[256];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "positive.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 32 }, values));
    char *screen = screen_of("%s -s mxfp4 --keys 'e<settle>' --size 120x36", path);
    assert_shows(screen, "levels by value▕              ▒▒"); /* seven levels of two cells */
    assert_shows(screen, "levels of row 0: -6 -4 -3 -2");
    assert_shows(screen, "2 groups · scale 1 · ");
    free(screen);
}

static void h_and_l_move_between_the_panes(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *pane;
    } rows[] = { { "l", "[Error]" }, { "h", "[Tensors]" }, { "ll", "[Tensor]" }, { "<Right><Left>", "[Distribution]" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = play("absmax", rows[i].keys, "80x24");
        assert_shows(line_of(screen, 3), rows[i].pane);
        free(screen);
    }
}

static void a_path_in_a_spec_cannot_reach_the_terminal(void **state)
{
    (void)state;
    testing_result result = testing_run("\"$QLOUPE\" --screenshot %s/x.txt %s -s \"$(printf 'codebook:file=/nowhere/\\033[31m')\"",
                                        testing_folder(), tensor_path);
    assert_int_equal(result.exit_code, 2);
    assert_shows(result.standard_error, "/nowhere/\\x1b[31m is not allowed");
    assert_null(strchr(result.standard_error, '\033'));
    testing_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mapping_is_reached_by_s_with_its_formula_in_numbers),
        cmocka_unit_test(the_formula_says_of_which_group_it_is),
        cmocka_unit_test(a_tensor_of_zeros_has_the_formula_alone),
        cmocka_unit_test(every_knob_is_in_the_list_and_turns),
        cmocka_unit_test(values_and_specs_are_typed),
        cmocka_unit_test(a_knob_that_does_not_turn_says_why),
        cmocka_unit_test(outliers_and_notes_are_told),
        cmocka_unit_test(codes_are_shown_in_the_order_of_their_values),
        cmocka_unit_test(levels_come_lowest_first_whatever_their_codes),
        cmocka_unit_test(h_and_l_move_between_the_panes),
        cmocka_unit_test(a_path_in_a_spec_cannot_reach_the_terminal),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
