/* The command line among other processes: pipes that close, disks that are full, ^C, files that appear whole. */
#include "cli.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[4096];

static void full_disk_on_stdout_is_noticed(void **state)
{
    (void)state;
    static const char *const commands[] = { "ls data/storyteller.safetensors", "schemes", "help", "--version",
                                            "compare data/storyteller.safetensors -t wte.weight -s absmax --json" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        testing_result result = testing_run("'%s' %s > /dev/full", program, commands[i]);
        assert_int_equal(result.exit_code, 2);
        assert_string_equal(result.standard_error, "qloupe: standard output: No space left on device\n");
        testing_result_free(&result);
    }
}

static void closed_pipe_ends_the_program_quietly(void **state)
{
    (void)state;
    testing_result killed = testing_run("'%s' ls data/storyteller.safetensors --json | head -n 1", program);
    assert_int_equal(killed.exit_code, 0);
    assert_string_equal(killed.standard_error, "");
    testing_result_free(&killed);

    /* The same where SIGPIPE is ignored and the write fails instead. */
    testing_result told =
        testing_run("trap '' PIPE; { '%s' ls data/storyteller.safetensors; echo \"exit $?\" >&2; } | true", program);
    assert_string_equal(told.standard_error, "exit 0\n");
    testing_result_free(&told);
}

static size_t entry_count(const char *folder)
{
    DIR *entries = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    if (entries)
        closedir(entries);
    return count;
}

/* A tensor of 64 Mi elements (a hole in the file system), so that the work lasts while the signal is on its way. */
static const char *write_big(const char *folder)
{
    const char *path = testing_path(folder, "big.safetensors");
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[8192,8192],\"data_offsets\":[0,268435456]}}";
    uint64_t length = sizeof header - 1;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(&length, 8, 1, file);
    fwrite(header, 1, length, file);
    fclose(file);
    assert_int_equal(truncate(path, (off_t)(8 + length + 268435456)), 0);
    return path;
}

static pid_t start(const char *const *arguments)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execv(program, (char *const *)arguments);
        _exit(127);
    }
    return child;
}

/* Starts a quant that writes large arrays, sends the signal while the first file is being written; returns how it ended. */
static int end_while_writing(int signal_number)
{
    const char *folder = testing_folder(), *out = testing_path(folder, "out"), *big = write_big(folder);
    const char *const arguments[] = { "qloupe", "quant", big, "-t", "w", "-s", "absmax:per=row", "-o", out, NULL };
    pid_t child = start(arguments);
    int status = 0;
    while (entry_count(out) == 0)
        if (waitpid(child, &status, WNOHANG) == child)
            fail_msg("ended before it wrote anything: status %d", status);
    assert_int_equal(kill(child, signal_number), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(entry_count(out), 0);
    return status;
}

static void interrupt_ends_with_130_and_leaves_no_file(void **state)
{
    (void)state;
    int status = end_while_writing(SIGINT);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
}

static void being_ended_leaves_no_file(void **state)
{
    (void)state;
    int status = end_while_writing(SIGTERM);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* A limit on the size of files stands in for a disk that is full. */
static void full_disk_leaves_no_file(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *target;
    } commands[] = { { "quant data/storyteller.safetensors -t wte.weight -s absmax -o", "out" },
                     { "plot data/storyteller.safetensors -t wte.weight -s absmax -o", "out/figure.png" } };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *folder = testing_folder(), *out = testing_path(folder, "out");
        char arguments[512];
        snprintf(arguments, sizeof arguments, "%s '%s/%s'", commands[i].arguments, folder, commands[i].target);
        testing_result result = testing_run("mkdir '%s' && ulimit -f 16 && '%s' %s", out, program, arguments);
        assert_int_equal(result.exit_code, 2);
        assert_non_null(strstr(result.standard_error, "File too large"));
        assert_int_equal(entry_count(out), 0);
        testing_result_free(&result);
    }
}

static void quant_writes_arrays_and_the_report(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    testing_result result =
        testing_run("cd '%s' && '%s' quant '%s' -t layer.weight -s zeropoint:bits=4,per=row -o out --json", folder, program,
                    cli_write_zoo(folder));
    assert_int_equal(result.exit_code, 0);
    assert_non_null(
        strstr(result.standard_error, "wrote codes.npy, scales.npy, zeros.npy, dequant.npy and report.json to out"));
    char *report = testing_read(testing_path(folder, "out/report.json"), NULL);
    assert_string_equal(report, result.standard_output);
    assert_int_equal(entry_count(testing_path(folder, "out")), 5);
    free(report);
    testing_result_free(&result);

    /* What was written is what `qloupe` itself reads: 2 x 4 values, y = scale * (code - zero). */
    testing_result values = testing_run("'%s' stat '%s/out/dequant.npy' --csv", program, folder);
    assert_non_null(strstr(values.standard_output, "\ndequant,F32,2x4,"));
    testing_result_free(&values);
}

static void figure_is_made_again_by_the_command_that_it_bears(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    cli_write_zoo(folder);
    static const char command[] = "plot zoo.safetensors -t layer.weight -s absmax:bits=4 --kind histogram -o figure.png";
    testing_result first = testing_run("cd '%s' && '%s' %s", folder, program, command);
    assert_int_equal(first.exit_code, 0);
    size_t size, again_size;
    char *bytes = testing_read(testing_path(folder, "figure.png"), &size);
    assert_non_null(memmem(bytes, size, command, sizeof command - 1));
    testing_result second = testing_run("cd '%s' && '%s' %s", folder, program, command);
    char *again = testing_read(testing_path(folder, "figure.png"), &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
    testing_result_free(&first);
    testing_result_free(&second);
}

static int set_up(void **state)
{
    (void)state;
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
        cmocka_unit_test(full_disk_on_stdout_is_noticed),
        cmocka_unit_test(closed_pipe_ends_the_program_quietly),
        cmocka_unit_test(interrupt_ends_with_130_and_leaves_no_file),
        cmocka_unit_test(being_ended_leaves_no_file),
        cmocka_unit_test(full_disk_leaves_no_file),
        cmocka_unit_test(quant_writes_arrays_and_the_report),
        cmocka_unit_test(figure_is_made_again_by_the_command_that_it_bears),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
