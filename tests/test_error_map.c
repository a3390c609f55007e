/* The map of the error against the errors of the rows and against every element. */
#include "testing.h"

#include "qloupe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static ql_engine *engine;

static void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK)
        fail_msg("%s", error->message);
}

static uint64_t length(uint64_t count, unsigned bands, unsigned band)
{
    return ql_map_start(count, bands, band + 1) - ql_map_start(count, bands, band);
}

/* Bands of rows add up to the errors of their rows. */
static void check_rows(const ql_error_map *map, const ql_tensor *tensor, const ql_report *report)
{
    assert_int_equal(ql_map_start(tensor->rows, map->row_bands, map->row_bands), tensor->rows);
    for (unsigned band = 0; band < map->row_bands; band++) {
        double found = 0, expected = 0;
        for (unsigned col = 0; col < map->col_bands; col++)
            found += map->mse[band * map->col_bands + col] *
                     (double)(length(tensor->cols, map->col_bands, col) * length(tensor->rows, map->row_bands, band));
        for (uint64_t row = ql_map_start(tensor->rows, map->row_bands, band);
             row < ql_map_start(tensor->rows, map->row_bands, band + 1); row++)
            expected += report->row_mse[row] * (double)tensor->cols;
        if (!(fabs(found - expected) <= 1e-6 * expected))
            fail_msg("band %u: %.9g, expected %.9g", band, found, expected);
    }
}

/* Every cell, element by element. */
static void check_cells(const ql_error_map *map, const ql_tensor *tensor, const ql_working *w)
{
    double *sums = calloc(QL_MAP_ROWS * QL_MAP_COLS, sizeof *sums);
    for (uint64_t i = 0; i < w->count; i++) {
        const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
        const uint64_t row = is_across ? i % tensor->rows : i / tensor->cols;
        const uint64_t col = is_across ? i / tensor->rows : i % tensor->cols;
        const double e = (double)(w->x[i] - w->y[i]);
        sums[row * map->row_bands / tensor->rows * map->col_bands + col * map->col_bands / tensor->cols] += e * e;
    }
    for (unsigned row = 0; row < map->row_bands; row++)
        for (unsigned col = 0; col < map->col_bands; col++) {
            const unsigned cell = row * map->col_bands + col;
            const double expected =
                sums[cell] / (double)(length(tensor->rows, map->row_bands, row) * length(tensor->cols, map->col_bands, col));
            if (!(fabs(map->mse[cell] - expected) <= 1e-12 * expected))
                fail_msg("cell %u, %u: %.17g, expected %.17g", row, col, map->mse[cell], expected);
        }
    free(sums);
}

static void check(const ql_model *model, const ql_tensor *tensor, const char *text)
{
    ql_error error;
    ql_profile *profile;
    ql_spec spec;
    ql_report *report;
    ql_error_map *map, *again;
    must(ql_profile_make(engine, model, tensor, NULL, &profile, &error), &error);
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    must(ql_error_map_make(engine, profile, report, NULL, &map, &error), &error);
    assert_int_equal(map->row_bands, tensor->rows < QL_MAP_ROWS ? tensor->rows : QL_MAP_ROWS);
    assert_int_equal(map->col_bands, tensor->cols < QL_MAP_COLS ? tensor->cols : QL_MAP_COLS);
    check_rows(map, tensor, report);
    if (tensor->element_count <= QL_WORKING_MOST) {
        ql_working *w;
        must(ql_working_make(engine, profile, report, &w, &error), &error);
        check_cells(map, tensor, w);
        ql_working_free(&w);
    }
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        ql_engine *several;
        must(ql_engine_new(threads, &several, &error), &error);
        must(ql_error_map_make(several, profile, report, NULL, &again, &error), &error);
        assert_memory_equal(map, again, sizeof *map);
        ql_error_map_free(&again);
        ql_engine_free(&several);
    }
    ql_error_map_free(&map);
    assert_null(map);
    ql_report_free(&report);
    ql_profile_free(&profile);
}

static void cells_are_means_of_their_elements(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4", "nf4", "absmax:outliers=2%", "none" };
    static const uint64_t shapes[][2] = { { 1, 1 },     { 1, 5000 },  { 5000, 1 },  { 64, 128 },  { 65, 129 },
                                          { 127, 257 }, { 255, 256 }, { 300, 700 }, { 70001, 3 }, { 2, 100003 } };
    ql_error error;
    enum { MOST = 220000 };
    float *x = malloc(MOST * sizeof *x);
    uint32_t random = 3;
    for (int i = 0; i < MOST; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        ql_model *model;
        must(ql_model_from_values("x", 2, shapes[i], x, &model, &error), &error);
        for (size_t k = 0; k < sizeof specs / sizeof specs[0]; k++)
            check(model, ql_model_tensor(model, 0), specs[k]);
        ql_model_free(&model);
    }
    free(x);
}

static void tensors_stored_across_give_the_same(void **state)
{
    (void)state;
    static const char *const names[] = { "h.2.attn.c_proj.weight", "h.2.mlp.c_fc.weight" };
    ql_error error;
    ql_model *model;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t index;
        assert_int_equal(ql_model_match(model, names[i], &index, 1), 1);
        assert_int_equal(ql_model_tensor(model, index)->layout, QL_LAYOUT_IN_OUT);
        check(model, ql_model_tensor(model, index), "absmax:bits=4,per=block,block=64");
    }
    ql_model_free(&model);
}

static bool refuse(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return false;
}

static void it_can_be_cancelled(void **state)
{
    (void)state;
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_spec spec;
    ql_report *report;
    ql_error_map *map = NULL;
    float values[64] = { 1, 2, 3 };
    must(ql_model_from_values("x", 2, (uint64_t[]) { 8, 8 }, values, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    const ql_monitor monitor = { refuse, NULL };
    assert_int_equal(ql_error_map_make(engine, profile, report, &monitor, &map, &error), QL_CANCELLED);
    assert_null(map);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

int main(void)
{
    ql_error error;
    if (ql_engine_new(2, &engine, &error) != QL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_means_of_their_elements),
        cmocka_unit_test(tensors_stored_across_give_the_same),
        cmocka_unit_test(it_can_be_cancelled),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
