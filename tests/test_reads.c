/*
 * Reads that fail: whichever read of a file gives an error, or finds the file shorter than it was, a file is opened and
 * measured, or the call ends with QL_BAD_FILE in words. So does opening a file, or a folder, that cannot be looked at.
 *
 * The linker sends the library's calls of the functions below to those here (--wrap in the Makefile).
 */
#include "corpus.h"
#include "testing.h"

#include "qloupe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 512 };

/* ---- Calls that fail ------------------------------------------------------------------------------------------- */

typedef enum way { AN_ERROR, THE_END, IN_PIECES } way;

static long countdown; /* calls until one fails; 0: none will */
static way how;
static bool fired;

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    fired = true;
    return true;
}

#define WRAP(TYPE, NAME, ...)                                                                                               \
    TYPE __real_##NAME(__VA_ARGS__);                                                                                        \
    TYPE __wrap_##NAME(__VA_ARGS__);                                                                                        \
    TYPE __wrap_##NAME(__VA_ARGS__)

WRAP(ssize_t, pread, int fd, void *out, size_t size, off_t offset)
{
    if (how == IN_PIECES) /* a signal comes, then one byte */
        return fails() ? (errno = EINTR, -1) : __real_pread(fd, out, 1, offset);
    if (!fails())
        return __real_pread(fd, out, size, offset);
    errno = EIO;
    return how == AN_ERROR ? -1 : 0;
}

WRAP(int, openat, int folder, const char *name, int flags, ...)
{
    return how != IN_PIECES && fails() ? (errno = EMFILE, -1) : __real_openat(folder, name, flags);
}

WRAP(int, open, const char *path, int flags, ...) /* to read: there is no mode */
{
    return how != IN_PIECES && fails() ? (errno = EMFILE, -1) : __real_open(path, flags);
}

WRAP(int, fstat, int fd, struct stat *out)
{
    return how != IN_PIECES && fails() ? (errno = EIO, -1) : __real_fstat(fd, out);
}

/* ---- The flow -------------------------------------------------------------------------------------------------- */

static ql_engine *engine;

static ql_status open_and_measure(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    for (size_t i = 0; status == QL_OK && i < ql_model_tensor_count(model) && i < 3; i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        ql_profile *profile = NULL;
        if (tensor->element_count && ql_dtype_describe(tensor->dtype)->has_values)
            status = ql_profile_make(engine, model, tensor, NULL, &profile, error);
        ql_profile_free(&profile);
    }
    ql_model_free(&model);
    return status;
}

static void assert_words(const ql_error *error, const char *path, long n)
{
    const size_t folder = (size_t)(strrchr(path, '/') - path);
    if (error->status != QL_BAD_FILE || strlen(error->message) < folder + 20 || memcmp(error->message, path, folder) != 0)
        fail_msg("%s, call %ld: status %d, '%s'", path, n, error->status, error->message);
}

/* Lets the first, the second, ... call fail until a run makes fewer; returns how many there are. */
static long exhaust(const char *path, way chosen)
{
    const size_t descriptors = testing_descriptors();
    for (long n = 1;; n++) {
        ql_error error = { 0 };
        countdown = n;
        how = chosen;
        fired = false;
        ql_status status = open_and_measure(path, &error);
        countdown = 0;
        how = AN_ERROR;
        if (status != QL_OK)
            assert_words(&error, path, n);
        assert_int_equal(testing_descriptors(), descriptors);
        if (!fired || chosen == IN_PIECES) {
            assert_int_equal(status, QL_OK);
            return n - 1;
        }
    }
}

static void every_read_fails_in_words_and_pieces_are_put_together(void **state)
{
    (void)state;
    static const char *const files[] = {
        "st-ranks.safetensors",
        "sharded",
        "sharded/model.safetensors.index.json",
        "gguf-model.gguf",
        "npy-fortran-3d.npy",
        "npz-stored.npz",
        "npz-deflated.npz",
        "npz-zip64.npz",
        "torch-usual.pt",
        "torch-views.pt",
        "torch-deflated.pt",
        "legacy-usual.pt",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, GOOD "/%s", files[i]);
        assert_in_range(exhaust(path, AN_ERROR), 3, 1000);
        assert_in_range(exhaust(path, THE_END), 3, 1000);
        exhaust(path, IN_PIECES);
    }
}

int main(void)
{
    if (ql_engine_new(1, &engine, NULL) != QL_OK)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_read_fails_in_words_and_pieces_are_put_together),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
