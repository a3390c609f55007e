/* A folder of activations: each layer has its own, and what has none is multiplied with made-up ones. */
#include "npy.h"
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEMO  "data/storyteller.safetensors"
#define LAYER "h.1.attn.c_attn"

static ql_engine *engine;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

static ql_model *opened_demo(void)
{
    ql_error error;
    ql_model *model;
    must(ql_model_open(DEMO, QL_LAYOUT_AUTO, &model, &error), &error);
    return model;
}

static const ql_tensor *tensor_of(const ql_model *model, const char *name)
{
    size_t index;
    assert_int_equal(ql_model_match(model, name, &index, 1), 1);
    return ql_model_tensor(model, index);
}

static ql_activations *opened(const char *text)
{
    ql_activations *x;
    ql_error error;
    must(ql_activations_open(text, &x, &error), &error);
    return x;
}

/* Of a product of the tensor under nf4; `error` says why there is none. */
static ql_status product_of(const ql_tensor *tensor, const ql_activations *x, double *share, ql_error *error)
{
    ql_profile *profile;
    ql_report *report = NULL;
    ql_spec spec;
    ql_error other;
    must(ql_profile_make(engine, NULL, tensor, NULL, &profile, &other), &other);
    must(ql_spec_parse("nf4", &spec, &other), &other);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &other), &other);
    const ql_status status = ql_product_error(engine, profile, report, x, NULL, share, error);
    ql_report_free(&report);
    ql_profile_free(&profile);
    return status;
}

/* Of "int8:row" with `rows` rows. */
static ql_status matmul_of(const ql_tensor *tensor, const ql_activations *x, uint64_t rows, double *rel_fro, ql_error *error)
{
    ql_matmul *matmul = NULL;
    ql_matmul_result result = { .rel_fro = NAN };
    ql_status status = ql_matmul_new(engine, tensor, x, rows, NULL, &matmul, error);
    if (status == QL_OK)
        status = ql_matmul_run(matmul, "int8:row", 1, NULL, &result, error);
    *rel_fro = result.rel_fro;
    ql_matmul_free(&matmul);
    return status;
}

/* The products of a tensor with both are the same numbers. */
static void assert_same(const ql_tensor *tensor, const char *a, const char *b)
{
    ql_activations *x[2] = { opened(a), opened(b) };
    double share[2], rel_fro[2];
    ql_error error;
    for (int i = 0; i < 2; i++) {
        must(product_of(tensor, x[i], &share[i], &error), &error);
        must(matmul_of(tensor, x[i], 0, &rel_fro[i], &error), &error);
        ql_activations_free(&x[i]);
    }
    assert_true(share[0] > 0 && rel_fro[0] > 0);
    assert_true(share[0] == share[1] && rel_fro[0] == rel_fro[1]);
}

static void assert_described(const ql_activations *x, const ql_tensor *tensor, const char *expected)
{
    char text[600];
    ql_activations_describe(x, tensor, text, sizeof text);
    assert_string_equal(text, expected);
}

static void every_layer_has_the_file_of_its_name(void **state)
{
    (void)state;
    static const char *const layers[] = { "h.0.mlp.c_proj", LAYER };
    ql_model *model = opened_demo();
    ql_activations *x = opened("data/inputs/");
    ql_error error;
    must(ql_activations_check(x, model, &error), &error);
    for (size_t i = 0; i < 2; i++) {
        char weight[100], file[100];
        snprintf(weight, sizeof weight, "%s.weight", layers[i]);
        snprintf(file, sizeof file, "data/inputs/%s.npy", layers[i]);
        assert_true(ql_activations_are_real(x, tensor_of(model, weight)));
        assert_same(tensor_of(model, weight), "data/inputs", file);
    }
    assert_described(x, tensor_of(model, LAYER ".weight"), "data/inputs/" LAYER ".npy 512×256");
    assert_described(x, tensor_of(model, "h.0.mlp.c_proj.weight"), "data/inputs/h.0.mlp.c_proj.npy 512×1024");
    assert_described(x, NULL, "data/inputs, a file for each of 16 layers");
    ql_activations_free(&x);
    ql_model_free(&model);
}

static void a_tensor_without_a_file_gets_made_up_ones_that_say_so(void **state)
{
    (void)state;
    ql_model *model = opened_demo();
    ql_activations *x = opened("data/inputs");
    const ql_tensor *tensor = tensor_of(model, "wte.weight");
    assert_false(ql_activations_are_real(x, tensor));
    assert_same(tensor, "data/inputs", "synthetic");
    assert_described(x, tensor, "synthetic 32×256, 5 outlier channels, seed 7: data/inputs has no wte.npy");
    ql_activations_free(&x);
    ql_model_free(&model);
}

/* Writes a matrix of 1, 2, 3 ... */
static void write_x(const char *folder, const char *name, uint64_t rows, uint64_t cols, float last)
{
    float *x = malloc(rows * cols * sizeof *x);
    for (uint64_t i = 0; i < rows * cols; i++)
        x[i] = (float)(i + 1);
    x[rows * cols - 1] = last;
    assert_true(npy_write(testing_path(folder, name), "f4", 2, (uint64_t[]) { rows, cols }, x));
    free(x);
}

static bool is_real(const ql_activations *x, const char *name)
{
    const ql_tensor tensor = { .name = ql_text_from(name), .rows = 2, .cols = 2 };
    return ql_activations_are_real(x, &tensor);
}

static void a_name_is_that_of_the_tensor_without_its_last_weight(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    static const char *const files[] = {
        "a.npy", "b.weight.npy", "c", ".npy", ".d.npy", "weight.npy", "e.npy.npy", "ab.npy"
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_x(folder, files[i], 2, 2, 4);
    assert_int_equal(mkdir(testing_path(folder, "folder.npy"), 0700), 0);
    assert_int_equal(mkfifo(testing_path(folder, "fifo.npy"), 0600), 0); /* which nobody writes: it is not opened */
    ql_activations *x = opened(folder);
    static const struct {
        const char *name;
        bool is_real;
    } rows[] = {
        { "a.weight", true },
        { "a", true },
        { "b.weight.weight", true },
        { "b.weight", false },
        { "c.weight", false },
        { ".weight", false },
        { "", false },
        { ".d.weight", false },
        { "weight", true },
        { "e.npy", true },
        { "e", false },
        { "ab.weight", true },
        { "abc.weight", false },
        { "A", false },
        { "a.bias", false },
        { "folder", false },
        { "fifo", false },
        { "../a", false },
        { "a.weight.", false },
        { "weight.weight", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_real(x, rows[i].name) != rows[i].is_real)
            fail_msg("'%s' should have %s file", rows[i].name, rows[i].is_real ? "a" : "no");
    char name[] = "a\0.weight"; /* bytes of a stranger */
    const ql_tensor strange = { .name = { name, sizeof name - 1 }, .rows = 2, .cols = 2 };
    assert_false(ql_activations_are_real(x, &strange));
    ql_activations_free(&x);
}

static void assert_message(ql_status found, const ql_error *error, ql_status status, const char *expected)
{
    if (found != status || !strstr(error->message, expected) || strchr(error->message, '\n'))
        fail_msg("status %d, '%s'; expected %d and '%s'", found, error->message, status, expected);
}

static void files_that_do_not_suit_are_told_of_where_they_are_wanted(void **state)
{
    (void)state;
    static const float w[4 * 3] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3 };
    static const struct {
        const char *name; /* of the tensor */
        ql_status status;
        const char *message;
    } rows[] = {
        { "good", QL_OK, "" },
        { "wide", QL_UNUSABLE, "/wide.npy is 2x5, W is 4x3 (out x in): X needs 3 columns" },
        { "nan", QL_UNUSABLE, "/nan.npy: X[1][2] is NaN; a product needs finite activations" },
        { "inf", QL_UNUSABLE, "/inf.npy: X[1][2] is infinite" },
        { "short", QL_BAD_FILE, "/short.npy" },
        { "vector", QL_BAD_USAGE, "/vector.npy: holds no activations" },
        { "gone", QL_BAD_FILE, "/gone.npy: cannot be opened" },
        { "changed", QL_BAD_FILE, "/changed.npy: was changed since it was opened; name its folder again" },
    };
    const char *folder = testing_folder();
    write_x(folder, "good.npy", 2, 3, 6);
    write_x(folder, "wide.npy", 2, 5, 10);
    write_x(folder, "nan.npy", 2, 3, NAN);
    write_x(folder, "inf.npy", 2, 3, INFINITY);
    write_x(folder, "gone.npy", 2, 3, 6);
    write_x(folder, "changed.npy", 2, 3, 6);
    testing_write(testing_path(folder, "short.npy"), "\x93NUMPY\x01", 7);
    assert_true(npy_write(testing_path(folder, "vector.npy"), "f4", 1, (uint64_t[]) { 3 }, w));
    ql_activations *x = opened(folder);
    assert_int_equal(remove(testing_path(folder, "gone.npy")), 0);
    write_x(folder, "changed.npy", 3, 3, 9);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ql_model *model;
        ql_error error = { .status = QL_OK };
        double number;
        must(ql_model_from_values(rows[i].name, 2, (uint64_t[]) { 4, 3 }, w, &model, &error), &error);
        const ql_tensor *tensor = ql_model_tensor(model, 0);
        must(ql_activations_check(x, model, &error), &error);
        error.message[0] = 0;
        assert_message(product_of(tensor, x, &number, &error), &error, rows[i].status, rows[i].message);
        assert_message(matmul_of(tensor, x, 0, &number, &error), &error, rows[i].status, rows[i].message);
        ql_model_free(&model);
    }
    ql_activations_free(&x);
}

static void rows_are_those_of_the_layer(void **state)
{
    (void)state;
    static const float w[4 * 3] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3 };
    const char *folder = testing_folder();
    write_x(folder, "few.npy", 2, 3, 6);
    ql_activations *x = opened(folder);
    ql_model *few, *none;
    ql_error error;
    double number;
    must(ql_model_from_values("few", 2, (uint64_t[]) { 4, 3 }, w, &few, &error), &error);
    must(ql_model_from_values("none", 2, (uint64_t[]) { 4, 3 }, w, &none, &error), &error);
    must(matmul_of(ql_model_tensor(few, 0), x, 2, &number, &error), &error);
    must(matmul_of(ql_model_tensor(none, 0), x, 100, &number, &error), &error); /* made up: any number */
    assert_message(matmul_of(ql_model_tensor(few, 0), x, 3, &number, &error), &error, QL_UNUSABLE,
                   "/few.npy: 3 rows were asked for, there are 2");
    assert_message(ql_activations_check(x, none, &error), &error, QL_BAD_USAGE,
                   "no file in this folder is X of a tensor here: a name such as none.npy would be");
    ql_model_free(&few);
    ql_model_free(&none);
    ql_activations_free(&x);
}

static void a_folder_without_activations_is_refused(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    ql_activations *x = NULL;
    ql_error error;
    assert_message(ql_activations_open(folder, &x, &error), &error, QL_BAD_USAGE,
                   "no activations in this folder: X of tensor NAME.weight is NAME.npy in it");
    testing_write(testing_path(folder, "x.txt"), "no", 2);
    assert_message(ql_activations_open(folder, &x, &error), &error, QL_BAD_USAGE, "no activations in this folder");
    assert_null(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_has_the_file_of_its_name),
        cmocka_unit_test(a_tensor_without_a_file_gets_made_up_ones_that_say_so),
        cmocka_unit_test(a_name_is_that_of_the_tensor_without_its_last_weight),
        cmocka_unit_test(files_that_do_not_suit_are_told_of_where_they_are_wanted),
        cmocka_unit_test(rows_are_those_of_the_layer),
        cmocka_unit_test(a_folder_without_activations_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
