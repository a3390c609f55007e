/*
 * Memory that runs out: whichever allocation fails, once or from then on, a file is opened, listed, measured and written, or
 * the call ends with QL_NO_MEMORY in words, and nothing that was allocated is left.
 *
 * The linker sends the library's calls of the functions below to those here (--wrap in the Makefile); zlib gets an
 * allocator.
 */
#include "corpus.h"
#include "testing.h"

#include "qloupe.h"
#include "tensor/tensor.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

enum { PATH_SIZE = 512 };

/* ---- Allocations that fail ------------------------------------------------------------------------------------- */

/* Live blocks are counted only while armed: what a flow allocates it frees. */
static atomic_long countdown, live; /* countdown: allocations until one fails; 0: none will */
static atomic_bool armed, for_good, fired;

static bool fails(void)
{
    if (!armed)
        return false;
    if (for_good && fired)
        return true;
    if (atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    fired = true;
    return true;
}

static void *counted(void *block)
{
    if (block && armed)
        live++;
    return block;
}

#define WRAP(TYPE, NAME, ...)                                                                                               \
    TYPE __real_##NAME(__VA_ARGS__);                                                                                        \
    TYPE __wrap_##NAME(__VA_ARGS__);                                                                                        \
    TYPE __wrap_##NAME(__VA_ARGS__)

WRAP(void *, malloc, size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

WRAP(void *, aligned_alloc, size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

WRAP(void *, realloc, void *block, size_t size)
{
    if (fails())
        return NULL;
    void *grown = __real_realloc(block, size);
    return block ? grown : counted(grown);
}

WRAP(char *, strdup, const char *string)
{
    return fails() ? NULL : counted(__real_strdup(string));
}

WRAP(char *, strndup, const char *string, size_t size)
{
    return fails() ? NULL : counted(__real_strndup(string, size));
}

WRAP(char *, realpath, const char *path, char *resolved)
{
    return fails() ? NULL : counted(__real_realpath(path, resolved));
}

WRAP(void, free, void *block)
{
    if (block && armed)
        live--;
    __real_free(block);
}

WRAP(void *, mmap, void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fails()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static void *zlib_allocate(void *context, unsigned count, unsigned size)
{
    (void)context;
    return calloc(count, size);
}

static void zlib_free(void *context, void *block)
{
    (void)context;
    free(block);
}

WRAP(int, inflateInit2_, z_stream *stream, int bits, const char *version, int size)
{
    stream->zalloc = zlib_allocate;
    stream->zfree = zlib_free;
    return __real_inflateInit2_(stream, bits, version, size);
}

/* ---- Flows ----------------------------------------------------------------------------------------------------- */

typedef ql_status flow(const char *path, ql_error *error);

static ql_engine *engine; /* of one thread, so that allocations come in one order; each run has its own, as it keeps memory */
static const char *out_folder;

static void assert_ended(ql_status status, const ql_error *error, const char *path, long n)
{
    if (status == QL_OK)
        return;
    if (status != QL_NO_MEMORY || error->status != status || strlen(error->message) < 20)
        fail_msg("%s, allocation %ld: status %d, '%s'", path, n, status, error->message);
}

/* Lets the first, the second, ... allocation fail until a run needs no more; returns how many there are. */
static long exhaust(flow *run, const char *path, bool all_after)
{
    const size_t descriptors = testing_descriptors();
    for (long n = 1;; n++) {
        ql_error error = { 0 };
        countdown = n;
        for_good = all_after;
        fired = false;
        live = 0;
        armed = true;
        ql_status status = ql_engine_new(1, &engine, &error);
        if (status == QL_OK)
            status = run(path, &error);
        ql_engine_free(&engine);
        armed = false;
        if (live != 0)
            fail_msg("%s, allocation %ld: %ld blocks are left", path, n, (long)live);
        assert_ended(status, &error, path, n);
        assert_int_equal(testing_descriptors(), descriptors);
        if (!fired) {
            assert_int_equal(status, QL_OK);
            return n - 1;
        }
    }
}

static ql_status open_and_list(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    if (status != QL_OK) {
        assert_null(model);
        return status;
    }
    char shown[400];
    for (size_t i = 0; i < ql_model_tensor_count(model); i++)
        ql_text_json(shown, sizeof shown, ql_model_tensor(model, i)->name);
    ql_model_match(model, "*", NULL, 0);
    for (size_t i = 0; i < ql_model_metadata_count(model); i++) {
        ql_text key;
        ql_value value;
        ql_model_metadata(model, i, &key, &value);
    }
    ql_model_free(&model);
    return QL_OK;
}

/* The first tensor that has values, under a few specs. */
static ql_status measure(const char *path, ql_error *error)
{
    static const char *const specs[] = { "absmax:bits=4,per=row", "zeropoint:bits=3,clip=mse", "nf4:block=64,double=1",
                                         "none" };
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    const ql_tensor *tensor = NULL;
    for (size_t i = 0; status == QL_OK && !tensor && i < ql_model_tensor_count(model); i++) {
        const ql_tensor *t = ql_model_tensor(model, i);
        tensor = t->element_count && ql_dtype_describe(t->dtype)->has_values ? t : NULL;
    }
    if (status == QL_OK && tensor)
        status = ql_profile_make(engine, model, tensor, NULL, &profile, error);
    for (size_t i = 0; status == QL_OK && profile && !profile->unusable && i < sizeof specs / sizeof *specs; i++) {
        ql_spec spec;
        ql_report *report = NULL;
        status = ql_spec_parse(specs[i], &spec, error);
        if (status == QL_OK)
            status = ql_report_make(engine, profile, &spec, NULL, &report, error);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    ql_model_free(&model);
    return status;
}

/* What is made of a report. */
static ql_status explain(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_working *working = NULL;
    ql_curve *curve = NULL;
    ql_ways *ways = NULL;
    ql_zoom *zoom = NULL;
    ql_why why;
    ql_spec spec;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK)
        status = ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, error);
    if (status == QL_OK)
        status = ql_spec_parse("absmax:bits=3,clip=kl,outliers=2%", &spec, error);
    if (status == QL_OK)
        status = ql_report_make(engine, profile, &spec, NULL, &report, error);
    if (status == QL_OK)
        status = ql_working_make(engine, profile, report, &working, error);
    if (status == QL_OK)
        status = ql_curve_make(engine, profile, &spec, 0, NULL, &curve, error);
    if (status == QL_OK)
        status = ql_ways_make(engine, profile, &spec, NULL, &ways, error);
    if (status == QL_OK)
        status = ql_zoom_make(engine, profile, report, 0, 1, NULL, &zoom, error);
    if (status == QL_OK)
        status = ql_why_make(engine, profile, report, NULL, &why, error);
    if (status == QL_OK)
        status = ql_report_write_npy(engine, profile, report, NULL, out_folder, error);
    ql_zoom_free(&zoom);
    ql_ways_free(&ways);
    ql_curve_free(&curve);
    ql_working_free(&working);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
    return status;
}

/* An estimate, and what it is made of. */
static ql_status estimate(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_excerpt *excerpt = NULL;
    ql_report *report = NULL;
    ql_spec spec;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK)
        status = ql_spec_parse("nf4:block=4,outliers=2%", &spec, error);
    if (status == QL_OK)
        status = ql_excerpt_make(engine, ql_model_tensor(model, 0), &spec, NULL, &excerpt, error);
    if (status == QL_OK)
        status = ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, error);
    if (status == QL_OK) {
        ql_excerpt_learn(excerpt, profile);
        status = ql_excerpt_report(engine, excerpt, &spec, NULL, &report, error);
        assert_true((status == QL_OK) == (report != NULL));
    }
    ql_report_free(&report);
    ql_excerpt_free(&excerpt);
    ql_profile_free(&profile);
    ql_model_free(&model);
    return status;
}

/* What is looked at beside a report. */
static ql_status look_closely(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_heat_map *errors = NULL, *scales = NULL;
    ql_channels *channels = NULL;
    ql_window *window = NULL;
    ql_stored_bytes *bytes = NULL;
    ql_spec spec;
    double mse[64];
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    const ql_tensor *tensor = status == QL_OK ? ql_model_tensor(model, 0) : NULL;
    const ql_region all = { 0, 0, tensor ? tensor->rows : 0, tensor ? tensor->cols : 0 };
    if (status == QL_OK)
        status = ql_profile_make(engine, model, tensor, NULL, &profile, error);
    if (status == QL_OK)
        status = ql_spec_parse("absmax:bits=3,per=row,outliers=2%", &spec, error);
    if (status == QL_OK)
        status = ql_report_make(engine, profile, &spec, NULL, &report, error);
    if (status == QL_OK)
        status = ql_heat_map_make(engine, profile, report, QL_HEAT_MSE, &all, 3, 5, NULL, &errors, error);
    if (status == QL_OK)
        status = ql_heat_map_make(engine, profile, report, QL_HEAT_SCALE, &all, 3, 5, NULL, &scales, error);
    if (status == QL_OK)
        status = ql_channels_make(engine, profile, report, NULL, &channels, error);
    assert_true(!report || report->group_count <= sizeof mse / sizeof *mse);
    if (status == QL_OK)
        status = ql_group_errors(engine, profile, report, NULL, mse, error);
    if (status == QL_OK)
        status = ql_window_make(engine, profile, report, &(ql_region) { 0, 0, 1, all.cols < 9 ? all.cols : 9 }, NULL,
                                &window, error);
    if (status == QL_OK)
        status = ql_stored_bytes_make(tensor, tensor->element_count - 1, 100, 100, &bytes, error);
    ql_stored_bytes_free(&bytes);
    ql_window_free(&window);
    ql_channels_free(&channels);
    ql_heat_map_free(&scales);
    ql_heat_map_free(&errors);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
    return status;
}

/* Far away in what is compressed, and back again. */
static ql_status read_far(const char *path, ql_error *error)
{
    enum { FEW = 100 };
    double values[FEW];
    char scratch[1 << 14];
    ql_model *model = NULL;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    const ql_tensor *tensor = status == QL_OK ? ql_model_tensor(model, 0) : NULL;
    assert_true(!tensor || ql_tensor_scratch_size(tensor, FEW) <= sizeof scratch);
    for (uint64_t part = 4; status == QL_OK && part-- > 0;)
        status = ql_tensor_read_f64(tensor, (tensor->element_count - FEW) * part / 3, FEW, values, scratch, error);
    ql_model_free(&model);
    return status;
}

static ql_status open_raw(const char *path, ql_error *error)
{
    ql_model *model = NULL;
    ql_status status = ql_model_open_raw(path, "F16:2x3:16", QL_LAYOUT_AUTO, &model, error);
    assert_true((status == QL_OK) == (model != NULL));
    ql_model_free(&model);
    return status;
}

static ql_status start_engine(const char *path, ql_error *error)
{
    (void)path;
    ql_engine *made = NULL;
    ql_status status = ql_engine_new(3, &made, error);
    assert_true((status == QL_OK) == (made != NULL));
    ql_engine_free(&made);
    return status;
}

static ql_status values_to_model(const char *path, ql_error *error)
{
    static const float values[6] = { 1, 2, 3, 4, 5, 6 };
    ql_model *model = NULL;
    ql_status status = ql_model_from_values(path, 2, (uint64_t[]) { 2, 3 }, values, &model, error);
    assert_true((status == QL_OK) == (model != NULL));
    ql_model_free(&model);
    return status;
}

/* A product by a method of each kind. */
static ql_status multiply(const char *path, ql_error *error)
{
    static const char *const methods[] = { "int8:row",    "integer",      "llm_int8:1",       "bnb_llm_int8:1",
                                           "weights:nf4", "weights:q4_1", "weights_a8:int4g", "simulated:nf4" };
    const ql_synthetic made = { .seed = 1, .rows = 3, .channels = 1, .strongest = 5 };
    ql_model *model = NULL;
    ql_activations *x = NULL;
    ql_matmul *matmul = NULL;
    ql_matmul_result result;
    double apart;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK)
        status = ql_activations_make_up(&made, &x, error);
    if (status == QL_OK)
        status = ql_matmul_new(engine, ql_model_tensor(model, 0), x, 0, NULL, &matmul, error);
    assert_true((status == QL_OK) == (matmul != NULL));
    for (size_t i = 0; status == QL_OK && i < sizeof methods / sizeof *methods; i++)
        status = ql_matmul_run(matmul, methods[i], 1, NULL, &result, error);
    if (status == QL_OK)
        status = ql_matmul_apart(matmul, "int8:row", 1, NULL, &apart, error);
    ql_matmul_free(&matmul);
    ql_activations_free(&x);
    ql_model_free(&model);
    return status;
}

/* With X out of a folder of files, of which one is no matrix and one is empty. */
static ql_status multiply_with_folder(const char *path, ql_error *error)
{
    static const float w[2 * 4] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    ql_model *model = NULL;
    ql_activations *x = NULL;
    ql_matmul *matmul = NULL;
    ql_status status = ql_model_from_values("npy-f4", 2, (uint64_t[]) { 2, 4 }, w, &model, error);
    if (status == QL_OK)
        status = ql_activations_open(path, &x, error);
    assert_true((status == QL_OK) == (x != NULL));
    if (status == QL_OK)
        status = ql_activations_check(x, model, error);
    if (status == QL_OK)
        status = ql_matmul_new(engine, ql_model_tensor(model, 0), x, 0, NULL, &matmul, error);
    ql_matmul_free(&matmul);
    ql_activations_free(&x);
    ql_model_free(&model);
    return status;
}

/* ---- Tests ----------------------------------------------------------------------------------------------------- */

static void every_good_file_opens_or_ends_in_words(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/good.tsv");
    size_t at = 0;
    long failures = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, GOOD "/%s", row->fields[FILE_NAME]);
        failures += exhaust(open_and_list, path, false) + exhaust(open_and_list, path, true);
    }
    print_message("%ld allocations failed\n", failures);
    assert_in_range(failures, 3000, 1000000);
    corpus_free(&table);
}

static void one_file_of_each_kind_is_measured_or_ends_in_words(void **state)
{
    (void)state;
    static const char *const files[] = {
        "st-ranks.safetensors",  "sharded/model.safetensors.index.json",
        "sharded-twelve",        "gguf-q4_k.gguf",
        "gguf-model.gguf",       "npy-fortran-3d.npy",
        "npy-big-endian-f8.npy", "npz-stored.npz",
        "npz-deflated.npz",      "npz-large-fortran.npz",
        "torch-usual.pt",        "torch-views.pt",
        "torch-deflated.pt",     "legacy-usual.pt",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, GOOD "/%s", files[i]);
        print_message("%s: %ld, %ld\n", files[i], exhaust(measure, path, false), exhaust(measure, path, true));
    }
}

static void what_is_made_of_a_report_is_made_or_ends_in_words(void **state)
{
    (void)state;
    const char *path = GOOD "/npy-fortran-3d.npy";
    print_message("%ld, %ld\n", exhaust(explain, path, false), exhaust(explain, path, true));
    print_message("%ld, %ld\n", exhaust(look_closely, path, false), exhaust(look_closely, path, true));
}

static void products_are_made_or_end_in_words(void **state)
{
    (void)state;
    const char *path = GOOD "/npy-fortran-3d.npy";
    print_message("%ld, %ld\n", exhaust(multiply, path, false), exhaust(multiply, path, true));
    static const char *const files[] = { "npy-f4.npy", "npy-1d.npy", "npy-empty.npy" };
    const char *folder = testing_folder();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size;
        char from[PATH_SIZE];
        snprintf(from, sizeof from, GOOD "/%s", files[i]);
        char *bytes = testing_read(from, &size);
        testing_write(testing_path(folder, files[i]), bytes, size);
        free(bytes);
    }
    assert_in_range(exhaust(multiply_with_folder, folder, false), 30, 10000);
    exhaust(multiply_with_folder, folder, true);
}

static void an_estimate_is_made_or_ends_in_words(void **state)
{
    (void)state;
    const char *path = GOOD "/npy-fortran-3d.npy";
    assert_in_range(exhaust(estimate, path, false), 20, 10000);
    exhaust(estimate, path, true);
}

static void pieces_of_a_large_compressed_array_are_read_or_end_in_words(void **state)
{
    (void)state;
    print_message("%ld, %ld\n", exhaust(read_far, BAD "/npz-bomb.npz", false), exhaust(read_far, BAD "/npz-bomb.npz", true));
}

static void an_engine_and_a_model_of_values_start_or_end_in_words(void **state)
{
    (void)state;
    assert_in_range(exhaust(start_engine, "an engine", false), 4, 1000);
    exhaust(start_engine, "an engine", true);
    assert_in_range(exhaust(values_to_model, "values", false), 4, 1000);
    assert_in_range(exhaust(open_raw, GOOD "/npy-f4.npy", false), 4, 1000);
    exhaust(open_raw, GOOD "/npy-f4.npy", true);
    exhaust(values_to_model, "values", true);
}

int main(void)
{
    out_folder = testing_path(testing_folder(), "out");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_file_opens_or_ends_in_words),
        cmocka_unit_test(one_file_of_each_kind_is_measured_or_ends_in_words),
        cmocka_unit_test(what_is_made_of_a_report_is_made_or_ends_in_words),
        cmocka_unit_test(products_are_made_or_end_in_words),
        cmocka_unit_test(an_estimate_is_made_or_ends_in_words),
        cmocka_unit_test(pieces_of_a_large_compressed_array_are_read_or_end_in_words),
        cmocka_unit_test(an_engine_and_a_model_of_values_start_or_end_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
