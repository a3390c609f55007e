/* The why-line: what it says is true of the tensor, and the gain it promises is the one that the remedy's report shows. */
#include "why.h"

static uint64_t seed = 29;

/* 64 x 64, one weight 20 times as large as the rest. */
static void an_outlier_is_named_with_its_place_and_the_idle_codes(void **state)
{
    (void)state;
    float x[64 * 64];
    for (int i = 0; i < 64 * 64; i++)
        x[i] = (float)(2 * random_unit(&seed) - 1);
    x[37 * 64 + 5] = -20;
    for (int layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        told t = ask("absmax", QL_F32, layout, 64, 64, x);
        char idle[64];
        unsigned used = 0;
        for (unsigned i = 0; i < t.report->levels; i++)
            used += t.report->code_counts[i] > 0;
        snprintf(idle, sizeof idle, "%u of 255 codes idle", 255 - used);
        assert_true(used < 20);
        assert_non_null(strstr(t.why.text, "-20 at [37,5]"));
        assert_non_null(strstr(t.why.text, idle));
        assert_true(t.why.has_remedy && t.why.gain_db > 3);
        assert_int_equal(t.why.remedy.per, QL_PER_ROW); /* one row in 64 keeps the coarse step */
        assert_int_equal(t.why.remedy_key, QL_KEY_PER);
        ql_report_free(&t.report);
    }
}

static void the_outlier_of_a_vector_is_named_by_its_flat_place(void **state)
{
    (void)state;
    float x[500];
    for (int i = 0; i < 500; i++)
        x[i] = (float)(2 * random_unit(&seed) - 1);
    x[321] = 50;
    memory_tensor m;
    ql_profile *p;
    ql_report *r;
    ql_why why;
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse("zeropoint:bits=4", &spec, &error), &error);
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 500 });
    must(ql_profile_make(engine, NULL, &m.tensor, NULL, &p, &error), &error);
    must(ql_report_make(engine, p, &spec, NULL, &r, &error), &error);
    must(ql_why_make(engine, p, r, NULL, &why, &error), &error);
    assert_non_null(strstr(why.text, "50 at [321]"));
    ql_report_free(&r);
    ql_profile_free(&p);
    memory_tensor_free(&m);
}

static void two_outliers_are_not_called_one(void **state)
{
    (void)state;
    float x[64 * 64];
    for (int i = 0; i < 64 * 64; i++)
        x[i] = (float)(2 * random_unit(&seed) - 1);
    x[100] = -20;
    x[4000] = 20;
    told t = ask("absmax", QL_F32, QL_LAYOUT_OUT_IN, 64, 64, x);
    assert_null(strstr(t.why.text, "One weight"));
    assert_non_null(strstr(t.why.text, "few"));
    ql_report_free(&t.report);
}

static void weights_of_one_sign_are_sent_to_zeropoint(void **state)
{
    (void)state;
    float x[40 * 40];
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int i = 0; i < 1600; i++)
            x[i] = (float)(sign * random_unit(&seed));
        told t = ask("absmax:bits=4", QL_F32, QL_LAYOUT_OUT_IN, 40, 40, x);
        assert_non_null(strstr(t.why.text, sign > 0 ? "at or above zero" : "at or below zero"));
        assert_non_null(strstr(t.why.text, "7 of 15 codes idle"));
        assert_true(t.why.has_remedy);
        assert_string_equal(ql_mapping_describe(t.why.remedy.mapping)->name, "zeropoint");
        assert_int_equal(t.why.remedy_key, QL_KEY_COUNT);
        assert_true(t.why.gain_db > 5); /* twice the codes: 6 dB */
        ql_report_free(&t.report);
    }
}

static void weights_on_the_codes_are_met_exactly_and_need_nothing(void **state)
{
    (void)state;
    int8_t x[256];
    for (int i = 0; i < 256; i++)
        x[i] = (int8_t)(i % 255 - 127);
    told t = ask("absmax", QL_I8, QL_LAYOUT_OUT_IN, 16, 16, x);
    assert_false(t.why.has_remedy);
    assert_non_null(strstr(t.why.text, "exactly"));
    assert_non_null(strstr(t.why.text, "on 255 of the 255 levels"));
    ql_report_free(&t.report);
    t = ask("none", QL_I8, QL_LAYOUT_OUT_IN, 16, 16, x);
    assert_false(t.why.has_remedy);
    assert_non_null(strstr(t.why.text, "as it is stored"));
    ql_report_free(&t.report);
    const float zeros[6] = { 0 };
    t = ask("zeropoint:bits=2", QL_F32, QL_LAYOUT_OUT_IN, 2, 3, zeros);
    assert_false(t.why.has_remedy);
    ql_report_free(&t.report);
}

static void too_much_clipping_is_told_with_its_share(void **state)
{
    (void)state;
    float x[100 * 100];
    for (int i = 0; i < 10000; i++)
        x[i] = (float)random_normal(&seed);
    told t = ask("absmax:clip=manual,abs=0.5", QL_F32, QL_LAYOUT_OUT_IN, 100, 100, x);
    char share[64];
    snprintf(share, sizeof share, "%.3g %% of the weights are clipped", 100 * t.report->metrics[QL_FRAC_CLIPPED]);
    assert_non_null(strstr(t.why.text, share));
    assert_true(t.why.has_remedy && t.why.remedy.clip == QL_CLIP_MINMAX);
    assert_int_equal(t.why.remedy_key, QL_KEY_CLIP);
    ql_report_free(&t.report);
}

static void rows_that_share_a_step_are_sent_to_their_own(void **state)
{
    (void)state;
    float x[30 * 50];
    for (int i = 0; i < 1500; i++)
        x[i] = (float)((2 * random_unit(&seed) - 1) * (1 + i / 50));
    told t = ask("absmax:bits=4", QL_F32, QL_LAYOUT_OUT_IN, 30, 50, x);
    assert_non_null(strstr(t.why.text, "All 30 rows share one step"));
    assert_true(t.why.has_remedy && t.why.remedy.per == QL_PER_ROW);
    ql_report_free(&t.report);
}

/* 15 even levels: as many bits meet all of them. 16 others: levels that are learnt do. */
static void weights_that_were_quantized_before_are_sent_to_their_levels(void **state)
{
    (void)state;
    float even[64 * 64], uneven[64 * 64];
    for (int i = 0; i < 64 * 64; i++) {
        const int q = (int)random_below(&seed, 16);
        even[i] = (float)(q % 15 - 7) * 0.025f;
        uneven[i] = (float)(q * q) * 0.01f - 1;
    }
    told t = ask("absmax:bits=3", QL_F32, QL_LAYOUT_OUT_IN, 64, 64, even);
    assert_non_null(strstr(t.why.text, "Already quantized: 15 levels evenly spaced by 0.025, 4 bits; those of the spec are others. "
                                       "Try absmax:bits=4"));
    assert_int_equal(t.why.remedy_key, QL_KEY_BITS);
    assert_true(t.remedy_db == INFINITY);
    ql_report_free(&t.report);
    t = ask("absmax:bits=4", QL_F32, QL_LAYOUT_OUT_IN, 64, 64, even);
    assert_string_equal(t.why.text, "Already quantized: 15 levels, and every one is met exactly");
    ql_report_free(&t.report);
    t = ask("nf4", QL_F32, QL_LAYOUT_IN_OUT, 64, 64, uneven);
    assert_non_null(strstr(t.why.text, "Already quantized: 16 levels, 4 bits; those of the spec are others. Try kmeans"));
    assert_int_equal(t.why.remedy_key, QL_KEY_COUNT);
    ql_report_free(&t.report);
}

/* Whatever the tensor and the spec: the line fits, ends, and the gain is real (asserted in ask). */
static void every_spec_of_every_kind_of_tensor_has_a_line(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax", "absmax:bits=2,range=full", "zeropoint:bits=3,zero=raw", "absmax:per=row,bits=4", "absmax:per=col",
                                         "zeropoint:per=block,block=16,bits=8", "absmax:per=flat,block=9,bits=2", "absmax:clip=percentile,p=60",
                                         "zeropoint:clip=percentile,p=40:60,bits=2", "absmax:clip=manual,abs=1e30",
                                         "zeropoint:clip=manual,lo=-1e-30,hi=1e-30", "absmax:clip=manual,abs=1e-45,per=row",
                                         "nf4", "nf4:double=1", "mxfp4", "nvfp4", "fp8_e5m2:per=col", "bf16", "kmeans:bits=2,per=row",
                                         "quantile:bits=3", "ternary", "binary:per=tile,block=3x7", "none", "absmax:clip=kl,bits=4",
                                         "zeropoint:clip=mse,bits=3" };
    float x[20 * 80];
    for (int kind = 0; kind < 6; kind++) {
        for (int i = 0; i < 1600; i++) {
            const float values[] = { (float)random_normal(&seed), (float)random_unit(&seed) * 1e-30f, i == 77 ? 3e38f : 1e-3f, 0.3f,
                                     (float)ldexp(random_normal(&seed), (int)random_below(&seed, 60)), i % 2 ? 1e-44f : -1e-44f };
            x[i] = values[kind];
        }
        for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
            told t = ask(specs[s], QL_F32, s % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN, 20, 80, x);
            assert_true(t.why.text[0] != 0);
            ql_report_free(&t.report);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outlier_is_named_with_its_place_and_the_idle_codes),
        cmocka_unit_test(the_outlier_of_a_vector_is_named_by_its_flat_place),
        cmocka_unit_test(two_outliers_are_not_called_one),
        cmocka_unit_test(weights_of_one_sign_are_sent_to_zeropoint),
        cmocka_unit_test(weights_on_the_codes_are_met_exactly_and_need_nothing),
        cmocka_unit_test(too_much_clipping_is_told_with_its_share),
        cmocka_unit_test(rows_that_share_a_step_are_sent_to_their_own),
        cmocka_unit_test(weights_that_were_quantized_before_are_sent_to_their_levels),
        cmocka_unit_test(every_spec_of_every_kind_of_tensor_has_a_line),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
