/* The encoders of every instruction set against definitions in other arithmetic. */
#include "tensors.h"

#include <float.h>

#include "kernels/kernels.h"
#include "tensor/floats.h"

static uint64_t seed = 11;

/* Those that this machine runs; no machine has more than three. */
#define EACH_ISA(k)                                                                                                         \
    for (size_t isa_ = 0; isa_ < 3; isa_++)                                                                                 \
        for (const ql_kernels *k = ql_kernels_at(isa_); k; k = NULL)

enum { N = 40 };

/* ---- Small floats */

static const struct {
    ql_minifloat kernel;
    const ql_float_format *format;
} formats[] = {
    { QL_E4M3, &ql_format_e4m3 }, { QL_E5M2, &ql_format_e5m2 }, { QL_HALF, &ql_format_fp16 }, { QL_BFLOAT, &ql_format_bf16 }
};

/* x[n] in blocks of one size; scale NULL: unscaled. */
static void check_floats(const ql_kernels *k, size_t f, const float *scale, ql_blocks blocks, const float *x, size_t n)
{
    int16_t q[N];
    float y[N];
    uint64_t want = 0, got = k->encode.minifloat(formats[f].kernel, scale, blocks, x, n, q, y);
    for (size_t i = 0; i < n; i++) {
        const double d = scale ? scale[(blocks.offset + i) / blocks.size] : 1;
        bool outside;
        const uint16_t code = ql_float_encode(formats[f].format, (double)(float)((double)x[i] / d), true, &outside);
        const float value = (float)(ql_float_decode(formats[f].format, code) * d);
        want += outside;
        if ((uint16_t)q[i] != code || memcmp(&y[i], &value, sizeof value) != 0)
            fail_msg("%s, %s: %a / %a is coded %#x, %a; expected %#x, %a", k->name, formats[f].format->name, (double)x[i], d,
                     (uint16_t)q[i], (double)y[i], code, (double)value);
    }
    assert_int_equal(got, want);
}

static void every_value_and_what_lies_between_has_the_code_of_its_conversion(void **state)
{
    (void)state;
    const ql_blocks all = { N, 0 };
    EACH_ISA(k)
    {
        for (size_t f = 0; f < 4; f++) {
            uint16_t largest;
            ql_float_max(formats[f].format, &largest);
            for (uint32_t code = 0; code <= largest; code++) {
                const float low = (float)ql_float_decode(formats[f].format, (uint16_t)code);
                const float high =
                    code < largest ? (float)ql_float_decode(formats[f].format, (uint16_t)(code + 1)) : FLT_MAX;
                const float middle = (float)(((double)low + (double)high) / 2);
                const float x[] = { low,
                                    -low,
                                    nextafterf(low, INFINITY),
                                    middle,
                                    -middle,
                                    nextafterf(middle, 0),
                                    nextafterf(-middle, -FLT_MAX) };
                check_floats(k, f, NULL, all, x, sizeof x / sizeof *x);
            }
        }
    }
}

/* A positive float32 of any size. */
static float random_scale(void)
{
    return fmaxf(fabsf(random_float(&seed)), 0x1p-149f);
}

/* v, or a float32 next to it. */
static float beside(double v)
{
    const float f = (float)fmax(-FLT_MAX, fmin(FLT_MAX, v));
    return random_below(&seed, 3) ? f : nextafterf(f, random_below(&seed, 2) ? FLT_MAX : -FLT_MAX);
}

static void scaled_floats_are_quotients_rounded_twice(void **state)
{
    (void)state;
    EACH_ISA(k)
    {
        for (int round = 0; round < 20000; round++) {
            const size_t f = (size_t)round % 3;
            const ql_blocks blocks = { 1 + random_below(&seed, N), 0 };
            float scale[N], x[N];
            for (size_t i = 0; i < N; i++)
                scale[i] = random_scale();
            for (size_t i = 0; i < N; i++) {
                uint16_t largest;
                ql_float_max(formats[f].format, &largest);
                const uint16_t code = (uint16_t)random_below(&seed, largest);
                const double low = ql_float_decode(formats[f].format, code),
                             high = ql_float_decode(formats[f].format, code + 1);
                x[i] = beside((low + high) / 2 * (double)scale[i / blocks.size]) * (random_below(&seed, 2) ? 1.0f : -1.0f);
            }
            check_floats(k, f, scale, blocks, x, N);
        }
    }
}

/* ---- E2M1 */

static void e2m1_decides_as_the_product_of_threshold_and_scale_does(void **state)
{
    (void)state;
    static const double threshold[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 }, limits[] = { 6, 7, 6 * (1 + 0x1p-20) };
    EACH_ISA(k)
    {
        for (int round = 0; round < 20000; round++) {
            const ql_blocks blocks = { 1 + random_below(&seed, N), 0 };
            const bool two = round % 2; /* scales */
            const float unit = two ? fminf(random_scale(), 1e35f) : 1;
            const double limit = limits[random_below(&seed, 3)];
            float scale[N], x[N], y[N];
            int16_t q[N];
            uint64_t want = 0;
            for (size_t i = 0; i < N; i++)
                scale[i] = two ? ldexpf((float)random_below(&seed, 16), (int)random_below(&seed, 16) - 10) : random_scale();
            for (size_t i = 0; i < N; i++) {
                const double d = (double)scale[i / blocks.size] * (double)unit;
                const uint64_t mark = random_below(&seed, 8);
                x[i] = beside((mark < 7 ? threshold[mark] : limit) * d) * (random_below(&seed, 2) ? 1.0f : -1.0f);
            }
            const uint64_t got = k->encode.e2m1(scale, unit, limit, blocks, x, N, q, y);
            for (size_t i = 0; i < N; i++) {
                const double d = (double)scale[i / blocks.size] * (double)unit,
                             a = fabs((double)x[i]); /* products are exact */
                int code = 0;
                for (int t = 0; t < 7; t++)
                    code += t % 2 ? d > 0 && a >= threshold[t] * d : d > 0 && a > threshold[t] * d;
                want += a > limit * d;
                const float value = (float)((double)ql_e2m1_values[code] * d);
                if (q[i] != (code | (signbit(x[i]) ? 8 : 0)) || y[i] != (signbit(x[i]) ? -value : value))
                    fail_msg("%s: %a / %a is coded %d, %a; expected %d, %a", k->name, (double)x[i], d, q[i], (double)y[i],
                             code, (double)value);
            }
            assert_int_equal(got, want);
        }
    }
}

/* ---- Levels */

static void levels_have_cells_where_no_cell_holds_two_thresholds(void **state)
{
    (void)state;
    const float level[] = { -1, -0.25f, 0.25f, 1 }, apart[] = { -0.625f, 0, 0.625f }, near[] = { -0.625f, 0, 0.01f };
    ql_levels16 levels;
    ql_levels16_make(4, level, apart, NULL, &levels);
    assert_true(levels.has_cells && levels.in_order);
    for (int cell = 0; cell < 31; cell++) { /* a value in the middle of a cell has the code that its cell says */
        const float v = (float)((cell - 15) / (double)QL_CELLS_PER_ONE);
        int code = 0;
        for (int t = 0; t < 3; t++)
            code += v > apart[t];
        assert_int_equal(levels.cell_first[cell] + (v > levels.cell_threshold[cell]), code);
    }
    ql_levels16_make(4, level, near, (int[]) { 3, 2, 1, 0 }, &levels);
    assert_true(!levels.has_cells && !levels.in_order && levels.code[0] == 3 && isinf(levels.threshold[3]));
}

static void a_value_on_a_threshold_takes_the_lower_level(void **state)
{
    (void)state;
    enum { MOST = 256 };
    float level[MOST], threshold[MOST], x[3 * MOST], y[3 * MOST];
    int16_t q[3 * MOST];
    EACH_ISA(k)
    {
        for (unsigned count = 1; count <= MOST; count += count < 20 ? 1 : 59) {
            for (unsigned i = 0; i < MOST; i++) {
                level[i] = (float)i + 0.5f;
                threshold[i] = i + 1 < count ? (float)i + 1 : INFINITY;
            }
            for (unsigned i = 0; i < count; i++) {
                x[3 * i] = (float)i + 1;
                x[3 * i + 1] = nextafterf((float)i + 1, INFINITY);
                x[3 * i + 2] = (float)i + 0.25f;
            }
            k->encode.own_levels((ql_levels) { count, level, threshold }, x, 3 * (size_t)count, q, y);
            for (unsigned i = 0; i < 3 * count; i++) {
                const unsigned want = i % 3 == 1 && i / 3 + 1 < count ? i / 3 + 1 : i / 3;
                assert_int_equal(q[i], want);
                assert_true(y[i] == level[want]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_and_what_lies_between_has_the_code_of_its_conversion),
        cmocka_unit_test(scaled_floats_are_quotients_rounded_twice),
        cmocka_unit_test(e2m1_decides_as_the_product_of_threshold_and_scale_does),
        cmocka_unit_test(levels_have_cells_where_no_cell_holds_two_thresholds),
        cmocka_unit_test(a_value_on_a_threshold_takes_the_lower_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
