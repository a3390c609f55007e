/* The helpers of the tests, tested: a helper that always agrees would hide everything else. */
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static void run_tells_output_errors_and_exit_code_apart(void **state)
{
    (void)state;
    testing_result r = testing_run("printf 'a\\0b'; echo %s >&2; exit 7", "oops");
    assert_int_equal(r.exit_code, 7);
    assert_int_equal(r.output_size, 3);
    assert_memory_equal(r.standard_output, "a\0b", 4);
    assert_string_equal(r.standard_error, "oops\n");
    testing_result_free(&r);
}

static void run_reports_a_signal_as_the_shell_does(void **state)
{
    (void)state;
    testing_result r = testing_run("kill -SEGV $$");
    assert_int_equal(r.exit_code, 128 + 11);
    testing_result_free(&r);
}

static void run_takes_more_output_than_a_pipe_holds_on_both_ends(void **state)
{
    (void)state;
    testing_result r = testing_run("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; cat");
    assert_int_equal(r.exit_code, 0);
    assert_int_equal(r.output_size, 300000);
    testing_result_free(&r);
}

static void a_file_comes_back_as_it_was_written(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "file");
    testing_write(path, "x\0y\n", 4);
    size_t size;
    char *text = testing_read(path, &size);
    assert_int_equal(size, 4);
    assert_memory_equal(text, "x\0y\n", 5);
    free(text);
}

static void every_folder_is_new(void **state)
{
    (void)state;
    const char *one = testing_folder(), *two = testing_folder();
    assert_string_not_equal(one, two);
    assert_int_equal(access(one, W_OK), 0);
}

static void equal_infinities_and_nans_are_close(void **state)
{
    (void)state;
    assert_close(INFINITY, INFINITY, 0, 0);
    assert_close(NAN, NAN, 0, 0);
    assert_close(1, 1 + 1e-12, 1e-11, 0);
    assert_close(0, 1e-12, 0, 1e-11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_tells_output_errors_and_exit_code_apart),
        cmocka_unit_test(run_reports_a_signal_as_the_shell_does),
        cmocka_unit_test(run_takes_more_output_than_a_pipe_holds_on_both_ends),
        cmocka_unit_test(a_file_comes_back_as_it_was_written),
        cmocka_unit_test(every_folder_is_new),
        cmocka_unit_test(equal_infinities_and_nans_are_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
