/*
 * Every kernel of every instruction set that this machine runs gives the bits of the scalar one, on random and on adversarial data: ties, powers of
 * two, denormals, signed zeros, huge quotients, extreme zero points, every tail from 0 to 67, any alignment, guards behind every output.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "testing.h"

enum { MOST = 4096 + 67, GUARD = 16, ROUNDS = 300 };
static const unsigned char guard_byte = 0xA5;

static uint64_t seed = 20261122;

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static double uniform(void)
{
    return (double)(draw() >> 11) * 0x1p-53;
}

/* One value of a kind of data; `step` is that of the quantizer. */
static float value_of(int kind, float step)
{
    const double noise = (uniform() + uniform() + uniform() + uniform() - 2) * 2;
    const int whole = (int)(draw() % 601) - 300;
    switch (kind) {
    case 0:
        return (float)(noise * 0.02);
    case 1: /* on ties and beside them */
        return (float)((whole + 0.5) * (double)step);
    case 2:
        return nextafterf((float)((whole + 0.5) * (double)step), draw() & 1 ? INFINITY : -INFINITY);
    case 3:
        return (draw() & 1 ? 1 : -1) * ldexpf(1, (int)(draw() % 40) - 30);
    case 4: /* denormals and zeros of both signs */
        return (draw() & 1 ? 1 : -1) * (float)(draw() % 5) * 0x1p-149f;
    case 5:
        return (draw() & 1 ? 1 : -1) * (float)uniform() * 3.4e38f;
    default:
        return draw() & 1 ? 0.0f : -0.0f;
    }
}

enum { KINDS = 7 };

typedef struct arrays {
    float x[MOST + 8], step[MOST], y[MOST + GUARD];
    int32_t zero[MOST];
    int16_t q[MOST + GUARD];
    double e[MOST + GUARD], v[MOST];
} arrays;

static arrays in, expected, got;

static size_t prepare(int round, float *step, int32_t *zero, ql_uniform *codes)
{
    static const float steps[] = { 0.001f, 1, 0x1p-7f, 0x1p-149f, 3e38f, 0.0123f };
    static const int32_t zeros[] = { 0, 5, -128, INT32_MAX, INT32_MIN, -510 };
    static const ql_uniform ranges[] = { { -127, 127 }, { -128, 127 }, { -7, 7 }, { -1, 1 }, { 0, 15 }, { -2, 1 } };
    const size_t n = round < 68 ? (size_t)round : draw() % (MOST - 67);
    *step = steps[draw() % 6];
    *zero = zeros[draw() % 6];
    *codes = ranges[draw() % 6];
    for (size_t i = 0; i < MOST; i++) {
        in.x[i] = value_of(round % KINDS, *step);
        in.step[i] = steps[draw() % 6];
        in.zero[i] = zeros[draw() % 6];
    }
    return n;
}

static void fill_guards(arrays *a)
{
    memset(a, guard_byte, sizeof *a);
}

/* All instruction sets but the first, which is the scalar one. */
static void against_scalar(void (*check)(const ql_kernels *scalar, const ql_kernels *other, int round))
{
    ql_isa_info info;
    for (size_t i = 1; ql_isa_at(i, &info); i++) {
        if (!info.runs_here) {
            printf("%s: not on this machine\n", info.name);
            continue;
        }
        for (int round = 0; round < ROUNDS; round++) {
            const uint64_t before = seed;
            check(ql_kernels_at(0), ql_kernels_at(i), round);
            if (memcmp(&expected, &got, sizeof got) != 0) {
                fail_msg("%s differs from scalar in round %d, seed %llu", info.name, round, (unsigned long long)before);
            }
        }
    }
}

static void check_uniform_run(const ql_kernels *scalar, const ql_kernels *other, int round)
{
    float step;
    int32_t zero;
    ql_uniform codes;
    const size_t n = prepare(round, &step, &zero, &codes), shift = draw() % 4;
    fill_guards(&expected);
    fill_guards(&got);
    const uint64_t outside = scalar->uniform_run(codes, step, zero, in.x + shift, n, expected.q + shift, expected.y + shift);
    assert_int_equal(other->uniform_run(codes, step, zero, in.x + shift, n, got.q + shift, got.y + shift), outside);
}

static void check_uniform_each(const ql_kernels *scalar, const ql_kernels *other, int round)
{
    float step;
    int32_t zero;
    ql_uniform codes;
    const size_t n = prepare(round, &step, &zero, &codes), shift = draw() % 4;
    fill_guards(&expected);
    fill_guards(&got);
    const uint64_t outside = scalar->uniform_each(codes, in.step, in.zero, in.x + shift, n, expected.q + shift, expected.y + shift);
    assert_int_equal(other->uniform_each(codes, in.step, in.zero, in.x + shift, n, got.q + shift, got.y + shift), outside);
}

static void check_range(const ql_kernels *scalar, const ql_kernels *other, int round)
{
    float step, lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    int32_t zero;
    ql_uniform codes;
    const size_t n = prepare(round, &step, &zero, &codes), shift = draw() % 4;
    scalar->range(in.x + shift, n, &lo[0], &hi[0]);
    other->range(in.x + shift, n, &lo[1], &hi[1]);
    assert_true(lo[0] == lo[1] && hi[0] == hi[1]); /* which zero it is may differ: a range has no sign of zero */
}

static void check_errors(const ql_kernels *scalar, const ql_kernels *other, int round)
{
    float step;
    int32_t zero;
    ql_uniform codes;
    const size_t n = prepare(round, &step, &zero, &codes), shift = draw() % 4;
    static ql_error_sums sums[2];
    memset(sums, 0, sizeof sums);
    scalar->uniform_run(codes, step, zero, in.x + shift, n, expected.q, expected.y);
    memcpy(in.step, expected.y, n * sizeof *in.step); /* y of a real quantizer */
    fill_guards(&expected);
    fill_guards(&got);
    scalar->errors(in.x + shift, in.step, n, expected.e + shift, &sums[0]);
    other->errors(in.x + shift, in.step, n, got.e + shift, &sums[1]);
    assert_memory_equal(&sums[0], &sums[1], sizeof sums[0]);
}

static void check_histogram(const ql_kernels *scalar, const ql_kernels *other, int round)
{
    static const double ends[][2] = { { -0.1, 0.1 }, { -1, 1 }, { 0, 0 }, { -3.4e38, 3.4e38 }, { -0x1p-140, 0x1p-140 }, { -5, 0.3 } };
    float step;
    int32_t zero;
    ql_uniform codes;
    const size_t n = prepare(round, &step, &zero, &codes), shift = draw() % 4, kind = draw() % 6;
    static ql_histogram h[2];
    memset(h, 0, sizeof h);
    for (size_t i = 0; i < MOST; i++) {
        in.v[i] = i % 7 == 0 ? ends[kind][i % 2] : (double)in.x[i]; /* also exactly on the ends */
    }
    for (int i = 0; i < 2; i++) {
        h[i].lo = ends[kind][0];
        h[i].hi = ends[kind][1];
    }
    const size_t least = n < MOST - 3 ? n : MOST - 3;
    scalar->histogram(in.v + shift, least, &h[0]);
    other->histogram(in.v + shift, least, &h[1]);
    assert_memory_equal(&h[0], &h[1], sizeof h[0]);
}

#define AGAINST_SCALAR(KERNEL)                                         \
    static void KERNEL##_has_the_bits_of_the_scalar_one(void **state)  \
    {                                                                  \
        (void)state;                                                   \
        fill_guards(&expected);                                        \
        fill_guards(&got);                                             \
        against_scalar(check_##KERNEL);                                \
    }
AGAINST_SCALAR(uniform_run)
AGAINST_SCALAR(uniform_each)
AGAINST_SCALAR(range)
AGAINST_SCALAR(errors)
AGAINST_SCALAR(histogram)

static void an_instruction_set_is_chosen_by_name(void **state)
{
    (void)state;
    ql_error error = { 0 };
    assert_int_equal(ql_isa_use("scalar", &error), QL_OK);
    assert_ptr_equal(ql_kernels_active(), ql_kernels_at(0));
    assert_int_equal(ql_isa_use("mmx", &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "'mmx'"));
    assert_non_null(strstr(error.message, "scalar"));
    assert_ptr_equal(ql_kernels_active(), ql_kernels_at(0)); /* nothing changed */
    assert_int_equal(ql_isa_use(NULL, &error), QL_OK);
    ql_isa_info info;
    size_t last = 0;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        last = info.runs_here ? i : last;
        assert_int_equal(info.runs_here, ql_kernels_at(i) != NULL);
    }
    assert_true(ql_isa_at(last, &info) && info.in_use);
}

/* The whole of a report, through the program. */
static void reports_are_the_same_bytes_with_every_instruction_set(void **state)
{
    (void)state;
    ql_isa_info info;
    char *first = NULL;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        if (!info.runs_here) {
            continue;
        }
        testing_result r = testing_run("\"$QLOUPE\" compare --isa %s data/storyteller.safetensors -t 'h.1.*.weight' -s absmax "
                                       "-s zeropoint:bits=4,per=row -s absmax:bits=4,per=block,block=64,clip=mse -s nf4 --json",
                                       info.name);
        assert_int_equal(r.exit_code, 0);
        if (!first) {
            first = strdup(r.standard_output);
        }
        assert_string_equal(r.standard_output, first);
        testing_result_free(&r);
    }
    free(first);
    testing_result refused = testing_run("QLOUPE_ISA=mmx \"$QLOUPE\" kernels");
    assert_int_equal(refused.exit_code, 2);
    assert_non_null(strstr(refused.standard_error, "QLOUPE_ISA: 'mmx'"));
    testing_result_free(&refused);
}

int main(void)
{
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_run_has_the_bits_of_the_scalar_one),
        cmocka_unit_test(uniform_each_has_the_bits_of_the_scalar_one),
        cmocka_unit_test(range_has_the_bits_of_the_scalar_one),
        cmocka_unit_test(errors_has_the_bits_of_the_scalar_one),
        cmocka_unit_test(histogram_has_the_bits_of_the_scalar_one),
        cmocka_unit_test(an_instruction_set_is_chosen_by_name),
        cmocka_unit_test(reports_are_the_same_bytes_with_every_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
