/* The texts that both faces share. Their sources are included: a test program is linked with the library alone. */
#include "text/command.c"
#include "text/near.c"
#include "text/number.c"
#include "text/plain.c"
#include "text/quote.c"

#include "testing.h"

#include <locale.h>

static void numbers_keep_four_significant_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        text_form form;
        const char *text;
    } cases[] = {
        { 0.0838, TEXT_SIGNIFICANT, "0.08380" },
        { 1.3931e-5, TEXT_SIGNIFICANT, "1.393e-05" },
        { 65504, TEXT_SIGNIFICANT, "65504" },
        { -0.0, TEXT_SIGNIFICANT, "0" },
        { 12345.678, TEXT_SIGNIFICANT, "1.235e+04" },
        { 1234.5, TEXT_SIGNIFICANT, "1234" },
        { 3.96875, TEXT_SEVEN, "3.96875" },
        { 3.968750074, TEXT_SEVEN, "3.96875" },
        { 1e300, TEXT_SEVEN, "1e+300" },
        { -0.0, TEXT_SEVEN, "0" },
        { 0.1f, TEXT_TEN, "0.1000000015" },
        { INFINITY, TEXT_FIXED_2, "inf" },
        { -INFINITY, TEXT_COUNT, "-inf" },
        { NAN, TEXT_PERCENT, "nan" },
        { 21.534, TEXT_FIXED_2, "21.53" },
        { -0.001, TEXT_FIXED_2, "0.00" },
        { 1e300, TEXT_FIXED_2, "1.000e+300" },
        { 0, TEXT_PERCENT, "0 %" },
        { 0.159, TEXT_PERCENT, "15.9 %" },
        { 0.00025, TEXT_PERCENT, "0.025 %" },
        { 1e-7, TEXT_PERCENT, "1.0e-05 %" },
        { 1234567, TEXT_COUNT, "1,234,567" },
        { 126, TEXT_COUNT, "126" },
        { 1023, TEXT_BYTES, "1023 B" },
        { 884736, TEXT_BYTES, "864.0 KiB" },
        { 1048575, TEXT_BYTES, "1.0 MiB" },
        { 18014398509481984.0, TEXT_BYTES, "16.0 PiB" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TEXT_NUMBER_SIZE];
        text_number(text, cases[i].value, cases[i].form);
        assert_string_equal(text, cases[i].text);
    }
}

static void exact_numbers_read_back_as_themselves(void **state)
{
    (void)state;
    static const double values[] = {
        0.1, 1.0 / 3, 10, 1e15, 1e22, 5e-324, 1.7976931348623157e308, -2.5, 131076, 0.30000000000000004
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[TEXT_NUMBER_SIZE];
        text_exact(text, values[i]);
        assert_true(strtod(text, NULL) == values[i]);
    }
    char text[TEXT_NUMBER_SIZE];
    text_exact(text, 0.1);
    assert_string_equal(text, "0.1");
    text_exact(text, 10);
    assert_string_equal(text, "10");
}

static void shapes_that_do_not_fit_are_cut(void **state)
{
    (void)state;
    static const uint64_t shape[] = { 256, 1024, 3 };
    ql_tensor tensor = { .rank = 3, .shape = shape };
    char text[32], small[12];
    text_shape(text, sizeof text, &tensor);
    assert_string_equal(text, "256×1024×3");
    text_shape(small, sizeof small, &tensor);
    assert_string_equal(small, "256…");
    tensor.rank = 0;
    text_shape(text, sizeof text, &tensor);
    assert_string_equal(text, "scalar");
}

/* The shell is asked: what it makes of the quoted word is the word. */
static void quoted_words_are_read_back_by_a_shell(void **state)
{
    (void)state;
    static const char *const words[] = { "plain-1.0/x",      "",      "two words", "it's",      "'",           "a'b''c",
                                         "$HOME `id` \"x\"", "*?[a]", "é×",        "tab\there", "line\nbreak", "\x1b[31m",
                                         "\xff\xfe",         "-t",    "~",         "#x",        "a\\b" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char quoted[256];
        size_t length = text_quote(quoted, sizeof quoted, words[i]);
        assert_int_equal(length, strlen(quoted));
        assert_int_equal(text_quote(NULL, 0, words[i]), length);
        for (const char *at = quoted; *at; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
        const char *script = testing_path(testing_folder(), "quoted.sh");
        char line[512];
        int size = snprintf(line, sizeof line, "printf %%s %s", quoted);
        testing_write(script, line, (size_t)size);
        testing_result result = testing_run("bash '%s'", script);
        assert_string_equal(result.standard_output, words[i]);
        testing_result_free(&result);
    }
}

static void a_command_is_what_a_person_would_type(void **state)
{
    (void)state;
    const char *const specs[] = { "absmax:bits=4,per=row", "codebook:file=a b" };
    text_words words = { .verb = "plot",
                         .file = "my model.safetensors",
                         .tensor = "h.0.w",
                         .specs = specs,
                         .spec_count = 1,
                         .kind = "histogram",
                         .out = "a.png" };
    char command[256], small[8];
    text_command(command, sizeof command, &words);
    assert_string_equal(command,
                        "qloupe plot 'my model.safetensors' -t h.0.w -s absmax:bits=4,per=row --kind histogram -o a.png");
    assert_int_equal(text_command(small, sizeof small, &words), strlen(command));
    assert_string_equal(small, "qloupe ");
    words.layout = "in,out";
    text_command(command, sizeof command, &words);
    assert_non_null(strstr(command, " --layout in,out -o a.png"));
    words.raw = "F16:8x8:0x80";
    text_command(command, sizeof command, &words);
    assert_non_null(strstr(command, " --kind histogram --raw F16:8x8:0x80 --layout in,out -o a.png"));
    words = (text_words) { .verb = "compare",
                           .file = "a.npy",
                           .tensor = "a",
                           .specs = specs,
                           .spec_count = 2,
                           .x = "synthetic",
                           .ascii = true,
                           .format = "csv",
                           .into = "~/b.csv" };
    text_command(command, sizeof command, &words);
    assert_string_equal(command, "qloupe compare a.npy -t a -s absmax:bits=4,per=row -s 'codebook:file=a b' --x synthetic --ascii --csv "
                                 ">'~/b.csv'");
    const char *const methods[] = { "fp32", "llm_int8:6" };
    ql_synthetic made_up = { .seed = 0, .channels = 3, .strongest = ql_synthetic_usual.strongest };
    words = (text_words) { .verb = "matmul",
                           .file = "a.npy",
                           .tensor = "a",
                           .x = "synthetic",
                           .made_up = &made_up,
                           .rows = 32,
                           .threads = 2,
                           .methods = methods,
                           .method_count = 2,
                           .format = "json" };
    text_command(command, sizeof command, &words);
    assert_string_equal(command, "qloupe matmul a.npy -t a --x synthetic --seed 0 --outlier-channels 3 --m 32 --threads 2 -m fp32 -m "
                                 "llm_int8:6 --json");
    made_up.strongest = 33.5;
    words.rows = words.threads = 0;
    text_command(command, sizeof command, &words);
    assert_non_null(strstr(command, " --outlier-channels 3 --outlier-scale 33.5 -m fp32"));
}

static void a_wrapped_command_is_the_same_to_a_shell(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "printf '[%s]' a b c",
        "printf '[%s]' averylongwordthatfitsinnolineatall b",
        "printf '[%s]' 'a  quoted word, with   many spaces in it' 'and one'\\'' more'",
        "printf '[%s]' it\\'s\\ two\\ words '\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x80\xa6\xe4\xb8\xad\xe6\x96\x87' 'a\\b\\\\'",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *script = testing_path(testing_folder(), "wrapped.sh");
        testing_write(script, commands[i], strlen(commands[i]));
        testing_result whole = testing_run("sh '%s'", script);
        for (size_t cells = 8; cells < 60; cells++) {
            char lines[1024], again[8];
            const size_t size = text_command_wrap(lines, sizeof lines, commands[i], cells);
            assert_int_equal(size, strlen(lines));
            assert_int_equal(text_command_wrap(again, sizeof again, commands[i], cells), size);
            testing_write(script, lines, size);
            testing_result result = testing_run("sh '%s'", script);
            if (strcmp(result.standard_output, whole.standard_output) != 0)
                fail_msg("%zu cells:\n%s\nprints %s", cells, lines, result.standard_output);
            testing_result_free(&result);
            char *rest = lines;
            for (const char *line; (line = strsep(&rest, "\n")) != NULL;)
                if (text_width(line) > cells)
                    fail_msg("'%s' is wider than %zu cells", line, cells);
        }
        testing_result_free(&whole);
    }
}

static ql_text name_at(const void *context, size_t index)
{
    return ql_text_from(((const char *const *)context)[index]);
}

static void mistyped_names_find_their_neighbours(void **state)
{
    (void)state;
    static const char *const names[] = { "compare", "quant", "schemes", "stat", "layer.0.weight" };
    static const struct {
        const char *word, *nearest;
    } cases[] = { { "compar", "compare" },          { "comapre", "compare" }, { "qaunt", "quant" }, { "stats", "stat" },
                  { "0.weight", "layer.0.weight" }, { "xyzzy", NULL },        { "", NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t near[2];
        size_t count = text_near(cases[i].word, name_at, names, 5, near, 2);
        assert_int_equal(count > 0, cases[i].nearest != NULL);
        if (count)
            assert_string_equal(names[near[0]], cases[i].nearest);
    }
}

static void ascii_spells_out_what_cannot_be_shown(void **state)
{
    (void)state;
    char text[64], small[4];
    text_set_ascii(true);
    text_plain(text, sizeof text, "★ 2×4 … σ ≤ é \U0001f600");
    assert_string_equal(text, "* 2x4 ... sigma <= \\u00e9 \\U0001f600");
    text_plain(small, sizeof small, "a…b");
    assert_string_equal(small, "a");
    text_set_ascii(false);
    text_plain(text, sizeof text, "★ 2×4");
    assert_string_equal(text, "★ 2×4");
}

static void cut_texts_fit_their_columns(void **state)
{
    (void)state;
    for (size_t cells = 0; cells < 12; cells++) {
        char text[32] = "naïve 日本 x";
        text_cut(text, sizeof text, cells);
        assert_true(text_width(text) <= cells || cells >= 12);
    }
    char whole[32] = "abc";
    text_cut(whole, sizeof whole, 3);
    assert_string_equal(whole, "abc");
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_four_significant_digits),  cmocka_unit_test(exact_numbers_read_back_as_themselves),
        cmocka_unit_test(shapes_that_do_not_fit_are_cut),        cmocka_unit_test(quoted_words_are_read_back_by_a_shell),
        cmocka_unit_test(a_command_is_what_a_person_would_type),
        cmocka_unit_test(a_wrapped_command_is_the_same_to_a_shell),
        cmocka_unit_test(mistyped_names_find_their_neighbours),
        cmocka_unit_test(ascii_spells_out_what_cannot_be_shown), cmocka_unit_test(cut_texts_fit_their_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
