/*
 * What the commands print. The expected texts stand in tests/cli/NAME.txt; UPDATE=1 writes them anew, to be read before they
 * are kept.
 */
#include "cli.h"

#include "qloupe.h"

#include <stdlib.h>

static const char *folder; /* the current folder of the commands: paths in the texts are short */
static char program[4096];

/* Runs "$QLOUPE ARGUMENTS" in the folder with the zoo. */
static testing_result run(const char *arguments)
{
    return testing_run("cd '%s' && '%s' %s", folder, program, arguments);
}

static void check_text(const char *name, const char *arguments, int exit_code)
{
    cli_check_text(folder, program, name, arguments, exit_code);
}

static void ls_prints_every_tensor_in_every_format(void **state)
{
    (void)state;
    check_text("ls", "ls zoo.safetensors", 0);
    check_text("ls-json", "ls zoo.safetensors --json", 0);
    check_text("ls-csv", "ls --csv zoo.safetensors", 0);
    check_text("ls-md", "ls --md zoo.safetensors", 0);
}

static void stat_reports_unusable_tensors_and_goes_on(void **state)
{
    (void)state;
    check_text("stat", "stat zoo.safetensors", 0);
    check_text("stat-json", "stat zoo.safetensors --json", 0);
    check_text("stat-csv", "stat zoo.safetensors --csv", 0);
    check_text("stat-one", "stat zoo.safetensors -t layer.weight", 0);
}

static void compare_marks_the_best_and_notes_the_unusable(void **state)
{
    (void)state;
    check_text("compare", "compare zoo.safetensors -s absmax -s absmax:bits=4,per=row -s zeropoint:bits=3", 0);
    check_text("compare-one-spec", "compare zoo.safetensors -s absmax:bits=4", 0);
    check_text("compare-json", "compare zoo.safetensors -t layer.weight -t broken -s absmax -s zeropoint:bits=2 --json", 0);
    check_text("compare-csv", "compare zoo.safetensors -t 'layer*' -s absmax:bits=2 --csv", 0);
    check_text("compare-md", "compare zoo.safetensors -t 'layer*' -s absmax -s absmax:bits=2 --md", 0);
    check_text("compare-note", "compare zoo.safetensors -t layer.weight -s absmax -s absmax:clip=kl", 0);
    check_text("compare-product", "compare zoo.safetensors -t 'layer*' --x synthetic -s absmax -s absmax:bits=2", 0);
    check_text("compare-product-json",
               "compare zoo.safetensors -t layer.weight --x zoo.safetensors:layer.weight -s nf4 --json", 0);
    check_text("compare-layout", "compare zoo.safetensors -t layer.weight -s absmax:per=row --layout in,out --csv", 0);
}

static void quant_prints_parameters_metrics_and_the_reason(void **state)
{
    (void)state;
    check_text("quant", "quant zoo.safetensors -t layer.weight -s zeropoint:bits=4,per=row", 0);
    check_text("quant-json", "quant zoo.safetensors -t layer.weight -s absmax:bits=4 --json", 0);
    check_text("quant-product", "quant zoo.safetensors -t layer.weight --x zoo.safetensors:layer.weight -s absmax:bits=2",
               0);
    check_text("quant-outliers", "quant zoo.safetensors -t layer.weight -s absmax:bits=4,per=row,outliers=25%", 0);
    check_text("quant-note", "quant zoo.safetensors -t layer.weight -s absmax:clip=kl", 0);
    check_text("quant-exact", "quant zoo.safetensors -t ternary -s absmax --json", 0);
}

static void tables_of_this_build_are_listed(void **state)
{
    (void)state;
    check_text("schemes", "schemes", 0);
    check_text("schemes-json", "schemes --json", 0);
    check_text("schemes-one", "schemes zeropoint", 0);
    check_text("dtypes", "dtypes", 0);
    check_text("formats", "formats", 0);
    check_text("help", "help", 0);
    check_text("help-compare", "help compare", 0);
    check_text("help-bench", "help bench", 0);
    check_text("version", "--version", 0);
}

/* The number behind "NAME": in the text. */
static double number_behind(const char *text, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    if (!at)
        fail_msg("no %s in %s", key, text);
    return strtod(at + strlen(key), NULL);
}

static void bench_times_every_pass_that_is_asked_for(void **state)
{
    (void)state;
    static const char *const numbers[] = { "ms_best", "ms_median", "gb_s", "read_share", "runs" };
    testing_result all = run("bench --rounds 2 --size 64x128 --threads 2 --isa scalar --json");
    assert_int_equal(all.exit_code, 0);
    assert_memory_equal(all.standard_output, "{\"schema\":1,\"threads\":2,\"isa\":\"scalar\",\"rows\":64,\"cols\":128,", 58);
    assert_true(number_behind(all.standard_output, "read_gb_s") > 0);
    for (size_t pass = 0; ql_bench_at(pass); pass++) {
        char row[64];
        snprintf(row, sizeof row, "\n{\"name\":\"%s\",", ql_bench_at(pass)->name);
        const char *at = strstr(all.standard_output, row);
        assert_non_null(at);
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            assert_true(number_behind(at, numbers[i]) > 0);
    }
    testing_result some = run("bench --rounds 1 --size 64x64 'histogram-*' --csv");
    assert_int_equal(some.exit_code, 0);
    assert_non_null(strstr(some.standard_output, "\nhistogram-256,"));
    assert_non_null(strstr(some.standard_output, "\nhistogram-2048,"));
    assert_null(strstr(some.standard_output, "read,"));
    testing_result_free(&all);
    testing_result_free(&some);
}

static void bench_answers_the_passes_that_a_program_asks_for(void **state)
{
    (void)state;
    testing_result served =
        testing_run("cd '%s' && printf 'absmax\nkl\nabsmax\n' | '%s' bench --serve --data zoo.safetensors", folder, program);
    assert_int_equal(served.exit_code, 0);
    char *line = strtok(served.standard_output, "\n");
    double mse[3];
    for (int i = 0; i < 3; i++, line = strtok(NULL, "\n")) {
        assert_non_null(line);
        assert_true(json_is_valid(line));
        assert_true(number_behind(line, "ms") > 0);
        mse[i] = i == 1 ? number_behind(line, "threshold") : number_behind(line, "mse");
    }
    assert_null(line);
    assert_true(mse[0] == mse[2]);
    assert_true(mse[1] > 0 && mse[1] <= 3);
    testing_result_free(&served);
}

static void keys_are_timed(void **state)
{
    (void)state;
    static const char *const times[] = { "\"paint_ms\":{", "\"numbers_ms\":{", "\"exact_ms\":{" };
    testing_result timed = run("zoo.safetensors -t layer.weight --json --threads 2 --size 80x24 --bench-ui "
                               "'ss<settle>b<Down><Up>?<Esc><Click:5,5>/l<Enter>'");
    assert_int_equal(timed.exit_code, 0);
    assert_string_equal(timed.standard_error, "");
    assert_true(json_is_valid(timed.standard_output));
    assert_memory_equal(timed.standard_output, "{\"schema\":1,\"keys\":11,\"size\":\"80x24\",\"threads\":2,", 48);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const char *at = strstr(timed.standard_output, times[i]);
        assert_non_null(at);
        const double n = number_behind(at, "n");
        assert_true(i == 0 ? n == 11 : n > 0 && n <= 11);
        assert_true(number_behind(at, "p50") > 0);
        assert_true(number_behind(at, "p90") >= number_behind(at, "p50"));
        assert_true(number_behind(at, "p99") >= number_behind(at, "p90"));
        assert_true(number_behind(at, "max") >= number_behind(at, "p99"));
    }
    const char *frames = strstr(timed.standard_output, "\"frame_bytes\":{");
    assert_non_null(frames);
    assert_true(number_behind(frames, "n") >= 6);
    assert_true(number_behind(frames, "mean") > 16); /* more than the marks around it */
    assert_true(number_behind(frames, "max") >= number_behind(frames, "mean"));
    testing_result_free(&timed);

    testing_result none = run("zoo.safetensors --json --size 1x1 --bench-ui ''");
    assert_int_equal(none.exit_code, 0);
    assert_true(json_is_valid(none.standard_output));
    assert_non_null(strstr(none.standard_output, "\"keys\":0,"));
    assert_non_null(strstr(none.standard_output, "\"p50\":null,"));
    testing_result_free(&none);

    testing_result quits = run("zoo.safetensors --bench-ui sqs");
    assert_int_equal(quits.exit_code, 0);
    assert_memory_equal(quits.standard_output, "2 keys, 120x36, ", 16);
    assert_non_null(strstr(quits.standard_output, "\nfirst repaint, ms       2 "));
    assert_null(strchr(quits.standard_output, '\033'));
    testing_result_free(&quits);
}

static void help_is_the_same_three_ways(void **state)
{
    (void)state;
    testing_result by_command = run("help quant"), by_option = run("quant --help"), by_letter = run("-h quant");
    assert_string_equal(by_command.standard_output, by_option.standard_output);
    assert_string_equal(by_command.standard_output, by_letter.standard_output);
    testing_result_free(&by_command);
    testing_result_free(&by_option);
    testing_result_free(&by_letter);
}

static void json_is_valid_for_every_command(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "ls zoo.safetensors",
        "stat zoo.safetensors",
        "compare zoo.safetensors -s absmax -s zeropoint",
        "schemes",
        "dtypes",
        "formats",
        "quant zoo.safetensors -t ternary -s absmax",
        "quant zoo.safetensors -t layer.weight -s absmax:outliers=20%",
        "compare zoo.safetensors -s absmax:clip=kl",
        "compare zoo.safetensors -s absmax --x synthetic",
        "dtypes --params 7B",
        "schemes nf4 --params 7B",
        "explain 0.1 nan inf",
        "explain nf4",
        "explain zeropoint 3.2 -3 0.1",
        "explain fixed 0.5 3",
        "bench --rounds 1 --size 64x64",
        "bench --rounds 1 --size 64x64 --growth",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "%s --json", commands[i]);
        testing_result result = run(arguments);
        assert_int_equal(result.exit_code, 0);
        assert_true(json_is_valid(result.standard_output));
        assert_memory_equal(result.standard_output, "{\"schema\":1,", 12);
        testing_result_free(&result);
    }
    assert_false(json_is_valid("{\"a\":1,}"));
    assert_false(json_is_valid("[01]"));
    assert_false(json_is_valid("{\"a\":nan}"));
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x7f || ((unsigned char)*text < 0x20 && *text != '\n'))
            return false;
    return true;
}

static void only_ascii_is_printed_where_only_ascii_can_be_shown(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "ls zoo.safetensors",
        "stat zoo.safetensors",
        "compare zoo.safetensors -s absmax -s zeropoint:bits=3",
        "schemes",
        "dtypes",
        "formats",
        "help",
        "help compare",
        "help bench",
        "bench --rounds 1 --size 64x64",
        "ls zoo.safetensors --json",
        "ls zoo.safetensors --csv",
        "ls zoo.safetensors --md",
        "quant zoo.safetensors -t layer.weight -s zeropoint:bits=4,per=row",
        "stat zoo.safetensors -t layer.weight",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        testing_result result = testing_run("cd '%s' && LC_ALL=C '%s' %s", folder, program, commands[i]);
        assert_int_equal(result.exit_code, 0);
        assert_true(is_ascii(result.standard_output));
        testing_result_free(&result);
    }
    check_text("compare-ascii", "compare zoo.safetensors --ascii -t layer.weight -s absmax -s zeropoint:bits=3", 0);
}

static void names_from_a_file_never_reach_the_terminal_raw(void **state)
{
    (void)state;
    static const char *const formats[] = { "", "--json", "--csv", "--md" };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "ls zoo.safetensors %s", formats[i]);
        testing_result result = run(arguments);
        assert_null(strchr(result.standard_output, 0x1b));
        assert_null(strstr(result.standard_output, "\u202e"));
        testing_result_free(&result);
    }
}

static void colours_follow_the_option_and_never_reach_a_pipe(void **state)
{
    (void)state;
    testing_result piped = run("ls zoo.safetensors"), always = run("ls zoo.safetensors --color always");
    testing_result never = run("ls zoo.safetensors --color=never");
    assert_null(strchr(piped.standard_output, 0x1b));
    assert_non_null(strchr(always.standard_output, 0x1b));
    assert_string_equal(piped.standard_output, never.standard_output);
    testing_result_free(&piped);
    testing_result_free(&always);
    testing_result_free(&never);
}

static void options_stand_anywhere_and_in_any_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "compare zoo.safetensors -t layer.weight -s absmax:bits=4 --json",
        "--json -s absmax:bits=4 compare -t layer.weight zoo.safetensors",
        "compare --spec=absmax:bits=4 --tensor layer.weight --json -- zoo.safetensors",
        "compare -sabsmax:bits=4 -tlayer.weight zoo.safetensors --json --threads 3",
    };
    testing_result first = run(spellings[0]);
    for (size_t i = 1; i < sizeof spellings / sizeof spellings[0]; i++) {
        testing_result other = run(spellings[i]);
        assert_string_equal(first.standard_output, other.standard_output);
        testing_result_free(&other);
    }
    testing_result_free(&first);
}

static void without_a_command_and_a_terminal_four_specs_are_compared(void **state)
{
    (void)state;
    testing_result demo = testing_run("'%s' --csv", program), zoo = run("zoo.safetensors --csv");
    assert_int_equal(demo.exit_code, 0);
    assert_non_null(strstr(demo.standard_output, "\nh.2.mlp.c_fc.weight,F16,256x1024,\"in,out\",absmax:bits=4,"));
    assert_non_null(strstr(zoo.standard_output, "\nlayer.weight,F32,2x4,\"out,in\",absmax:bits=4,"));
    size_t lines = 0;
    for (const char *at = demo.standard_output; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 5);
    testing_result_free(&demo);
    testing_result_free(&zoo);
}

static int set_up(void **state)
{
    (void)state;
    folder = testing_folder();
    cli_write_zoo(folder);
    const char *given = getenv("QLOUPE");
    char *whole = realpath(given ? given : "build/qloupe", NULL);
    if (!whole)
        return -1;
    snprintf(program, sizeof program, "%s", whole);
    free(whole);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ls_prints_every_tensor_in_every_format),
        cmocka_unit_test(stat_reports_unusable_tensors_and_goes_on),
        cmocka_unit_test(compare_marks_the_best_and_notes_the_unusable),
        cmocka_unit_test(quant_prints_parameters_metrics_and_the_reason),
        cmocka_unit_test(tables_of_this_build_are_listed),
        cmocka_unit_test(bench_times_every_pass_that_is_asked_for),
        cmocka_unit_test(bench_answers_the_passes_that_a_program_asks_for),
        cmocka_unit_test(keys_are_timed),
        cmocka_unit_test(help_is_the_same_three_ways),
        cmocka_unit_test(json_is_valid_for_every_command),
        cmocka_unit_test(only_ascii_is_printed_where_only_ascii_can_be_shown),
        cmocka_unit_test(names_from_a_file_never_reach_the_terminal_raw),
        cmocka_unit_test(colours_follow_the_option_and_never_reach_a_pipe),
        cmocka_unit_test(options_stand_anywhere_and_in_any_spelling),
        cmocka_unit_test(without_a_command_and_a_terminal_four_specs_are_compared),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
