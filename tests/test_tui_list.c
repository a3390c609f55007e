/* The list of tensors: order, and the numbers beside the names. */
#include "tui.h"

#include <math.h>

#include "npy.h"

/* The names are on the screen in this order. */
static void assert_order(const char *screen, const char *const *names, size_t count)
{
    const char *at = screen;
    for (size_t i = 0; i < count; i++) {
        at = strstr(at, names[i]);
        if (!at)
            fail_msg("%s is not where it should be:\n%s", names[i], screen);
        at += strlen(names[i]);
    }
}

static void what_is_measured_comes_first_and_the_worst_of_it(void **state)
{
    (void)state;
    /* two tensors are measured; the rest is not known and follows in natural order */
    char *screen = screen_of("%s --keys 'o<settle>J<settle>J<settle>' --size 120x36", DEMO " -t h.0.ln_1.bias");
    static const char *const names[] = { "SQNR dB", "h.0.attn.c_attn.bias ", "h.0.ln_1.bias ", "h.0.attn.c_attn.weight" };
    assert_order(screen, names, 4);
    free(screen);
    screen = screen_of("%s --keys 'o' --size 120x36", DEMO);
    assert_shows(screen, "sorted by signal to quantization noise");
    assert_shows(screen, "the smallest first");
    free(screen);
}

static void sort_by_size_and_back(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '<S-Tab>ooo' --size 80x24 -t h.0.mlp.c_fc.weight", DEMO);
    assert_shows(screen, "▼stored");
    assert_shows(line_of(screen, 6), "h.0.mlp.c_fc.weight");
    assert_shows(line_of(screen, 6), "KiB");
    free(screen);
    screen = screen_of("%s --keys '<S-Tab>oooI' --size 80x24 -t h.0.attn.c_proj.bias", DEMO);
    assert_shows(screen, "▲stored");
    assert_shows(line_of(screen, 6), "512 B");
    free(screen);
    screen = screen_of("%s --keys '<S-Tab>I<Home>' --size 80x24", DEMO);
    assert_shows(screen, "name ▼");
    assert_shows(line_of(screen, 6), "wte.weight");
    free(screen);
}

static void going_round_ends_where_it_began(void **state)
{
    (void)state;
    char *before = screen_of("%s --keys 'oO<Esc>' --size 120x36", DEMO);
    char *after = screen_of("%s --keys 'ooooooooooooooooooooooooo<Esc>' --size 120x36", DEMO);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_name_and_a_shape_never_touch(void **state)
{
    (void)state;
    static const char header[] = "{\"model.layers.12.block_sparse_moe.experts.2.w1.weight\":"
                                 "{\"dtype\":\"U8\",\"shape\":[8192,8192,1],\"data_offsets\":[0,67108864]}}";
    char bytes[512] = { 0 };
    uint64_t size = sizeof header - 1;
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    const char *path = testing_path(testing_folder(), "long.safetensors");
    testing_write(path, bytes, 8 + size);
    testing_result result = testing_run("truncate -s %zu %s", 8 + size + 67108864, path);
    testing_result_free(&result);
    char *screen = screen_of("%s --size 120x36 -s none", path);
    assert_shows(screen, "8 8192×8");
    free(screen);
}

/* The number at the end of the line of the list that holds a name; NAN when there is none. */
static double number_of(const char *screen, const char *name)
{
    char padded[128];
    snprintf(padded, sizeof padded, " %s ", name);
    const char *at = strstr(screen, padded);
    if (!at)
        fail_msg("%s is not on the screen:\n%s", name, screen);
    char *line = (char *)line_of(at, 0), *end = strstr(line, "│");
    *end = 0;
    char *space = strrchr(line, ' '); /* before the bar */
    *space = 0;
    space = strrchr(line, ' ');
    return strchr(space, '.') ? strtod(space, NULL) : NAN;
}

static void a_scan_measures_all_as_compare_does(void **state)
{
    (void)state;
    static const char *const names[] = { "h.0.attn.c_attn.weight", "h.0.ln_1.bias", "h.1.mlp.c_fc.weight" };
    char *screen = screen_of("%s --keys '<Home>m<settle>' --size 120x36 -s absmax:bits=5", DEMO);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "%s -t %s -s absmax:bits=5", DEMO, names[i]);
        char *json = compare_json(arguments);
        const double expected = json_number(json, "sqnr_db"), shown = number_of(screen, names[i]);
        if (!(fabs(shown - expected) <= 0.00501))
            fail_msg("%s: %g on the screen, %g by compare", names[i], shown, expected);
        free(json);
    }
    free(screen);
}

static void a_scan_goes_on_under_the_next_spec_until_it_is_stopped(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '<Home>m<settle>b<settle>' --size 120x36", DEMO);
    assert_false(isnan(number_of(screen, "h.1.mlp.c_fc.weight")));
    free(screen);
    screen = screen_of("%s --keys '<Home>m<settle><C-c>b<settle>' --size 120x36", DEMO);
    assert_true(isnan(number_of(screen, "h.1.mlp.c_fc.weight")));
    free(screen);
    screen = screen_of("%s --keys '<Home>m<settle><C-c>bu<settle>' --size 120x36", DEMO); /* known from before */
    assert_false(isnan(number_of(screen, "h.1.mlp.c_fc.weight")));
    free(screen);
}

static void a_scan_is_of_the_tensors_of_the_list(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '&attn<Enter>m<settle><Esc><Home>' --size 120x36", DEMO);
    assert_false(isnan(number_of(screen, "h.0.attn.c_attn.weight")));
    assert_true(isnan(number_of(screen, "h.0.ln_1.bias")) && isnan(number_of(screen, "h.0.ln_1.weight")));
    free(screen);
}

static void a_scan_finds_what_cannot_be_measured(void **state)
{
    (void)state;
    float values[8] = { 1, 2, NAN, 4, 5, 6, 7, 8 };
    const char *path = testing_path(testing_folder(), "nan.npy");
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 4 }, values));
    free(screen_of("%s --keys 'mo<settle>bO<settle><C-c>' --size 120x36", path));
}

/* Four tensors of three types. */
static const char *write_types(void)
{
    static const char header[] = "{\"a.half\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                                 "\"a.brain\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                                 "\"b.half\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[8,12]},"
                                 "\"b.bytes\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[12,14]}}";
    char bytes[1024] = { 0 };
    uint64_t size = sizeof header - 1;
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    const char *path = testing_path(testing_folder(), "types.safetensors");
    testing_write(path, bytes, 8 + size + 14);
    return path;
}

static void a_filter_takes_types_and_can_be_inverted(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown, *hidden, *count;
    } rows[] = {
        { "&dtype:F16<Enter>", "a.half b.half", "a.brain b.bytes", "2 of 4" },
        { "&dtype:f16<Enter>!", "a.brain b.bytes", "a.half b.half", "2 of 4" },
        { "&dtype:F16<Enter>!!", "a.half b.half", "a.brain b.bytes", "2 of 4" },
        { "&b. dtype:F16<Enter>", "b.half", "a.half b.bytes", "1 of 4" },
        { "&dtype:u dtype:b b<Enter>", "a.brain b.bytes", "a.half b.half", "2 of 4" },
        { "&b.<Enter>!", "a.half a.brain", "b.half b.bytes", "2 of 4" },
        { "&b.<Enter>!<Esc>", "a.half a.brain b.half b.bytes", "", "─ 4 ─" },
        { "&b.<Enter>!&<C-u><Enter>", "a.half a.brain b.half b.bytes", "", "─ 4 ─" },
        { "&*<Enter>!", "a.half a.brain b.half b.bytes", "", "no tensor matches" },
        { "!", "a.half b.bytes", "", "no filter to invert" },
    };
    char *path = strdup(write_types());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 80x24 --keys '<S-Tab>%s'", path, rows[i].keys), words[64];
        assert_shows(screen, rows[i].count);
        char *list = strstr(screen, "name ");
        snprintf(words, sizeof words, "%s", rows[i].shown);
        for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
            assert_shows(list, word);
        snprintf(words, sizeof words, "%s", rows[i].hidden);
        for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
            assert_shows_not(list, word);
        free(screen);
    }
    free(path);
}

/* ---- Groups ---------------------------------------------------------------------------------------------------- */

static void a_tree_folds_and_unfolds(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown, *hidden; /* words of the list with a comma between them */
    } rows[] = {
        { "t", "▾ h ,▾ 0 ,▾ attn ,▾ c_attn ,▸ 3 ,wte.weight", "h.0" },
        { "t<Space>", "▸ c_attn ,▸ c_proj", "bias " },
        { "t<Space><Space>", "▾ c_attn ,bias ", "" },
        { "tf", "▸ h ,▸ ln_f ,wpe.weight", "▾,attn" },
        { "tff", "▾ h ,▾ 0 ,▾ ln_1", "▸" },
        { "tf<Home><Enter>", "▾ h ,▸ 0 ,▸ 3 ", "attn" },
        { "tf<Home><Right><Right><Right>", "▾ h ,▾ 0 ,▸ attn,▸ 1 ", "c_attn" },
        { "tf<Home><Right><Right><Right><Left><Left>", "▾ h ,▸ 0 ", "attn" },
        { "t<Left><Left>", "▸ c_attn ", "bias " },
        { "t<Left><Left><Left><Left>", "▸ attn ", "c_attn " },
        { "tfJ", "▾ h ,▾ attn ,▾ c_proj ,bias ", "▾ c_attn" },
        { "tf/h.3.ln_2<Enter>", "▸ 0 ,▾ 3 ,▾ ln_2 ,bias ", "attn.c_attn" },
        { "tf&ln_2<Enter>", "▾ h ,▸ 1 ", "wte,ln_f" },
        { "ttt", "h.0.attn.c_attn.weight", "▾" },
        { "TTT", "h.0.attn.c_attn.weight", "▾" },
        { "<Space>", "h.0.attn.c_attn.weight", "▾" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s -t h.0.attn.c_attn.weight --size 80x40 --keys '<S-Tab>%s'", DEMO, rows[i].keys),
             words[128];
        char *list = strstr(screen, "name ");
        if (!list)
            fail_msg("no list after %s:\n%s", rows[i].keys, screen);
        snprintf(words, sizeof words, "%s", rows[i].shown);
        for (char *word = strtok(words, ","); word; word = strtok(NULL, ","))
            assert_shows(list, word);
        list[strcspn(list, "└")] = 0; /* what is below may speak of anything */
        snprintf(words, sizeof words, "%s", rows[i].hidden);
        for (char *word = strtok(words, ","); word; word = strtok(NULL, ","))
            assert_shows_not(list, word);
        free(screen);
    }
}

static void a_folded_group_tells_the_range_of_its_numbers(void **state)
{
    (void)state;
    char *screen = screen_of("%s --size 80x24 --keys '<S-Tab>tf&mlp.c_fc<Enter>m<settle>'", DEMO), text[64];
    double lo = INFINITY, hi = -INFINITY;
    for (int layer = 0; layer < 4; layer++)
        for (int kind = 0; kind < 2; kind++) {
            char arguments[256];
            snprintf(arguments, sizeof arguments, "%s -s absmax -t h.%d.mlp.c_fc.%s", DEMO, layer, kind ? "bias" : "weight");
            char *json = compare_json(arguments);
            lo = fmin(lo, json_number(json, "sqnr_db"));
            hi = fmax(hi, json_number(json, "sqnr_db"));
            free(json);
        }
    snprintf(text, sizeof text, "8 · %.2f…%.2f", lo, hi);
    assert_shows(screen, text);
    free(screen);
}

static void repeated_layers_are_one_row_with_the_worst_of_them(void **state)
{
    (void)state;
    char *screen = screen_of("%s --size 80x24 --keys '<S-Tab>tt&mlp.c_fc<Enter>m<settle>'", DEMO);
    assert_shows(screen, "▸ h.#.mlp.c_fc.bias");
    assert_shows(screen, "▁▃▅█"); /* the weights' SQNR over four layers */
    char *json = compare_json(DEMO " -s absmax -t h.0.mlp.c_fc.weight"), text[32];
    snprintf(text, sizeof text, "%.2f", json_number(json, "sqnr_db"));
    assert_shows(strstr(screen, "h.#.mlp.c_fc.weight"), text);
    free(json);
    free(screen);
    screen = screen_of("%s --size 80x24 --keys '<S-Tab>ttf<Home>'", MATRIX);
    assert_shows(screen, "h.3.attn.c_attn.bias");
    free(screen);
}

/* Names that make odd groups are shown and do no harm. */
static void odd_names_make_a_tree(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a",   "a.",   "a..b", ".",      "..",      ".a",       "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p",
        "1",   "01",   "1.2",  "01.2",   "2.2",     "a/b",      "a.b",
        "a.1", "a.01", "a.2",  "a.1.1.", "x.1.y.1", "x.2.y.10", "x.10.y.2"
    };
    enum { COUNT = sizeof names / sizeof names[0] };
    char header[4096] = "{", bytes[8192] = { 0 };
    for (size_t i = 0; i < COUNT; i++) {
        const size_t used = strlen(header);
        snprintf(header + used, sizeof header - used, "%s\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
                 i ? "," : "", names[i], i, i + 1);
    }
    strcat(header, "}");
    uint64_t size = strlen(header);
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    char *path = strdup(testing_path(testing_folder(), "odd.safetensors"));
    testing_write(path, bytes, 8 + size + COUNT);
    static const char *const keys[] = { "t",
                                        "tf",
                                        "tff",
                                        "tt",
                                        "ttf",
                                        "ttff",
                                        "tf<Home>",
                                        "tff<End>",
                                        "ttf<End><Space>",
                                        "t&1<Enter><Space>!",
                                        "toooIfm<settle>ff",
                                        "tff<Left><Left><Left><Left>",
                                        "tf&.y.<Enter>f<End><Esc>" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        free(screen_of("%s --size 100x50 --keys '%s'", path, keys[i]));
        free(screen_of("%s --size 80x24 --keys '<S-Tab>%s'", path, keys[i]));
    }
    char *screen = screen_of("%s --size 100x50 --keys 'ttf'", path);
    assert_shows(screen, "x.#.y.#");
    free(screen);
    free(path);
}

/* ---- Summary --------------------------------------------------------------------------------------------------- */

/* Three layers of 32 x 32: one with an outlier of about 40 standard deviations, one with two NaN and an Inf. */
static char *write_layers(void)
{
    enum { COUNT = 32 * 32 };
    static float values[3][COUNT];
    for (int i = 0; i < 3 * COUNT; i++)
        values[i / COUNT][i % COUNT] = (float)(i * 7919 % 1009 - 504) * 1e-3f;
    values[1][77] = 15;
    values[2][5] = values[2][6] = NAN;
    values[2][7] = INFINITY;
    char header[1024] = "{", bytes[1024 + sizeof values + 8] = { 0 };
    for (size_t i = 0; i < 3; i++) {
        const size_t used = strlen(header);
        snprintf(header + used, sizeof header - used,
                 "%s\"layers.%zu.w\":{\"dtype\":\"F32\",\"shape\":[32,32],\"data_offsets\":[%zu,%zu]}", i ? "," : "", i + 9,
                 i * sizeof values[0], (i + 1) * sizeof values[0]);
    }
    strcat(header, "}");
    uint64_t size = strlen(header);
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    memcpy(bytes + 8 + size, values, sizeof values);
    char *path = strdup(testing_path(testing_folder(), "layers.safetensors"));
    testing_write(path, bytes, 8 + size + sizeof values);
    return path;
}

static void a_scan_says_what_it_found(void **state)
{
    (void)state;
    char *path = write_layers();
    char *screen = screen_of("%s --size 120x36 --keys 'm<settle>'", path);
    assert_shows(screen, "! 1 tensor holds NaN or Inf: ");
    assert_shows(screen, "11.w (3)");
    assert_shows(screen, "! 1 tensor beyond 20σ: …10.w (");
    assert_shows(screen, "3 of 3 read, 1 of them clean");
    assert_shows(screen, "SQNR dB by layer layers.#.w");
    free(screen);
    screen = screen_of("%s --size 80x24 --keys '<S-Tab>m<settle>'", path); /* no room for it */
    assert_shows_not(screen, "beyond 20σ");
    free(screen);
    free(path);
}

static void a_note_of_the_file_is_shown(void **state)
{
    (void)state;
    const float values[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    char *path = strdup(testing_path(testing_folder(), "bare.bin"));
    testing_write(path, values, sizeof values);
    char *screen = screen_of("%s --raw f32:2x3 --size 120x36", path);
    assert_shows(screen, "8 bytes after the tensor left out");
    free(screen);
    screen = screen_of("%s --raw f32:2x3 --size 80x24 --keys '<S-Tab>'", path);
    assert_shows(screen, "8 bytes after the tensor left out");
    free(screen);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_comes_first_and_the_worst_of_it),
        cmocka_unit_test(sort_by_size_and_back),
        cmocka_unit_test(going_round_ends_where_it_began),
        cmocka_unit_test(a_scan_measures_all_as_compare_does),
        cmocka_unit_test(a_scan_goes_on_under_the_next_spec_until_it_is_stopped),
        cmocka_unit_test(a_scan_is_of_the_tensors_of_the_list),
        cmocka_unit_test(a_scan_finds_what_cannot_be_measured),
        cmocka_unit_test(a_filter_takes_types_and_can_be_inverted),
        cmocka_unit_test(a_tree_folds_and_unfolds),
        cmocka_unit_test(a_folded_group_tells_the_range_of_its_numbers),
        cmocka_unit_test(repeated_layers_are_one_row_with_the_worst_of_them),
        cmocka_unit_test(odd_names_make_a_tree),
        cmocka_unit_test(a_scan_says_what_it_found),
        cmocka_unit_test(a_note_of_the_file_is_shown),
        cmocka_unit_test(a_name_and_a_shape_never_touch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
