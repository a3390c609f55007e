/* The real inputs of the demo model's layers, in data/inputs: what LLM.int8() meets there. */
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_FEATURES = 1024 };

/* The largest magnitude of every feature, read a second way. */
static size_t largest_of_features(const char *layer, float largest[MOST_FEATURES])
{
    char path[200];
    ql_error error;
    ql_model *model;
    snprintf(path, sizeof path, "data/inputs/%s.npy", layer);
    must(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), &error);
    const ql_tensor *x = ql_model_tensor(model, 0);
    assert_true(x->dtype == QL_F16 && x->rank == 2 && x->shape[0] == 512 && x->shape[1] <= MOST_FEATURES);
    const size_t count = (size_t)x->element_count, features = (size_t)x->shape[1];
    float *values = malloc(count * sizeof *values), *scratch = malloc(ql_tensor_scratch_size(x, count) + 1);
    assert_true(values && scratch);
    must(ql_tensor_read_f32(x, 0, count, values, scratch, &error), &error);
    for (size_t i = 0; i < MOST_FEATURES; i++) {
        largest[i] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        largest[i % features] = fmaxf(largest[i % features], fabsf(values[i]));
    }
    free(values);
    free(scratch);
    ql_model_free(&model);
    return features;
}

static size_t at_or_above_6(const float *largest, size_t features, size_t *loudest)
{
    size_t count = 0;
    *loudest = 0;
    for (size_t i = 0; i < features; i++) {
        count += largest[i] >= 6;
        *loudest = largest[i] > largest[*loudest] ? i : *loudest;
    }
    return count;
}

static void attention_layers_have_emergent_outlier_features(void **state)
{
    (void)state;
    static const size_t expected[4] = { 11, 5, 5, 3 };
    static const size_t recurring[] = { 16, 115, 194, 203, 238 };
    static float largest[4][MOST_FEATURES];
    for (size_t layer = 0; layer < 4; layer++) {
        char name[40];
        size_t loudest;
        snprintf(name, sizeof name, "h.%zu.attn.c_attn", layer);
        const size_t features = largest_of_features(name, largest[layer]);
        assert_int_equal(features, 256);
        assert_int_equal(at_or_above_6(largest[layer], features, &loudest), expected[layer]);
        if (layer == 1 || layer == 2) {
            assert_int_equal(loudest, 238);
            assert_close((double)largest[layer][238], layer == 1 ? 16.6 : 17.6, 0, 0.06);
        }
    }
    for (size_t i = 0; i < sizeof recurring / sizeof *recurring; i++) {
        size_t layers = 0;
        for (size_t layer = 0; layer < 4; layer++) {
            layers += largest[layer][recurring[i]] >= 6;
        }
        assert_true(layers >= 2);
    }
}

static void every_matrix_of_the_model_has_its_inputs(void **state)
{
    (void)state;
    ql_error error;
    ql_model *model;
    size_t found = 0;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        const ql_tensor *w = ql_model_tensor(model, i);
        static float largest[MOST_FEATURES];
        char name[100];
        snprintf(name, sizeof name, "%.*s", (int)(w->name.size - strlen(".weight")), w->name.data);
        if (w->rank == 2 && name[0] == 'h') {
            assert_int_equal(largest_of_features(name, largest), w->cols);
            found++;
        }
    }
    assert_int_equal(found, 16);
    ql_model_free(&model);
}

/* Taking five features apart is worth ten decibels where they are loud, and nothing where none is. */
static void outliers_apart_win_where_there_are_outliers(void **state)
{
    (void)state;
    static const struct {
        const char *layer;
        size_t outliers;
        double least_db, most_db; /* llm_int8:6 over int8:row */
    } cases[] = { { "h.1.attn.c_attn", 5, 9, 13 }, { "h.2.attn.c_attn", 5, 8, 14 }, { "h.1.attn.c_proj", 0, 0, 0 } };
    ql_engine *engine;
    ql_model *model;
    ql_error error;
    must(ql_engine_new(2, &engine, &error), &error);
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[100], path[200];
        size_t index;
        ql_activations *x;
        ql_matmul *matmul;
        ql_matmul_result row, split;
        snprintf(name, sizeof name, "%s.weight", cases[i].layer);
        snprintf(path, sizeof path, "data/inputs/%s.npy", cases[i].layer);
        assert_int_equal(ql_model_match(model, name, &index, 1), 1);
        must(ql_activations_open(path, &x, &error), &error);
        must(ql_matmul_new(engine, ql_model_tensor(model, index), x, 0, NULL, &matmul, &error), &error);
        must(ql_matmul_run(matmul, "int8:row", 1, NULL, &row, &error), &error);
        must(ql_matmul_run(matmul, "llm_int8:6", 1, NULL, &split, &error), &error);
        const double gain = split.sqnr_db - row.sqnr_db;
        assert_int_equal(split.outlier_count, cases[i].outliers);
        if (!(gain >= cases[i].least_db && gain <= cases[i].most_db)) {
            fail_msg("%s: %g dB", name, gain);
        }
        ql_matmul_free(&matmul);
        ql_activations_free(&x);
    }
    ql_model_free(&model);
    ql_engine_free(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_layers_have_emergent_outlier_features),
        cmocka_unit_test(every_matrix_of_the_model_has_its_inputs),
        cmocka_unit_test(outliers_apart_win_where_there_are_outliers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
