/* qloupe matmul --batch: one table of all lines, which are checked before anything is run; progress; ^C. */
#include "cli.h"

#include <limits.h>
#include <sys/wait.h>
#include <time.h>

#include "job.h"

#define DEMO "data/storyteller.safetensors"

static char batch[512]; /* the file */

static void write_batch(const char *lines, size_t size)
{
    snprintf(batch, sizeof batch, "%s", testing_path(testing_folder(), "batch.txt"));
    testing_write(batch, lines, size);
}

static void a_batch_is_one_table(void **state)
{
    (void)state;
    static const char lines[] =
        "# three products\n" DEMO " -t 'h.0.attn.c_proj.weight' --m 4 -m fp32 --runs 1\n\n"
        "\t--shape 2x64x32 -m int8:row -m \"weights:absmax:bits=4,per=row\" --runs 1 # the end\r\n" DEMO
        " -t h.1.attn.c_attn.weight --x data/inputs -m int8:row --runs 1 --threads 1";
    write_batch(lines, strlen(lines));
    testing_result csv = testing_run("\"$QLOUPE\" matmul --batch '%s' --csv", batch);
    testing_result json = testing_run("\"$QLOUPE\" matmul --batch '%s' --json", batch);
    testing_result text = testing_run("\"$QLOUPE\" matmul --batch '%s'", batch);
    testing_result one =
        testing_run("\"$QLOUPE\" matmul " DEMO " -t h.1.attn.c_attn.weight --x data/inputs -m int8:row --runs 1 "
                    "--csv");
    assert_int_equal(csv.exit_code, 0);
    assert_string_equal(csv.standard_error, "");
    assert_non_null(strstr(csv.standard_output, "\nh.0.attn.c_proj.weight,4,256,256,fp32,"));
    assert_non_null(strstr(csv.standard_output, "\n2x64x32,2,64,32,int8:row,"));
    assert_non_null(strstr(csv.standard_output, "\n2x64x32,2,64,32,\"weights:absmax:bits=4,per=row\","));
    const char *row = strstr(one.standard_output, "\nh.1.attn.c_attn.weight,512,256,768,int8:row,");
    assert_non_null(row);
    const size_t errors = strcspn(row + 1, "\n") / 3; /* the numbers before the times */
    char same[300];
    snprintf(same, sizeof same, "%.*s", (int)(errors < 80 ? errors : 80), row);
    assert_non_null(strstr(csv.standard_output, same));
    /* What all rows have in common stands once, what differs in each of them. */
    assert_non_null(
        strstr(json.standard_output, "{\"schema\":1,\"m\":null,\"k\":null,\"n\":null,\"threads\":null,\"isa\":"));
    assert_non_null(strstr(json.standard_output, "\"threads\":1,\"activations\":\"data/inputs\""));
    assert_non_null(strstr(json.standard_output, "\"activations\":\"synthetic seed 0 outliers 0\""));
    assert_non_null(strstr(text.standard_output, ", X of each line, threads of each line, "));
    assert_non_null(
        strstr(text.standard_output, "\nh.1.attn.c_attn.weight  M 512  K 256  N 768  threads 1  X data/inputs\n"));
    testing_result *all[] = { &csv, &json, &text, &one };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        testing_result_free(all[i]);
}

/* What a row alone says of itself is told once where it holds for all of them. */
static void lines_of_a_batch_may_differ_in_threads_and_activations(void **state)
{
    (void)state;
    static const char lines[] = "--shape 2x64x32 -m int8:row --runs 1\n--shape 2x64x32 -m int8:row --runs 1 %s\n";
    static const struct {
        const char *more, *facts, *last;
    } cases[] = {
        { "", "\"activations\":\"synthetic seed 0 outliers 0\",\"m\":2,\"k\":64,\"n\":32,\"threads\":1,",
          "\"threads\":1,\"activations\":\"synthetic seed 0 outliers 0\"" },
        { "--threads 2 --seed 3", "{\"schema\":1,\"m\":2,\"k\":64,\"n\":32,\"threads\":null,",
          "\"threads\":2,\"activations\":\"synthetic seed 3 outliers 0\"" },
    };
    const char *path = testing_path(testing_folder(), "batch.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, lines, cases[i].more);
        testing_write(path, text, strlen(text));
        testing_result r = testing_run("\"$QLOUPE\" matmul --batch '%s' --threads 1 --json", path);
        assert_int_equal(r.exit_code, 0);
        assert_non_null(strstr(r.standard_output, cases[i].facts));
        assert_non_null(strstr(r.standard_output, cases[i].last));
        assert_non_null(strstr(r.standard_output, "\"threads\":1,\"activations\":\"synthetic seed 0 outliers 0\""));
        testing_result_free(&r);
    }
}

/* The last line is wrong; the first would take hours. */
static void a_bad_line_is_told_before_anything_runs(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } rows[] = {
        { "--shape 1x2", "--shape 1x2: MxKxN is allowed" },
        { "--shape 2x4x4 --frob", "unknown option '--frob'" },
        { "--shape 2x4x4 -s absmax", "`qloupe matmul` takes no --spec" },
        { "--shape 2x4x4 -m int9", "no method 'int9'; there are fp32" },
        { "--shape 2x4x4 --runs", "--runs" },
        { "--shape 2x4x4 --threads 0", "--threads 0: a number from 1 to 1024 is allowed" },
        { "--shape 2x4x4 --json", "--json stands beside --batch, not in a line of it" },
        { "--shape 2x4x4 --fail-on 'rel_fro>1'", "--fail-on stands beside --batch, not in a line of it" },
        { "--shape 2x4x4 --isa avx2", "--isa stands beside --batch, not in a line of it" },
        { "--shape 2x4x4 --batch x", "--batch stands beside --batch, not in a line of it" },
        { "--help", "--help stands beside --batch, not in a line of it" },
        { "--shape '2x4x4", "a quote ' is not closed" },
        { "--shape \"2x4x4 # no comment", "a quote \" is not closed" },
        { "compare " DEMO, "'" DEMO "' is one too many" },
        { "nowhere.npy -t a", "nowhere.npy: cannot be opened" },
        { DEMO " -t nope", DEMO ": no tensor matches 'nope'" },
        { DEMO, DEMO ": which tensor? -t NAME" },
        { DEMO " -t h.0.ln_1.weight", "tensor 'h.0.ln_1.weight': a tensor of one axis, a vector, makes no product" },
        { DEMO " -t wte.weight --x data/inputs", "tensor 'wte.weight': data/inputs has no file for it" },
        { DEMO " -t wte.weight --x nowhere.npy", "--x: nowhere.npy: cannot be opened" },
        { DEMO " -t wte.weight --x data/inputs/h.1.mlp.c_proj.npy", "X needs 256 columns" },
        { DEMO " -t h.1.mlp.c_fc.weight --x data/inputs --m 513", "513 rows were asked for, there are 512" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char lines[600], where[700];
        snprintf(lines, sizeof lines, "--shape 4096x4096x4096 --runs 10000\n# and\n%s\n", rows[i].line);
        write_batch(lines, strlen(lines));
        testing_result r = testing_run("\"$QLOUPE\" matmul --batch '%s'", batch);
        snprintf(where, sizeof where, "qloupe: %s: line 3: ", batch);
        const char *end = strchr(r.standard_error, '\n');
        if (r.exit_code != 2 || strncmp(r.standard_error, where, strlen(where)) != 0 ||
            !strstr(r.standard_error, rows[i].message) || !end || end[1])
            fail_msg("%s: exit %d, %s", rows[i].line, r.exit_code, r.standard_error);
        assert_string_equal(r.standard_output, "");
        testing_result_free(&r);
    }
}

static void files_that_are_no_batch_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        size_t size;
        const char *message;
    } rows[] = {
        { "", 0, "batch.txt: no lines: nothing to do" },
        { "\n  \n# only this", 14, "batch.txt: no lines: nothing to do" },
        { "--shape\0 2x4x4\n", 15, "batch.txt: line 1: a zero byte in the line" },
        { "\033[2J\n", 5, "batch.txt: line 1: \\x1b[2J: cannot be opened" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_batch(rows[i].lines, rows[i].size);
        testing_result r = testing_run("\"$QLOUPE\" matmul --batch '%s'", batch);
        if (r.exit_code != 2 || !strstr(r.standard_error, rows[i].message))
            fail_msg("%zu: exit %d, %s", i, r.exit_code, r.standard_error);
        testing_result_free(&r);
    }
    char *many = malloc(2000);
    memset(many, 'x', 2000);
    for (size_t i = 1; i < 2000; i += 2)
        many[i] = ' ';
    write_batch(many, 2000);
    free(many);
    static const char *const beside[][2] = {
        { "--batch '%s'", "line 1: more than 256 words" },
        { "--batch '%s' --runs 3", "--runs stands in the lines of --batch" },
        { DEMO " --batch '%s'", DEMO " stands in the lines of --batch" },
        { "--batch /", "qloupe: /: Is a directory" },
        { "--batch nowhere.txt", "nowhere.txt: No such file or directory" },
    };
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char arguments[700];
        snprintf(arguments, sizeof arguments, i < 3 ? beside[i][0] : "%.0s%s", batch, beside[i][0]);
        testing_result r = testing_run("\"$QLOUPE\" matmul %s", arguments);
        if (r.exit_code != 2 || !strstr(r.standard_error, beside[i][1]))
            fail_msg("%s: exit %d, %s", arguments, r.exit_code, r.standard_error);
        testing_result_free(&r);
    }
}

/* On a terminal it says which line and which method; ^C ends it, and the report is not begun. */
static void progress_says_what_runs_and_control_c_leaves_nothing(void **state)
{
    (void)state;
    static const char lines[] =
        "--shape 1x8x8 -m fp32 --runs 1\n\n--shape 256x1024x1024 -m fp32 -m int8:row --runs 10000 --threads 1\n";
    write_batch(lines, sizeof lines - 1);
    char program[PATH_MAX], order[PATH_MAX + 1200], report[512];
    const char *path = getenv("QLOUPE");
    assert_non_null(realpath(path ? path : "build/qloupe", program));
    snprintf(report, sizeof report, "%s", testing_path(testing_folder(), "report.json"));
    snprintf(order, sizeof order, "exec '%s' matmul --batch '%s' --json > '%s'", program, batch, report);
    const char *const arguments[] = { "/bin/sh", "-c", order, NULL };
    const char *const environment[] = { "TERM", "xterm", "LC_ALL", "C.UTF-8", "QLOUPE_NO_STATE", "1", NULL };
    job j;
    assert_true(job_start(&j, &(job_command) { arguments, environment, ".", NULL, 24, 80 }));
    const time_t begin = time(NULL);
    bool is_typed = false;
    job_news news = { 0 };
    while (news.what != JOB_ENDED) {
        news = job_step(&j, 50);
        if (!is_typed && strstr(j.last, "line 2 of 2, "))
            is_typed = job_type(&j, "\003", 1);
        if (time(NULL) - begin > 50)
            fail_msg("it did not end; it sent last: %s", j.last);
    }
    assert_true(is_typed);
    assert_true(WIFEXITED(news.value) && WEXITSTATUS(news.value) == 130);
    assert_non_null(strstr(j.last, " %  line 2 of 2, "));
    assert_non_null(strstr(j.last, "  ^C stops  ETA "));
    char where[700];
    snprintf(where, sizeof where, "qloupe: %s: line 3: interrupted", batch);
    assert_non_null(strstr(j.last, where));
    job_close(&j);
    size_t size;
    free(testing_read(report, &size));
    assert_int_equal(size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_one_table),
        cmocka_unit_test(lines_of_a_batch_may_differ_in_threads_and_activations),
        cmocka_unit_test(a_bad_line_is_told_before_anything_runs),
        cmocka_unit_test(files_that_are_no_batch_are_refused),
        cmocka_unit_test(progress_says_what_runs_and_control_c_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
