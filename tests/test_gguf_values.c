/*
 * Values of quantized tensors in GGUF files: the golden vectors of blocks (golden/README.md: schemes ggml and ggmldec) are
 * written as the tensors of a file, which is opened and read as any other.
 */
#include "gguf.h"

#include "npy.h"
#include "qloupe.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

/* The bytes of blocks, and what they stand for. */
typedef struct vector {
    const gguf_type *type;
    char name[64];
    npy bytes, values;
    bool exact; /* else within the tolerance of the vectors, 3e-7 of the value */
    uint64_t offset;
} vector;

enum { MOST = 40 };

static vector vectors[MOST];
static size_t vector_count;
static char path[4096];

static const gguf_type *type_named(const char *name)
{
    for (size_t i = 0; i < GGUF_TYPE_COUNT; i++)
        if (strcasecmp(gguf_types[i].name, name) == 0)
            return &gguf_types[i];
    fail_msg("no type is named %s", name);
    return NULL;
}

/* A line of index.tsv: id, scheme, input:dtype, kind=NAME, field=tolerance. */
static void load(const char *folder, char *line)
{
    char *fields[5], file[256];
    for (int i = 0; i < 5; i++)
        fields[i] = strsep(&line, "\t");
    const bool encoded = strcmp(fields[1], "ggml") == 0;
    if (!encoded && strcmp(fields[1], "ggmldec") != 0)
        return;
    assert_in_range(vector_count, 0, MOST - 1);
    vector *v = &vectors[vector_count++];
    v->type = type_named(fields[3] + strlen("kind="));
    v->exact = strstr(fields[4], "deq=exact") != NULL;
    if (!v->exact)
        assert_non_null(strstr(fields[4], "deq=close:3e-7:1e-9"));
    snprintf(v->name, sizeof v->name, "%s", fields[0]);
    if (encoded)
        snprintf(file, sizeof file, "out/%s.bytes.npy", fields[0]);
    else
        snprintf(file, sizeof file, "in/%.*s.npy", (int)strcspn(fields[2], ":"), fields[2]);
    assert_true(npy_read(testing_path(folder, file), &v->bytes));
    snprintf(file, sizeof file, "out/%s.deq.npy", fields[0]);
    assert_true(npy_read(testing_path(folder, file), &v->values));
    assert_int_equal(v->bytes.count % v->type->bytes, 0);
    assert_int_equal(v->values.count, v->bytes.count / v->type->bytes * v->type->elements);
}

static void load_archive(const char *archive)
{
    const char *folder = testing_folder();
    testing_result r = testing_run("tar -C '%s' -xzf tests/golden/%s.tar.gz", folder, archive);
    assert_int_equal(r.exit_code, 0);
    testing_result_free(&r);
    char *index = testing_read(testing_path(folder, "index.tsv"), NULL), *next = index;
    for (char *line; (line = strsep(&next, "\n"));)
        if (*line && *line != '#')
            load(folder, line);
    free(index);
}

static int write_file(void **state)
{
    (void)state;
    load_archive("golden");
    load_archive("blocks");
    gguf g = { 0 };
    uint64_t offset = 0;
    gguf_head(&g, vector_count, 0);
    for (size_t i = 0; i < vector_count; i++) {
        vector *v = &vectors[i];
        gguf_tensor(&g, v->name, v->type->id, offset, 2,
                    (uint64_t[]) { v->type->elements, v->bytes.count / v->type->bytes });
        v->offset = offset;
        offset += (v->bytes.count + 31) / 32 * 32;
    }
    gguf_pad(&g, 32);
    for (size_t i = 0; i < vector_count; i++) {
        for (size_t j = 0; j < vectors[i].bytes.count; j++)
            gguf_number(&g, (uint64_t)vectors[i].bytes.values[j], 1);
        gguf_pad(&g, 32);
    }
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "golden.gguf"));
    testing_write(path, g.bytes, g.size);
    free(g.bytes);
    return 0;
}

static int release(void **state)
{
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        npy_free(&vectors[i].bytes);
        npy_free(&vectors[i].values);
    }
    return 0;
}

static ql_model *open_file(void)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open(path, QL_LAYOUT_AUTO, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    assert_int_equal(ql_model_tensor_count(model), vector_count);
    return model;
}

/* The same bits, a zero's sign too; or close. */
static void assert_value(const vector *v, size_t index, float got)
{
    const float want = (float)v->values.values[index];
    const bool good = v->exact ? memcmp(&got, &want, sizeof got) == 0
                               : fabs((double)got - (double)want) <= 3e-7 * fabs((double)want) + 1e-9;
    if (!good)
        fail_msg("%s: element %zu is %a, expected %a", v->name, index, (double)got, (double)want);
}

static void blocks_give_the_golden_values(void **state)
{
    (void)state;
    ql_model *model = open_file();
    bool seen[GGUF_TYPE_COUNT] = { false };
    for (size_t i = 0; i < vector_count; i++) {
        const vector *v = &vectors[i];
        const ql_tensor *t = ql_model_tensor(model, i);
        const size_t count = (size_t)t->element_count;
        assert_int_equal(count, v->values.count);
        assert_int_equal(t->byte_count, v->bytes.count);
        float *single = malloc(count * sizeof *single);
        double *twice = malloc(count * sizeof *twice);
        void *scratch = malloc(ql_tensor_scratch_size(t, count));
        assert_int_equal(ql_tensor_read_f32(t, 0, count, single, scratch, NULL), QL_OK);
        assert_int_equal(ql_tensor_read_f64(t, 0, count, twice, scratch, NULL), QL_OK);
        for (size_t j = 0; j < count; j++) {
            assert_value(v, j, single[j]);
            assert_true(twice[j] == (double)single[j]);
        }
        seen[v->type - gguf_types] = true;
        free(single);
        free(twice);
        free(scratch);
    }
    /* Every type of blocks whose values are read has vectors. */
    for (size_t i = 0; i < GGUF_TYPE_COUNT; i++) {
        ql_dtype dtype;
        assert_true(ql_dtype_find(ql_text_from(gguf_types[i].name), &dtype));
        if (gguf_types[i].elements > 1)
            assert_int_equal(seen[i], ql_dtype_describe(dtype)->has_values);
    }
    ql_model_free(&model);
}

static void any_part_of_a_tensor_gives_the_same_values(void **state)
{
    (void)state;
    static const size_t counts[] = { 1, 2, 31, 33, 64, 100, 257 };
    ql_model *model = open_file();
    for (size_t i = 0; i < vector_count; i++) {
        const ql_tensor *t = ql_model_tensor(model, i);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            float part[257];
            void *scratch = malloc(ql_tensor_scratch_size(t, counts[k]));
            for (uint64_t begin = 0; begin + counts[k] <= t->element_count; begin += 13) {
                assert_int_equal(ql_tensor_read_f32(t, begin, counts[k], part, scratch, NULL), QL_OK);
                for (size_t j = 0; j < counts[k]; j++)
                    assert_value(&vectors[i], (size_t)begin + j, part[j]);
            }
            free(scratch);
        }
    }
    ql_model_free(&model);
}

static void codebook_types_are_refused_in_words(void **state)
{
    (void)state;
    static const char *const names[] = { "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const gguf_type *type = type_named(names[i]);
        gguf g = { 0 };
        gguf_head(&g, 1, 0);
        gguf_tensor(&g, "w", type->id, 0, 1, (uint64_t[]) { 256 });
        gguf_pad(&g, 32);
        gguf_zeros(&g, type->bytes);
        ql_model *model = NULL;
        ql_error error = { 0 };
        assert_int_equal(ql_model_open_memory("m.gguf", g.bytes, g.size, QL_LAYOUT_AUTO, &model, &error), QL_OK);
        float value;
        uint8_t scratch[2048];
        assert_in_range(ql_tensor_scratch_size(ql_model_tensor(model, 0), 1), 1, sizeof scratch);
        assert_int_equal(ql_tensor_read_f32(ql_model_tensor(model, 0), 0, 1, &value, scratch, &error), QL_UNUSABLE);
        assert_memory_equal(error.message, "m.gguf: tensor 'w': ", 20);
        ql_model_free(&model);
        free(g.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_give_the_golden_values),
        cmocka_unit_test(any_part_of_a_tensor_gives_the_same_values),
        cmocka_unit_test(codebook_types_are_refused_in_words),
    };
    return cmocka_run_group_tests(tests, write_file, release);
}
