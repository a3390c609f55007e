/* Specs: text to knobs and back, refusals in words, and knobs that are turned. */
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "quant/scheme.h"

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error = { 0 };
    if (ql_spec_parse(text, &spec, &error) != QL_OK)
        fail_msg("%s: %s", text, error.message);
    return spec;
}

static void same_spec(const ql_spec *a, const ql_spec *b, const char *text)
{
    if (a->mapping != b->mapping || a->bits != b->bits || a->per != b->per || a->block != b->block || a->clip != b->clip ||
        a->p_lo != b->p_lo || a->p_hi != b->p_hi || a->lo != b->lo || a->hi != b->hi || a->abs != b->abs || a->range != b->range ||
        a->zero != b->zero || a->tile_cols != b->tile_cols || a->dist != b->dist || a->round != b->round || a->seed != b->seed ||
        a->outliers != b->outliers || a->outliers_percent != b->outliers_percent || a->double_quant != b->double_quant ||
        a->scale != b->scale || a->iterations != b->iterations || a->eps != b->eps || strcmp(a->file, b->file) != 0)
        fail_msg("'%s' reads back as another spec", text);
}

/* Its canonical form reads back as the same spec and is its own canonical form. */
static void round_trip(const ql_spec *spec)
{
    char text[QL_SPEC_TEXT + 1], again[QL_SPEC_TEXT];
    memset(text, 'x', sizeof text);
    ql_spec_format(spec, text);
    assert_int_equal(text[QL_SPEC_TEXT], 'x');
    assert_non_null(memchr(text, 0, QL_SPEC_TEXT));
    const ql_spec back = parse(text);
    same_spec(spec, &back, text);
    ql_spec_format(&back, again);
    assert_string_equal(text, again);
}

static void canonical(const char *text, const char *want)
{
    char got[QL_SPEC_TEXT];
    const ql_spec spec = parse(text);
    ql_spec_format(&spec, got);
    assert_string_equal(got, want);
}

static void the_canonical_form_leaves_defaults_out_and_sorts_the_keys(void **state)
{
    (void)state;
    canonical("absmax", "absmax");
    canonical("absmax:bits=8,per=tensor,clip=minmax,range=restricted", "absmax");
    canonical("zeropoint:zero=include,bits=8", "zeropoint");
    canonical("absmax:range=full,clip=percentile,per=channel,bits=4", "absmax:bits=4,per=row,clip=percentile,range=full");
    canonical("absmax:clip=absmax", "absmax");
    canonical("absmax:block=64,per=block,bits=4", "absmax:bits=4,per=block,block=64");
    canonical("zeropoint:per=flat,block=1", "zeropoint:per=flat,block=1");
    canonical("absmax:p=99.9,clip=percentile", "absmax:clip=percentile");
    canonical("absmax:clip=percentile,p=99.50", "absmax:clip=percentile,p=99.5");
    canonical("absmax:clip=percentile,p=70", "absmax:clip=percentile,p=70");
    canonical("absmax:clip=manual,abs=1e2", "absmax:clip=manual,abs=100");
    canonical("absmax:clip=manual,abs=1e22", "absmax:clip=manual,abs=1e+22");
    canonical("zeropoint:clip=percentile,p=0.1:99.9", "zeropoint:clip=percentile");
    canonical("absmax:block=16x8,per=tile", "absmax:per=tile,block=16x8");
    canonical("absmax:seed=0,round=stochastic,outliers=1%", "absmax:round=stochastic,outliers=1%");
    canonical("absmax:outliers=0%", "absmax");
    canonical("nf4:double=1,block=64,per=flat", "nf4:double=1");
    canonical("fp8_e4m3:per=row,scale=1", "fp8_e4m3");
    canonical("codebook:per=row,file=a,b=c:d.npy", "codebook:per=row,file=a,b=c:d.npy"); /* a path takes the rest */
    canonical("zeropoint:clip=percentile,p=1:99", "zeropoint:clip=percentile,p=99");
    canonical("zeropoint:clip=percentile,p=0:99.5", "zeropoint:clip=percentile,p=0:99.5");
    canonical("absmax:clip=manual,abs=.50", "absmax:clip=manual,abs=0.5");
    canonical("zeropoint:clip=manual,lo=0,hi=1", "zeropoint:clip=manual,lo=0,hi=1");
    canonical("zeropoint:clip=manual,hi=0,lo=-1", "zeropoint:clip=manual,lo=-1,hi=0");
    canonical("zeropoint:zero=raw,clip=manual,hi=2e0,lo=-1e-3", "zeropoint:clip=manual,lo=-0.001,hi=2,zero=raw");
}

static void a_single_percentile_of_zeropoint_is_a_pair(void **state)
{
    (void)state;
    ql_spec spec = parse("zeropoint:clip=percentile,p=99.9");
    assert_true(spec.p_lo == 0.1 && spec.p_hi == 99.9);
    spec = parse("zeropoint:clip=percentile,p=99.95");
    assert_true(spec.p_lo == 0.05 && spec.p_hi == 99.95);
    spec = parse("zeropoint:clip=percentile,p=100");
    assert_true(spec.p_lo == 0 && spec.p_hi == 100);
    spec = parse("absmax:clip=percentile,p=99.9");
    assert_true(spec.p_lo == 0 && spec.p_hi == 99.9);
}

static void what_is_switched_off_is_zero(void **state)
{
    (void)state;
    const ql_spec spec = parse("absmax:bits=4");
    const ql_spec want = { .mapping = spec.mapping, .bits = 4 };
    same_spec(&spec, &want, "absmax:bits=4");
    assert_int_equal(spec.per, QL_PER_TENSOR);
}

/* Every mapping x bits x granularity x clip x range or zero, with awkward numbers. */
static void every_canonical_form_reads_back_as_the_same_spec(void **state)
{
    (void)state;
    static const double percents[] = { 50.5, 99.9, 99.99999, 100, 100.0 / 1.5, 0x1.8fffffffffff8p6 };
    static const double numbers[] = { 1, 0.1, 1.0 / 3, 0x1p-1074, 3.4e38, 1e22, 123456789.123456789, 0x1.fffffffffffffp-30 };
    static const uint64_t blocks[] = { 1, 7, 64, 1000000007, UINT64_MAX };
    unsigned checked = 0;
    static const ql_clip clips[] = { QL_CLIP_MINMAX, QL_CLIP_PERCENTILE, QL_CLIP_MANUAL };
    for (int m = 0; m < 2; m++) {
        const ql_mapping *mapping = parse(m ? "zeropoint" : "absmax").mapping;
        for (unsigned bits = mapping->bits_min; bits <= mapping->bits_max; bits++) {
            for (int per = QL_PER_TENSOR; per <= QL_PER_FLAT; per++) {
                for (int c = 0; c < 3; c++) {
                    const ql_clip clip = clips[c];
                    for (unsigned k = 0; k < 8; k++) {
                        ql_spec spec = { .mapping = mapping, .bits = bits, .per = per, .clip = clip };
                        spec.block = per >= QL_PER_BLOCK ? blocks[k % 5] : 0;
                        if (clip == QL_CLIP_PERCENTILE) {
                            spec.p_hi = percents[k % 6];
                            spec.p_lo = mapping->symmetric ? 0 : k % 2 ? spec.p_hi / 7 : strtod("1e-3", NULL);
                        }
                        if (clip == QL_CLIP_MANUAL && mapping->symmetric) {
                            spec.abs = numbers[k];
                        } else if (clip == QL_CLIP_MANUAL) {
                            spec.lo = k % 2 ? -numbers[k] : numbers[k] / 3 - numbers[(k + 1) % 8];
                            spec.hi = k % 2 ? -numbers[k] / 2 : numbers[k];
                            if (!(spec.lo < spec.hi))
                                spec.hi = spec.lo + 1;
                        }
                        if (mapping->symmetric)
                            spec.range = k & 1 ? QL_RANGE_FULL : QL_RANGE_RESTRICTED;
                        else
                            spec.zero = k & 1 ? QL_ZERO_RAW : QL_ZERO_INCLUDE;
                        if (spec.lo < spec.hi || clip != QL_CLIP_MANUAL || mapping->symmetric) {
                            round_trip(&spec);
                            checked++;
                        }
                    }
                }
            }
        }
    }
    assert_int_equal(checked, 2 * 7 * 5 * 3 * 8);
}

/* ---- Refusals */

static void refuse(const char *text, const char *words)
{
    ql_error error = { 0 };
    ql_spec spec = { .bits = 4242 };
    assert_int_equal(ql_spec_parse(text, &spec, &error), QL_BAD_USAGE);
    assert_int_equal(error.status, QL_BAD_USAGE);
    assert_int_equal(spec.bits, 4242);
    if (!strstr(error.message, words))
        fail_msg("%s: '%s' does not say '%s'", text, error.message, words);
    for (const char *c = error.message; *c; c++)
        assert_in_range((unsigned char)*c, ' ', 255);
    assert_int_equal(ql_spec_parse(text, &spec, NULL), QL_BAD_USAGE);
}

static void an_unknown_mapping_is_refused_with_those_there_are(void **state)
{
    (void)state;
    refuse("absmix", "no mapping is named 'absmix'; there are: absmax, zeropoint");
    refuse("", "no mapping is named ''");
    refuse("Absmax", "'Absmax'");
    refuse("absmax ", "'absmax '");
    refuse(" absmax", "' absmax'");
    refuse("abs\x1bmax:bits=4", "\\x1b");
}

static void an_unknown_key_is_refused_with_those_there_are(void **state)
{
    (void)state;
    refuse("absmax:bit=4", "absmax takes no key 'bit'; its keys: bits, per, block, clip, p, abs, dist, range, round");
    refuse("absmax:zero=raw", "absmax takes no key 'zero'");
    refuse("zeropoint:range=full", "zeropoint takes no key 'range'");
    refuse("zeropoint:abs=1", "zeropoint takes no key 'abs'");
    refuse("absmax:clip=manual,lo=-1,hi=1", "absmax takes no key 'lo'");
    refuse("absmax:", "is not key=value");
    refuse("absmax:bits", "'bits' is not key=value");
    refuse("absmax:bits=4,", "'' is not key=value");
    refuse("absmax:,bits=4", "'' is not key=value");
    refuse("absmax:=4", "takes no key ''");
}

static void a_value_out_of_range_is_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const char *const bits[] = { "1", "9", "0", "-4", "+4", "4.0", "", "four", "4 ", " 4", "4x", "99999999999999999999", "4294967300" };
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "absmax:bits=%s", bits[i]);
        refuse(text, "is not allowed for absmax; allowed: 2..8 [8]");
    }
    refuse("absmax:per=rows", "per=rows is not allowed for absmax; allowed: [tensor] row col block flat tile");
    refuse("absmax:clip=all", "allowed: [minmax] percentile kl mse aciq manual");
    refuse("zeropoint:clip=kl", "clip=kl is not allowed for zeropoint; allowed: [minmax] percentile mse manual");
    refuse("zeropoint:clip=aciq", "is not allowed for zeropoint");
    refuse("absmax:range=half", "allowed: [restricted] full torchobs");
    refuse("kmeans:per=col", "allowed: [tensor] row block");
    refuse("nf4:per=tensor", "allowed: block [flat]");
    refuse("absmax:round=up", "allowed: [even] away stochastic");
    refuse("absmax:round=stochastic,seed=9007199254740993", "seed=9007199254740993 is not allowed");
    refuse("absmax:outliers=101%", "outliers=101% is not allowed");
    refuse("absmax:outliers=-1", "outliers=-1 is not allowed");
    refuse("absmax:outliers=%", "is not allowed");
    refuse("absmax:per=tile,block=0x4", "is not allowed");
    refuse("absmax:per=tile,block=4x", "is not allowed");
    refuse("absmax:per=tile,block=4x4x4", "is not allowed");
    refuse("nf4:double=2", "double=2 is not allowed");
    refuse("kmeans:iterations=0", "iterations=0 is not allowed");
    refuse("ternary:eps=-1", "eps=-1 is not allowed");
    refuse("zeropoint:zero=no", "allowed: [include] raw");
    refuse("absmax:per=block,block=0", "block=0 is not allowed");
    refuse("absmax:per=block,block=-1", "block=-1 is not allowed");
    refuse("absmax:per=block,block=18446744073709551616", "is not allowed");
    refuse("absmax:clip=percentile,p=101", "p=101 is not allowed for absmax; allowed: 0..100");
    refuse("absmax:clip=percentile,p=-1", "p=-1 is not allowed");
    refuse("absmax:clip=percentile,p=nan", "p=nan is not allowed");
    refuse("absmax:clip=percentile,p=1:99", "p=1:99 is not allowed for absmax");
    refuse("zeropoint:clip=percentile,p=99:1", "p=99:1 is not allowed for zeropoint");
    refuse("zeropoint:clip=percentile,p=5:5", "is not allowed");
    refuse("zeropoint:clip=percentile,p=-1:99", "is not allowed");
    refuse("zeropoint:clip=percentile,p=1:101", "is not allowed");
    refuse("zeropoint:clip=percentile,p=1:2:3", "is not allowed");
    refuse("zeropoint:clip=percentile,p=1:", "is not allowed");
    refuse("zeropoint:clip=percentile,p=:99", "is not allowed");
    refuse("zeropoint:clip=percentile,p=50", "is not allowed"); /* 50:50 */
    refuse("zeropoint:clip=percentile,p=30", "above 50, to 100");
    refuse("absmax:clip=manual,abs=1e39", "abs=1e39 is not allowed");
    refuse("zeropoint:clip=manual,lo=-1e300,hi=0", "lo=-1e300 is not allowed");
    refuse("absmax:clip=manual,abs=inf", "abs=inf is not allowed");
    refuse("absmax:clip=manual,abs=1e999", "is not allowed");
    refuse("absmax:clip=manual,abs=1x", "is not allowed");
    refuse("absmax:clip=manual,abs=", "is not allowed");
}

static void a_path_that_a_table_must_not_show_is_refused(void **state)
{
    (void)state;
    refuse("codebook:file=a\x1b]0;x\x07.npy", "file=a\\x1b]0;x\\x07.npy is not allowed");
    refuse("codebook:file=a\xe2\x80\xaeypn.npy", "allowed: a path of up to 255 bytes, all of it printable");
    refuse("codebook:file=a\xff.npy", "all of it printable");
    canonical("codebook:file=\xc3\xa9.npy", "codebook:file=\xc3\xa9.npy");
}

static void a_key_that_stands_twice_is_refused(void **state)
{
    (void)state;
    refuse("absmax:bits=4,bits=4", "key 'bits' stands twice");
    refuse("absmax:per=row,bits=3,per=col", "key 'per' stands twice");
}

static void a_key_that_others_switch_off_is_refused(void **state)
{
    (void)state;
    refuse("absmax:block=64", "key 'block' goes with per=block, per=flat and per=tile");
    refuse("absmax:per=row,block=64", "key 'block' goes with");
    refuse("absmax:p=99", "key 'p' goes with clip=percentile");
    refuse("absmax:clip=manual,abs=1,p=99", "key 'p' goes with");
    refuse("absmax:abs=1", "key 'abs' goes with clip=manual");
    refuse("zeropoint:lo=-1", "key 'lo' goes with clip=manual");
    refuse("zeropoint:clip=percentile,hi=1", "key 'hi' goes with");
    refuse("absmax:seed=1", "key 'seed' goes with round=stochastic");
    refuse("absmax:clip=kl,dist=gauss", "key 'dist' goes with clip=aciq");
    refuse("fp8_e5m2:scale=0,per=row", "key 'per' goes with scale=1");
    refuse("zeropoint:outliers=1%,zero=raw", "leave one of them out");
}

static void a_key_that_is_missing_is_named(void **state)
{
    (void)state;
    refuse("absmax:per=block", "per=block needs the size of a block");
    refuse("zeropoint:per=flat", "per=flat needs the size of a block");
    refuse("absmax:per=tile", "per=tile needs the size of a block");
    refuse("absmax:per=tile,block=16", "per=tile needs rows and columns");
    refuse("absmax:per=block,block=4x4", "rows and columns go with per=tile");
    refuse("codebook", "needs the file of its levels");
    refuse("absmax:clip=manual", "abs=");
    refuse("absmax:clip=manual,abs=0", "above 0");
    refuse("absmax:clip=manual,abs=-1", "above 0");
    refuse("zeropoint:clip=manual", "lo below hi");
    refuse("zeropoint:clip=manual,lo=1,hi=1", "lo below hi");
    refuse("zeropoint:clip=manual,lo=2,hi=1", "lo below hi");
    refuse("zeropoint:clip=manual,lo=-1", "lo below hi"); /* an end that is not given is not 0 */
    refuse("zeropoint:clip=manual,hi=1", "lo below hi");
}

static void a_very_long_text_is_refused_in_a_short_message(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    char *text = malloc(SIZE + 1);
    memset(text, 'a', SIZE);
    text[SIZE] = 0;
    refuse(text, "no mapping is named");
    memcpy(text, "absmax:bits=", 12);
    refuse(text, "is not allowed");
    memcpy(text, "absmax:", 7);
    memset(text + 7, ',', SIZE - 7);
    refuse(text, "is not key=value");
    free(text);
}

/* ---- Stepping */

static const ql_profile profile = { .x_min = -0.75, .x_max = 0.5 };

static void choices_cycle_both_ways(void **state)
{
    (void)state;
    static const char *const order[] = { "tensor", "row", "col", "block", "flat", "tile" };
    ql_spec spec = parse("absmax");
    for (int i = 1; i <= 12; i++) {
        char value[64];
        assert_true(ql_spec_step(&spec, QL_KEY_PER, +1, NULL));
        ql_spec_value(&spec, QL_KEY_PER, value);
        assert_string_equal(value, order[i % 6]);
        assert_int_equal(spec.block, i % 6 == 5 ? 16 : i % 6 >= 3 ? 64 : 0);
        assert_int_equal(spec.tile_cols, i % 6 == 5 ? 16 : 0);
    }
    assert_true(ql_spec_step(&spec, QL_KEY_PER, -1, NULL));
    assert_int_equal(spec.per, QL_PER_TILE);
    assert_true(ql_spec_step(&spec, QL_KEY_RANGE, +1, NULL));
    assert_int_equal(spec.range, QL_RANGE_FULL);
    assert_true(ql_spec_step(&spec, QL_KEY_RANGE, +1, NULL));
    assert_int_equal(spec.range, QL_RANGE_TORCHOBS);
    assert_true(ql_spec_step(&spec, QL_KEY_RANGE, +1, NULL));
    assert_int_equal(spec.range, QL_RANGE_RESTRICTED);
}

static void bits_stop_at_their_ends(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax");
    assert_false(ql_spec_step(&spec, QL_KEY_BITS, +1, NULL));
    assert_int_equal(spec.bits, 8);
    for (unsigned bits = 7; bits >= 2; bits--) {
        assert_true(ql_spec_step(&spec, QL_KEY_BITS, -1, NULL));
        assert_int_equal(spec.bits, bits);
    }
    assert_false(ql_spec_step(&spec, QL_KEY_BITS, -1, NULL));
    assert_int_equal(spec.bits, 2);
}

static void blocks_go_by_powers_of_two_and_stop(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:per=block,block=100");
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, +1, NULL));
    assert_int_equal(spec.block, 128);
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, +1, NULL));
    assert_int_equal(spec.block, 256);
    spec = parse("absmax:per=block,block=100");
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL));
    assert_int_equal(spec.block, 64);
    while (ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL))
        assert_in_range(spec.block, 8, 32);
    assert_int_equal(spec.block, 8);
    while (ql_spec_step(&spec, QL_KEY_BLOCK, +1, NULL))
        assert_in_range(spec.block, 16, 1 << 20);
    assert_int_equal(spec.block, 1 << 20);
    spec = parse("absmax:per=block,block=18446744073709551615"); /* beyond the ladder */
    assert_false(ql_spec_step(&spec, QL_KEY_BLOCK, +1, NULL));
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL));
    assert_int_equal(spec.block, 1 << 20);
    spec = parse("absmax:per=block,block=3"); /* before it */
    assert_false(ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL));
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, +1, NULL));
    assert_int_equal(spec.block, 8);
}

static void both_sides_of_a_tile_are_turned_or_none(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:per=tile,block=32x16");
    assert_true(ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL));
    assert_true(spec.block == 16 && spec.tile_cols == 8);
    assert_false(ql_spec_step(&spec, QL_KEY_BLOCK, -1, NULL));
    assert_true(spec.block == 16 && spec.tile_cols == 8);
}

static void a_share_of_outliers_climbs_from_none(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax");
    assert_false(ql_spec_step(&spec, QL_KEY_OUTLIERS, -1, NULL));
    round_trip(&spec);
    assert_true(ql_spec_step(&spec, QL_KEY_OUTLIERS, +1, NULL));
    assert_true(spec.outliers == 0.01 && spec.outliers_percent);
    assert_true(ql_spec_step(&spec, QL_KEY_OUTLIERS, -1, NULL));
    assert_true(spec.outliers == 0 && !spec.outliers_percent);
    spec = parse("absmax:outliers=2");
    assert_true(ql_spec_step(&spec, QL_KEY_OUTLIERS, +1, NULL));
    assert_true(spec.outliers == 2.1 && !spec.outliers_percent);
    spec = parse("zeropoint:outliers=1%"); /* outliers are replaced by 0: the knob that is turned wins */
    assert_true(ql_spec_step(&spec, QL_KEY_ZERO, +1, NULL));
    assert_true(spec.zero == QL_ZERO_RAW && spec.outliers == 0);
    assert_true(ql_spec_step(&spec, QL_KEY_OUTLIERS, +1, NULL));
    assert_true(spec.zero == QL_ZERO_INCLUDE && spec.outliers > 0);
}

static void percentiles_climb_a_ladder_to_100_and_stop(void **state)
{
    (void)state;
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        ql_spec spec = parse("absmax:clip=percentile,p=97");
        ql_spec_change_mapping(&spec, ql_mapping_at(m));
        if (!ql_spec_takes(&spec, QL_KEY_P))
            continue;
        double last = spec.p_hi;
        while (ql_spec_step(&spec, QL_KEY_P, +1, NULL)) {
            assert_true(spec.p_hi > last && spec.p_lo < spec.p_hi);
            last = spec.p_hi;
        }
        assert_true(spec.p_hi == 100);
        while (ql_spec_step(&spec, QL_KEY_P, -1, NULL)) {
            assert_true(spec.p_hi < last && spec.p_lo < spec.p_hi);
            last = spec.p_hi;
        }
        assert_true(spec.p_hi == (ql_mapping_at(m)->symmetric ? 50 : 60));
    }
}

static void a_range_by_hand_begins_as_that_of_the_tensor(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:clip=aciq");
    assert_true(ql_spec_step(&spec, QL_KEY_CLIP, +1, &profile));
    assert_true(spec.clip == QL_CLIP_MANUAL && spec.abs == 0.75 && spec.p_hi == 0);
    const double before = spec.abs;
    assert_true(ql_spec_step(&spec, QL_KEY_ABS, -1, &profile));
    assert_true(spec.abs < before && spec.abs > 0.9 * before);
    spec = parse("zeropoint:clip=mse"); /* takes no kl and no aciq */
    assert_true(ql_spec_step(&spec, QL_KEY_CLIP, +1, &profile));
    assert_true(spec.lo == -0.75 && spec.hi == 0.5);
    assert_true(ql_spec_step(&spec, QL_KEY_HI, +1, &profile));
    assert_true(spec.hi > 0.5 && spec.lo == -0.75);
    assert_true(ql_spec_step(&spec, QL_KEY_CLIP, +1, &profile));
    assert_true(spec.clip == QL_CLIP_MINMAX && spec.lo == 0 && spec.hi == 0);
    spec = parse("absmax:clip=aciq");
    assert_true(ql_spec_step(&spec, QL_KEY_CLIP, +1, NULL)); /* no tensor: some range */
    assert_true(spec.abs > 0);
}

static void a_range_by_hand_stops_before_it_leaves_float32(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:clip=manual,abs=3e38");
    for (int i = 0; ql_spec_step(&spec, QL_KEY_ABS, +1, NULL); i++)
        assert_in_range(i, 0, 10);
    assert_true(spec.abs >= 3e38 && spec.abs <= 3.41e38);
    round_trip(&spec);
    spec = parse("absmax:clip=manual,abs=1e-45");
    for (int i = 0; ql_spec_step(&spec, QL_KEY_ABS, -1, NULL); i++) {
        assert_in_range(i, 0, 20000);
        assert_true(spec.abs > 0);
    }
}

static void what_was_given_stays_when_other_knobs_turn(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:clip=percentile,p=0");
    assert_true(ql_spec_step(&spec, QL_KEY_BITS, -1, NULL));
    assert_true(spec.p_hi == 0);
    spec = parse("zeropoint:clip=percentile,p=1:99.5");
    ql_spec_change_mapping(&spec, spec.mapping);
    assert_true(spec.p_lo == 1 && spec.p_hi == 99.5);
}

static void a_narrow_range_far_from_zero_moves_by_a_twentieth(void **state)
{
    (void)state;
    ql_spec spec = parse("zeropoint:clip=manual,lo=1000000,hi=1000001");
    assert_true(ql_spec_step(&spec, QL_KEY_HI, +1, NULL));
    assert_true(spec.lo == 1000000 && spec.hi == 1000001.05);
}

static void a_key_that_is_not_taken_cannot_be_turned(void **state)
{
    (void)state;
    ql_spec spec = parse("absmax:per=row");
    const ql_spec before = spec;
    static const ql_key off[] = { QL_KEY_BLOCK, QL_KEY_P, QL_KEY_ABS, QL_KEY_LO, QL_KEY_HI, QL_KEY_ZERO };
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        char value[64] = "x";
        assert_false(ql_spec_takes(&spec, off[i]));
        assert_false(ql_spec_step(&spec, off[i], +1, &profile));
        ql_spec_value(&spec, off[i], value);
        assert_string_equal(value, "");
        same_spec(&spec, &before, "absmax:per=row");
    }
}

/* Any mapping but the one that needs a file. */
static const ql_mapping *random_mapping(uint64_t *seed)
{
    for (;;) {
        const ql_mapping *mapping = ql_mapping_at(random_below(seed, ql_mapping_count()));
        if (!(mapping->keys >> QL_KEY_FILE & 1))
            return mapping;
    }
}

/* A drunk at the keyboard: after every key the spec is one that can be written down and read back. */
static void thousands_of_random_steps_never_leave_the_valid_specs(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int walk = 0; walk < 60; walk++) {
        ql_spec spec = parse(walk % 2 ? "absmax" : "zeropoint");
        for (int i = 0; i < 100; i++) {
            const ql_spec before = spec;
            const ql_profile *known = walk % 3 ? &profile : NULL;
            if (random_below(&seed, 12) == 0) {
                ql_spec_change_mapping(&spec, random_mapping(&seed));
            } else if (!ql_spec_step(&spec, (ql_key)random_below(&seed, QL_KEY_COUNT), random_below(&seed, 2) ? 1 : -1, known)) {
                same_spec(&spec, &before, "a step that changed nothing");
            }
            round_trip(&spec);
        }
    }
}

static void another_mapping_keeps_what_it_takes(void **state)
{
    (void)state;
    const ql_mapping *zeropoint = parse("zeropoint").mapping, *absmax = parse("absmax").mapping;
    ql_spec spec = parse("absmax:bits=3,per=block,block=32,clip=percentile,p=99.5,range=full");
    ql_spec_change_mapping(&spec, zeropoint);
    const ql_spec want = parse("zeropoint:bits=3,per=block,block=32,clip=percentile,p=99.5");
    same_spec(&spec, &want, "to zeropoint");
    ql_spec_change_mapping(&spec, absmax);
    const ql_spec back = parse("absmax:bits=3,per=block,block=32,clip=percentile,p=99.5");
    same_spec(&spec, &back, "and back");
    spec = parse("zeropoint:clip=manual,lo=-2,hi=1,per=col,zero=raw");
    ql_spec_change_mapping(&spec, absmax);
    const ql_spec by_hand = parse("absmax:clip=manual,abs=2,per=col");
    same_spec(&spec, &by_hand, "a range by hand");
    ql_spec_change_mapping(&spec, zeropoint);
    const ql_spec both_ways = parse("zeropoint:clip=manual,lo=-2,hi=2,per=col");
    same_spec(&spec, &both_ways, "and to both sides");
    spec = parse("absmax:clip=percentile,p=30"); /* has no pair */
    ql_spec_change_mapping(&spec, zeropoint);
    assert_true(spec.p_lo == 0.1 && spec.p_hi == 99.9);
    spec = parse("int4g");
    ql_spec_change_mapping(&spec, parse("nf4").mapping);
    const ql_spec usual = parse("nf4");
    same_spec(&spec, &usual, "the usual block of one is not a choice for another");
    spec = parse("int4g:block=32");
    ql_spec_change_mapping(&spec, usual.mapping);
    const ql_spec chosen = parse("nf4:block=32");
    same_spec(&spec, &chosen, "a chosen block is");
}

/* ---- The tables */

static void every_key_and_mapping_is_described(void **state)
{
    (void)state;
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        const ql_key_info *info = ql_key_describe(key);
        assert_true(info->name[0] && info->title[0] && info->help[0]);
    }
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        const ql_mapping *mapping = ql_mapping_at(m);
        const ql_mapping_info *info = ql_mapping_describe(mapping);
        assert_true(info->name[0] && info->title[0] && info->formula[0] && info->source[0]);
        for (int key = 0; key < QL_KEY_COUNT; key++) {
            char values[160] = "";
            bool takes = mapping->keys >> key & 1;
            assert_int_equal(ql_mapping_key_values(mapping, key, values), takes);
            assert_int_equal(values[0] != 0, takes);
        }
        char text[64];
        snprintf(text, sizeof text, "%s%s", info->name, mapping->keys >> QL_KEY_FILE & 1 ? ":file=levels.npy" : "");
        const ql_spec spec = parse(text);
        round_trip(&spec);
    }
    assert_null(ql_mapping_at(ql_mapping_count()));
}

static void the_values_of_a_key_are_those_that_parse(void **state)
{
    (void)state;
    static const ql_key choices[] = { QL_KEY_PER, QL_KEY_CLIP, QL_KEY_RANGE, QL_KEY_ZERO, QL_KEY_ROUND, QL_KEY_DOUBLE, QL_KEY_SCALE };
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        for (size_t c = 0; c < sizeof choices / sizeof choices[0]; c++) {
            char values[160];
            const ql_mapping *mapping = ql_mapping_at(m);
            if (!ql_mapping_key_values(mapping, choices[c], values))
                continue;
            for (char *value = strtok(values, " []"); value; value = strtok(NULL, " []")) {
                char text[200];
                const bool block = !strcmp(value, "block") || !strcmp(value, "flat"), manual = !strcmp(value, "manual");
                snprintf(text, sizeof text, "%s:%s=%s%s%s%s", mapping->info.name, ql_key_describe(choices[c])->name, value,
                         block                    ? ",block=5"
                         : !strcmp(value, "tile") ? ",block=5x3"
                                                  : "",
                         !manual                ? ""
                         : mapping->symmetric ? ",abs=1"
                                              : ",lo=0,hi=1",
                         mapping->keys >> QL_KEY_FILE & 1 ? ",file=levels.npy" : "");
                const ql_spec spec = parse(text);
                char back[64];
                ql_spec_value(&spec, choices[c], back);
                assert_string_equal(back, value);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_canonical_form_leaves_defaults_out_and_sorts_the_keys),
        cmocka_unit_test(a_single_percentile_of_zeropoint_is_a_pair),
        cmocka_unit_test(what_is_switched_off_is_zero),
        cmocka_unit_test(every_canonical_form_reads_back_as_the_same_spec),
        cmocka_unit_test(an_unknown_mapping_is_refused_with_those_there_are),
        cmocka_unit_test(an_unknown_key_is_refused_with_those_there_are),
        cmocka_unit_test(a_value_out_of_range_is_refused_with_what_is_allowed),
        cmocka_unit_test(a_path_that_a_table_must_not_show_is_refused),
        cmocka_unit_test(a_key_that_stands_twice_is_refused),
        cmocka_unit_test(a_key_that_others_switch_off_is_refused),
        cmocka_unit_test(a_key_that_is_missing_is_named),
        cmocka_unit_test(a_very_long_text_is_refused_in_a_short_message),
        cmocka_unit_test(choices_cycle_both_ways),
        cmocka_unit_test(bits_stop_at_their_ends),
        cmocka_unit_test(blocks_go_by_powers_of_two_and_stop),
        cmocka_unit_test(both_sides_of_a_tile_are_turned_or_none),
        cmocka_unit_test(a_share_of_outliers_climbs_from_none),
        cmocka_unit_test(percentiles_climb_a_ladder_to_100_and_stop),
        cmocka_unit_test(a_range_by_hand_begins_as_that_of_the_tensor),
        cmocka_unit_test(a_range_by_hand_stops_before_it_leaves_float32),
        cmocka_unit_test(what_was_given_stays_when_other_knobs_turn),
        cmocka_unit_test(a_narrow_range_far_from_zero_moves_by_a_twentieth),
        cmocka_unit_test(a_key_that_is_not_taken_cannot_be_turned),
        cmocka_unit_test(thousands_of_random_steps_never_leave_the_valid_specs),
        cmocka_unit_test(another_mapping_keeps_what_it_takes),
        cmocka_unit_test(every_key_and_mapping_is_described),
        cmocka_unit_test(the_values_of_a_key_are_those_that_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
