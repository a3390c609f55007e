/* The terminal interface without a terminal: scripts of keys, screens as text. */
#include "screens.h"

#include <ctype.h>
#include <math.h>

#include "npy.h"

/* ---- Golden screens -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *arguments;
} screens[] = {
    { "zeropoint-200x60", MATRIX " --size 200x60 -s zeropoint:bits=5,per=row" },
    { "int4-120x36", MATRIX " --size 120x36 -s absmax:bits=4" },
    { "blocks-120x36", MATRIX " --size 120x36 -s absmax:bits=4,per=block,block=64" },
    { "clip-linear-120x36", MATRIX " --size 120x36 -s zeropoint:bits=3,clip=percentile,p=99 --keys L" },
    { "tensors-80x24", MATRIX " --size 80x24 --keys '<S-Tab>'" },
    { "error-80x24", MATRIX " --size 80x24 --keys '<Tab>'" },
    { "rows-80x24", MATRIX " --size 80x24 -s absmax:bits=4 --keys '<Tab>v'" },
    { "rows-120x36", MATRIX " --size 120x36 -s absmax:bits=4 --keys '<Tab>v'" },
    { "rows-120x36-ascii", MATRIX " --size 120x36 --ascii -s absmax:bits=4 --keys '<Tab>vzL'" },
    { "codes-80x24", MATRIX " --size 80x24 --keys '<Tab>VV'" },
    { "codes-120x36", MATRIX " --size 120x36 -s nf4 --keys '<Tab>VV'" },
    { "codes-120x36-ascii", MATRIX " --size 120x36 --ascii --keys '<Tab>VVz'" },
    { "map-120x36", MATRIX " --size 120x36 -s absmax:bits=4,per=row --keys '<Tab>V'" },
    { "map-120x36-ascii", MATRIX " --size 120x36 --ascii -s absmax:bits=4 --keys '<Tab>VzL'" },
    { "tensor-80x24", MATRIX " --size 80x24 --keys '<Tab><Tab>'" },
    { "view-80x24", MATRIX " --size 80x24 --keys xxxx" },
    { "view-120x36", MATRIX " --size 120x36 -s zeropoint:bits=4,clip=percentile,p=99 --keys xx]" },
    { "view-120x36-ascii", MATRIX " --size 120x36 --ascii -s quantile:bits=3 --keys zxx" },
    { "range-80x24", MATRIX " --size 80x24 -s absmax:bits=4 --keys '<settle><Click:10,8><Drag:10,20><Release:10,20>'" },
    { "range-80x24-ascii", MATRIX " --size 80x24 --ascii -s zeropoint:bits=5 --keys '<settle>;;,,,,,,,,x'" },
    { "loss-80x24", MATRIX " --size 80x24 -s absmax:bits=4,clip=percentile --keys v" },
    { "loss-120x36", MATRIX " --size 120x36 -s zeropoint:bits=4,per=row --keys v,," },
    { "loss-120x36-ascii", MATRIX " --size 120x36 --ascii -s absmax:bits=3,per=block,block=64 --keys vzL" },
    { "help-80x24", MATRIX " --size 80x24 --keys '?gran'" },
    { "filter-120x36", MATRIX " --size 120x36 --keys '&attn'" },
    { "scan-120x36", MATRIX " --size 120x36 --keys 'mo<settle>'" },
    { "tree-120x36", MATRIX " --size 120x36 --keys 'tm<settle>'" },
    { "layers-120x36", MATRIX " --size 120x36 --keys 'ttm<settle><Space>'" },
    { "layers-80x24-ascii", MATRIX " --size 80x24 --ascii --keys '<S-Tab>ttm<settle>'" },
    { "export-120x36", MATRIX " --size 120x36 --keys 'w'" },
    { "export-80x24", MATRIX " --size 80x24 --keys 'w<Down><Down>'" },
    { "export-80x24-ascii", MATRIX " --size 80x24 --ascii --keys '2w'" },
    { "export-60x16", MATRIX " --size 60x16 --keys 'w<Up>'" },
    { "nf4-80x24", MATRIX " --size 80x24 -s nf4" },
    { "mxfp4-120x36", MATRIX " --size 120x36 -s mxfp4" },
    { "kmeans-120x36", MATRIX " --size 120x36 -s kmeans" },
    { "none-80x24", MATRIX " --size 80x24 -s none" },
    { "knobs-80x24", MATRIX " --size 80x24 -s absmax:bits=4,outliers=1% --keys 'ejj'" },
    { "knobs-120x36", MATRIX " --size 120x36 -s zeropoint:bits=4,per=row,clip=percentile --keys 'ejjjj<Enter>99'" },
    { "knobs-nf4-120x36-ascii", MATRIX " --size 120x36 --ascii -s nf4:double=1 --keys e" },
    { "spec-80x24", MATRIX " --size 80x24 --keys 'E:bits=4'" },
    { "command-80x24", MATRIX " --size 80x24 --keys ':'" },
    { "command-120x36", MATRIX " --size 120x36 --keys ':spec absmax:bits=4,<Tab>'" },
    { "help-commands-120x36", MATRIX " --size 120x36 --keys '?FILE'" },
    { "light-120x36", MATRIX " --size 120x36 --keys ':set theme=light<Enter>'" },
    { "safe-120x36", MATRIX " --size 120x36 --keys ':set theme=safe<Enter>'" },
    { "least-60x16", MATRIX " --size 60x16" },
    { "too-small-50x10", MATRIX " --size 50x10" },
};

/* Recorded at every size in every mode, as NAME-SIZE and NAME-SIZE-MODE. */
static const struct {
    const char *name, *arguments;
} everywhere[] = {
    { "explore", MATRIX },
    { "blocks-map", MATRIX " -s absmax:bits=4,per=block,block=64 --keys '<Tab>V'" },
    { "scan-tree", MATRIX " --keys '<S-Tab>tm<settle>'" },
    { "knobs-typing", MATRIX " -s zeropoint:bits=4,per=row,clip=percentile --keys 'ejjjj<Enter>99'" },
};

static void screens_are_as_recorded_at_every_size_in_every_mode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof everywhere / sizeof everywhere[0]; i++)
        assert_screen_everywhere(everywhere[i].name, everywhere[i].arguments);
}

static void screens_are_as_recorded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
        assert_screen(screens[i].name, screens[i].arguments);
}

static void a_screenshot_with_colours_has_the_characters_of_one_without(void **state)
{
    (void)state;
    static const char *const modes[] = { "", "--color never", "--ascii", "--keys ':set theme=light<Enter>'" };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char *plain = screen_of("%s --size 120x36 %s", MATRIX, modes[i]), *text, *styles;
        const char *path = testing_path(testing_folder(), "screen.ans");
        testing_result result = testing_run("\"$QLOUPE\" %s --size 120x36 %s --screenshot %s", MATRIX, modes[i], path);
        assert_int_equal(result.exit_code, 0);
        testing_result_free(&result);
        char *ans = testing_read(path, NULL);
        screens_split(ans, &text, &styles);
        assert_string_equal(text, plain);
        assert_int_equal(strstr(ans, "38;2;95;175;255") != NULL, i != 1 && i != 3); /* blue: the original */
        free(plain);
        free(ans);
        free(text);
        free(styles);
    }
}

static void ascii_screens_are_ascii(void **state)
{
    (void)state;
    char *screen = screen_of("%s", MATRIX " --size 120x36 --ascii --keys '?'");
    for (const char *c = screen; *c; c++)
        assert_true((unsigned char)*c < 0x80);
    free(screen);
    screen = screen_of("%s", MATRIX " --size 120x36 --ascii -s quantile --keys 'ej'");
    for (const char *c = screen; *c; c++)
        assert_true((unsigned char)*c < 0x80);
    free(screen);
    const char *path = testing_path(testing_folder(), "c.txt"); /* the locale says it, too */
    testing_result result = testing_run("LC_ALL=C \"$QLOUPE\" %s --size 120x36 --keys '?' --screenshot %s", MATRIX, path);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
    char *in_c = testing_read(path, NULL);
    screen = screen_of("%s", MATRIX " --size 120x36 --ascii --keys '?'");
    assert_string_equal(in_c, screen);
    free(screen);
    free(in_c);
}

static void every_size_is_drawn(void **state)
{
    (void)state;
    static const char *const sizes[] = { "1x1",   "1x50",   "59x16",  "60x15",   "61x17",
                                         "99x27", "100x29", "120x29", "101x200", "1000x20" };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        free(screen_of("%s --size %s --keys 'sgb<Tab>?<Esc>vVVvvw<Esc>ejj<Enter>E<Esc>'", MATRIX, sizes[i]));
}

static void a_png_is_written(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "screen.png");
    testing_result result = testing_run("\"$QLOUPE\" %s --screenshot %s", DEMO, path);
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
    size_t size;
    char *bytes = testing_read(path, &size);
    assert_true(size > 1000);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    free(bytes);
}

/* ---- Knobs ----------------------------------------------------------------------------------------------------- */

static void knobs_change_the_spec(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *spec;
    } rows[] = {
        { "", "absmax" },
        { "s", "zeropoint" },
        { "sS", "absmax" },
        { "S", "none" },
        { "b", "absmax:bits=7" },
        { "bbbb", "absmax:bits=4" },
        { "bbbbbbb", "absmax" },
        { "B", "absmax:bits=2" },
        { "g", "absmax:per=row" },
        { "gg", "absmax:per=col" },
        { "ggg", "absmax:per=block,block=64" },
        { "G", "absmax:per=tile,block=16x16" },
        { "GG", "absmax:per=flat,block=64" },
        { "ggg+", "absmax:per=block,block=128" },
        { "ggg--", "absmax:per=block,block=16" },
        { "c", "absmax:clip=percentile" },
        { "c-", "absmax:clip=percentile,p=99.8" },
        { "c+", "absmax:clip=percentile,p=99.95" },
        { "sc-", "zeropoint:clip=percentile,p=99.8" },
        { "cc", "absmax:clip=kl" },
        { "C", "absmax:clip=manual,abs=0.314697265625" },
        { "C-", "absmax:clip=manual,abs=0.299" },
        { "sC-", "zeropoint:clip=manual,lo=-0.2876,hi=0.2" },
        { "bbu", "absmax:bits=7" },
        { "bbuu<C-r>", "absmax:bits=7" },
        { "bbuu", "absmax" },
        { "uuu", "absmax" },
        { "+", "absmax" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 200x36", MATRIX, rows[i].keys);
        if (strcmp(spec_on(screen), rows[i].spec) != 0)
            fail_msg("keys %s lead to %s, expected %s", rows[i].keys, spec_on(screen), rows[i].spec);
        free(screen);
    }
}

static void numbers_are_those_of_compare(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=5", "zeropoint:bits=4,per=row", "absmax:bits=4,per=block,block=64" };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        char arguments[256], text[64];
        snprintf(arguments, sizeof arguments, "%s -s %s", MATRIX, specs[i]);
        char *json = compare_json(arguments);
        char *screen = screen_of("%s --size 120x36", arguments);
        snprintf(text, sizeof text, "SQNR  %.2f dB", json_number(json, "sqnr_db"));
        assert_shows(screen, text);
        snprintf(text, sizeof text, "%.6f", json_number(json, "cosine"));
        assert_shows(screen, text);
        snprintf(text, sizeof text, "bits/wt %8.3f", json_number(json, "bits_per_weight"));
        assert_shows(screen, text);
        snprintf(text, sizeof text, "%.0f/", json_number(json, "levels_used"));
        assert_shows(screen, text);
        static const char *const significant[] = { "mse", "mae", "max_abs", "p99_abs", "rmse_over_std" };
        for (size_t m = 0; m < sizeof significant / sizeof significant[0]; m++) {
            snprintf(text, sizeof text, "%#.4g", json_number(json, significant[m]));
            assert_shows(screen, text);
        }
        free(screen);
        free(json);
    }
}

/* ---- Why ------------------------------------------------------------------------------------------------------- */

/* 64 x 64 values like those of a normal distribution, with one of 50 sigma at [12][34]. */
static const char *write_outlier(void)
{
    static float values[64 * 64];
    uint64_t seed = 12345;
    for (size_t i = 0; i < 64 * 64; i++) {
        double sum = 0; /* of twelve uniform numbers: variance 1 */
        for (int k = 0; k < 12; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(seed >> 40) / (1 << 24);
        }
        values[i] = (float)(sum - 6);
    }
    values[12 * 64 + 34] = 50;
    const char *path = testing_path(testing_folder(), "outlier.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 64, 64 }, values));
    return path;
}

static void why_names_the_outlier_and_the_gain_that_compare_reports(void **state)
{
    (void)state;
    const char *path = write_outlier();
    char arguments[512], text[128], remedy[128];
    snprintf(arguments, sizeof arguments, "%s -s absmax", path);
    char *before = compare_json(arguments);
    char *screen = screen_of("%s --size 300x40", path); /* wide enough for the why-line to be one line */
    assert_shows(screen, "[12,34]");
    snprintf(text, sizeof text, "%.0f of 255 codes idle", 255 - json_number(before, "levels_used"));
    assert_shows(screen, text);

    char *try = strstr(screen, "Try ");
    assert_non_null(try);
    size_t size = strcspn(try + 4, " ");
    snprintf(remedy, sizeof remedy, "%.*s", (int)size - 1, try + 4); /* without the colon */
    snprintf(arguments, sizeof arguments, "%s -s '%s'", path, remedy);
    char *after = compare_json(arguments);
    double gain = json_number(after, "sqnr_db") - json_number(before, "sqnr_db");
    assert_true(gain > 3);
    snprintf(text, sizeof text, "%.2f dB, +%.2f", json_number(after, "sqnr_db"), gain);
    assert_shows(try, text);
    free(screen);

    screen = screen_of("%s --keys '<settle><Enter>' --size 120x36", path); /* Enter tries it */
    assert_string_equal(spec_on(screen), remedy);
    snprintf(text, sizeof text, "SQNR  %.2f dB", json_number(after, "sqnr_db"));
    assert_shows(screen, text);
    free(screen);
    free(before);
    free(after);
}

/* ---- List and help --------------------------------------------------------------------------------------------- */

static void the_list_is_in_natural_order(void **state)
{
    (void)state;
    static const char header[] = "{\"w.10\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                 "\"w.9\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
                                 "\"w.2\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}";
    char bytes[512] = { 0 };
    uint64_t size = sizeof header - 1;
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    memcpy(bytes + 8 + size, "\1\2\3", 3);
    const char *path = testing_path(testing_folder(), "order.safetensors");
    testing_write(path, bytes, 8 + size + 3);
    char *screen = screen_of("%s --size 120x36", path);
    char *second = strstr(screen, "w.2"), *ninth = strstr(screen, "w.9 "), *tenth = strstr(screen, "w.10");
    assert_true(second && ninth && tenth && second < tenth && ninth < tenth);
    free(screen);
}

static void filter_shows_what_matches(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '&ln_1<Enter>' --size 120x36", MATRIX);
    assert_shows(screen, "8 of 52");
    assert_shows(screen, "h.0.ln_1.bias");
    assert_shows_not(screen, "h.0.mlp.c_fc.bias");
    free(screen);
    screen = screen_of("%s --keys '&h.?.ln_2.weight<Enter>JJ' --size 120x36", MATRIX); /* a pattern, then move within it */
    assert_shows(screen, "4 of 52");
    assert_shows(line_of(screen, 3), "h.2.ln_2.weight");
    free(screen);
    screen = screen_of("%s --keys '&nothing like it<Enter>' --size 120x36", MATRIX);
    assert_shows(screen, "no tensor matches that filter");
    assert_shows(screen, "h.2.mlp.c_fc.weight");
    free(screen);
    screen = screen_of("%s --keys '&ln_1<Esc>' --size 120x36", MATRIX);
    assert_shows_not(screen, "8 of 52");
    free(screen);
}

static void find_goes_to_the_next_match(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '/h.3.mlp<Enter>' --size 120x36", MATRIX);
    assert_shows(line_of(screen, 3), "h.3.mlp.c_fc.bias");
    free(screen);
    screen = screen_of("%s --keys '/h.3.mlp<Enter>nnN' --size 120x36", MATRIX);
    assert_shows(line_of(screen, 3), "h.3.mlp.c_fc.weight");
    free(screen);
    screen = screen_of("%s --keys '/h.3.mlp<Esc>' --size 120x36", MATRIX);
    assert_shows(line_of(screen, 3), "h.2.mlp.c_fc.weight");
    free(screen);
}

/* tests/keys.c prints the table of keys as "| `k` `<Up>` | what it does |". */
static void help_lists_every_key(void **state)
{
    (void)state;
    testing_result table = testing_run("\"$(dirname \"$QLOUPE\")\"/keys");
    assert_int_equal(table.exit_code, 0);
    char *screen = screen_of("%s --keys '?' --size 160x200", MATRIX);
    int count = 0;
    for (char *line = strtok(table.standard_output, "\n"); line; line = strtok(NULL, "\n")) {
        char *help = strstr(line, "` | ");
        if (!help)
            continue;
        help += strlen("` | ");
        help[strcspn(help, "|") - 1] = 0;
        assert_shows(screen, help);
        count++;
    }
    assert_true(count > 30);
    char text[32];
    snprintf(text, sizeof text, "of %d", count);
    assert_shows(screen, text);
    free(screen);
    testing_result_free(&table);
}

static void help_searches_and_runs_an_entry(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '?one bit fewer' --size 120x36", MATRIX);
    assert_shows(screen, "1 of 1");
    free(screen);
    screen = screen_of("%s --keys '?one bit fewer<Enter>' --size 120x36", MATRIX);
    assert_string_equal(spec_on(screen), "absmax:bits=7");
    free(screen);
    screen = screen_of("%s --keys '?one bit fewer<Esc>' --size 120x36", MATRIX);
    assert_string_equal(spec_on(screen), "absmax");
    free(screen);
}

static void zoom_shows_one_pane_alone(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '<Tab>z' --size 120x36", MATRIX);
    assert_shows(screen, "[Error]");
    assert_shows_not(screen, "Tensors ──");
    free(screen);
    screen = screen_of("%s --keys '<Tab>zz' --size 120x36", MATRIX);
    assert_shows(screen, "Tensors ──");
    free(screen);
}

static void the_axis_of_counts_says_which_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *says, *says_not;
    } rows[] = { { "", "log y", "linear y" }, { "L", "linear y", "log y" }, { "LL", "log y", "linear y" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        assert_shows(line_of(screen, 3), rows[i].says);
        assert_shows_not(line_of(screen, 3), rows[i].says_not);
        free(screen);
    }
}

static void keys_that_stop_never_quit(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '<C-c><C-c>b<C-c>' --size 120x36", MATRIX);
    assert_string_equal(spec_on(screen), "absmax:bits=7");
    assert_shows(screen, "stop");
    free(screen);
}

/* ---- What cannot be quantized ---------------------------------------------------------------------------------- */

static void a_tensor_with_nan_shows_its_statistics_and_the_reason(void **state)
{
    (void)state;
    float values[] = { 1, 2, NAN, 4, 5, 6, INFINITY, 8 };
    const char *path = testing_path(testing_folder(), "nan.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 4 }, values));
    char *screen = screen_of("%s --size 120x36 --keys 'sgbcw'", path);
    assert_shows(screen, "NaN            1");
    assert_shows(screen, "1 Inf");
    assert_shows(screen, "1 NaN");
    free(screen);
}

static void a_tensor_that_was_quantized_before_says_so(void **state)
{
    (void)state;
    float values[64 * 64];
    for (int i = 0; i < 64 * 64; i++)
        values[i] = (float)(i * 7 % 15 - 7) * 0.025f;
    const char *path = testing_path(testing_folder(), "levels.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 64, 64 }, values));
    char *screen = screen_of("%s -s absmax:bits=3 --size 160x36", path);
    assert_shows(screen, "4,096 × 32 bits/wt = 16.0 KiB");
    assert_shows(screen, "already quantized: 15 levels, 4 bits");
    assert_shows(screen, "Already quantized: 15 levels evenly spaced by 0.025");
    free(screen);
}

static void an_empty_tensor_is_listed_with_the_reason(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "empty.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 0, 4 }, ""));
    char *screen = screen_of("%s --size 120x36 --keys 'c+w'", path);
    assert_shows(screen, "0×4");
    assert_shows(screen, "empty");
    free(screen);
}

static void names_from_files_cannot_reach_the_terminal(void **state)
{
    (void)state;
    testing_result files = testing_run("ls tests/formats/bad/escape-*.safetensors");
    assert_int_equal(files.exit_code, 0);
    char *next = files.standard_output;
    for (char *path; (path = strsep(&next, "\n")) != NULL && *path;) {
        const char *out = testing_path(testing_folder(), "screen.txt");
        testing_result result = testing_run("\"$QLOUPE\" %s --size 120x36 --screenshot %s", path, out);
        assert_true(result.exit_code == 0 || result.exit_code == 2);
        for (const char *c = result.standard_error; *c; c++)
            assert_true(*c == '\n' || !iscntrl((unsigned char)*c));
        if (result.exit_code == 0) {
            char *screen = testing_read(out, NULL);
            for (const char *c = screen; *c; c++)
                assert_true(*c == '\n' || !iscntrl((unsigned char)*c));
            free(screen);
        }
        testing_result_free(&result);
    }
    testing_result_free(&files);
}

/* ---- Wrong arguments ------------------------------------------------------------------------------------------- */

static void wrong_arguments_are_refused_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *message;
    } rows[] = {
        { "--size 0x5", "--size" },
        { "--size wide", "--size" },
        { "--size 120x36x2", "--size" },
        { "--keys '<Nokey>' --size 80x24", "<Nokey>" },
        { "--keys @/nonexistent --size 80x24", "/nonexistent" },
        { "--screenshot x.gif", ".txt, .ans or .png" },
        { "--bench-ui '<Nokey>'", "--bench-ui: no key is spelled like the start of '<Nokey>'" },
        { "--bench-ui @/nonexistent", "--bench-ui: /nonexistent: " },
        { "--bench-ui s --keys s", "without --keys" },
        { "--bench-ui s --screenshot x.txt", "without --keys" },
        { "--bench-ui s --size wide", "--size" },
        { "--bench-ui s -t no.such.tensor", "no.such.tensor" },
        { "-t no.such.tensor --size 80x24", "no.such.tensor" },
        { "-s absmax:bits=99 --size 80x24", "bits=99" },
        { "--screenshot /nonexistent/x.txt", "/nonexistent/x.txt" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        testing_result result = testing_run("\"$QLOUPE\" %s %s", DEMO, rows[i].arguments);
        if (result.exit_code != 2 || !strstr(result.standard_error, rows[i].message) || result.output_size != 0)
            fail_msg("%s: exit %d, %s", rows[i].arguments, result.exit_code, result.standard_error);
        assert_int_equal(strcspn(result.standard_error, "\n") + 1, strlen(result.standard_error));
        testing_result_free(&result);
    }
}

static void a_script_file_may_hold_comments(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "keys.txt");
    static const char script[] = "# two bits fewer\nbb   # b is bits\n\n  <settle>\ns # scheme\n";
    testing_write(path, script, sizeof script - 1);
    char *screen = screen_of("%s --keys @%s --size 120x36", MATRIX, path);
    assert_string_equal(spec_on(screen), "zeropoint:bits=6");
    free(screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded),
        cmocka_unit_test(screens_are_as_recorded_at_every_size_in_every_mode),
        cmocka_unit_test(a_screenshot_with_colours_has_the_characters_of_one_without),
        cmocka_unit_test(ascii_screens_are_ascii),
        cmocka_unit_test(every_size_is_drawn),
        cmocka_unit_test(a_png_is_written),
        cmocka_unit_test(knobs_change_the_spec),
        cmocka_unit_test(numbers_are_those_of_compare),
        cmocka_unit_test(why_names_the_outlier_and_the_gain_that_compare_reports),
        cmocka_unit_test(the_list_is_in_natural_order),
        cmocka_unit_test(filter_shows_what_matches),
        cmocka_unit_test(find_goes_to_the_next_match),
        cmocka_unit_test(help_lists_every_key),
        cmocka_unit_test(help_searches_and_runs_an_entry),
        cmocka_unit_test(zoom_shows_one_pane_alone),
        cmocka_unit_test(the_axis_of_counts_says_which_it_is),
        cmocka_unit_test(keys_that_stop_never_quit),
        cmocka_unit_test(a_tensor_with_nan_shows_its_statistics_and_the_reason),
        cmocka_unit_test(a_tensor_that_was_quantized_before_says_so),
        cmocka_unit_test(an_empty_tensor_is_listed_with_the_reason),
        cmocka_unit_test(names_from_files_cannot_reach_the_terminal),
        cmocka_unit_test(wrong_arguments_are_refused_in_one_line),
        cmocka_unit_test(a_script_file_may_hold_comments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
