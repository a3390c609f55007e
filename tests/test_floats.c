/* Small floating-point formats: every code there and back, every tie, what is beyond the largest value, NaN. */
#include "tensors.h"

#include "tensor/convert.h"
#include "tensor/floats.h"

static const ql_float_format *const formats[] = { &ql_format_fp16, &ql_format_bf16, &ql_format_e4m3, &ql_format_e5m2,
                                                  &ql_format_e2m1 };
enum { FORMATS = sizeof formats / sizeof *formats };

static uint16_t sign_of(const ql_float_format *f)
{
    return (uint16_t)(1 << (f->exponent_bits + f->mantissa_bits));
}

static uint16_t encode(const ql_float_format *f, double value, bool saturate)
{
    return ql_float_encode(f, value, saturate, NULL);
}

static void every_code_survives_decoding_and_encoding(void **state)
{
    (void)state;
    for (int i = 0; i < FORMATS; i++) {
        for (uint32_t code = 0; code < 2u * sign_of(formats[i]); code++) {
            const double value = ql_float_decode(formats[i], (uint16_t)code);
            if (!isnan(value))
                assert_int_equal(encode(formats[i], value, false), code); /* also both zeros and infinities */
        }
    }
}

static void halfway_between_neighbours_the_even_code_wins(void **state)
{
    (void)state;
    for (int i = 0; i < FORMATS; i++) {
        uint16_t largest;
        ql_float_max(formats[i], &largest);
        for (uint16_t code = 0; code < largest; code++) {
            const double middle = (ql_float_decode(formats[i], code) + ql_float_decode(formats[i], code + 1)) / 2;
            assert_int_equal(encode(formats[i], middle, true), code + (code & 1));
            assert_int_equal(encode(formats[i], nextafter(middle, 0), true), code);
            assert_int_equal(encode(formats[i], nextafter(middle, INFINITY), true), code + 1);
            assert_int_equal(encode(formats[i], -middle, true), (code + (code & 1)) | sign_of(formats[i]));
        }
    }
}

static void beyond_the_largest_value_it_saturates_or_goes_to_infinity_or_nan(void **state)
{
    (void)state;
    static const struct {
        const ql_float_format *format;
        double last, first; /* that rounds to the largest value; that lies beyond */
        uint16_t beyond;    /* its code without saturation */
    } ends[] = {
        { &ql_format_fp16, 65519.996, 65520, 0x7c00 }, { &ql_format_bf16, 0x1.feffffp127, 0x1.ffp127, 0x7f80 },
        { &ql_format_e5m2, 61439, 61440, 0x7c },       { &ql_format_e4m3, 464, 464.0001, 0x7f },
        { &ql_format_e2m1, 7 - 1e-9, 7, 0x7 },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint16_t largest;
        bool outside;
        ql_float_max(ends[i].format, &largest);
        const uint16_t sign = sign_of(ends[i].format);
        assert_int_equal(ql_float_encode(ends[i].format, ends[i].last, false, &outside), largest);
        assert_false(outside);
        const double values[] = { ends[i].first, 1e300, INFINITY };
        for (int v = 0; v < 3; v++) {
            assert_int_equal(ql_float_encode(ends[i].format, values[v], true, &outside), largest);
            assert_true(outside);
            assert_int_equal(encode(ends[i].format, -values[v], true), largest | sign);
            assert_int_equal(encode(ends[i].format, values[v], false), ends[i].beyond);
            assert_int_equal(encode(ends[i].format, -values[v], false), ends[i].beyond | sign);
        }
    }
}

static void nan_is_the_quiet_nan_of_its_sign_where_there_is_one(void **state)
{
    (void)state;
    static const uint16_t quiet[FORMATS] = { 0x7e00, 0x7fc0, 0x7f, 0x7e, 0 };
    for (int i = 0; i < FORMATS; i++)
        for (int saturate = 0; saturate < 2; saturate++) {
            bool outside = true;
            assert_int_equal(ql_float_encode(formats[i], copysign(NAN, 1), saturate, &outside), quiet[i]);
            assert_false(outside);
            assert_int_equal(encode(formats[i], copysign(NAN, -1), saturate), quiet[i] | sign_of(formats[i]));
        }
}

static void half_and_bfloat_agree_with_the_conversions_of_tensors(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 200000; i++) {
        const float x =
            i % 2 ? random_float(&seed) : (float)(random_normal(&seed) * exp2((double)random_below(&seed, 40) - 28));
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        assert_int_equal(encode(&ql_format_fp16, x, false), ql_float_to_half(x));
        assert_int_equal(encode(&ql_format_bf16, x, false), (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
        assert_true(ql_float_decode(&ql_format_fp16, (uint16_t)(bits & 0x7bff)) ==
                    ql_half_to_float((uint16_t)(bits & 0x7bff)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_survives_decoding_and_encoding),
        cmocka_unit_test(halfway_between_neighbours_the_even_code_wins),
        cmocka_unit_test(beyond_the_largest_value_it_saturates_or_goes_to_infinity_or_nan),
        cmocka_unit_test(nan_is_the_quiet_nan_of_its_sign_where_there_is_one),
        cmocka_unit_test(half_and_bfloat_agree_with_the_conversions_of_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
