/* A folder where a file should be named: the file that is meant is opened, or what is there is said. */
#include "shards.h"
#include "tensors.h"

#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the folder; the model's path must be FOLDER/NAME. */
static void assert_opens(const char *folder, const char *name)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    must(ql_model_open(folder, QL_LAYOUT_AUTO, &model, &error), &error);
    assert_string_equal(ql_model_path(model), testing_path(folder, name));
    ql_model_free(&model);
}

static void assert_refused(const char *folder, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open(folder, QL_LAYOUT_AUTO, &model, &error), QL_BAD_FILE);
    assert_null(model);
    assert_memory_equal(error.message, folder, strlen(folder));
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
}

static void write_npy(const char *folder, const char *name)
{
    char *bytes;
    size_t size;
    bytes = testing_read("tests/formats/good/npy-f4.npy", &size);
    testing_write(testing_path(folder, name), bytes, size);
    free(bytes);
}

static const char index_of_a[] = "{\"weight_map\":{\"w\":\"a.safetensors\"}}";

static void the_index_comes_first_then_the_usual_name_then_the_only_file(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    testing_write(testing_path(folder, "config.json"), "{}", 2);
    testing_write(testing_path(folder, "README.md"), "#", 1);
    testing_write(testing_path(folder, "tokenizer.model"), "x", 1);
    write_shard(folder, "a.safetensors", "w", 1, 1);
    assert_opens(folder, "a.safetensors");
    write_npy(folder, "b.npy");
    assert_refused(folder,
                   "is a folder with 1 .safetensors, 1 .npy files and no index; name one of them, such as a.safetensors");
    write_shard(folder, "model.safetensors", "w", 1, 1);
    assert_opens(folder, "model.safetensors");
    testing_write(testing_path(folder, "other.index.json"), index_of_a, sizeof index_of_a - 1);
    assert_opens(folder, "other.index.json");
    testing_write(testing_path(folder, "A.index.json"), index_of_a, sizeof index_of_a - 1);
    assert_refused(folder, "is a folder with 2 indexes (.index.json); name one of them, such as A.index.json");
    write_index(folder, index_of_a);
    assert_opens(folder, INDEX);
}

static void several_files_are_counted_and_one_is_named(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    write_shard(folder, "c.safetensors", "w", 1, 1);
    write_shard(folder, "b.SafeTensors", "w", 1, 1);
    write_shard(folder, "\x1b]0;a.safetensors", "w", 1, 1);
    assert_refused(folder,
                   "is a folder with 3 .safetensors files and no index; name one of them, such as \\x1b]0;a.safetensors");
}

static void what_is_hidden_or_no_file_or_of_another_format_does_not_count(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    assert_refused(folder, "is a folder, and no file in it is named like weights; name a file");
    testing_write(testing_path(folder, "._model.safetensors"), "x", 1);
    testing_write(testing_path(folder, ".safetensors"), "x", 1);
    assert_int_equal(mkdir(testing_path(folder, "model.safetensors"), 0700), 0);
    assert_int_equal(mkfifo(testing_path(folder, "pipe.npy"), 0600), 0);
    assert_int_equal(symlink("nowhere", testing_path(folder, "gone.npy")), 0);
    assert_refused(folder, "no file in it is named like weights");
    write_npy(folder, "b.npy");
    testing_write(testing_path(folder, "pytorch_model.bin.index.json"), "{}", 2);
    assert_opens(folder, "b.npy");
}

static void a_folder_may_end_in_a_slash_or_be_a_link(void **state)
{
    (void)state;
    char path[4200];
    const char *folder = testing_folder(), *link = testing_path(testing_folder(), "link");
    write_shard(folder, "a.safetensors", "w", 1, 1);
    snprintf(path, sizeof path, "%s/", folder);
    ql_model *model = NULL;
    ql_error error = { 0 };
    must(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), &error);
    assert_string_equal(ql_model_path(model), testing_path(folder, "a.safetensors"));
    ql_model_free(&model);
    assert_int_equal(symlink(folder, link), 0);
    assert_opens(link, "a.safetensors");
}

static void a_folder_that_may_not_be_read_is_refused(void **state)
{
    (void)state;
    const uid_t user = geteuid();
    const char *folder = testing_folder();
    assert_int_equal(chmod(folder, 0), 0);
    if (user == 0 && seteuid(65534) != 0) /* root reads everything: be nobody for a moment */
        skip();
    ql_model *model = NULL;
    ql_error error = { 0 };
    const ql_status status = ql_model_open(folder, QL_LAYOUT_AUTO, &model, &error);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(status, QL_BAD_FILE);
    assert_non_null(strstr(error.message, "Permission denied"));
}

static void the_program_shows_the_file_that_it_chose(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    write_shard(folder, "a.safetensors", "w", 1, 1);
    write_index(folder, index_of_a);
    testing_result result = testing_run("\"${QLOUPE:-build/qloupe}\" ls --json '%s'", folder);
    char wanted[4200];
    snprintf(wanted, sizeof wanted, "\"file\":\"%s\",\"format\":\"safetensors-index\"", testing_path(folder, INDEX));
    assert_int_equal(result.exit_code, 0);
    assert_non_null(strstr(result.standard_output, wanted));
    testing_result_free(&result);
    result = testing_run("\"${QLOUPE:-build/qloupe}\" '%s' --screenshot '%s'", folder, testing_path(folder, "s.txt"));
    assert_int_equal(result.exit_code, 0);
    testing_result_free(&result);
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* messages come out as ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_comes_first_then_the_usual_name_then_the_only_file),
        cmocka_unit_test(several_files_are_counted_and_one_is_named),
        cmocka_unit_test(what_is_hidden_or_no_file_or_of_another_format_does_not_count),
        cmocka_unit_test(a_folder_may_end_in_a_slash_or_be_a_link),
        cmocka_unit_test(a_folder_that_may_not_be_read_is_refused),
        cmocka_unit_test(the_program_shows_the_file_that_it_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
