/*
 * The corpora in tests/formats through the program: good files are listed and measured as JSON, bad ones are refused with
 * exit status 2, nothing on standard output and one line on standard error; nothing that a terminal acts on comes out.
 */
#include "cli.h"
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

/* Runs `qloupe COMMAND --json PATH`; returns whether it went well, and its output. */
static bool run(const char *command, const char *path, testing_result *result)
{
    *result = testing_run("exec \"$QLOUPE\" %s --json '%s'", command, path);
    cli_assert_harmless(path, result->standard_output, result->output_size);
    cli_assert_harmless(path, result->standard_error, strlen(result->standard_error));
    const char *error = result->standard_error, *end = strchr(error, '\n');
    if (result->exit_code == 0) {
        assert_string_equal(error, "");
        if (!json_is_valid(result->standard_output))
            fail_msg("%s %s: no JSON: %s", command, path, result->standard_output);
        return true;
    }
    if (result->exit_code != 2 || result->output_size != 0 || !end || end[1])
        fail_msg("%s %s: exit %d, '%s', '%s'", command, path, result->exit_code, result->standard_output, error);
    if (!strstr(error, strrchr(path, '/') + 1) && !strstr(path, ".index.json"))
        fail_msg("%s is not named by '%s'", path, error);
    return false;
}

static void every_good_file_is_listed_and_measured_as_json(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/good.tsv");
    size_t at = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        static const char *const commands[] = { "ls", "stat" };
        const char *path = testing_path(GOOD, row->fields[FILE_NAME]);
        for (size_t i = 0; i < 2; i++) {
            testing_result result;
            if (!run(commands[i], path, &result))
                fail_msg("%s", result.standard_error);
            size_t tensors = 0;
            for (const char *c = result.standard_output; (c = strstr(c, "\n{\"name\":")); c++)
                tensors++;
            assert_int_equal(tensors, strtoul(row->fields[FILE_TENSORS], NULL, 10));
            testing_result_free(&result);
        }
    }
    corpus_free(&table);
}

static void every_bad_file_is_refused_on_one_line(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/bad.tsv");
    size_t at = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        const char *path = testing_path(BAD, row->fields[BAD_NAME]), *verdict = row->fields[BAD_VERDICT];
        testing_result result;
        if (run("ls", path, &result) != (strcmp(verdict, "refuse") != 0))
            fail_msg("ls %s: %s", path, result.standard_error);
        testing_result_free(&result);
        if (strcmp(verdict, "refuse") == 0)
            continue;
        if (run("stat", path, &result) != (strcmp(verdict, "accept") == 0))
            fail_msg("stat %s: %s", path, result.standard_error);
        testing_result_free(&result);
    }
    corpus_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_file_is_listed_and_measured_as_json),
        cmocka_unit_test(every_bad_file_is_refused_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
