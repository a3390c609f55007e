/* How the command line refuses: one line that says what is wrong, and an exit code. */
#include "cli.h"
#include "npy.h"

#include <math.h>
#include <stdlib.h>

static const char *folder;
static char program[4096];

/* What is refused, with which code, and words that the line on stderr has to hold. ZOO stands for the file with every
 * awkward tensor. */
typedef struct refusal {
    const char *arguments;
    int exit_code;
    const char *words;
} refusal;

static const refusal REFUSALS[] = {
    /* usage */
    { "compar", 2, "did you mean `qloupe compare`?" },
    { "help compar", 2, "did you mean 'compare'?" },
    { "zoo.safetensors ls", 2, "the command stands first: `qloupe ls zoo.safetensors`" },
    { "ls zoo.safetensors other", 2, "'other' is one too many" },
    { "formats zoo.safetensors", 2, "takes no 'zoo.safetensors'" },
    { "ls --jsn", 2, "did you mean --json?" },
    { "ls -z", 2, "unknown option '-z'" },
    { "ls -t x", 2, "`qloupe ls` takes no --tensor" },
    { "--kind histogram", 2, "such as `qloupe plot`" },
    { "ls --json=1", 2, "--json takes no value" },
    { "ls --json --csv", 2, "one of them at a time" },
    { "ls --color", 2, "--color needs a value: auto|always|never" },
    { "ls --color blue", 2, "only auto|always|never is allowed" },
    { "ls --layout in", 2, "only in,out|out,in is allowed" },
    { "stat zoo.safetensors --threads 0", 2, "a number from 1 to 1024" },
    { "stat zoo.safetensors --threads 2x", 2, "a number from 1 to 1024" },
    { "compare zoo.safetensors", 2, "needs one spec or more" },
    { "quant zoo.safetensors -t layer.weight", 2, "takes one spec" },
    { "quant zoo.safetensors -t layer.weight -s absmax -s zeropoint", 2, "takes one spec" },
    { "plot zoo.safetensors -t layer.weight -s absmax", 2, "needs a file to write" },
    { "plot zoo.safetensors -t layer.weight -s absmax -o a.png --kind pie", 2, "the kinds are: histogram" },
    { "plot zoo.safetensors -t layer.weight -s absmax -o a.gif", 2, "a.gif" },
    { "bench --rounds 0", 2, "a number from 1 to 10000" },
    { "bench --rounds 3x", 2, "a number from 1 to 10000" },
    { "bench --size 64", 2, "ROWSxCOLUMNS, such as 4096x4096" },
    { "bench --size 64x0", 2, "ROWSxCOLUMNS" },
    { "bench --size 64x64x64", 2, "ROWSxCOLUMNS" },
    { "bench --threads 0", 2, "a number from 1 to 1024" },
    { "bench --isa mmx", 2, "choose from: " },
    { "bench absmx", 2, "did you mean 'absmax'?" },
    { "bench 'zz*'", 2, "no pass matches 'zz*'" },
    { "bench read absmax", 2, "'absmax' is one too many" },
    { "bench --growth --serve", 2, "--growth and --serve do not go together" },
    { "bench --growth absmax", 2, "--growth takes no pass; leave 'absmax' out" },
    { "bench --growth --size 8x8", 2, "the curve begins at 1024 elements" },
    { "bench --data zoo.safetensors --size 8x8", 2, "--data and --size do not go together" },
    { "bench --data none.safetensors", 2, "no tensors" },
    { "bench --data nothing", 2, "nothing: " },
    { "stat zoo.safetensors --rounds 3", 2, "`qloupe stat` takes no --rounds" },
    /* specs */
    { "compare zoo.safetensors -s absmx", 2, "absmx" },
    { "compare zoo.safetensors -s absmax:bitz=4", 2, "bitz" },
    { "compare zoo.safetensors -s absmax:bits=9", 2, "bits" },
    /* files */
    { "ls missing.safetensors", 2, "missing.safetensors: " },
    { "ls .", 2, "folder" },
    { "ls pipe", 2, "pipe" },
    { "ls nothing", 2, "nothing: " },
    { "ls cut.safetensors", 2, "cut.safetensors: " },
    { "quant none.safetensors -s absmax", 2, "no tensors" },
    { "stat none.safetensors -t w", 2, "no tensors" },
    /* tensors */
    { "stat zoo.safetensors -t nope", 2, "no tensor matches 'nope'" },
    { "stat zoo.safetensors -t layer.wieght", 2, "did you mean 'layer.weight'?" },
    { "stat zoo.safetensors -t layer.weight -t nope", 2, "no tensor matches 'nope'" },
    { "quant zoo.safetensors -t 'layer*' -s absmax", 2, "2 tensors match" },
    { "quant zoo.safetensors -s absmax", 2, "8 tensors match" },
    { "quant zoo.safetensors -t broken -s absmax", 2, "tensor 'broken': " },
    { "quant zoo.safetensors -t empty -s absmax", 2, "tensor 'empty': " },
    { "quant zoo.safetensors -t packed -s absmax", 2, "tensor 'packed': " },
    { "plot zoo.safetensors -t broken -s absmax -o a.png", 2, "tensor 'broken': " },
    { "quant zoo.safetensors -t layer.weight -s absmax -o zoo.safetensors", 2, "zoo.safetensors" },
    /* activations */
    { "compare zoo.safetensors -s absmax --x missing.npy", 2, "--x: missing.npy: cannot be opened" },
    { "compare zoo.safetensors -s absmax --x zoo.safetensors", 2, "say which, as FILE:TENSOR" },
    { "compare zoo.safetensors -s absmax --x zoo.safetensors:nope", 2, "no tensor matches 'nope'" },
    { "compare zoo.safetensors -s absmax --x zoo.safetensors:layer.bias", 2, "holds no activations" },
    { "compare zoo.safetensors -s absmax --x nan.npy", 2, "--x: nan.npy: X[1][0] is NaN" },
    { "compare zoo.safetensors -t layer.weight -s absmax --x wide.npy", 2,
      "tensor 'layer.weight': X of wide.npy is 2x3, W is 2x4 (out x in): X needs 4 columns" },
    { "quant zoo.safetensors -t layer.weight -s absmax --x wide.npy", 2, "X of wide.npy is 2x3, W is 2x4" },
    { "compare zoo.safetensors -t layer.bias -s absmax --x synthetic", 2, "a tensor of one axis, a vector, makes no product" },
    { "stat zoo.safetensors --x synthetic", 2, "`qloupe stat` takes no --x" },
    { "compare zoo.safetensors -s absmax --fail-on 'product_rel_fro>1'", 2, "a product needs activations: --x FILE" },
    { "diff zoo.safetensors zoo.safetensors --fail-on 'product_rel_fro>1'", 2, "the names are mae mse rmse " },
    /* checks */
    { "compare zoo.safetensors -s absmax --fail-on 'loss<3'", 2, "the names are mae mse rmse " },
    { "compare zoo.safetensors -s absmax --fail-on 'sqnr_db=3'", 2, "one of < <= > >= ==" },
    { "compare zoo.safetensors -s absmax --fail-on 'sqnr_db<x'", 2, "a number is needed" },
    { "compare zoo.safetensors -s absmax --fail-on 'sqnr_db<3x'", 2, "a number is needed" },
    { "compare zoo.safetensors -s absmax --fail-on 'sqnr_db<nan'", 2, "a number is needed" },
};

static testing_result run(const char *arguments)
{
    return testing_run("cd '%s' && '%s' %s", folder, program, arguments);
}

static size_t line_count(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void every_refusal_is_one_line_on_stderr_and_an_exit_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        const refusal *expected = &REFUSALS[i];
        testing_result result = run(expected->arguments);
        bool good = result.exit_code == expected->exit_code && line_count(result.standard_error) == 1 &&
                    strncmp(result.standard_error, "qloupe: ", 8) == 0 && strstr(result.standard_error, expected->words) &&
                    result.output_size == 0;
        if (!good)
            fail_msg("qloupe %s: exit %d, wanted %d and \"%s\"; stdout \"%s\", stderr \"%s\"", expected->arguments,
                     result.exit_code, expected->exit_code, expected->words, result.standard_output, result.standard_error);
        testing_result_free(&result);
    }
}

static void what_can_be_reported_is_no_error(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "stat zoo.safetensors",
        "stat zoo.safetensors -t broken",
        "stat zoo.safetensors -t empty",
        "stat zoo.safetensors -t packed",
        "stat zoo.safetensors -t scalar",
        "compare zoo.safetensors -t broken -s absmax",
        "compare zoo.safetensors -t scalar -s zeropoint:bits=4",
        "compare zoo.safetensors -t layer.bias -s absmax:per=block,block=3",
        "quant zoo.safetensors -t scalar -s absmax",
        "quant zoo.safetensors -t layer.bias -s absmax:per=row",
        "ls none.safetensors",
        "stat none.safetensors",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        testing_result result = run(commands[i]);
        if (result.exit_code != 0 || *result.standard_error || result.output_size == 0)
            fail_msg("qloupe %s: exit %d, stderr \"%s\"", commands[i], result.exit_code, result.standard_error);
        testing_result_free(&result);
    }
}

static void fail_on_decides_the_exit_code(void **state)
{
    (void)state;
    static const struct {
        const char *check;
        int exit_code;
    } checks[] = {
        { "--fail-on 'sqnr_db<30'", 1 },
        { "--fail-on 'sqnr_db<20'", 0 },
        { "--fail-on 'bits_per_weight>=8'", 1 },
        { "--fail-on 'bits_per_weight>8'", 0 },
        { "--fail-on 'bytes==8'", 1 },
        { "--fail-on 'bytes<=8'", 1 },
        { "--fail-on 'bytes<8'", 0 },
        { "--fail-on 'bytes>=8'", 1 },
        { "--fail-on 'bytes>8'", 0 },
        { "--fail-on 'bytes<=7'", 0 },
        { "--fail-on ' mse > 1e-3 '", 1 },
        { "--fail-on 'max_abs>inf'", 0 },
        { "--fail-on 'mse>1' --fail-on 'mse>0'", 1 },
        { "--x synthetic --fail-on 'product_rel_fro>1e-3'", 1 },
        { "--x synthetic --fail-on 'product_rel_fro>0.5'", 0 },
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        for (int quant = 0; quant < 2; quant++) {
            char arguments[256];
            snprintf(arguments, sizeof arguments, "%s zoo.safetensors -t layer.weight -s absmax:bits=4 %s",
                     quant ? "quant" : "compare", checks[i].check);
            testing_result result = run(arguments);
            if (result.exit_code != checks[i].exit_code ||
                (result.exit_code && !strstr(result.standard_error, "layer.weight")))
                fail_msg("qloupe %s: exit %d, stderr \"%s\"", arguments, result.exit_code, result.standard_error);
            assert_true(result.output_size > 0);
            testing_result_free(&result);
        }
    }
    testing_result unmeasured = run("compare zoo.safetensors -t broken -s absmax --fail-on 'sqnr_db<30'");
    assert_int_equal(unmeasured.exit_code, 0);
    assert_non_null(strstr(unmeasured.standard_error, "were not checked"));
    testing_result_free(&unmeasured);
    testing_result some = run("compare zoo.safetensors -t 'layer*' -s absmax --x synthetic --fail-on 'product_rel_fro>0.5'");
    assert_int_equal(some.exit_code, 0);
    assert_non_null(strstr(some.standard_error, "1 rows have a note instead of numbers and were not checked"));
    testing_result_free(&some);
}

static void control_characters_of_the_command_line_are_escaped(void **state)
{
    (void)state;
    testing_result result = testing_run("cd '%s' && '%s' ls \"$(printf 'a\\033[31mb')\"", folder, program);
    assert_int_equal(result.exit_code, 2);
    assert_null(strchr(result.standard_error, 0x1b));
    assert_non_null(strstr(result.standard_error, "a\\x1b[31mb"));
    testing_result_free(&result);
}

static int set_up(void **state)
{
    (void)state;
    folder = testing_folder();
    size_t size;
    char *zoo = testing_read(cli_write_zoo(folder), &size);
    testing_write(testing_path(folder, "cut.safetensors"), zoo, size - 1);
    free(zoo);
    testing_write(testing_path(folder, "nothing"), "", 0);
    cli_write_model(testing_path(folder, "none.safetensors"), "{}", "", 0);
    const float x[6] = { 1, 2, 3, NAN, 5, 6 };
    if (!npy_write(testing_path(folder, "nan.npy"), "f4", 2, (uint64_t[]) { 2, 3 }, x) ||
        !npy_write(testing_path(folder, "wide.npy"), "f4", 2, (uint64_t[]) { 2, 3 }, (float[6]) { 0 }))
        return -1;
    testing_result pipe = testing_run("mkfifo '%s/pipe'", folder);
    testing_result_free(&pipe);
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
        cmocka_unit_test(every_refusal_is_one_line_on_stderr_and_an_exit_code),
        cmocka_unit_test(what_can_be_reported_is_no_error),
        cmocka_unit_test(fail_on_decides_the_exit_code),
        cmocka_unit_test(control_characters_of_the_command_line_are_escaped),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
