/* Heat maps, channels, errors of groups and windows against plain loops over every element. */
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

/* One tensor under one spec, and what becomes of each weight: [rows][cols]. */
typedef struct subject {
    const ql_tensor *tensor;
    ql_profile *profile;
    ql_report *report;
    float *x, *y;
    int32_t *codes;
    uint64_t *groups;
} subject;

static void take(subject *s, const ql_model *model, const ql_tensor *tensor, const char *text)
{
    ql_error error;
    ql_spec spec;
    ql_working *w;
    s->tensor = tensor;
    must(ql_profile_make(engine, model, tensor, NULL, &s->profile, &error), &error);
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, s->profile, &spec, NULL, &s->report, &error), &error);
    must(ql_working_make(engine, s->profile, s->report, &w, &error), &error);
    s->x = calloc(w->count, sizeof *s->x);
    s->y = calloc(w->count, sizeof *s->y);
    s->codes = calloc(w->count, sizeof *s->codes);
    s->groups = calloc(w->count, sizeof *s->groups);
    for (uint64_t i = 0; i < w->count; i++) {
        const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
        const uint64_t row = is_across ? i % tensor->rows : i / tensor->cols;
        const uint64_t col = is_across ? i / tensor->rows : i % tensor->cols;
        s->x[row * tensor->cols + col] = w->x[i];
        s->y[row * tensor->cols + col] = w->y[i];
        s->codes[row * tensor->cols + col] = w->codes[i];
        s->groups[row * tensor->cols + col] = w->groups[i];
    }
    ql_working_free(&w);
}

static void drop(subject *s)
{
    free(s->x);
    free(s->y);
    free(s->codes);
    free(s->groups);
    ql_report_free(&s->report);
    ql_profile_free(&s->profile);
}

static void assert_near(double found, double expected, const char *what, uint64_t at)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%s %llu: %.17g, expected %.17g", what, (unsigned long long)at, found, expected);
}

/* ---- Heat maps */

/* Of rows [r0, r1) and columns [c0, c1). */
static double plain_cell(const subject *s, ql_heat_kind kind, uint64_t r0, uint64_t r1, uint64_t c0, uint64_t c1)
{
    double sum = 0, peak = 0;
    for (uint64_t row = r0; row < r1; row++)
        for (uint64_t col = c0; col < c1; col++) {
            const uint64_t i = row * s->tensor->cols + col;
            const double x = (double)s->x[i], e = (double)(s->x[i] - s->y[i]);
            sum += kind == QL_HEAT_MSE        ? e * e
                   : kind == QL_HEAT_MEAN     ? x
                   : kind == QL_HEAT_MEAN_ABS ? fabs(x)
                                              : (s->report->scales ? (double)s->report->scales[s->groups[i]] : 0);
            if (fabs(x) > fabs(peak) || (fabs(x) == fabs(peak) && x > 0))
                peak = x;
        }
    return kind == QL_HEAT_PEAK ? peak : sum / (double)((r1 - r0) * (c1 - c0));
}

static void check_map(const subject *s, ql_heat_kind kind, ql_region r, unsigned down, unsigned across)
{
    ql_error error;
    ql_heat_map *map, *again;
    must(ql_heat_map_make(engine, s->profile, s->report, kind, &r, down, across, NULL, &map, &error), &error);
    down = down < 1 ? 1 : down > QL_HEAT_ROWS ? QL_HEAT_ROWS : down;
    across = across < 1 ? 1 : across > QL_HEAT_COLS ? QL_HEAT_COLS : across;
    assert_int_equal(map->row_bands, r.rows < down ? r.rows : down);
    assert_int_equal(map->col_bands, r.cols < across ? r.cols : across);
    assert_int_equal(ql_band_start(r.rows, map->row_bands, map->row_bands), r.rows);
    for (unsigned i = 0; i < map->row_bands; i++)
        for (unsigned k = 0; k < map->col_bands; k++) {
            const double expected = plain_cell(s, kind, r.row + ql_band_start(r.rows, map->row_bands, i),
                                               r.row + ql_band_start(r.rows, map->row_bands, i + 1),
                                               r.col + ql_band_start(r.cols, map->col_bands, k),
                                               r.col + ql_band_start(r.cols, map->col_bands, k + 1));
            const double found = map->values[i * map->col_bands + k];
            if (!(fabs(found - expected) <= 1e-12 * fabs(expected) + (kind == QL_HEAT_MEAN ? 1e-15 : 0)))
                fail_msg("%s of [%llu,%llu]: kind %d, cell %u, %u: %.17g, expected %.17g", s->report->spec_text,
                         (unsigned long long)s->tensor->rows, (unsigned long long)s->tensor->cols, kind, i, k, found,
                         expected);
        }
    ql_engine *several;
    must(ql_engine_new(5, &several, &error), &error);
    must(ql_heat_map_make(several, s->profile, s->report, kind, &r, down, across, NULL, &again, &error), &error);
    assert_memory_equal(map, again, sizeof *map);
    ql_heat_map_free(&again);
    ql_engine_free(&several);
    ql_heat_map_free(&map);
    assert_null(map);
}

static void check_maps(const subject *s)
{
    const uint64_t rows = s->tensor->rows, cols = s->tensor->cols;
    for (int i = 0; i < QL_HEAT_KIND_COUNT; i++) {
        const ql_heat_kind kind = (ql_heat_kind)i;
        if (kind == QL_HEAT_SCALE && !s->report->scales)
            continue;
        check_map(s, kind, (ql_region) { 0, 0, rows, cols }, QL_HEAT_ROWS, QL_HEAT_COLS);
        check_map(s, kind, (ql_region) { rows / 3, cols / 2, rows - rows / 3, cols - cols / 2 }, 7, 1000);
        check_map(s, kind, (ql_region) { rows / 2, cols / 5, (rows - rows / 2 + 1) / 2, 1 }, 0, 3);
        check_map(s, kind, (ql_region) { rows - 1, 0, 1, (cols + 1) / 2 }, 1, 5);
    }
}

/* ---- Channels and groups */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double plain_median(const double *values, uint64_t count)
{
    double *sorted = malloc(count * sizeof *sorted), median;
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    free(sorted);
    return median;
}

static void check_channels(const subject *s)
{
    ql_error error;
    ql_channels *c, *bare;
    const uint64_t rows = s->tensor->rows, cols = s->tensor->cols;
    must(ql_channels_make(engine, s->profile, s->report, NULL, &c, &error), &error);
    must(ql_channels_make(engine, s->profile, NULL, NULL, &bare, &error), &error);
    assert_int_equal(c->row_count, rows);
    assert_int_equal(c->col_count, cols);
    assert_null(bare->col_mse);
    for (uint64_t row = 0; row < rows; row++) {
        double square = 0, most = 0;
        for (uint64_t col = 0; col < cols; col++) {
            const double x = (double)s->x[row * cols + col];
            square += x * x;
            most = fmax(most, fabs(x));
        }
        assert_near(c->row_rms[row], sqrt(square / (double)cols), "rms of row", row);
        assert_true(c->row_max[row] == most);
    }
    for (uint64_t col = 0; col < cols; col++) {
        double square = 0, lost = 0, most = 0;
        for (uint64_t row = 0; row < rows; row++) {
            const double x = (double)s->x[row * cols + col], e = (double)(s->x[row * cols + col] - s->y[row * cols + col]);
            square += x * x;
            lost += e * e;
            most = fmax(most, fabs(x));
        }
        assert_near(c->col_rms[col], sqrt(square / (double)rows), "rms of column", col);
        assert_near(c->col_mse[col], lost / (double)rows, "mse of column", col);
        assert_true(c->col_max[col] == most);
    }
    double worst = 0;
    uint64_t worst_at = 0;
    for (uint64_t i = 0; i < rows * cols; i++) { /* in stored order */
        uint64_t row, col;
        ql_tensor_place(s->tensor, i, &row, &col);
        const double e = (double)(s->x[row * cols + col] - s->y[row * cols + col]);
        worst_at = fabs(e) > fabs(worst) ? i : worst_at;
        worst = fabs(e) > fabs(worst) ? e : worst;
    }
    assert_int_equal(c->worst_index, worst_at);
    assert_true(c->worst_error == worst && bare->worst_error == 0);
    assert_near(fabs(worst), s->report->metrics[QL_MAX_ABS], "largest error", worst_at);
    assert_near(c->row_rms_median, plain_median(c->row_rms, rows), "median of rows", 0);
    assert_near(c->col_rms_median, plain_median(c->col_rms, cols), "median of columns", 0);
    assert_memory_equal(c->col_rms, bare->col_rms, cols * sizeof *c->col_rms);
    ql_channels_free(&bare);
    ql_engine *several;
    must(ql_engine_new(3, &several, &error), &error);
    must(ql_channels_make(several, s->profile, s->report, NULL, &bare, &error), &error);
    assert_memory_equal(c->col_mse, bare->col_mse, cols * sizeof *c->col_mse);
    assert_memory_equal(c->row_rms, bare->row_rms, rows * sizeof *c->row_rms);
    ql_engine_free(&several);
    ql_channels_free(&bare);
    ql_channels_free(&c);
    assert_null(c);
}

static void check_groups(const subject *s)
{
    ql_error error;
    const uint64_t count = s->report->group_count, elements = s->tensor->element_count, cols = s->tensor->cols;
    double *found = malloc(count * sizeof *found), *expected = calloc(count, sizeof *expected);
    uint64_t *sizes = calloc(count, sizeof *sizes), *outside = calloc(count, sizeof *outside);
    must(ql_group_errors(engine, s->profile, s->report, NULL, found, &error), &error);
    for (uint64_t i = 0; i < elements; i++) {
        const double e = (double)(s->x[i] - s->y[i]);
        const uint64_t row = i / cols, col = i % cols, group = s->groups[i];
        const ql_group_place place = ql_group_place_of(s->tensor, &s->report->spec, group);
        expected[group] += e * e;
        sizes[group]++;
        outside[group] += row < place.row || row > place.last_row;
        if (s->report->spec.per != QL_PER_FLAT)
            outside[group] += col < place.col || col > place.last_col;
    }
    for (uint64_t group = 0; group < count; group++) {
        const ql_group_place place = ql_group_place_of(s->tensor, &s->report->spec, group);
        assert_near(found[group], expected[group] / (double)sizes[group], "group", group);
        assert_int_equal(place.elements, sizes[group]);
        assert_int_equal(outside[group], 0);
        assert_int_equal(s->groups[place.row * cols + place.col], group);
        assert_int_equal(s->groups[place.last_row * cols + place.last_col], group);
    }
    free(found);
    free(expected);
    free(sizes);
    free(outside);
}

/* ---- Windows */

static void check_window(const subject *s, ql_region r)
{
    ql_error error;
    ql_window *w;
    must(ql_window_make(engine, s->profile, s->report, &r, NULL, &w, &error), &error);
    for (uint64_t i = 0; i < r.rows * r.cols; i++) {
        const uint64_t at = (r.row + i / r.cols) * s->tensor->cols + r.col + i % r.cols;
        assert_true(w->w[i] == (double)s->x[at]);
        assert_memory_equal(&w->x[i], &s->x[at], sizeof w->x[i]);
        assert_memory_equal(&w->y[i], &s->y[at], sizeof w->y[i]);
        assert_int_equal(w->codes[i], s->codes[at]);
        assert_int_equal(w->groups[i], s->groups[at]);
    }
    ql_window_free(&w);
    assert_null(w);
}

static void check_windows(const subject *s)
{
    const uint64_t rows = s->tensor->rows, cols = s->tensor->cols;
    check_window(s, (ql_region) { 0, 0, rows < 50 ? rows : 50, cols < 80 ? cols : 80 });
    check_window(s, (ql_region) { rows - 1, cols / 2, 1, cols - cols / 2 < 4096 ? cols - cols / 2 : 4096 });
    check_window(s, (ql_region) { rows / 2, cols - 1, rows - rows / 2 < 4096 ? rows - rows / 2 : 4096, 1 });
}

static void check_all(const ql_model *model, const ql_tensor *tensor, const char *spec)
{
    subject s;
    take(&s, model, tensor, spec);
    check_maps(&s);
    check_channels(&s);
    check_groups(&s);
    check_windows(&s);
    drop(&s);
}

static const char *const specs[] = { "absmax:bits=4,per=block,block=5",
                                     "nf4:block=64",
                                     "absmax:outliers=2%",
                                     "zeropoint:per=col",
                                     "absmax:bits=3,per=tile,block=3x7",
                                     "absmax:per=flat,block=11",
                                     "kmeans:bits=2,per=row",
                                     "none" };
enum { SPEC_COUNT = sizeof specs / sizeof specs[0], MOST = 65536 };

static float *random_values(void)
{
    float *x = malloc(MOST * sizeof *x);
    uint32_t random = 3;
    for (int i = 0; i < MOST; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    x[0] = 1;
    return x;
}

static void all_shapes_are_those_of_plain_loops(void **state)
{
    (void)state;
    static const uint64_t shapes[][2] = { { 1, 1 },    { 1, 5000 },  { 5000, 1 },  { 64, 256 },
                                          { 65, 257 }, { 127, 300 }, { 3, 20011 }, { 20011, 3 } };
    float *x = random_values();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (size_t k = 0; k < SPEC_COUNT; k++) {
            ql_error error;
            ql_model *model;
            if ((i + k) % 2 && i > 3)
                continue; /* half of the pairs of the large ones */
            must(ql_model_from_values("x", 2, shapes[i], x, &model, &error), &error);
            check_all(model, ql_model_tensor(model, 0), specs[k]);
            ql_model_free(&model);
        }
    free(x);
}

static void vectors_scalars_and_more_axes_are_matrices(void **state)
{
    (void)state;
    static const uint64_t shape[] = { 5, 3, 7, 11 };
    static const unsigned ranks[] = { 0, 1, 3, 4 };
    float *x = random_values();
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
        for (size_t k = 0; k < SPEC_COUNT; k++) {
            ql_error error;
            ql_model *model;
            must(ql_model_from_values("x", ranks[i], shape, x, &model, &error), &error);
            check_all(model, ql_model_tensor(model, 0), specs[k]);
            ql_model_free(&model);
        }
    free(x);
}

static void tensors_stored_across_give_the_same(void **state)
{
    (void)state;
    static const char *const names[] = { "h.2.attn.c_proj.weight", "h.0.attn.c_attn.weight" };
    ql_error error;
    ql_model *model;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t index;
        assert_int_equal(ql_model_match(model, names[i], &index, 1), 1);
        const ql_tensor *tensor = ql_model_tensor(model, index);
        assert_int_equal(tensor->layout, QL_LAYOUT_IN_OUT);
        for (size_t k = 0; k < SPEC_COUNT && tensor->element_count <= MOST; k++)
            check_all(model, tensor, specs[k]);
    }
    ql_model_free(&model);
}

/* More of them than a chunk has elements: columns go around in the slots. */
static void many_columns_take_little_memory(void **state)
{
    (void)state;
    enum { ROWS = 3, COLS = 100003 };
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (size_t i = 0; i < ROWS * COLS; i++)
        x[i] = (float)(i % 1009) / 1009;
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_channels *c;
    must(ql_model_from_values("x", 2, (uint64_t[]) { ROWS, COLS }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_channels_make(engine, profile, NULL, NULL, &c, &error), &error);
    for (size_t col = 0; col < COLS; col++) {
        double square = 0;
        for (size_t row = 0; row < ROWS; row++)
            square += (double)x[row * COLS + col] * (double)x[row * COLS + col];
        assert_near(c->col_rms[col], sqrt(square / ROWS), "column", col);
    }
    ql_channels_free(&c);
    ql_profile_free(&profile);
    ql_model_free(&model);
    free(x);
}

static void the_largest_come_in_order(void **state)
{
    (void)state;
    static const double values[] = { 1, 7, NAN, 7, -2, 9, 0, 7 };
    uint64_t at[8];
    assert_int_equal(ql_largest(values, 8, 3, at), 3);
    assert_true(at[0] == 5 && at[1] == 1 && at[2] == 3);
    assert_int_equal(ql_largest(values, 8, 8, at), 7);
    assert_true(at[3] == 7 && at[4] == 0 && at[5] == 6 && at[6] == 4);
    assert_int_equal(ql_largest(values, 8, 0, at), 0);
    assert_int_equal(ql_largest(values, 0, 8, at), 0);
}

/* ---- Refusals */

static bool refuse(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return false;
}

static void what_cannot_be_made_is_refused(void **state)
{
    (void)state;
    ql_error error;
    ql_model *model;
    subject s;
    ql_heat_map *map = NULL;
    ql_channels *channels = NULL;
    ql_window *window = NULL;
    static float values[64 * 80];
    double mse[64];
    for (int i = 0; i < 64 * 80; i++)
        values[i] = (float)(i % 13);
    const ql_monitor monitor = { refuse, NULL };
    const ql_region all = { 0, 0, 64, 80 };
    static const ql_region outside[] = { { 0, 0, 0, 8 },  { 0, 0, 8, 0 },          { 64, 0, 1, 1 },        { 0, 80, 1, 1 },
                                         { 60, 0, 5, 1 }, { 1, 0, UINT64_MAX, 1 }, { 0, 2, 1, UINT64_MAX } };
    must(ql_model_from_values("x", 2, (uint64_t[]) { 64, 80 }, values, &model, &error), &error);
    take(&s, model, ql_model_tensor(model, 0), "absmax:per=row");
    assert_int_equal(ql_heat_map_make(engine, s.profile, s.report, QL_HEAT_MSE, &all, 9, 9, &monitor, &map, &error),
                     QL_CANCELLED);
    assert_int_equal(ql_channels_make(engine, s.profile, s.report, &monitor, &channels, &error), QL_CANCELLED);
    assert_int_equal(ql_group_errors(engine, s.profile, s.report, &monitor, mse, &error), QL_CANCELLED);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(ql_heat_map_make(engine, s.profile, s.report, QL_HEAT_PEAK, &outside[i], 9, 9, NULL, &map, &error),
                         QL_BAD_USAGE);
        assert_int_equal(ql_window_make(engine, s.profile, s.report, &outside[i], NULL, &window, &error), QL_BAD_USAGE);
    }
    assert_int_equal(ql_window_make(engine, s.profile, s.report, &all, NULL, &window, &error), QL_BAD_USAGE);
    drop(&s);
    take(&s, model, ql_model_tensor(model, 0), "none");
    assert_int_equal(ql_heat_map_make(engine, s.profile, s.report, QL_HEAT_SCALE, &all, 9, 9, NULL, &map, &error),
                     QL_UNUSABLE);
    assert_true(!map && !channels && !window);
    drop(&s);
    ql_model_free(&model);
}

/* Maps of weights need no quantizer: they can be made of a tensor that holds NaN. */
static void a_cell_with_nan_is_nan(void **state)
{
    (void)state;
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_heat_map *map;
    const float values[4] = { 1, NAN, -3, 2 };
    must(ql_model_from_values("x", 2, (uint64_t[]) { 2, 2 }, values, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_heat_map_make(engine, profile, NULL, QL_HEAT_PEAK, &(ql_region) { 0, 0, 2, 2 }, 2, 1, NULL, &map, &error),
         &error);
    assert_true(isnan(map->values[0]));
    assert_true(map->values[1] == -3);
    ql_heat_map_free(&map);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

int main(void)
{
    ql_error error;
    if (ql_engine_new(2, &engine, &error) != QL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shapes_are_those_of_plain_loops),
        cmocka_unit_test(vectors_scalars_and_more_axes_are_matrices),
        cmocka_unit_test(tensors_stored_across_give_the_same),
        cmocka_unit_test(many_columns_take_little_memory),
        cmocka_unit_test(the_largest_come_in_order),
        cmocka_unit_test(what_cannot_be_made_is_refused),
        cmocka_unit_test(a_cell_with_nan_is_nan),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
