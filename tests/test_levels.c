/* What few values tell: that a tensor was quantized before, in how many bits, on an even grid or not. */
#include "tensors.h"

#include <stdio.h>

#include "tensor/convert.h"

static ql_engine *engine;
static uint64_t seed = 51;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

static uint16_t to_bfloat(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

enum { COUNT = 4096 };

/* Looks at n values stored as dtype; returns whether they are few. */
static bool look(ql_dtype dtype, const double *values, uint64_t n, ql_few_levels *out)
{
    static uint8_t bytes[8 * COUNT];
    for (uint64_t i = 0; i < n; i++) {
        const float single = (float)values[i];
        const uint16_t half = dtype == QL_F16 ? ql_float_to_half(single) : to_bfloat(single);
        const int8_t small = (int8_t)values[i];
        switch (dtype) {
        case QL_F64:
            memcpy(bytes + 8 * i, &values[i], 8);
            break;
        case QL_F32:
            memcpy(bytes + 4 * i, &single, 4);
            break;
        case QL_I8:
            memcpy(bytes + i, &small, 1);
            break;
        default:
            memcpy(bytes + 2 * i, &half, 2);
        }
    }
    memory_tensor t;
    ql_profile *profile;
    ql_error error = { 0 };
    memory_tensor_make(&t, dtype, bytes, QL_LAYOUT_OUT_IN, 1, &n);
    must(ql_profile_make(engine, NULL, &t.tensor, NULL, &profile, &error), &error);
    const bool few = ql_few_levels_of(profile, out);
    for (unsigned i = 1; i < profile->stats.distinct; i++)
        assert_true(profile->levels[i - 1] < profile->levels[i]);
    ql_profile_free(&profile);
    memory_tensor_free(&t);
    return few;
}

/* COUNT values q * step + offset, q from lo to hi, each at least once. */
static bool look_at_grid(ql_dtype dtype, int lo, int hi, double step, double offset, ql_few_levels *out)
{
    double values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const int q = i <= hi - lo ? lo + i : lo + (int)random_below(&seed, (uint64_t)(hi - lo + 1));
        values[i] = dtype == QL_F64 ? q * step + offset : (double)((float)q * (float)step + (float)offset);
    }
    return look(dtype, values, COUNT, out);
}

static void even_grids_are_told_with_their_step(void **state)
{
    (void)state;
    static const struct {
        ql_dtype dtype;
        int lo, hi;
        double step, offset;
        unsigned bits;
    } cases[] = {
        { QL_F32, -7, 7, 0.0251, 0, 4 },   { QL_F32, 0, 15, 0.0251, -0.1, 4 }, { QL_F32, -127, 127, 3e-5, 0, 8 },
        { QL_F32, -128, 127, 1e20, 0, 8 }, { QL_F32, 0, 255, 0.01, 5, 8 },     { QL_F32, -1, 1, 0.7, 0, 2 },
        { QL_F32, -3, 4, 1e-40, 0, 3 },    { QL_F16, -7, 7, 0.0251, 0, 4 },    { QL_F16, -127, 127, 0.001, 0, 8 },
        { QL_F16, -1, 1, 0.0123, 0, 2 },   { QL_BF16, -7, 7, 0.0251, 0, 4 },   { QL_BF16, -1, 1, 0.0123, 0, 2 },
        { QL_F64, -7, 7, 0.0251, 0, 4 },   { QL_I8, -127, 127, 1, 0, 8 },      { QL_I8, -8, 7, 1, 0, 4 },
        { QL_I8, 0, 8, 3, 0, 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_few_levels few;
        assert_true(look_at_grid(cases[i].dtype, cases[i].lo, cases[i].hi, cases[i].step, cases[i].offset, &few));
        assert_int_equal(few.count, cases[i].hi - cases[i].lo + 1);
        assert_int_equal(few.bits, cases[i].bits);
        if (few.spacing != QL_SPACING_EVEN)
            fail_msg("case %zu: %d", i, (int)few.spacing);
        assert_close(few.step, cases[i].step, cases[i].dtype == QL_BF16 ? 1e-2 : 1e-3, 0);
    }
}

/* Codes far out that hardly occur, and some in between that never do, leave the grid what it is. */
static void gaps_in_a_grid_do_not_hide_it(void **state)
{
    (void)state;
    double values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        int q = (int)random_below(&seed, 41) - 20;
        q = q == 3 || q == -11 ? 0 : q;
        values[i] = (double)((float)(i == 7 ? 127 : i == 8 ? -90 : q) * 0.013f);
    }
    ql_few_levels few;
    assert_true(look(QL_F32, values, COUNT, &few));
    assert_int_equal(few.count, 41);
    assert_int_equal(few.spacing, QL_SPACING_EVEN);
    assert_close(few.step, 0.013, 1e-6, 0);
}

static void levels_that_are_not_even_are_told(void **state)
{
    (void)state;
    static const double nf4[16] = { -1,        -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0,
                                    0.0795803, 0.1609302,  0.2461123,  0.3379152,  0.4407098,  0.5626170,  0.7229568,  1 };
    static const double e2m1[15] = { -6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6 };
    static const struct {
        const double *levels;
        unsigned count;
    } cases[] = { { nf4, 16 }, { e2m1, 15 } };
    static const ql_dtype dtypes[] = { QL_F32, QL_F16, QL_BF16, QL_F64 };
    for (size_t i = 0; i < 8; i++) {
        double values[COUNT];
        const unsigned count = cases[i % 2].count;
        for (unsigned k = 0; k < COUNT; k++)
            values[k] = 0.0371 * cases[i % 2].levels[k < count ? k : random_below(&seed, count)];
        ql_few_levels few;
        assert_true(look(dtypes[i / 2], values, COUNT, &few));
        assert_int_equal(few.count, count);
        assert_int_equal(few.bits, 4);
        assert_int_equal(few.spacing, QL_SPACING_UNEVEN);
    }
}

/* 256 values of any kind are hardly ever on a grid. */
static void random_values_are_not_even(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        const unsigned count = 4 + (unsigned)random_below(&seed, 253);
        double levels[256], values[COUNT];
        for (unsigned k = 0; k < count; k++)
            levels[k] = random_normal(&seed);
        for (unsigned k = 0; k < COUNT; k++)
            values[k] = levels[k < count ? k : random_below(&seed, count)];
        ql_few_levels few;
        assert_true(look(QL_F32, values, COUNT, &few));
        assert_true(few.count <= count && few.count + 2 >= count); /* two may be the same as float32 */
        assert_int_equal(few.spacing, QL_SPACING_UNEVEN);
    }
}

/* 127 steps of a BF16 with 8 bits: the step is as large as the rounding. Two levels are on every grid. */
static void what_cannot_be_told_is_not(void **state)
{
    (void)state;
    ql_few_levels few;
    assert_true(look_at_grid(QL_BF16, -127, 127, 0.0071, 0, &few));
    assert_int_equal(few.spacing, QL_SPACING_UNTOLD);
    assert_true(look_at_grid(QL_F32, 0, 1, 0.3, 0.1, &few));
    assert_int_equal(few.count, 2);
    assert_int_equal(few.bits, 1);
    assert_int_equal(few.spacing, QL_SPACING_UNTOLD);
}

static void small_tensors_have_few_values_anyway(void **state)
{
    (void)state;
    double values[COUNT];
    ql_few_levels few;
    for (int i = 0; i < COUNT; i++)
        values[i] = i % 10;
    assert_false(look(QL_F32, values, 10, &few));
    assert_false(look(QL_F32, values, 39, &few));
    assert_true(look(QL_F32, values, 40, &few));
    for (int i = 0; i < COUNT; i++)
        values[i] = i % 257;
    assert_false(look(QL_F32, values, COUNT, &few)); /* one too many */
    for (int i = 0; i < COUNT; i++)
        values[i] = i % 256;
    assert_true(look(QL_F32, values, 1024, &few));
    assert_int_equal(few.count, 256);
    assert_int_equal(few.bits, 8);
    for (int i = 0; i < COUNT; i++)
        values[i] = i % 2 ? NAN : i % 4;
    assert_true(look(QL_F32, values, COUNT, &few)); /* NaN are no values */
    assert_int_equal(few.count, 2);
    for (int i = 0; i < COUNT; i++)
        values[i] = 0.5;
    assert_true(look(QL_F32, values, COUNT, &few));
    assert_int_equal(few.count, 1);
    for (int i = 0; i < COUNT; i++)
        values[i] = NAN;
    assert_false(look(QL_F32, values, COUNT, &few));
}

/* A difference that overflows, values next to each other: no grid, no endless search. */
static void extremes_end(void **state)
{
    (void)state;
    double values[COUNT];
    ql_few_levels few;
    for (int i = 0; i < COUNT; i++)
        values[i] = (i % 3 - 1) * 1.7e308;
    assert_true(look(QL_F64, values, COUNT, &few));
    assert_int_equal(few.count, 3);
    for (int i = 0; i < COUNT; i++)
        values[i] = 1 + (i % 200) * 0x1p-23;
    assert_true(look(QL_F32, values, COUNT, &few));
    assert_int_equal(few.count, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_grids_are_told_with_their_step),
        cmocka_unit_test(gaps_in_a_grid_do_not_hide_it),
        cmocka_unit_test(levels_that_are_not_even_are_told),
        cmocka_unit_test(random_values_are_not_even),
        cmocka_unit_test(what_cannot_be_told_is_not),
        cmocka_unit_test(small_tensors_have_few_values_anyway),
        cmocka_unit_test(extremes_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
