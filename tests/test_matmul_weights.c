/* Products with weights that a spec has coded: decoded, simulated, and in groups times 8-bit codes of X. */
#include "matmul.h"

static void weights_decoded_in_cache_are_the_simulated_ones_bit_by_bit(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "absmax",
        "absmax:bits=4,per=row",
        "absmax:bits=3,per=block,block=32",
        "absmax:bits=2",
        "zeropoint:per=row",
        "zeropoint:bits=4,per=block,block=16",
        "zeropoint:zero=raw,bits=5",
        "nf4",
        "nf4:double=1",
        "nf4:block=64,per=flat",
        "bnbfp4",
        "fp4",
        "mxfp4",
        "nvfp4",
        "q8_0",
        "q4_0",
        "q4_1",
        "q5_0",
        "q5_1",
        "int4g",
        "ternary",
        "binary",
        "kmeans:bits=3",
        "kmeans:per=row",
        "kmeans:per=block,block=48",
        "kmeans:bits=5,per=block,block=48",
        "quantile:per=row",
        "fp8_e4m3",
        "fp8_e5m2",
        "fp8_e4m3:scale=0",
    };
    static const size_t rows_inputs[][2] = { { 5, 131 }, { 5, 1100 }, { 1, 192 }, { 60, 192 } }; /* few rows and many */
    for (size_t size = 0; size < sizeof rows_inputs / sizeof *rows_inputs; size++) {
        fixture f;
        set_up(&f, rows_inputs[size][0], rows_inputs[size][1], 39);
        float *y = malloc(f.m * f.n * sizeof *y);
        for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
            char method[120];
            snprintf(method, sizeof method, "simulated:%s", specs[s]);
            const ql_matmul_result simulated = run(&f, method);
            memcpy(y, ql_matmul_y(f.matmul), f.m * f.n * sizeof *y);
            snprintf(method, sizeof method, "weights:%s", specs[s]);
            const ql_matmul_result decoded = run(&f, method);
            if (memcmp(y, ql_matmul_y(f.matmul), f.m * f.n * sizeof *y) != 0) {
                fail_msg("%s differs from simulated", method);
            }
            assert_true(simulated.rel_fro > 0 && decoded.rel_fro == simulated.rel_fro && decoded.bytes == simulated.bytes);
        }
        free(y);
        tear_down(&f);
    }
}

/* What the table says of a spec's size is what a report of the same spec says. */
static void weights_are_as_large_as_a_report_says(void **state)
{
    (void)state;
    static const char *const specs[] = { "none",
                                         "fp16",
                                         "absmax:bits=4,outliers=1%",
                                         "absmax:outliers=0.3",
                                         "nf4:double=1",
                                         "nvfp4",
                                         "kmeans:per=block,block=48",
                                         "int4g:bits=3,block=64",
                                         "zeropoint:zero=raw,per=row",
                                         "fp8_e4m3:scale=0" };
    fixture f;
    ql_error error;
    ql_profile *profile;
    set_up(&f, 2, 67, 21);
    must(ql_profile_make(f.engine, NULL, &f.tensor.tensor, NULL, &profile, &error), &error);
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        char method[120];
        ql_spec spec;
        ql_report *report;
        must(ql_spec_parse(specs[s], &spec, &error), &error);
        must(ql_report_make(f.engine, profile, &spec, NULL, &report, &error), &error);
        snprintf(method, sizeof method, "simulated:%s", specs[s]);
        if (run(&f, method).bytes != report->byte_count) {
            fail_msg("%s: %llu bytes", method, (unsigned long long)report->byte_count);
        }
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    tear_down(&f);
}

/* What simulated weights and codes of X give; levels that are no integers are a little off. */
static void check_grouped(size_t k)
{
    static const struct {
        const char *spec;
        bool is_exact;
    } specs[] = {
        { "absmax", true },
        { "absmax:per=row", true },
        { "absmax:range=full,per=row", true },
        { "absmax:bits=4,per=block,block=32", true },
        { "absmax:bits=4,per=block,block=48", true },
        { "absmax:bits=3,per=row", true },
        { "absmax:bits=2,per=block,block=64", true },
        { "zeropoint", true },
        { "zeropoint:per=row", true },
        { "zeropoint:bits=4,per=block,block=48", true },
        { "zeropoint:bits=3,zero=raw,per=row", true },
        { "zeropoint:bits=2,per=block,block=32", true },
        { "int4g", true },
        { "int4g:bits=8,block=48", true },
        { "int4g:bits=3,block=64", true },
        { "q8_0", true },
        { "q4_0", true },
        { "q4_1", true },
        { "q5_0", true },
        { "q5_1", true },
        { "fp4", true },
        { "mxfp4", true },
        { "nvfp4", true },
        { "nf4:block=64,per=block", false },
        { "nf4:double=1,block=48,per=block", false },
        { "bnbfp4:per=block", false },
        { "ternary", true },
        { "binary:per=row", true },
    };
    fixture f;
    set_up(&f, 13, k, 37);
    float *dx = numbers(f.m, 1);
    int8_t *qx = malloc(f.m * f.k);
    ql_error error;
    must(ql_rows_encode(f.x, f.m, f.k, dx, qx, &error), &error);
    fixture g = f; /* with X as what its codes stand for */
    g.x_of.values = malloc(f.m * f.k * sizeof(float));
    for (size_t i = 0; i < f.m * f.k; i++) {
        g.x_of.values[i] = (float)qx[i] * dx[i / f.k];
    }
    must(ql_matmul_new(f.engine, &f.tensor.tensor, &g.x_of, 0, NULL, &g.matmul, &error), &error);
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        char method[120];
        snprintf(method, sizeof method, "weights_a8:%s", specs[s].spec);
        const ql_matmul_result result = run(&f, method);
        snprintf(method, sizeof method, "simulated:%s", specs[s].spec);
        run(&g, method);
        double whole = 0, lost = 0;
        for (size_t i = 0; i < f.m * f.n; i++) {
            const double e = (double)ql_matmul_y(f.matmul)[i] - (double)ql_matmul_y(g.matmul)[i];
            lost += e * e;
            whole += (double)ql_matmul_y(g.matmul)[i] * (double)ql_matmul_y(g.matmul)[i];
        }
        if (!(sqrt(lost / whole) < (specs[s].is_exact ? 2e-6 : 0.02))) {
            fail_msg("%s of %zu inputs is %g off", method, k, sqrt(lost / whole));
        }
        assert_true(specs[s].is_exact == !*result.note);
    }
    ql_matmul_free(&g.matmul);
    free(g.x_of.values);
    free(dx);
    free(qx);
    tear_down(&f);
}

/* Groups that divide the inputs and groups that do not. */
static void grouped_codes_are_simulated_weights_times_codes_of_x(void **state)
{
    (void)state;
    static const size_t inputs[] = { 128, 67, 201 };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        check_grouped(inputs[i]);
    }
}

/* What papers call simulated, codes turned back into numbers and multiplied in float32, is what the integers give but for
   the rounding of float32: dynamic per row, static, and requantized to half a step of Y. */
static void simulated_products_are_those_of_integers(void **state)
{
    (void)state;
    fixture f;
    ql_error error;
    set_up(&f, 24, 70, 33);
    const size_t calibrated = (f.m + 3) / 4;
    int8_t *q = malloc(f.m * f.k);
    float *steps = numbers(f.m, 1);
    ql_observed range = { 0 }, y_range = { 0 };
    must(ql_observe_minmax(&range, f.x, calibrated * f.k, &error), &error);
    must(ql_observe_minmax(&y_range, ql_matmul_exact(f.matmul), calibrated * f.n, &error), &error);
    const ql_affine frozen = ql_affine_of(&range), of_y = ql_affine_of(&y_range);
    for (int is_static = 0; is_static < 2; is_static++) {
        fixture g = f; /* with X as what its codes stand for */
        g.x_of.values = malloc(f.m * f.k * sizeof(float));
        if (is_static) {
            ql_affine_encode(frozen, f.x, f.m * f.k, q);
        } else {
            must(ql_rows_encode(f.x, f.m, f.k, steps, q, &error), &error);
        }
        for (size_t i = 0; i < f.m * f.k; i++) {
            g.x_of.values[i] = is_static ? (float)(q[i] - frozen.zero) * frozen.step : (float)q[i] * steps[i / f.k];
        }
        must(ql_matmul_new(f.engine, &f.tensor.tensor, &g.x_of, 0, NULL, &g.matmul, &error), &error);
        run(&g, "simulated:absmax:per=row");
        run(&f, is_static ? "int8:static" : "int8:row");
        for (size_t i = 0; i < f.m * f.n; i++) {
            assert_close((double)ql_matmul_y(f.matmul)[i], (double)ql_matmul_y(g.matmul)[i], 1e-5, 1e-4);
        }
        if (is_static) {
            run(&f, "integer");
            for (size_t i = 0; i < f.m * f.n; i++) {
                const double simulated = (double)ql_matmul_y(g.matmul)[i], step = (double)of_y.step,
                             lo = (-128 - of_y.zero) * step, hi = (127 - of_y.zero) * step;
                assert_close((double)ql_matmul_y(f.matmul)[i], fmin(fmax(simulated, lo), hi), 0,
                             0.55 * step); /* rounded twice */
            }
        }
        ql_matmul_free(&g.matmul);
        free(g.x_of.values);
    }
    free(q);
    free(steps);
    tear_down(&f);
}

/* Flat groups end with rows where one length divides the other. */
static void flat_groups_serve_where_rows_begin_with_a_group(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        bool suits;
    } cases[] = { { "weights_a8:nf4:block=24", true },
                  { "weights_a8:nf4:block=144", true },
                  { "weights_a8:nf4:block=64", false },
                  { "weights_a8:nf4:block=18", false } };
    fixture f;
    set_up(&f, 5, 72, 10);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        ql_matmul_result result;
        ql_error error;
        const ql_status status = ql_matmul_run(f.matmul, cases[c].spec, 1, NULL, &result, &error);
        assert_int_equal(status, cases[c].suits ? QL_OK : QL_UNUSABLE);
        if (cases[c].suits) {
            char simulated[80];
            snprintf(simulated, sizeof simulated, "simulated:%s", strchr(cases[c].spec, ':') + 1);
            assert_close(result.rel_fro, run(&f, simulated).rel_fro, 0.1, 0);
        }
    }
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_decoded_in_cache_are_the_simulated_ones_bit_by_bit),
        cmocka_unit_test(weights_are_as_large_as_a_report_says),
        cmocka_unit_test(grouped_codes_are_simulated_weights_times_codes_of_x),
        cmocka_unit_test(simulated_products_are_those_of_integers),
        cmocka_unit_test(flat_groups_serve_where_rows_begin_with_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
