/* The methods of ql_matmul against plain computations, and against the scalar definitions of src/matmul. */
#include "matmul.h"

#include "matmul/intlinear.h"
#include "matmul/llmint8.h"

static void the_product_in_float32_is_near_that_in_float64(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 9, 130, 37);
    const ql_matmul_result result = run(&f, "fp32");
    for (size_t i = 0; i < f.m * f.n; i++) {
        assert_close((double)ql_matmul_y(f.matmul)[i], exact_of(&f, f.w, i / f.n, i % f.n), 1e-5, 1e-5);
    }
    assert_true(result.rel_fro == 0 && isinf(result.sqnr_db) && result.max_abs == 0 && isnan(result.accumulator_max));
    assert_true(result.bytes == 4 * f.n * f.k && !result.outliers && result.quantize_ms == 0);
    tear_down(&f);
}

static void the_errors_are_those_of_y_beside_float32(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 9, 130, 37);
    const ql_matmul_result result = run(&f, "int8:row");
    double whole = 0, lost = 0, largest = 0;
    for (size_t i = 0; i < f.m * f.n; i++) {
        const double exact = (double)ql_matmul_exact(f.matmul)[i], e = (double)ql_matmul_y(f.matmul)[i] - exact;
        whole += exact * exact;
        lost += e * e;
        largest = fmax(largest, fabs(e));
    }
    assert_close(result.rel_fro, sqrt(lost / whole), 1e-12, 0);
    assert_close(result.sqnr_db, 10 * log10(whole / lost), 1e-12, 0);
    assert_true(result.max_abs == largest && result.rel_fro > 0 && result.rel_fro < 0.1);
    assert_true(result.runs == 1 && result.ms_min > 0 && result.ms_min <= result.ms_median &&
                result.ms_median <= result.ms_max && result.quantize_ms <= result.ms_median && result.gops > 0);
    assert_close(result.gops, 2e-6 * (double)(f.m * f.k * f.n) / result.ms_median, 1e-9, 0);
    assert_true(result.peak_gops > 0);
    assert_close(result.peak_share, result.gops / result.peak_gops, 1e-9, 0);
    assert_true(run(&f, "int8:tensor").peak_gops >= result.peak_gops); /* the best so far */
    tear_down(&f);
}

static void codes_per_row_are_exact_sums_scaled(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 14, 67, 40);
    ql_error error;
    float dx[14], dw[40];
    int8_t qx[14 * 67], qw[40 * 67];
    must(ql_rows_encode(f.x, f.m, f.k, dx, qx, &error), &error);
    must(ql_rows_encode(f.w, f.n, f.k, dw, qw, &error), &error);
    const ql_matmul_result result = run(&f, "int8:row");
    int64_t largest = 0;
    for (size_t i = 0; i < f.m * f.n; i++) {
        int64_t sum = 0;
        for (size_t l = 0; l < f.k; l++) {
            sum += qx[i / f.n * f.k + l] * qw[i % f.n * f.k + l];
        }
        largest = llabs(sum) > largest ? llabs(sum) : largest;
        assert_close((double)ql_matmul_y(f.matmul)[i], (double)sum * (double)dx[i / f.n] * (double)dw[i % f.n], 1e-6, 0);
    }
    assert_true(result.accumulator_max == (double)largest && result.bytes == f.n * f.k + 4 * f.n);
    tear_down(&f);
}

static void one_step_serves_a_whole_tensor(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 5, 33, 18);
    ql_error error;
    float dx, dw;
    int8_t qx[5 * 33], qw[18 * 33];
    must(ql_rows_encode(f.x, 1, f.m * f.k, &dx, qx, &error), &error);
    must(ql_rows_encode(f.w, 1, f.n * f.k, &dw, qw, &error), &error);
    run(&f, "int8:tensor");
    for (size_t i = 0; i < f.m * f.n; i++) {
        int64_t sum = 0;
        for (size_t l = 0; l < f.k; l++) {
            sum += qx[i / f.n * f.k + l] * qw[i % f.n * f.k + l];
        }
        assert_close((double)ql_matmul_y(f.matmul)[i], (double)sum * (double)dx * (double)dw, 1e-6, 0);
    }
    tear_down(&f);
}

/* The layer in integers of src/matmul, with ranges of the first quarter of the rows. Returns whether multipliers shift to
   the left, to the right, and are 0, as bits 1, 2, 4. */
static unsigned check_integers(const fixture *f, const char *method, double threshold)
{
    ql_error error;
    ql_observed x = { 0 }, y = { 0 };
    ql_int_linear *layer;
    unsigned shifts = 0;
    const size_t calibrated = (f->m + 3) / 4;
    float *bias = calloc(f->n, sizeof *bias);
    int8_t *qx = malloc(f->m * f->k), *qy = malloc(f->m * f->n);
    int32_t *sums = malloc(f->m * f->n * sizeof *sums), largest = 0;
    must(ql_observe_minmax(&x, f->x, calibrated * f->k, &error), &error);
    x.lo = fmaxf(x.lo, (float)-threshold);
    x.hi = fminf(x.hi, (float)threshold);
    must(ql_observe_minmax(&y, ql_matmul_exact(f->matmul), calibrated * f->n, &error), &error);
    const ql_affine of_x = ql_affine_of(&x), of_y = ql_affine_of(&y);
    must(ql_int_linear_make(f->w, bias, f->n, f->k, of_x, of_y, &layer, &error), &error);
    ql_affine_encode(of_x, f->x, f->m * f->k, qx);
    ql_int_linear_run(layer, qx, f->m, sums, qy);
    const ql_matmul_result result = run(f, method);
    for (size_t i = 0; i < f->m * f->n; i++) {
        assert_true(ql_matmul_y(f->matmul)[i] == (float)(qy[i] - of_y.zero) * of_y.step);
        largest = abs(sums[i]) > largest ? abs(sums[i]) : largest;
        const ql_multiplier m = layer->multipliers[i % f->n];
        shifts |= m.m0 == 0 ? 4 : m.shift > 0 ? 1 : 2;
    }
    assert_true(result.accumulator_max == largest);
    if (isinf(threshold)) {
        run(f, "int8:static"); /* the same sums, not requantized */
        for (size_t i = 0; i < f->m * f->n; i++) {
            assert_close((double)ql_matmul_y(f->matmul)[i],
                         (double)sums[i] * (double)of_x.step * (double)layer->weight_steps[i % f->n], 1e-6, 0);
        }
    }
    ql_int_linear_free(&layer);
    free(bias);
    free(qx);
    free(qy);
    free(sums);
    return shifts;
}

static void integers_from_x_to_y_are_those_of_the_scalar_layer(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 21, 67, 35);
    assert_int_equal(check_integers(&f, "integer", (double)INFINITY), 2);
    assert_int_equal(check_integers(&f, "integer:inf", (double)INFINITY), 2);
    assert_int_equal(check_integers(&f, "integer:2.5", 2.5), 2);
    tear_down(&f);
}

/* Rows of W from very small to large, and calibration on rows of X whose products are all 0: then the step of Y is small
   beside those of X and W, and sums are shifted to the left until they do not fit. */
static void multipliers_of_all_sizes_are_those_of_the_scalar_layer(void **state)
{
    (void)state;
    for (int quiet = 0; quiet < 2; quiet++) {
        fixture f;
        ql_error error;
        set_up(&f, 21, 66, 35);
        for (size_t i = 0; i < f.n * f.k; i++) {
            f.w[i] *= (float)pow(10, (double)(i / f.k % 14) - 9);
        }
        for (size_t i = 0; i < f.n * f.k && quiet; i += 2) {
            f.w[i + 1] = f.w[i];
        }
        for (size_t i = 0; i < 6 * f.k && quiet; i += 2) {
            f.x[i + 1] = -f.x[i];
        }
        ql_matmul_free(&f.matmul);
        must(ql_matmul_new(f.engine, &f.tensor.tensor, &f.x_of, 0, NULL, &f.matmul, &error), &error);
        assert_int_equal(check_integers(&f, "integer", (double)INFINITY), quiet ? 3 : 6);
        tear_down(&f);
    }
}

static void outlier_columns_apart_are_what_the_scalar_definition_says(void **state)
{
    (void)state;
    static const char *const thresholds[] = { "6", "2", "1e30", "0.001", "inf" };
    fixture f;
    set_up(&f, 30, 70, 45);
    float *w = transposed(f.w, f.n, f.k);
    for (size_t t = 0; t < 5; t++) {
        char method[40];
        ql_error error;
        ql_llm_int8 *reference;
        snprintf(method, sizeof method, "llm_int8:%s", thresholds[t]);
        must(ql_llm_int8_make(f.x, w, f.m, f.k, f.n, strtof(thresholds[t], NULL), &reference, &error), &error);
        const ql_matmul_result result = run(&f, method);
        assert_int_equal(result.outlier_count, reference->outlier_count);
        for (size_t c = 0; c < result.outlier_count; c++) {
            assert_int_equal(result.outliers[c], reference->outliers[c]);
        }
        int32_t largest = 0;
        for (size_t i = 0; i < f.m * f.n; i++) {
            largest = abs(reference->sums[i]) > largest ? abs(reference->sums[i]) : largest;
            assert_close((double)ql_matmul_y(f.matmul)[i], (double)reference->y[i], 1e-5, 2e-5);
        }
        assert_true(largest > 0 ? result.accumulator_max == largest : isnan(result.accumulator_max));
        ql_llm_int8_free(&reference);
    }
    free(w);
    tear_down(&f);
}

static void a_wide_split_leaves_nothing_behind_for_the_next_one(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 30, 70, 45);
    const double first = run(&f, "llm_int8:6").rel_fro;
    run(&f, "llm_int8:2");
    assert_true(run(&f, "llm_int8:6").rel_fro == first);
    tear_down(&f);
}

/* bitsandbytes: steps of X without outlier elements, W coded once, its codes serve the outlier columns. */
static void the_variant_of_bitsandbytes_takes_outlier_columns_of_w_from_its_codes(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 12, 40, 20);
    ql_error error;
    float dw[20];
    int8_t qw[20 * 40];
    must(ql_rows_encode(f.w, f.n, f.k, dw, qw, &error), &error);
    const ql_matmul_result result = run(&f, "bnb_llm_int8:6");
    bool is_outlier[40] = { false };
    for (size_t c = 0; c < result.outlier_count; c++) {
        is_outlier[result.outliers[c]] = true;
    }
    assert_true(result.outlier_count == 2 && is_outlier[3] && is_outlier[38]);
    for (size_t i = 0; i < f.m; i++) {
        float largest = 0;
        for (size_t l = 0; l < f.k; l++) {
            largest = fabsf(f.x[i * f.k + l]) < 6 ? fmaxf(largest, fabsf(f.x[i * f.k + l])) : largest;
        }
        const double dx = (double)(float)((double)largest / 127);
        for (size_t j = 0; j < f.n; j++) {
            double y = 0;
            for (size_t l = 0; l < f.k; l++) {
                const double x = (double)f.x[i * f.k + l], w = qw[j * f.k + l] * (double)dw[j];
                y += is_outlier[l] ? x * w : rint(x / dx) * dx * w;
            }
            assert_close((double)ql_matmul_y(f.matmul)[i * f.n + j], y, 2e-3, 2e-3); /* half precision */
        }
    }
    tear_down(&f);
}

static void numbers_are_the_same_on_every_instruction_set_and_number_of_threads(void **state)
{
    (void)state;
    static const char *const methods[] = {
        "fp32",
        "int8:tensor",
        "int8:row",
        "int8:static",
        "llm_int8:6",
        "bnb_llm_int8:6",
        "llm_int8:2",
        "integer",
        "integer:3",
        "weights:nf4",
        "weights:kmeans",
        "weights:q4_1",
        "weights:fp8_e4m3",
        "weights_a8:q4_0",
        "weights_a8:q8_0",
        "weights_a8:int4g",
        "weights_a8:nf4",
        "simulated:nf4",
    };
    enum { METHODS = sizeof methods / sizeof *methods };
    static float first[METHODS][13 * 45];
    ql_isa_info isa;
    ql_error error;
    for (size_t i = 0; ql_isa_at(i, &isa); i++) {
        for (unsigned threads = 1; threads <= 4 && isa.runs_here; threads++) {
            fixture f;
            must(ql_isa_use(isa.name, &error), &error);
            set_up_on(&f, 13, 64, 45, threads);
            for (size_t m = 0; m < METHODS; m++) {
                run(&f, methods[m]);
                const size_t size = f.m * f.n * sizeof(float);
                if (i == 0 && threads == 1) {
                    memcpy(first[m], ql_matmul_y(f.matmul), size);
                } else if (memcmp(first[m], ql_matmul_y(f.matmul), size) != 0) {
                    fail_msg("%s differs on %s with %u threads", methods[m], isa.name, threads);
                }
            }
            tear_down(&f);
        }
    }
    must(ql_isa_use(NULL, &error), &error);
}

static void a_weight_that_is_stored_across_is_the_same_weight(void **state)
{
    (void)state;
    static const char *const methods[] = { "fp32",
                                           "int8:tensor",
                                           "int8:row",
                                           "int8:static",
                                           "llm_int8:6",
                                           "bnb_llm_int8:6",
                                           "integer",
                                           "weights:absmax:bits=4,per=row",
                                           "weights:q4_1",
                                           "weights:nf4:per=block",
                                           "weights:kmeans:bits=5,per=row",
                                           "weights_a8:nf4:per=block",
                                           "weights_a8:int4g:block=32",
                                           "simulated:zeropoint:bits=3,per=row",
                                           "simulated:nf4",
                                           "weights:nf4",
                                           "weights_a8:nf4:block=16" };
    fixture f, g;
    set_up(&f, 4, 64, 24);
    g = f;
    ql_error error;
    float *w = transposed(f.w, f.n, f.k);
    const uint64_t shape[2] = { f.k, f.n };
    memory_tensor_make(&g.tensor, QL_F32, w, QL_LAYOUT_IN_OUT, 2, shape);
    must(ql_matmul_new(f.engine, &g.tensor.tensor, &g.x_of, 0, NULL, &g.matmul, &error), &error);
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        run(&f, methods[m]);
        run(&g, methods[m]);
        if (memcmp(ql_matmul_y(f.matmul), ql_matmul_y(g.matmul), f.m * f.n * sizeof(float)) != 0) {
            fail_msg("%s differs", methods[m]);
        }
    }
    ql_matmul_free(&g.matmul);
    memory_tensor_free(&g.tensor);
    free(w);
    tear_down(&f);
}

static void what_does_not_suit_is_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *method, *message;
    } cases[] = {
        { "int9", "no method 'int9'; there are fp32, int8:tensor, int8:row, int8:static, llm_int8:T, bnb_llm_int8:T, "
                  "integer:[T], weights:SPEC, weights_a8:SPEC, simulated:SPEC" },
        { "llm_int8", "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not ''" },
        { "llm_int8:-1", "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not '-1'" },
        { "weights:fp16", "weights: codes of up to 8 bits are decoded; try simulated" },
        { "weights:absmax:per=col", "weights: groups must go along the inputs (tensor, row, block, flat); try simulated" },
        { "weights:absmax:outliers=1%", "weights: outliers that stand apart are not multiplied; try simulated" },
        { "weights_a8:kmeans",
          "weights_a8: codes must stand for integers of 8 bits times a scale, perhaps with a minimum, in "
          "each group of inputs; try weights" },
        { "weights_a8:fp8_e4m3",
          "weights_a8: codes must stand for integers of 8 bits times a scale, perhaps with a minimum, in "
          "each group of inputs; try weights" },
        { "weights_a8:absmax:outliers=1%", "weights_a8: outliers that stand apart are not multiplied; try simulated" },
        { "weights_a8:absmax:bits=4,per=block,block=10", "weights_a8: groups must be whole rows or a multiple of 4 inputs "
                                                         "that begin anew in each row (per=block); try weights" },
        { "weights_a8:absmax:per=col", "weights_a8: groups must be whole rows or a multiple of 4 inputs that begin anew in "
                                       "each row (per=block); try weights" },
    };
    fixture f;
    set_up(&f, 3, 16, 5);
    ql_error error;
    ql_matmul_result result;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assert_true(ql_matmul_run(f.matmul, cases[c].method, 1, NULL, &result, &error) != QL_OK);
        assert_string_equal(error.message, cases[c].message);
    }
    char name[QL_SPEC_TEXT + 32];
    must(ql_matmul_method_check("weights:absmax:bits=8,per=row", name, &error), &error);
    assert_string_equal(name, "weights:absmax:per=row");
    must(ql_matmul_method_check("llm_int8:6.0", name, &error), &error);
    assert_string_equal(name, "llm_int8:6");
    ql_matmul *other;
    assert_int_equal(ql_matmul_new(f.engine, &f.tensor.tensor, &f.x_of, 4, NULL, &other, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "X of x: 4 rows were asked for, there are 3");
    f.w[7] = NAN;
    assert_int_equal(ql_matmul_new(f.engine, &f.tensor.tensor, &f.x_of, 0, NULL, &other, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "non-finite value at flat index 7 (1 in all: 1 NaN, 0 Inf)"));
    f.w[7] = 1e30f;
    f.x[0 * 16 + 7] = -1e30f;
    assert_int_equal(ql_matmul_new(f.engine, &f.tensor.tensor, &f.x_of, 0, NULL, &other, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "Y[0][0] = X W^T is infinite in float32: scale X or W down");
    tear_down(&f);
}

/* x and w everywhere, one row and one output of `k` inputs. */
static void set_up_constant(fixture *f, size_t k, float x, float w)
{
    set_up(f, 1, k, 1);
    ql_error error;
    for (size_t i = 0; i < k; i++) {
        f->x[i] = x;
        f->w[i] = w;
    }
    ql_matmul_free(&f->matmul);
    must(ql_matmul_new(f->engine, &f->tensor.tensor, &f->x_of, 0, NULL, &f->matmul, &error), &error);
}

/* One input more and the largest codes might not fit; methods without such sums have no limit. */
static void the_longest_sums_are_exact_and_longer_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        size_t most;
        int product; /* of the codes of x = 1 and w = -1 */
        const char *message;
    } cases[] = {
        { "int8:tensor", 131071, 127 * 127,
          "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits" },
        { "int8:row", 131071, 127 * 127, "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits" },
        { "llm_int8:6", 131071, 127 * 127, "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits" },
        { "bnb_llm_int8:6", 131071, 127 * 127,
          "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits" },
        { "int8:static", 66311, 255 * 127,
          "66312 inputs: sums of more than 66311 products of codes with a zero point may not fit 32 bits" },
        { "integer", 66311, 255 * 127,
          "66312 inputs: sums of more than 66311 products of codes with a zero point may not fit 32 bits" },
        { "weights_a8:absmax", 131071, 0, "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits" },
    };
    static const char *const unlimited[] = {
        "fp32", "weights:nf4", "weights_a8:q4_0", "weights_a8:int4g", "weights_a8:q8_0", "simulated:absmax"
    };
    ql_matmul_result result;
    ql_error error;
    fixture f;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        set_up_constant(&f, cases[c].most, 1, -1);
        result = run(&f, cases[c].method);
        assert_close((double)ql_matmul_y(f.matmul)[0], -(double)f.k, 1e-2, 0);
        assert_true(cases[c].product == 0 || result.accumulator_max == (double)cases[c].product * (double)f.k);
        tear_down(&f);
        set_up_constant(&f, cases[c].most + 1, 1, -1);
        assert_int_equal(ql_matmul_run(f.matmul, cases[c].method, 1, NULL, &result, &error), QL_UNUSABLE);
        assert_string_equal(error.message, cases[c].message);
        tear_down(&f);
    }
    set_up_constant(&f, 131072, 1, -1);
    for (size_t m = 0; m < sizeof unlimited / sizeof *unlimited; m++) {
        run(&f, unlimited[m]);
        assert_close((double)ql_matmul_y(f.matmul)[0], -131072.0, 1e-2, 0);
    }
    tear_down(&f);
}

/* Every column apart: nothing is left for the codes. */
static void all_columns_may_be_outliers(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 7, 65, 33);
    for (int bnb = 0; bnb < 2; bnb++) {
        const ql_matmul_result result = run(&f, bnb ? "bnb_llm_int8:1e-30" : "llm_int8:1e-30");
        assert_int_equal(result.outlier_count, f.k);
        assert_true(isnan(result.accumulator_max));
        for (size_t i = 0; i < f.m * f.n; i++) { /* in half precision; bitsandbytes takes W from its codes */
            assert_close((double)ql_matmul_y(f.matmul)[i], exact_of(&f, f.w, i / f.n, i % f.n), 2e-3, bnb ? 0.2 : 5e-3);
        }
    }
    const ql_matmul_result none = run(&f, "llm_int8:inf"), row = run(&f, "int8:row");
    assert_true(none.outlier_count == 0 && none.outliers && none.rel_fro == row.rel_fro);
    tear_down(&f);
}

/* Each method of the table at work beside a plain product in float64, with the error that its codes allow. */
static void every_method_is_near_the_product_in_float64(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        double most; /* Frobenius norm of the error by that of the product */
    } cases[] = {
        { "fp32", 1e-6 },
        { "int8:tensor", 0.06 },
        { "int8:row", 0.03 },
        { "int8:static", 0.1 },
        { "llm_int8:6", 0.01 },
        { "bnb_llm_int8:6", 0.01 },
        { "integer", 0.1 },
        { "weights:absmax:per=row", 0.01 },
        { "weights:absmax:bits=4,per=block,block=32", 0.2 },
        { "weights:absmax:bits=3,per=block,block=32", 0.4 },
        { "weights:absmax:bits=2,per=block,block=32", 1 },
        { "weights_a8:absmax:per=row", 0.03 },
        { "weights_a8:int4g:block=32", 0.15 },
        { "simulated:nf4", 0.15 },
    };
    fixture f;
    set_up(&f, 40, 96, 50);
    for (size_t i = 0; ql_matmul_method_at(i); i++) { /* none is forgotten here */
        bool found = false;
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            const size_t length = strlen(ql_matmul_method_at(i)->name);
            found |= strncmp(cases[c].method, ql_matmul_method_at(i)->name, length) == 0 &&
                     (cases[c].method[length] == ':' || !cases[c].method[length]);
        }
        assert_true(found);
    }
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double whole = 0, lost = 0;
        run(&f, cases[c].method);
        for (size_t i = 0; i < f.m * f.n; i++) {
            const double exact = exact_of(&f, f.w, i / f.n, i % f.n), e = (double)ql_matmul_y(f.matmul)[i] - exact;
            whole += exact * exact;
            lost += e * e;
        }
        if (!(sqrt(lost / whole) < cases[c].most)) {
            fail_msg("%s: %g", cases[c].method, sqrt(lost / whole));
        }
    }
    tear_down(&f);
}

static void an_outlier_beyond_half_precision_is_refused(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 3, 16, 5);
    ql_error error;
    ql_matmul_result result;
    ql_matmul *other;
    f.x[3] = 70000;
    must(ql_matmul_new(f.engine, &f.tensor.tensor, &f.x_of, 0, NULL, &other, &error), &error);
    assert_int_equal(ql_matmul_run(other, "llm_int8:6", 1, NULL, &result, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "70000 in an outlier column does not fit half precision; raise the threshold");
    ql_matmul_free(&other);
    tear_down(&f);
}

/* On several threads, some rows at a time. */
static void made_up_activations_are_the_same_in_pieces(void **state)
{
    (void)state;
    fixture f;
    ql_error error;
    ql_matmul *made;
    const ql_activations x = { .synthetic = { .seed = 3, .channels = 2, .strongest = 9 }, .rows = 1, .name = "synthetic" };
    set_up_on(&f, 3, 21, 5, 3);
    for (size_t rows = 1; rows < 60; rows += 9) {
        ql_synthetic synthetic = x.synthetic;
        float *expected = numbers(rows * f.k, 1);
        synthetic.rows = rows;
        ql_synthetic_make(&synthetic, f.k, expected);
        must(ql_matmul_new(f.engine, &f.tensor.tensor, &x, rows, NULL, &made, &error), &error);
        assert_memory_equal(ql_matmul_x(made), expected, rows * f.k * sizeof(float));
        ql_matmul_free(&made);
        free(expected);
    }
    tear_down(&f);
}

static bool stop_later(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    return done < *(const uint64_t *)context;
}

static void a_run_can_be_stopped(void **state)
{
    (void)state;
    fixture f;
    set_up(&f, 40, 64, 300);
    for (uint64_t at = 0; at < 3; at++) {
        ql_error error;
        ql_matmul_result result;
        assert_int_equal(ql_matmul_run(f.matmul, "int8:row", 5, &(ql_monitor) { stop_later, &at }, &result, &error),
                         QL_CANCELLED);
    }
    tear_down(&f);
}

static double frobenius(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double e = (double)a[i] - (b ? (double)b[i] : 0);
        sum += e * e;
    }
    return sqrt(sum);
}

/* Another product, of X without the column, says what is left of the error; the first product is as it was. */
static void a_column_apart_leaves_the_error_of_the_others(void **state)
{
    (void)state;
    fixture f;
    ql_error error;
    ql_matmul *others;
    ql_matmul_result before, after, result;
    set_up(&f, 20, 65, 33);
    must(ql_matmul_run(f.matmul, "int8:row", 1, NULL, &before, &error), &error);
    float *x = malloc(f.m * f.k * sizeof *x);
    assert_non_null(x);
    for (size_t column = 0; column < f.k; column += column == 3 ? f.k - 5 : 3) {
        double apart;
        memcpy(x, f.x, f.m * f.k * sizeof *x);
        for (size_t i = 0; i < f.m; i++) {
            x[i * f.k + column] = 0;
        }
        const ql_activations without = { .rows = f.m, .cols = f.k, .row_count = f.m, .values = x, .name = "x" };
        must(ql_matmul_new(f.engine, &f.tensor.tensor, &without, 0, NULL, &others, &error), &error);
        must(ql_matmul_run(others, "int8:row", 1, NULL, &result, &error), &error);
        must(ql_matmul_apart(f.matmul, "int8:row", column, NULL, &apart, &error), &error);
        const double lost = frobenius(ql_matmul_y(others), ql_matmul_exact(others), f.m * f.n);
        assert_true(apart == lost / frobenius(ql_matmul_exact(f.matmul), NULL, f.m * f.n));
        assert_true(column == 0 || apart < before.rel_fro); /* the loud ones */
        ql_matmul_free(&others);
    }
    assert_memory_equal(ql_matmul_x(f.matmul), f.x, f.m * f.k * sizeof *x);
    must(ql_matmul_run(f.matmul, "int8:row", 1, NULL, &after, &error), &error);
    assert_true(before.rel_fro == after.rel_fro);
    double apart;
    assert_int_equal(ql_matmul_apart(f.matmul, "int8:row", f.k, NULL, &apart, &error), QL_BAD_USAGE);
    free(x);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_product_in_float32_is_near_that_in_float64),
        cmocka_unit_test(the_errors_are_those_of_y_beside_float32),
        cmocka_unit_test(codes_per_row_are_exact_sums_scaled),
        cmocka_unit_test(one_step_serves_a_whole_tensor),
        cmocka_unit_test(integers_from_x_to_y_are_those_of_the_scalar_layer),
        cmocka_unit_test(multipliers_of_all_sizes_are_those_of_the_scalar_layer),
        cmocka_unit_test(outlier_columns_apart_are_what_the_scalar_definition_says),
        cmocka_unit_test(a_wide_split_leaves_nothing_behind_for_the_next_one),
        cmocka_unit_test(the_variant_of_bitsandbytes_takes_outlier_columns_of_w_from_its_codes),
        cmocka_unit_test(numbers_are_the_same_on_every_instruction_set_and_number_of_threads),
        cmocka_unit_test(a_weight_that_is_stored_across_is_the_same_weight),
        cmocka_unit_test(what_does_not_suit_is_refused_in_words),
        cmocka_unit_test(the_longest_sums_are_exact_and_longer_ones_are_refused),
        cmocka_unit_test(all_columns_may_be_outliers),
        cmocka_unit_test(every_method_is_near_the_product_in_float64),
        cmocka_unit_test(an_outlier_beyond_half_precision_is_refused),
        cmocka_unit_test(made_up_activations_are_the_same_in_pieces),
        cmocka_unit_test(a_run_can_be_stopped),
        cmocka_unit_test(a_column_apart_leaves_the_error_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
