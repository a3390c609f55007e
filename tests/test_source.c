/* Sources: bytes of a file or of memory, and words for everything that is neither. */
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/source.h"

static void refuse(const char *path, const char *words)
{
    ql_source *source = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_source_open(path, &source, &error), QL_BAD_FILE);
    assert_int_equal(error.status, QL_BAD_FILE);
    assert_null(source);
    if (!strstr(error.message, words) || strchr(error.message, '\n'))
        fail_msg("'%s' does not say '%s' in one line", error.message, words);
    assert_memory_equal(error.message, path, strlen(path));
}

static ql_source *open_bytes(const char **path, const void *bytes, size_t size)
{
    ql_source *source;
    ql_error error;
    *path = testing_path(testing_folder(), "file");
    testing_write(*path, bytes, size);
    if (ql_source_open(*path, &source, &error) != QL_OK)
        fail_msg("%s", error.message);
    return source;
}

static void a_file_gives_its_bytes_at_any_place(void **state)
{
    (void)state;
    const char *path;
    ql_source *source = open_bytes(&path, "0123456789", 10);
    assert_int_equal(ql_source_size(source), 10);
    assert_string_equal(ql_source_path(source), path);
    for (size_t offset = 0; offset <= 10; offset++) {
        for (size_t size = 0; offset + size <= 10; size++) {
            char buffer[11] = "..........";
            ql_error error;
            const void *bytes = ql_source_fetch(source, offset, size, buffer, &error);
            assert_ptr_equal(bytes, buffer);
            assert_memory_equal(bytes, &"0123456789"[offset], size);
            assert_memory_equal(buffer + size, "..........", 10 - size);
        }
    }
    ql_source_free(&source);
    assert_null(source);
    ql_source_free(&source);
}

static void memory_is_given_without_a_copy(void **state)
{
    (void)state;
    ql_source *source;
    ql_error error;
    const char bytes[] = "0123456789";
    assert_int_equal(ql_source_from_memory("x", bytes, 10, &source, &error), QL_OK);
    assert_ptr_equal(ql_source_fetch(source, 3, 7, NULL, &error), bytes + 3);
    assert_ptr_equal(ql_source_fetch(source, 10, 0, NULL, &error), bytes + 10);
    assert_null(ql_source_fetch(source, 3, 8, NULL, &error));
    assert_int_equal(ql_source_check(source, &error), QL_OK);
    ql_source_free(&source);
}

static const void *read_letters(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    (void)context, (void)error;
    for (size_t i = 0; i < size; i++)
        ((char *)buffer)[i] = (char)('a' + (offset + i) % 26);
    return buffer;
}

static void count_free(void *context)
{
    ++*(int *)context;
}

static void a_part_is_read_by_its_reader_and_belongs_to_its_parent(void **state)
{
    (void)state;
    const ql_source_reader reader = { .fetch = read_letters, .free = count_free };
    const char *path;
    ql_source *parent = open_bytes(&path, "0123456789", 10), *part = NULL, *alone = NULL;
    ql_error error;
    char buffer[8];
    int freed = 0;
    assert_int_equal(ql_source_from_reader("", 1000, parent, &reader, &freed, &part, &error), QL_OK);
    assert_int_equal(ql_source_from_reader("letters", 26, NULL, &reader, &freed, &alone, &error), QL_OK);
    assert_string_equal(ql_source_path(part), path);
    assert_string_equal(ql_source_shown(part), ql_source_shown(parent));
    assert_string_equal(ql_source_shown(alone), "letters");
    assert_memory_equal(ql_source_fetch(part, 992, 8, buffer, &error), "efghijkl", 8);
    assert_memory_equal(ql_source_view(alone, 0, 3, buffer, &error), "abc", 3);
    assert_null(ql_source_in_memory(part, 0, 3));
    assert_null(ql_source_fetch(part, 993, 8, buffer, &error));
    assert_null(ql_source_view(part, UINT64_MAX, 8, buffer, &error));
    assert_memory_equal(error.message, path, strlen(path));
    assert_int_equal(ql_source_bytes_read(part) + ql_source_bytes_read(parent), 0);
    assert_int_equal(ql_source_check(part, &error), QL_OK);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(ql_source_check(part, &error), QL_BAD_FILE);
    assert_int_equal(ql_source_check(alone, &error), QL_OK);
    ql_source_free(&part);
    ql_source_free(&alone);
    ql_source_free(&parent);
    assert_int_equal(freed, 2);
}

static void nothing_is_fetched_past_the_end_even_where_sums_overflow(void **state)
{
    (void)state;
    const char *path;
    ql_source *source = open_bytes(&path, "0123456789", 10);
    static const struct {
        uint64_t offset, size;
    } cases[] = { { 0, 11 }, { 10, 1 }, { 11, 0 }, { UINT64_MAX, 1 }, { UINT64_MAX, 0 }, { 5, SIZE_MAX }, { UINT64_MAX - 3, 8 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_error error = { 0 };
        char buffer[16];
        assert_null(ql_source_fetch(source, cases[i].offset, cases[i].size, buffer, &error));
        assert_int_equal(error.status, QL_BAD_FILE);
        assert_non_null(strstr(error.message, path));
    }
    ql_source_free(&source);
}

static void a_file_that_shrank_is_an_error_that_names_it(void **state)
{
    (void)state;
    const char *path;
    char *bytes = calloc(1, 10000), *buffer = malloc(10000);
    ql_source *source = open_bytes(&path, bytes, 10000);
    ql_error error = { 0 };
    assert_non_null(ql_source_fetch(source, 0, 10000, buffer, &error));
    assert_int_equal(truncate(path, 5000), 0);
    assert_non_null(ql_source_fetch(source, 0, 5000, buffer, &error));
    assert_null(ql_source_fetch(source, 0, 5001, buffer, &error));
    assert_int_equal(error.status, QL_BAD_FILE);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, "cut"));
    assert_null(ql_source_fetch(source, 6000, 1, buffer, &error));
    ql_source_free(&source);
    free(bytes);
    free(buffer);
}

static void check_notices_another_size_and_another_time(void **state)
{
    (void)state;
    const char *path;
    ql_source *source = open_bytes(&path, "0123456789", 10);
    ql_error error = { 0 };
    assert_int_equal(ql_source_check(source, &error), QL_OK);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1000000000, 1 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(ql_source_check(source, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, "changed"));
    ql_source_free(&source);

    struct stat status;
    source = open_bytes(&path, "0123456789", 10);
    assert_int_equal(stat(path, &status), 0);
    testing_write(path, "0123", 4);
    const struct timespec back[2] = { { .tv_nsec = UTIME_OMIT }, status.st_mtim };
    assert_int_equal(utimensat(AT_FDCWD, path, back, 0), 0);
    assert_int_equal(ql_source_check(source, NULL), QL_BAD_FILE);
    ql_source_free(&source);
}

static void the_bytes_given_are_counted(void **state)
{
    (void)state;
    const char *path;
    char buffer[16];
    ql_source *sources[2] = { open_bytes(&path, "0123456789", 10) };
    assert_int_equal(ql_source_from_memory("x", "0123456789", 10, &sources[1], NULL), QL_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ql_source_bytes_read(sources[i]), 0);
        assert_non_null(ql_source_fetch(sources[i], 0, 10, buffer, NULL));
        assert_int_equal(ql_source_bytes_read(sources[i]), 10);
        assert_non_null(ql_source_fetch(sources[i], 3, 4, buffer, NULL));
        assert_non_null(ql_source_fetch(sources[i], 10, 0, buffer, NULL));
        assert_null(ql_source_fetch(sources[i], 3, 8, buffer, NULL)); /* nothing is given */
        assert_int_equal(ql_source_bytes_read(sources[i]), 14);
        ql_source_free(&sources[i]);
    }
}

/* Of a model: the header once, then each tensor that is read. */
static void a_model_counts_what_was_read_of_its_file(void **state)
{
    (void)state;
    ql_model *model;
    ql_error error;
    assert_int_equal(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), QL_OK);
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    const uint64_t header = ql_model_bytes_read(model);
    assert_true(header >= tensor->offset && header < ql_model_byte_count(model) / 2);
    ql_engine *engine;
    ql_profile *profile;
    assert_int_equal(ql_engine_new(2, &engine, &error), QL_OK);
    assert_int_equal(ql_profile_make(engine, model, tensor, NULL, &profile, &error), QL_OK);
    const uint64_t values = ql_model_bytes_read(model) - header;
    assert_true(values >= tensor->byte_count && values % tensor->byte_count == 0);
    ql_profile_free(&profile);
    ql_engine_free(&engine);
    ql_model_free(&model);
}

static void an_empty_file_is_a_source_of_nothing(void **state)
{
    (void)state;
    const char *path;
    ql_source *source = open_bytes(&path, "", 0);
    char buffer[1];
    assert_int_equal(ql_source_size(source), 0);
    assert_non_null(ql_source_fetch(source, 0, 0, buffer, NULL));
    assert_null(ql_source_fetch(source, 0, 1, buffer, NULL));
    ql_source_free(&source);
}

static void a_link_is_followed(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    testing_write(testing_path(folder, "file"), "abc", 3);
    assert_int_equal(symlink("file", testing_path(folder, "link")), 0);
    ql_source *source;
    assert_int_equal(ql_source_open(testing_path(folder, "link"), &source, NULL), QL_OK);
    assert_int_equal(ql_source_size(source), 3);
    ql_source_free(&source);
}

static void what_is_no_file_is_refused_by_its_kind(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    refuse(folder, "a folder");
    refuse("/dev/null", "a device");
    refuse(testing_path(folder, "missing"), "No such file");
    assert_int_equal(symlink("loop", testing_path(folder, "loop")), 0);
    refuse(testing_path(folder, "loop"), "symbolic link");
    testing_write(testing_path(folder, "file"), "", 0);
    refuse(testing_path(folder, "file/x"), "Not a directory");
}

/* alarm() ends the program when it hangs. */
static void a_named_pipe_is_refused_without_waiting_for_a_writer(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(20);
    refuse(path, "a named pipe");
    alarm(0);
}

static void a_socket_is_refused(void **state)
{
    (void)state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = testing_path(testing_folder(), "socket");
    if (strlen(path) >= sizeof address.sun_path)
        skip();
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    refuse(path, "cannot be opened");
    close(fd);
}

static void an_unreadable_file_is_refused(void **state)
{
    (void)state;
    const uid_t user = geteuid();
    const char *path = testing_path(testing_folder(), "secret");
    testing_write(path, "abc", 3);
    assert_int_equal(chmod(path, 0), 0);
    if (user == 0 && seteuid(65534) != 0) /* root reads everything: be nobody for a moment */
        skip();
    refuse(path, "Permission denied");
    assert_int_equal(seteuid(user), 0);
}

static void a_hostile_name_is_shown_escaped(void **state)
{
    (void)state;
    ql_source *source;
    ql_error error = { 0 };
    assert_int_equal(ql_source_open("/nowhere/\x1b[31m\n", &source, &error), QL_BAD_FILE);
    assert_null(strchr(error.message, '\x1b'));
    assert_null(strchr(error.message, '\n'));
    assert_non_null(strstr(error.message, "\\x1b[31m"));
    assert_int_equal(ql_source_from_memory("a\tb", "", 0, &source, &error), QL_OK);
    assert_string_equal(ql_source_path(source), "a\tb");
    assert_null(strchr(ql_source_shown(source), '\t'));
    ql_source_free(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_its_bytes_at_any_place),
        cmocka_unit_test(memory_is_given_without_a_copy),
        cmocka_unit_test(a_part_is_read_by_its_reader_and_belongs_to_its_parent),
        cmocka_unit_test(nothing_is_fetched_past_the_end_even_where_sums_overflow),
        cmocka_unit_test(a_file_that_shrank_is_an_error_that_names_it),
        cmocka_unit_test(check_notices_another_size_and_another_time),
        cmocka_unit_test(the_bytes_given_are_counted),
        cmocka_unit_test(a_model_counts_what_was_read_of_its_file),
        cmocka_unit_test(an_empty_file_is_a_source_of_nothing),
        cmocka_unit_test(a_link_is_followed),
        cmocka_unit_test(what_is_no_file_is_refused_by_its_kind),
        cmocka_unit_test(a_named_pipe_is_refused_without_waiting_for_a_writer),
        cmocka_unit_test(a_socket_is_refused),
        cmocka_unit_test(an_unreadable_file_is_refused),
        cmocka_unit_test(a_hostile_name_is_shown_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
