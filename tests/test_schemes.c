/*
 * Properties that hold for every mapping and every knob, element by element: codes are in range and mean what decode says, errors stay within half
 * a gap, a value that was quantized once is met the second time, more bits are better; and specs read back whatever keys are pressed.
 */
#include "schemes.h"

static ql_engine *engine;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(1, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

#ifdef __SANITIZE_THREAD__
enum { SUBJECTS = 1, WALKS = 1000 };
#else
enum { SUBJECTS = 4, WALKS = 10000 };
#endif

enum { MOST = 256 }; /* elements of a subject */

/* One subject under one spec. */
typedef struct trial {
    const subject *s;
    ql_quantizer q;
    uint64_t groups[MOST], clipped;
    int codes[MOST];
    float y[MOST];
    bool is_outlier[MOST];
} trial;

static void fail_at(const trial *t, uint64_t i, const char *what)
{
    fail_msg("%s on %s %s of rank %u, %s, element %d (x %.9g, code %d, y %.9g): %s", text_of(&t->q.spec), ql_dtype_describe(t->s->dtype)->name,
             kind_names[t->s->what], t->s->memory.tensor.rank, ql_layout_name(t->s->memory.tensor.layout), (int)i, (double)t->s->x[i],
             t->codes[i], (double)t->y[i], what);
}

static int code_at(const ql_quantizer *q, int16_t code)
{
    return q->code_lo >= 0 ? (uint16_t)code : code;
}

/* False when the mapping refuses the tensor, which only values beyond half precision or float32 may bring about. */
static bool run(trial *t, const subject *s, const ql_spec *spec)
{
    static ql_tile_buffers buffers;
    ql_error error;
    t->s = s;
    t->clipped = 0;
    ql_status status = ql_quantizer_make(engine, s->profile, spec, NULL, 0, &t->q, &error);
    if (status == QL_UNUSABLE && (s->what == HUGE_BELL || s->what == SPIKE) && strstr(error.message, "half precision")) {
        ql_quantizer_free(&t->q);
        return false;
    }
    must(status, &error);
    must(ql_quantize_tile(&t->q, ql_kernels_active(), &s->memory.tensor, 0, (size_t)s->n, &buffers, &t->clipped, &error), &error);
    ql_groups_of(&t->q.groups, 0, (size_t)s->n, t->groups);
    for (uint64_t i = 0; i < s->n; i++) {
        t->codes[i] = code_at(&t->q, buffers.codes[i]);
        t->y[i] = buffers.y[i];
        t->is_outlier[i] = t->q.outliers.active && ql_is_outlier(&t->q.outliers, s->x[i], i);
    }
    return true;
}

/* Quantizes a value as element i alone; tells whether it is clipped. */
static int encode(const trial *t, uint64_t i, float x, float *y, bool *clipped)
{
    float step, value;
    int32_t zero;
    int16_t code;
    const ql_tile tile = { .x = &x, .n = 1, .begin = i, .group = t->groups[i], .blocks = { 1, 0 }, .step = &step, .zero = &zero, .codes = &code, .y = &value };
    *clipped = t->q.spec.mapping->quantize(&t->q, ql_kernels_active(), &tile) > 0;
    *y = value;
    return code_at(&t->q, code);
}

static void codes_are_in_range_and_decode_to_the_values(const trial *t)
{
    const ql_mapping *mapping = t->q.spec.mapping;
    uint64_t clipped = 0;
    for (uint64_t i = 0; i < t->s->n; i++) {
        float y;
        bool is_clipped;
        if (t->codes[i] < t->q.code_lo || t->codes[i] > t->q.code_hi)
            fail_at(t, i, "the code is out of range");
        if (encode(t, i, t->is_outlier[i] ? 0 : t->s->x[i], &y, &is_clipped) != t->codes[i])
            fail_at(t, i, "the code is another than that of the element alone");
        clipped += is_clipped;
        if (t->is_outlier[i]) {
            if (t->y[i] != ql_half_to_float(ql_float_to_half(t->s->x[i])))
                fail_at(t, i, "an outlier is not kept in half precision");
        } else if (mapping->decode && mapping->decode(&t->q, t->groups[i], t->codes[i]) != t->y[i]) {
            fail_at(t, i, "the value is not what its code means");
        }
        if (!isfinite(t->y[i]))
            fail_at(t, i, "the value is not finite");
    }
    if (clipped != t->clipped)
        fail_at(t, 0, "the tensor counts other clipped elements than its elements do");
}

static void errors_are_within_half_a_gap(const trial *t)
{
    for (uint64_t i = 0; i < t->s->n; i++) {
        float y;
        bool clipped;
        const double x = t->s->x[i], half = t->q.spec.mapping->half_gap(&t->q, t->groups[i]);
        encode(t, i, (float)x, &y, &clipped);
        const double rounding = fmax(fabs((double)y) * 0x1p-24, 0x1p-150);
        if (!clipped && !t->is_outlier[i] && !(fabs(x - (double)y) <= half * (1 + 1e-6) + 2 * rounding)) {
            print_error("half a gap is %.9g\n", half);
            fail_at(t, i, "the error is larger than half a gap");
        }
    }
}

/*
 * encode(decode(q)) = q with the stored parameters: the code itself, or another one for the same value where levels coincide. It need not hold
 *
 *   - with double=1: values are encoded with the true maxima, decoded with the quantized ones
 *   - in ggml's blocks where half precision moves step and minimum by more than 0.4 of a step: values are encoded with what was before
 *   - nf4, bnbfp4 below 1e-38: 1 / A is held at 1e38
 *   - zero=raw far from 0: where float32 is coarser than the step, y is rounded past other levels
 *
 * and holds for all but rare chances with round=stochastic: a quotient a hair off a whole number goes astray where the chance is next to 0 or 1.
 * What holds in all these: the value is that of its code (above).
 */
static bool must_be_met_again(const trial *t, uint64_t group)
{
    const ql_quantizer *q = &t->q;
    const ql_spec *spec = &q->spec;
    if (!spec->mapping->decode || spec->double_quant)
        return false;
    if (strstr(spec->mapping->info.source, "ggml")) {
        const double usual = is_named(spec, "q4_0") || is_named(spec, "q5_0") ? 1 : 0.5;
        return spec->mapping->half_gap(q, group) <= (usual + 0.4) * fabs((double)q->scales[group]);
    }
    if (is_named(spec, "nf4") || is_named(spec, "bnbfp4"))
        return q->scales[group] == 0 || q->scales[group] >= 1e-38f;
    return spec->zero != QL_ZERO_RAW || abs(q->zeros[group]) < 1 << 22;
}

static void what_was_quantized_is_met_again(const trial *t)
{
    const ql_mapping *mapping = t->q.spec.mapping;
    unsigned astray = 0;
    for (uint64_t i = 0; i < t->s->n; i++) {
        float y, value;
        bool clipped;
        if (!must_be_met_again(t, t->groups[i]))
            continue;
        value = mapping->decode(&t->q, t->groups[i], t->codes[i]);
        const int code = encode(t, i, value, &y, &clipped);
        if (code == t->codes[i] || y == value)
            continue;
        if (t->q.spec.round != QL_ROUND_STOCHASTIC || abs(code - t->codes[i]) > 1 || ++astray > 1)
            fail_at(t, i, "its value is quantized to another code");
    }
}

static void check(const ql_spec *spec, const subject *s)
{
    static trial t;
    if (!run(&t, s, spec))
        return;
    codes_are_in_range_and_decode_to_the_values(&t);
    errors_are_within_half_a_gap(&t);
    what_was_quantized_is_met_again(&t);
    ql_quantizer_free(&t.q);
}

static uint64_t seed = 17;

static void check_on_some_subjects(const ql_spec *spec)
{
    static unsigned turn;
    for (int i = 0; i < SUBJECTS; i++, turn++) { /* the counts have no common divisor but 2: all combinations come up */
        subject s;
        subject_make(&s, engine, turn % KIND_COUNT, dtypes[turn % 3], turn / KIND_COUNT % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN,
                     &shapes[turn % COUNT(shapes)], random_bits(&seed));
        check(spec, &s);
        subject_free(&s);
    }
}

static void every_pair_of_knobs_keeps_the_properties_of_codes_and_errors(void **state)
{
    (void)state;
    each_spec(check_on_some_subjects);
}

static void check_on_all_subjects(const ql_mapping *mapping, const struct setting *setting)
{
    ql_spec spec;
    if (!make_spec(mapping, setting, NULL, &spec))
        return;
    for (int what = 0; what < KIND_COUNT; what++) {
        for (unsigned i = 0; i < COUNT(dtypes) * 2 * COUNT(shapes); i += SUBJECTS > 1 ? 1 : 5) {
            subject s;
            subject_make(&s, engine, what, dtypes[i % 3], i / 3 % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN, &shapes[i / 6], random_bits(&seed));
            check(&spec, &s);
            subject_free(&s);
        }
    }
}

static void every_mapping_keeps_them_on_every_kind_of_tensor(void **state)
{
    (void)state;
    static const struct setting by_row = { QL_KEY_PER, "per=row" };
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        check_on_all_subjects(ql_mapping_at(m), NULL);
        check_on_all_subjects(ql_mapping_at(m), &by_row);
    }
}

/* ---- Bits */

static double mse_of(const subject *s, const char *text)
{
    ql_spec spec;
    ql_report *r;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, s->profile, &spec, NULL, &r, &error), &error);
    const double mse = r->metrics[QL_MSE];
    ql_report_free(&r);
    return mse;
}

static void more_bits_are_better_on_a_bell(void **state)
{
    (void)state;
    static const char *const per[] = { "", ",per=row", ",per=block,block=100", ",clip=mse", ",clip=aciq,dist=gauss", ",clip=kl", ",round=stochastic" };
    subject s;
    subject_make(&s, engine, BELL, QL_F32, QL_LAYOUT_OUT_IN, &(struct shape) { 2, { 61, 307 } }, 5);
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        const ql_mapping *mapping = ql_mapping_at(m);
        for (size_t p = 0; p < COUNT(per) && mapping->keys >> QL_KEY_BITS & 1; p++) {
            double last = INFINITY;
            for (unsigned bits = mapping->bits_min; bits <= mapping->bits_max; bits++) {
                char text[100];
                ql_spec spec;
                snprintf(text, sizeof text, "%s:bits=%u%s", mapping->info.name, bits, per[p]);
                if (ql_spec_parse(text, &spec, NULL) != QL_OK)
                    continue;
                const double mse = mse_of(&s, text);
                if (!(mse < last) && mse > 0)
                    fail_msg("%s: the mean squared error is %g, with one bit less %g", text, mse, last);
                last = mse;
            }
        }
    }
    static const char *const falling[] = { "binary", "ternary", "q4_0", "q5_0", "q8_0", "fp16", "none" };
    for (size_t i = 1; i < COUNT(falling); i++)
        assert_true(mse_of(&s, falling[i]) < mse_of(&s, falling[i - 1]));
    assert_true(mse_of(&s, "nf4") < mse_of(&s, "fp4:block=64")); /* made for this distribution */
    assert_true(mse_of(&s, "kmeans") < mse_of(&s, "absmax:bits=4,clip=mse"));
    assert_true(mse_of(&s, "nvfp4") < mse_of(&s, "mxfp4"));
    subject_free(&s);
}

/* Nobody compares levels that a sum of much larger values has swallowed. */
static void one_huge_weight_does_not_spoil_the_means_of_the_others(void **state)
{
    (void)state;
    enum { N = 20000 };
    static float x[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)random_normal(&seed);
    x[7] = -1e30f;
    subject s;
    subject_from(&s, engine, QL_F32, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N }, x);
    static const char *const texts[] = { "kmeans:bits=3", "quantile:bits=3" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        ql_spec spec;
        ql_report *r;
        ql_error error;
        must(ql_spec_parse(texts[i], &spec, &error), &error);
        must(ql_report_make(engine, s.profile, &spec, NULL, &r, &error), &error);
        for (int k = 2; k < 8; k++)
            assert_true(r->codebook[k] > r->codebook[k - 1] && fabsf(r->codebook[k]) < 4);
        assert_true(fabsf(r->codebook[1]) > 0.1f && fabsf(r->codebook[7]) > 1);
        ql_report_free(&r);
    }
    subject_free(&s);
}

/* ---- Specs */

static void read_back(const ql_spec *spec)
{
    char text[QL_SPEC_TEXT], again[QL_SPEC_TEXT];
    ql_spec back;
    ql_error error;
    ql_spec_format(spec, text);
    if (ql_spec_parse(text, &back, &error) != QL_OK)
        fail_msg("%s: %s", text, error.message);
    if (memcmp(&back, spec, sizeof back) != 0)
        fail_msg("'%s' reads back as another spec", text);
    ql_spec_format(&back, again);
    assert_string_equal(text, again);
}

static void every_spec_reads_back_as_itself(void **state)
{
    (void)state;
    each_spec(read_back);
}

/* A drunk at the keyboard; a codebook needs a file, so it is left but not entered. */
static void any_keys_lead_to_specs_that_read_back(void **state)
{
    (void)state;
    static const ql_profile profile = { .x_min = -0.75, .x_max = 0.5 };
    for (int walk = 0; walk < WALKS; walk++) {
        ql_spec spec;
        assert_true(make_spec(ql_mapping_at((size_t)walk % ql_mapping_count()), NULL, NULL, &spec));
        for (int i = 0; i < 25; i++) {
            const ql_spec before = spec;
            const ql_mapping *other = ql_mapping_at(random_below(&seed, ql_mapping_count()));
            if (random_below(&seed, 12) > 0) {
                const ql_key key = (ql_key)random_below(&seed, QL_KEY_COUNT);
                const bool changed = ql_spec_step(&spec, key, random_below(&seed, 2) ? 1 : -1, walk % 3 ? &profile : NULL);
                if (changed == (memcmp(&spec, &before, sizeof spec) == 0))
                    fail_msg("%s: key %s says %d", text_of(&before), ql_key_describe(key)->name, changed);
            } else if (!(other->keys >> QL_KEY_FILE & 1)) {
                ql_spec_change_mapping(&spec, other);
            }
            if (ql_spec_check(&spec, 0, NULL) != QL_OK)
                fail_msg("%s is no longer valid", text_of(&spec));
            read_back(&spec);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_knobs_keeps_the_properties_of_codes_and_errors),
        cmocka_unit_test(every_mapping_keeps_them_on_every_kind_of_tensor),
        cmocka_unit_test(more_bits_are_better_on_a_bell),
        cmocka_unit_test(one_huge_weight_does_not_spoil_the_means_of_the_others),
        cmocka_unit_test(every_spec_reads_back_as_itself),
        cmocka_unit_test(any_keys_lead_to_specs_that_read_back),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
