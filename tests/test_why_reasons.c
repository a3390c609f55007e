/* Each reason on data made for it: the numbers of its sentence against a plain computation, and the knob that it names. */
#include "why.h"

static uint64_t seed = 31;

enum { ROWS = 64, COLS = 96 };

static told ask_matrix(const char *spec, const float *x)
{
    return ask(spec, QL_F32, QL_LAYOUT_OUT_IN, ROWS, COLS, x);
}

static void fill(float *x, double (*draw)(uint64_t *seed))
{
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)draw(&seed);
}

/* In -1 ... 1. */
static double uniform(uint64_t *from)
{
    return 2 * random_unit(from) - 1;
}

static double deviation_of(const float *x, size_t n)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    for (size_t i = 0; i < n; i++)
        square += ((double)x[i] - sum / (double)n) * ((double)x[i] - sum / (double)n);
    return sqrt(square / (double)n);
}

static int compare_doubles(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Largest magnitudes of the rows (or columns), ascending. */
static void sort_ranges(const float *x, bool of_cols, double *out)
{
    const int count = of_cols ? COLS : ROWS, length = of_cols ? ROWS : COLS;
    for (int i = 0; i < count; i++) {
        out[i] = 0;
        for (int k = 0; k < length; k++)
            out[i] = fmax(out[i], fabs((double)(of_cols ? x[k * COLS + i] : x[i * COLS + k])));
    }
    qsort(out, (size_t)count, sizeof *out, compare_doubles);
}

/* Of symmetric codes -most ... most over -limit ... limit: how many occur, the sum of e^2, values that are cut. */
typedef struct plain {
    unsigned used, cut;
    double lost, whole;
} plain;

static plain quantize(const float *x, double limit, int most)
{
    plain p = { 0 };
    bool seen[256] = { false };
    const double step = (double)((float)limit / (float)most);
    for (int i = 0; i < ROWS * COLS; i++) {
        const double value = (double)x[i], code = nearbyint(value / step), kept = fmin(fmax(code, -most), most);
        p.cut += code != kept;
        p.used += !seen[(int)kept + 128];
        seen[(int)kept + 128] = true;
        p.lost += (value - step * kept) * (value - step * kept);
        p.whole += value * value;
    }
    return p;
}

static void assert_says(told *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void assert_says(told *t, const char *format, ...)
{
    char expected[512];
    va_list list;
    va_start(list, format);
    vsnprintf(expected, sizeof expected, format, list);
    va_end(list);
    if (strncmp(t->why.text, expected, strlen(expected)) != 0)
        fail_msg("it says '%s', expected '%s'", t->why.text, expected);
    ql_report_free(&t->report);
}

static void columns_that_are_loud_are_counted(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double ranges[COLS];
    fill(x, uniform);
    for (int row = 0; row < ROWS; row++) {
        x[row * COLS + 5] *= 12;
        x[row * COLS + 40] *= 7;
    }
    sort_ranges(x, true, ranges);
    told t = ask_matrix("absmax:bits=4", x);
    assert_true(t.why.has_remedy && (t.why.remedy.per == QL_PER_COL || t.why.remedy.outliers > 0));
    assert_int_equal(t.why.remedy_key, t.why.remedy.per == QL_PER_COL ? QL_KEY_PER : QL_KEY_OUTLIERS);
    assert_says(
        &t, "2 of 96 columns are loud, up to %.1f times as wide as the median column, and set the step for the rest. Try ",
        ranges[COLS - 1] / ranges[(COLS - 1) / 2]);
    for (int row = 0; row < ROWS; row++)
        x[row * COLS + 40] /= 7;
    sort_ranges(x, true, ranges);
    t = ask_matrix("zeropoint:bits=4", x);
    ql_report_free(&t.report);
    t = ask_matrix("absmax:bits=5", x);
    assert_says(&t,
                "1 of 96 columns is loud, up to %.1f times as wide as the median column, and sets the step for the rest. ",
                ranges[COLS - 1] / ranges[(COLS - 1) / 2]);
}

static void rows_of_unlike_range_are_told_with_their_steps(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double ranges[ROWS];
    fill(x, uniform);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] *= (float)pow(2, i / COLS / 12.0);
    sort_ranges(x, false, ranges);
    told t = ask_matrix("absmax:bits=4", x);
    assert_true(t.why.has_remedy && t.why.remedy_key == QL_KEY_PER);
    assert_says(
        &t,
        "Rows are of unlike range: steps of their own would go from %.3g to %.3g, median %.3g; one of %.3g serves all 64. "
        "Try ",
        ranges[0] / 7, ranges[ROWS - 1] / 7, ranges[(ROWS - 1) / 2] / 7, ranges[ROWS - 1] / 7);
}

static void rows_of_the_same_range_share_a_step(void **state)
{
    (void)state;
    float x[ROWS * COLS], largest = 0;
    fill(x, uniform);
    for (int i = 0; i < ROWS * COLS; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    told t = ask_matrix("absmax:bits=4", x);
    const double step = (double)(largest / 7);
    assert_says(&t, "All 64 rows share one step of %.3g, which is %.2g standard deviations", step,
                step / deviation_of(x, ROWS * COLS));
}

/* Normal, with three weights far out that are not in a line. */
static void fill_with_outliers(float *x, float largest)
{
    fill(x, random_normal);
    x[7 * COLS + 3] = largest;
    x[30 * COLS + 60] = -largest;
    x[55 * COLS + 20] = 0.9f * largest;
}

static void a_range_that_few_set_is_told_with_its_reach(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    fill_with_outliers(x, 15);
    double sum = 0, beyond = 0;
    for (int i = 0; i < ROWS * COLS; i++)
        sum += (double)x[i];
    const double mean = sum / (ROWS * COLS), deviation = deviation_of(x, ROWS * COLS);
    for (int i = 0; i < ROWS * COLS; i++)
        beyond += fabs((double)x[i] - mean) > 3 * deviation;
    told t = ask_matrix("absmax:bits=4", x);
    assert_true(t.why.has_remedy && t.why.gain_db > 3);
    assert_says(&t,
                "The range is set by few: the largest weight lies %.1f standard deviations out, only %.2g %% beyond 3, so",
                fmax(15 - mean, 15 + mean) / deviation, 100 * beyond / (ROWS * COLS));
}

static void a_clip_that_pays_says_what_it_gains(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    fill_with_outliers(x, 15);
    const plain clipped = quantize(x, 3, 7), whole = quantize(x, 15, 7);
    assert_true(clipped.cut > 3);
    told t = ask_matrix("absmax:bits=4,clip=manual,abs=3", x);
    assert_true(t.why.has_remedy && t.why.gain_db > 0);
    assert_says(
        &t, "The clip pays: %.3g %% of the weights are cut to -3..3, which makes the step 5.0 times finer and gains %.2f dB",
        100.0 * clipped.cut / (ROWS * COLS), 10 * log10(whole.lost / clipped.lost));
}

static void a_clip_that_loses_says_how_much_is_cut(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    fill(x, uniform);
    const plain clipped = quantize(x, 0.5, 7);
    double largest = 0;
    for (int i = 0; i < ROWS * COLS; i++)
        largest = fmax(largest, fabs((double)x[i]));
    told t = ask_matrix("absmax:bits=4,clip=manual,abs=0.5", x);
    assert_true(t.why.remedy.clip == QL_CLIP_MINMAX && t.why.remedy_key == QL_KEY_CLIP);
    assert_says(&t,
                "The clip loses: %.3g %% of the weights are clipped to -0.5..0.5 and lose up to %.3g, %.0f steps. Try "
                "absmax:bits=4:",
                100.0 * clipped.cut / (ROWS * COLS), largest - 0.5, (largest - 0.5) / (0.5 / 7));
}

static void a_clip_beyond_the_weights_leaves_codes_idle(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double lo = INFINITY, hi = -INFINITY;
    fill(x, uniform);
    for (int i = 0; i < ROWS * COLS; i++) {
        lo = fmin(lo, (double)x[i]);
        hi = fmax(hi, (double)x[i]);
    }
    told t = ask_matrix("absmax:clip=manual,abs=4", x);
    assert_true(t.why.remedy.clip == QL_CLIP_MINMAX && t.why.remedy_key == QL_KEY_CLIP);
    assert_says(&t, "The range of -4..4 is wider than the weights, %.4g to %.4g: %u of 255 codes idle. Try absmax:", lo, hi,
                255 - quantize(x, 4, 127).used);
}

/* Blocks of 16 that are symmetric: a zero point moves nothing, and takes 4 bits of every block. */
static void zero_points_of_symmetric_weights_are_wasted(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = i % 2 ? -x[i - 1] : (float)random_normal(&seed);
    double lo = 0, hi = 0;
    for (int i = 0; i < ROWS * COLS; i++) {
        lo = fmin(lo, (double)x[i]);
        hi = fmax(hi, (double)x[i]);
    }
    told with = ask_matrix("zeropoint:bits=4,per=block,block=16", x),
         without = ask_matrix("absmax:bits=4,per=block,block=16", x);
    assert_int_equal(with.why.remedy_key, QL_KEY_COUNT);
    assert_true(with.why.saved_bits == 0.25);
    assert_says(
        &with,
        "The weights are nearly symmetric, %.4g to %.4g: 384 zero points bring %+.2f dB and cost 0.25 of 6.25 bits per "
        "weight. Try absmax:bits=4,per=block,block=16: 6.000 bits, ",
        lo, hi, with.report->metrics[QL_SQNR_DB] - without.report->metrics[QL_SQNR_DB]);
    ql_report_free(&without.report);
}

static void scales_of_small_blocks_cost_bits(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    fill(x, random_normal);
    told t = ask_matrix("absmax:bits=4,per=block,block=16",
                        x); /* 32 bits for 16 weights; a fifth bit costs as much as half of that */
    assert_int_equal(t.why.remedy_key, QL_KEY_BITS);
    assert_true(t.why.remedy.bits == 5 && t.why.remedy.block == 32 && t.why.saved_bits == 0);
    assert_says(&t, "The scales of 384 blocks cost 2 of 6 bits per weight. Try absmax:bits=5,per=block,block=32: ");
    t = ask_matrix("nf4:per=block,block=32", x);
    assert_int_equal(t.why.remedy_key, QL_KEY_DOUBLE);
    assert_true(t.why.saved_bits > 0.7);
    assert_says(&t, "The scales of 192 blocks cost 1 of 5 bits per weight. Try nf4:");
}

static void bits_that_are_too_few_are_told_with_their_error(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double lost = 0;
    fill(x, random_normal);
    for (int row = 0; row < ROWS; row++) {
        double range = 0;
        for (int col = 0; col < COLS; col++)
            range = fmax(range, fabs((double)x[row * COLS + col]));
        for (int col = 0; col < COLS; col++) {
            const double value = (double)x[row * COLS + col], kept = range * nearbyint(value / range);
            lost += (value - kept) * (value - kept);
        }
    }
    told t = ask_matrix("absmax:bits=2,per=row", x);
    assert_int_equal(t.why.remedy_key, QL_KEY_BITS);
    assert_says(
        &t,
        "Too few bits: with 3 levels the error is %.3g %% of the weights' standard deviation. Try absmax:bits=3,per=row:",
        100 * sqrt(lost / (ROWS * COLS)) / deviation_of(x, ROWS * COLS));
}

static void what_is_fine_is_left_alone(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    fill(x, uniform);
    double largest = 0;
    for (int i = 0; i < ROWS * COLS; i++)
        largest = fmax(largest, fabs((double)x[i]));
    const plain p = quantize(x, largest, 127);
    told t = ask_matrix("absmax", x);
    assert_false(t.why.has_remedy);
    assert_says(&t, "Fine already: the error is %.2g %% of the weights' standard deviation, %.2f dB below the weights",
                100 * sqrt(p.lost / (ROWS * COLS)) / deviation_of(x, ROWS * COLS), 10 * log10(p.whole / p.lost));
}

static void few_distinct_values_are_counted(void **state)
{
    (void)state;
    static const float values[] = { -1, -0.4f, 0.1f, 0.5f, 1 };
    float x[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = values[random_below(&seed, 5)];
    told t = ask_matrix("absmax:bits=4", x);
    assert_true(t.why.remedy_key == QL_KEY_COUNT && t.remedy_db == INFINITY);
    assert_says(&t, "Only 5 distinct values, from -1 to 1: 3 bits hold them all, and the levels of the spec are others. "
                    "Try kmeans:bits=3: ");
}

static void lopsided_weights_leave_codes_idle(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double lo = INFINITY, hi = -INFINITY;
    for (int i = 0; i < ROWS * COLS; i++) {
        x[i] = (float)(1.1 * random_unit(&seed) - 0.1);
        lo = fmin(lo, (double)x[i]);
        hi = fmax(hi, (double)x[i]);
    }
    told t = ask_matrix("absmax:bits=4", x);
    assert_int_equal(t.why.remedy_key, QL_KEY_COUNT);
    assert_says(
        &t,
        "The weights are lopsided, %.4g to %.4g, and the range is symmetric: %u of 15 codes idle. Try zeropoint:bits=4:", lo,
        hi, 15 - quantize(x, hi, 7).used);
}

static void what_is_left_to_rounding_says_so(void **state)
{
    (void)state;
    float x[ROWS * COLS];
    double ranges[ROWS];
    fill(x, random_normal);
    sort_ranges(x, false, ranges);
    told t = ask_matrix("absmax:bits=4,per=row", x);
    assert_says(&t, "64 scales from %.3g to %.3g fit their groups; what is left is rounding to 15 levels. Try ",
                ranges[0] / 7, ranges[ROWS - 1] / 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_that_are_loud_are_counted),
        cmocka_unit_test(rows_of_unlike_range_are_told_with_their_steps),
        cmocka_unit_test(rows_of_the_same_range_share_a_step),
        cmocka_unit_test(a_range_that_few_set_is_told_with_its_reach),
        cmocka_unit_test(a_clip_that_pays_says_what_it_gains),
        cmocka_unit_test(a_clip_that_loses_says_how_much_is_cut),
        cmocka_unit_test(a_clip_beyond_the_weights_leaves_codes_idle),
        cmocka_unit_test(zero_points_of_symmetric_weights_are_wasted),
        cmocka_unit_test(scales_of_small_blocks_cost_bits),
        cmocka_unit_test(bits_that_are_too_few_are_told_with_their_error),
        cmocka_unit_test(what_is_fine_is_left_alone),
        cmocka_unit_test(few_distinct_values_are_counted),
        cmocka_unit_test(lopsided_weights_leave_codes_idle),
        cmocka_unit_test(what_is_left_to_rounding_says_so),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
