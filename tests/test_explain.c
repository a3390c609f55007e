/*
 * The tutorials' examples, typed: what introductions to quantization work out on paper, as `qloupe explain` shows it. Where
 * a print is wrong the transcript has the right number and the comment says what was printed.
 *
 * The expected texts stand in tests/explain/NAME.txt; UPDATE=1 writes them anew, to be read before they are kept. `holds`
 * are the numbers that the example is about, so that no update can lose them.
 */
#include "cli.h"

#include <stdlib.h>

enum { MOST_HELD = 6 };

typedef struct example {
    const char *sentence; /* of the test */
    const char *name;     /* of the transcript */
    const char *arguments;
    const char *holds[MOST_HELD];
} example;

static const example EXAMPLES[] = {
    /* absmax */
    { "absmax_of_3_2_maps_a_tenth_to_4", "absmax-3.2", "explain absmax 3.2 -3 0.1", { "39.6875", "3.96875     4" } },
    { "absmax_of_4_has_31_75_codes_per_unit",
      "absmax-4",
      "explain absmax 4 -1 2.5 0.3 -3.7",
      { "31.75", "127 -32 79 10 -117" } },
    { "absmax_leaves_half_of_the_codes_idle_on_positive_values",
      "absmax-positive",
      "explain absmax 0 1 2 3 4",
      { "0 32 64 95 127" } },
    { "absmax_of_10_8_has_11_76_codes_per_unit",
      "absmax-10.8",
      "explain absmax 10.8 -10.8 0",
      { "11.75926", "127 -127 0" } },
    { "one_outlier_of_256_sends_small_values_to_zero",
      "absmax-256",
      "explain absmax 256 0.5 -1.2 2.4 -3.3 4.1 -4.9 0.05",
      { "2.015748", "127 0 -1 1 -2 2 -2 0" } },
    { "clipping_at_5_maps_what_is_beyond_to_127_both_ways",
      "clip-5",
      "explain absmax:clip=manual,abs=5 256 -256 5 -5 2.5",
      { "127 -127 127 -127 64" } },
    { "over_minus_1_to_1_a_quarter_is_code_32",
      "range-1",
      "explain absmax:clip=manual,abs=1 0.25 0.12",
      { "32  0.2519685", "15  0.1181102" } },
    { "absmax_of_zeros_is_zeros", "absmax-zeros", "explain absmax 0 0 0", { "d = 1 where alpha is 0", "0 0 0" } },
    { "percentile_70_with_the_full_range_reaches_minus_128",
      "percentile-70",
      "explain absmax:clip=percentile,p=70,range=full 4 -1 2.5 0.3 -3.7",
      { "0.02724409", "127 -37 92 11 -128" } },
    { "percentile_99_takes_the_range_from_almost_all_values",
      "percentile-99",
      "explain absmax:clip=percentile,p=99 1 2 3 4 100",
      { "rank 0.99·(5 - 1) = 3.96 of 1 2 3 4 100", "96.16" } },
    { "percentiles_1_and_99_cut_both_ends",
      "percentile-1-99",
      "explain zeropoint:clip=percentile,p=99 -50 -1 0 1 60",
      { "-48.04", "57.64" } },

    /* Zero point */
    { "zeropoint_of_3_2_and_minus_3_has_zero_at_minus_5_and_maps_a_tenth_to_minus_1",
      "zeropoint-3.2",
      "explain zeropoint 3.2 -3 0.1",
      { "41.12903", "round(-4.612903)", "127 -128 -1" } },
    { "zeropoint_of_a_two_by_two_matrix",
      "zeropoint-matrix",
      "explain zeropoint \"-2.58963 -0.6127; 0.7035 1.1729\"",
      { "0.01475502", "round(47.5084", "-128 6 96 127", "-2.596883", "-0.6197108" } },
    { "zeropoint_uses_every_code_on_positive_values",
      "zeropoint-positive",
      "explain zeropoint 0 1 2 3 4",
      { "-128 -64 -1 63 127" } },
    /* Printed: 10.8 - (-7.59) = 17.39 and 13.86 codes per unit. The sum is 18.39, so 13.87. */
    { "zeropoint_of_10_8_and_minus_7_59_has_zero_at_minus_23",
      "zeropoint-10.8",
      "explain zeropoint 10.8 -7.59 0 3.08 5.47 -0.59 1.62 -4.57",
      { "13.8662", "-23", "127 -128 -23 20 53 -31 -1 -86" } },
    /* The listing takes a range of 1 here and gets the zero point -204, outside int8, and 0.2980. */
    { "zeropoint_keeps_a_constant",
      "zeropoint-constant",
      "explain zeropoint 0.3 0.3 0.3",
      { "widened", "127 127 127", "0.3 0.3 0.3" } },

    /* Per channel. Printed: 118 for the last code; 2.8 / (3 / 127) = 118.53. */
    { "one_scale_for_two_channels_leaves_8_codes_to_the_small_one",
      "channels-together",
      "explain absmax \"0.1 -0.2 0.15; 2.5 -3.0 2.8\"",
      { "4 -8 6 106 -127 119", "mean|x - y| of row 0", "0.008267" } },
    { "a_scale_per_channel_uses_all_codes_in_both",
      "channels-apart",
      "explain absmax:per=channel \"0.1 -0.2 0.15; 2.5 -3.0 2.8\"",
      { "64 -127 95", "106 -127 119", "0.000393701" } },

    /* Four bits and levels */
    { "nf4_has_sixteen_levels_and_fifteen_thresholds",
      "nf4-levels",
      "explain nf4",
      { "-0.6961928", "-0.8480964", "0.8614784", "4.500", "85.9 % less" } },
    { "nf4_of_a_block", "nf4-block", "explain nf4:block=4 0.5 -1 0.25 2", { "10 2 9 15" } },
    { "nf4_with_double_quantization",
      "nf4-double",
      "explain nf4:block=2,double=1 1 2 3 4",
      { "m = mean of all A", "2.007031" } },
    { "fp4_of_a_block", "fp4-block", "explain fp4 3 -2.2 0.4 0.1", { "0.5", "7 14 2 0" } },
    { "mxfp4_scales_by_a_power_of_two", "mxfp4-block", "explain mxfp4 3.2 -3 0.1", { "stored as E + 127 = 126", "7 15 0" } },
    { "nvfp4_scales_twice", "nvfp4-block", "explain nvfp4 3.2 -3 0.1", { "e4m3(448), stored as 0 1111 110", "7 15 0" } },
    { "int4g_stores_its_step_in_half_precision", "int4g-group", "explain int4g 4 -1 2.5", { "0.333252", "15 0 11" } },
    { "balanced_quantization_puts_as_many_values_in_every_bin",
      "quantile",
      "explain quantile:bits=2 1 2 3 4 5 6 7 8",
      { "0 0 1 1 2 2 3 3" } },
    { "kmeans_puts_levels_where_the_values_are",
      "kmeans",
      "explain kmeans:bits=2 0.9 1.1 2 2.2 5 5.1 9",
      { "0 0 1 1 2 2 3" } },
    { "block_wise_quantization_keeps_an_outlier_in_its_block",
      "blocks",
      "explain absmax:per=block,block=4 0.1 -0.2 0.15 0.3 256 1 2 3",
      { "42 -85 64 127", "127 0 1 1" } },
    { "ternary_has_three_levels", "ternary", "explain ternary 1 -2 0.3", { "1 -1 0", "1.1" } },
    { "binary_has_two_levels", "binary", "explain binary 1 -2 0.3", { "1 -1 1" } },
    { "q4_0_is_one_of_the_legacy_types", "q4_0", "explain q4_0 3.2 -3 0.1", { "m = x of largest magnitude", "0 15 8" } },
    { "q4_1_is_one_of_the_legacy_types", "q4_1", "explain q4_1 3.2 -3 0.1", { "y = q·half(d) + half(m)", "15 0 8" } },
    { "outliers_leave_a_finer_step_for_the_rest",
      "outliers",
      "explain absmax:outliers=20% 4 -1 2.5 0.3 -3.7",
      { "outlier: half precision", "0.02913386", "48·k/n" } },

    /* Number formats. Printed: FP32 from -2147483648 to 2147483647 (that is INT32), FP16 from 4.88e-4 (half its epsilon). */
    { "a_tenth_in_every_format",
      "number-0.1",
      "explain 0.1",
      { "0 01111011 10011001100110011001101", "0.1000000015", "3.402823e+38", "65504", "3.389531e+38", "-128 … 127" } },
    { "pi_in_every_format", "number-pi", "explain 3.14159265358979", { "3.140625", "3.25", "0 10 1" } },
    { "what_is_too_large_overflows", "number-large", "explain 70000 -1e39", { "beyond the largest", "inf" } },

    /* Memory */
    { "seven_billion_parameters_take_28_14_7_and_3_5_gigabytes",
      "memory-7e9",
      "dtypes --params 7e9",
      { "32        28", "16        14", "8         7", "4       3.5", "q4_0             4.5    3.9375", "1.75 and 0.875" } },
    { "seventy_billion_parameters_take_280_and_35_gigabytes",
      "memory-70e9",
      "dtypes --params 70B",
      { "280", "140", "35, 17.5" } },
    { "a_hundred_and_seventy_five_billion_take_350_gigabytes_in_half_precision",
      "memory-175e9",
      "dtypes --params 175B",
      { "350" } },
    { "a_hundred_and_seventy_six_billion_take_352_gigabytes_in_half_precision",
      "memory-176e9",
      "dtypes --params 176B",
      { "352" } },
    { "a_layer_of_3840_by_1280_takes_4_9_megabytes_in_int8", "memory-layer", "dtypes --params 4915200", { "0.0049152" } },
    { "eight_bits_are_75_percent_less", "absmax-8-bits", "explain absmax", { "4 times smaller, 75.0 % less" } },
    { "four_bits_are_87_5_percent_less", "absmax-4-bits", "explain absmax:bits=4", { "8 times smaller, 87.5 % less" } },
    { "a_million_weights_take_4_megabytes", "memory-1e6", "dtypes --params 1e6", { "0.004", "0.002", "0.001" } },
    { "true_bits_of_seven_billion_parameters_under_nf4", "memory-nf4", "schemes nf4 --params 7e9", { "4.500", "3.9375" } },

    /* Fixed point */
    { "a_multiplier_below_one_is_an_integer_and_a_shift",
      "fixed",
      "explain fixed 0.0072474 1000 -1000 100000 0",
      { "1992150143", "-7", "725" } },
    { "a_multiplier_above_one_shifts_left_first",
      "fixed-large",
      "explain fixed 5 3 -7 2000000000",
      { "leaves 32 bits", "-35" } },
};

enum { EXAMPLE_COUNT = sizeof EXAMPLES / sizeof EXAMPLES[0] };

static char *transcript_path(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "tests/explain/%s.txt", name);
    return path;
}

static void example_is_shown(void **state)
{
    const example *e = *state;
    testing_result result = testing_run("\"$QLOUPE\" %s", e->arguments);
    assert_int_equal(result.exit_code, 0);
    assert_string_equal(result.standard_error, "");
    char *got = malloc(strlen(result.standard_output) + strlen(e->arguments) + 64);
    assert_non_null(got);
    sprintf(got, "$ qloupe %s\n%s", e->arguments, result.standard_output);
    for (size_t i = 0; i < MOST_HELD && e->holds[i]; i++)
        if (!strstr(result.standard_output, e->holds[i]))
            fail_msg("'%s' is not in:\n%s", e->holds[i], got);
    if (getenv("UPDATE"))
        testing_write(transcript_path(e->name), got, strlen(got));
    char *expected = testing_read(transcript_path(e->name), NULL);
    assert_string_equal(got, expected);
    free(expected);
    free(got);
    testing_result_free(&result);
}

/* README lists examples as `build/qloupe ARGUMENTS`, in a section of their own. */
static void readme_lists_every_example(void **state)
{
    (void)state;
    char *readme = testing_read("README.md", NULL);
    char *section = strstr(readme, "\n## The tutorials' examples\n");
    assert_non_null(section);
    char *end = strstr(section + 1, "\n## ");
    if (end)
        *end = '\0';
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        char command[256];
        snprintf(command, sizeof command, "build/qloupe %s", EXAMPLES[i].arguments);
        if (!strstr(section, command))
            fail_msg("README.md does not list: %s", command);
    }
    free(readme);
}

/* Every mapping, with and without numbers, in every way of writing them, for people and for programs. */
static void every_mapping_is_explained(void **state)
{
    (void)state;
    testing_result schemes = testing_run("\"$QLOUPE\" schemes --csv");
    assert_int_equal(schemes.exit_code, 0);
    unsigned count = 0;
    char *line = strchr(schemes.standard_output, '\n');
    while (line && line[1]) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 1, ","), line + 1);
        line = strchr(line + 1, '\n');
        if (strcmp(name, "codebook") == 0)
            continue; /* needs a file */
        static const char *const numbers[] = { "", "0.5", "'1 -2; 3.5 0.25; 0 0'", "'[[1, -2], [3.5, 0.25]]'", "0 0 0 0" };
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            testing_result human = testing_run("\"$QLOUPE\" explain %s %s", name, numbers[i]);
            testing_result json = testing_run("\"$QLOUPE\" explain %s %s --json", name, numbers[i]);
            if (human.exit_code || json.exit_code || *human.standard_error)
                fail_msg("explain %s %s: %s", name, numbers[i], human.standard_error);
            assert_true(json_is_valid(json.standard_output));
            assert_true(strlen(human.standard_output) > 100);
            testing_result_free(&human);
            testing_result_free(&json);
        }
        count++;
    }
    assert_true(count >= 20);
    testing_result_free(&schemes);
}

static void a_codebook_from_a_file_is_explained(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    static const char header[] = "\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    char bytes[128 + 12];
    memset(bytes, ' ', 128);
    memcpy(bytes, header, sizeof header - 1);
    bytes[127] = '\n';
    const float levels[] = { -1, 0.25f, 1 };
    memcpy(bytes + 128, levels, 12);
    testing_write(testing_path(folder, "levels.npy"), bytes, sizeof bytes);
    testing_result result =
        testing_run("\"$QLOUPE\" explain codebook:file='%s' 2 -1.5 0.4", testing_path(folder, "levels.npy"));
    assert_int_equal(result.exit_code, 0);
    assert_non_null(strstr(result.standard_output, "2 0 1"));
    testing_result_free(&result);
}

static void matrices_are_typed_in_three_ways(void **state)
{
    (void)state;
    static const char *const spellings[] = { "\"1 -2; 3 4\"", "1 '-2;' 3 4", "\"[[1, -2], [3, 4]]\"", "'1,-2;3,4;'",
                                             "-- 1 '-2; 3' 4" };
    testing_result first = testing_run("\"$QLOUPE\" explain absmax:per=row %s", spellings[0]);
    assert_int_equal(first.exit_code, 0);
    assert_non_null(strstr(first.standard_output, "row 1"));
    for (size_t i = 1; i < sizeof spellings / sizeof spellings[0]; i++) {
        testing_result other = testing_run("\"$QLOUPE\" explain absmax:per=row %s", spellings[i]);
        assert_string_equal(other.standard_output, first.standard_output);
        testing_result_free(&other);
    }
    testing_result_free(&first);
}

static void refusals_say_what_to_type(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *says;
    } refused[] = {
        { "explain", "a number or a spec" },
        { "explain nothing", "no mapping is named 'nothing'" },
        { "explain absmax:bits=9 1", "2..8" },
        { "explain absmax 1 two", "'two' is no number" },
        { "explain absmax 1x", "'1x' is no number" },
        { "explain absmax '1 2; 3'", "row 2 has 1 numbers, row 1 has 2" },
        { "explain absmax 1 nan", "non-finite" },
        { "explain absmax 1e39", "non-finite" },
        { "explain 0.1 absmax", "'absmax' is no number" },
        { "explain fixed", "needs a multiplier" },
        { "explain fixed -1 5", "needs a multiplier" },
        { "explain fixed 0.5 1.5", "32-bit integer" },
        { "explain fixed 0.5 3000000000", "32-bit integer" },
        { "schemes nothing", "no mapping is named 'nothing'" },
        { "schemes nf4:block=32", "explain" },
        { "dtypes --params many", "7B" },
        { "dtypes --params 0", "7B" },
        { "--params 7e9", "needs a command" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        testing_result result = testing_run("\"$QLOUPE\" %s", refused[i].arguments);
        assert_int_equal(result.exit_code, 2);
        assert_string_equal(result.standard_output, "");
        if (!strstr(result.standard_error, refused[i].says))
            fail_msg("%s: %s", refused[i].arguments, result.standard_error);
        testing_result_free(&result);
    }
}

static void json_holds_all_digits(void **state)
{
    (void)state;
    testing_result result = testing_run("\"$QLOUPE\" explain absmax 3.2 -3 0.1 --json");
    assert_non_null(strstr(result.standard_output, "\"result\":0.025196850299835205}"));
    assert_non_null(strstr(result.standard_output, "\"code\":4,"));
    assert_non_null(strstr(result.standard_output, "{\"schema\":1,\"spec\":\"absmax\",\"steps\":["));
    testing_result_free(&result);
    result = testing_run("\"$QLOUPE\" explain 0.1 --json");
    assert_true(json_is_valid(result.standard_output));
    assert_non_null(strstr(result.standard_output, "\"stored\":0.10000000149011612,"));
    testing_result_free(&result);
}

static void ascii_is_enough(void **state)
{
    (void)state;
    static const char *const commands[] = { "explain 0.1", "explain nf4", "explain zeropoint 3.2 -3 0.1",
                                            "explain fixed 0.1 5" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        testing_result result = testing_run("\"$QLOUPE\" --ascii %s", commands[i]);
        assert_int_equal(result.exit_code, 0);
        for (const char *at = result.standard_output; *at; at++)
            assert_true((unsigned char)*at < 0x7f);
        assert_null(strstr(result.standard_output, "\\u"));
        testing_result_free(&result);
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(readme_lists_every_example),
        cmocka_unit_test(every_mapping_is_explained),
        cmocka_unit_test(a_codebook_from_a_file_is_explained),
        cmocka_unit_test(matrices_are_typed_in_three_ways),
        cmocka_unit_test(refusals_say_what_to_type),
        cmocka_unit_test(json_holds_all_digits),
        cmocka_unit_test(ascii_is_enough),
    };
    enum { OTHER_COUNT = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[EXAMPLE_COUNT + OTHER_COUNT];
    for (size_t i = 0; i < EXAMPLE_COUNT; i++)
        tests[i] = (struct CMUnitTest) { .name = EXAMPLES[i].sentence,
                                         .test_func = example_is_shown,
                                         .initial_state = (void *)&EXAMPLES[i] };
    memcpy(tests + EXAMPLE_COUNT, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
