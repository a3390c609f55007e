/* Output files appear whole or not at all. */
#include "testing.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qloupe.h"

static unsigned entry_count(const char *folder)
{
    unsigned count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(directory);
    return count;
}

static void write_file(const char *path, const char *text)
{
    ql_error error = { .message = "" };
    ql_outfile *file;
    assert_int_equal(ql_outfile_open(path, &file, &error), QL_OK);
    assert_int_equal(ql_outfile_write(file, text, strlen(text), &error), QL_OK);
    assert_int_equal(ql_outfile_commit(&file, &error), QL_OK);
    assert_null(file);
}

static void assert_holds(const char *path, const char *text)
{
    char *content = testing_read(path, NULL);
    assert_string_equal(content, text);
    free(content);
}

static void refuse(const char *path, const char *word)
{
    ql_error error = { .message = "" };
    ql_outfile *file;
    assert_int_equal(ql_outfile_open(path, &file, &error), QL_BAD_WRITE);
    assert_null(file);
    assert_int_equal(error.status, QL_BAD_WRITE);
    assert_non_null(strstr(error.message, word));
    for (const char *c = error.message; *c; c++)
        assert_true((unsigned char)*c >= ' ');
}

static void file_appears_only_when_committed(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = testing_path(folder, "out");
    ql_error error;
    ql_outfile *file;
    assert_int_equal(ql_outfile_open(path, &file, &error), QL_OK);
    assert_int_equal(ql_outfile_write(file, "abc", 3, &error), QL_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(ql_outfile_commit(&file, &error), QL_OK);
    assert_holds(path, "abc");
    assert_int_equal(entry_count(folder), 1);
}

static void discard_keeps_the_old_file_and_leaves_nothing_else(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = testing_path(folder, "out");
    ql_error error;
    ql_outfile *file;
    write_file(path, "old");
    assert_int_equal(ql_outfile_open(path, &file, &error), QL_OK);
    assert_int_equal(ql_outfile_write(file, "new", 3, &error), QL_OK);
    ql_outfile_discard(&file);
    assert_null(file);
    ql_outfile_discard(&file);
    assert_holds(path, "old");
    assert_int_equal(entry_count(folder), 1);
}

static void pieces_of_every_size_arrive_in_order(void **state)
{
    (void)state;
    enum { TOTAL = 400000 };
    static unsigned char bytes[TOTAL];
    const char *path = testing_path(testing_folder(), "out");
    ql_error error;
    ql_outfile *file;
    for (unsigned i = 0; i < TOTAL; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    assert_int_equal(ql_outfile_open(path, &file, &error), QL_OK);
    for (size_t at = 0, piece = 1; at < TOTAL; piece = piece * 3 % 150001 + 1) {
        size_t size = piece < TOTAL - at ? piece : TOTAL - at;
        assert_int_equal(ql_outfile_write(file, bytes + at, size, &error), QL_OK);
        at += size;
    }
    assert_int_equal(ql_outfile_commit(&file, &error), QL_OK);
    size_t size;
    char *content = testing_read(path, &size);
    assert_int_equal(size, TOTAL);
    assert_memory_equal(content, bytes, TOTAL);
    free(content);
}

static void a_new_file_follows_the_umask_and_a_replaced_one_keeps_its_mode(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "out");
    struct stat status;
    mode_t before = umask(027);
    write_file(path, "a");
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(chmod(path, 0604), 0);
    write_file(path, "b");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0604);
    assert_holds(path, "b");
}

static void a_link_stays_a_link_and_its_file_is_replaced(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = testing_path(folder, "real"), *link = testing_path(folder, "link");
    struct stat status;
    write_file(path, "a");
    assert_int_equal(symlink("real", link), 0);
    write_file(link, "b");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_holds(path, "b");
}

static void impossible_targets_are_refused_in_one_line(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    refuse(folder, "is a folder");
    refuse(testing_path(folder, "new/"), "names a folder");
    refuse(testing_path(folder, "none/out"), "there is no folder");
    refuse("", "empty");
    refuse("/dev/full", "device");
    write_file(testing_path(folder, "plain"), "x");
    refuse(testing_path(folder, "plain/out"), "folder");
    assert_int_equal(entry_count(folder), 1);
}

static void a_protected_folder_or_file_is_refused(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = testing_path(folder, "out");
    if (geteuid() == 0) {
        print_message("root may write everywhere: nothing to see\n");
        return;
    }
    write_file(path, "old");
    assert_int_equal(chmod(path, 0444), 0);
    refuse(path, "write-protected");
    assert_int_equal(chmod(folder, 0555), 0);
    refuse(testing_path(folder, "new"), "no file can be made");
    assert_int_equal(chmod(folder, 0755), 0);
    assert_holds(path, "old");
}

static void a_message_escapes_what_a_terminal_must_not_see(void **state)
{
    (void)state;
    refuse(testing_path(testing_folder(), "\033[31m/out"), "\\x1b[31m");
}

/* Runs `check` in a child, since it changes what the process may do. */
static void in_child(void (*check)(const char *folder), const char *folder)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        check(folder);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void fill_the_disk(const char *folder)
{
    static char bytes[20000];
    ql_error error = { .message = "" };
    ql_outfile *file;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit) { 10000, 10000 });
    ql_status status = ql_outfile_open(testing_path(folder, "out"), &file, &error);
    if (status == QL_OK)
        status = ql_outfile_write(file, bytes, sizeof bytes, &error);
    if (status == QL_OK)
        status = ql_outfile_commit(&file, &error);
    ql_outfile_discard(&file);
    _exit(status == QL_BAD_WRITE && strstr(error.message, "nothing was left behind") ? 0 : 1);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    write_file(testing_path(folder, "out"), "old");
    in_child(fill_the_disk, folder);
    assert_holds(testing_path(folder, "out"), "old");
    assert_int_equal(entry_count(folder), 1);
}

static void leave_at_once(int number)
{
    (void)number;
    ql_outfile_discard_all();
    _exit(0);
}

static void be_interrupted(const char *folder)
{
    enum { FILES = 5 };
    ql_error error;
    ql_outfile *files[FILES];
    char name[16];
    signal(SIGTERM, leave_at_once);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "out%d", i);
        if (ql_outfile_open(testing_path(folder, name), &files[i], &error) != QL_OK ||
            ql_outfile_write(files[i], "x", 1, &error) != QL_OK)
            _exit(1);
    }
    if (entry_count(folder) != FILES)
        _exit(2);
    raise(SIGTERM);
}

static void a_signal_handler_can_remove_every_temporary(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    in_child(be_interrupted, folder);
    assert_int_equal(entry_count(folder), 0);
}

static void more_files_than_the_table_holds_are_written(void **state)
{
    (void)state;
    enum { FILES = 40 };
    const char *folder = testing_folder();
    ql_error error;
    ql_outfile *files[FILES];
    char name[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FILES; i++) {
            snprintf(name, sizeof name, "out%d", i);
            assert_int_equal(ql_outfile_open(testing_path(folder, name), &files[i], &error), QL_OK);
        }
        for (int i = 0; i < FILES; i++)
            assert_int_equal(ql_outfile_commit(&files[i], &error), QL_OK);
    }
    assert_int_equal(entry_count(folder), FILES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_appears_only_when_committed),
        cmocka_unit_test(discard_keeps_the_old_file_and_leaves_nothing_else),
        cmocka_unit_test(pieces_of_every_size_arrive_in_order),
        cmocka_unit_test(a_new_file_follows_the_umask_and_a_replaced_one_keeps_its_mode),
        cmocka_unit_test(a_link_stays_a_link_and_its_file_is_replaced),
        cmocka_unit_test(impossible_targets_are_refused_in_one_line),
        cmocka_unit_test(a_protected_folder_or_file_is_refused),
        cmocka_unit_test(a_message_escapes_what_a_terminal_must_not_see),
        cmocka_unit_test(a_full_disk_leaves_nothing_behind),
        cmocka_unit_test(a_signal_handler_can_remove_every_temporary),
        cmocka_unit_test(more_files_than_the_table_holds_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
