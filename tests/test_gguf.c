/* GGUF: a good file is listed as it was written, and shown by the program. For lies see test_gguf_lies.c. */
#include "gguf_open.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

static void assert_text(ql_text text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

/* name, offset in the file, shape with 0 behind it */
static void assert_tensor(const ql_model *model, size_t index, const char *name, uint64_t offset, const uint64_t *shape)
{
    const ql_tensor *t = ql_model_tensor(model, index);
    assert_text(t->name, name);
    assert_true(t->offset == offset);
    unsigned rank = 0;
    for (; shape[rank]; rank++)
        assert_true(rank < t->rank && t->shape[rank] == shape[rank]);
    assert_int_equal(t->rank, rank);
}

/* ---- Good files ------------------------------------------------------------------------------------------------ */

static void every_type_of_value_is_told(void **state)
{
    (void)state;
    gguf g =
        gguf_make("head 0 13 key u8 0 u8 255 key i8 1 u8 0x80 key u16 2 u16 65535 key i16 3 u16 0x8000 key u32 4 u32 -1 "
                  "key i32 5 u32 0x80000000 key f32 6 f32 1.5 key yes 7 u8 1 key no 7 u8 0 key string 8 text h\xc3\xa9 "
                  "key u64 10 u64 -1 key i64 11 u64 0x8000000000000000 key f64 12 f64 0x1.921fb54442d18p+1");
    static const struct {
        const char *key, *type;
        ql_value_kind kind;
        double value;
    } expected[] = {
        { "u8", "u8", QL_VALUE_UNSIGNED, 255 },
        { "i8", "i8", QL_VALUE_SIGNED, -128 },
        { "u16", "u16", QL_VALUE_UNSIGNED, 65535 },
        { "i16", "i16", QL_VALUE_SIGNED, -32768 },
        { "u32", "u32", QL_VALUE_UNSIGNED, 0xffffffff },
        { "i32", "i32", QL_VALUE_SIGNED, -0x1p31 },
        { "f32", "f32", QL_VALUE_FLOAT, 1.5 },
        { "yes", "bool", QL_VALUE_BOOL, 1 },
        { "no", "bool", QL_VALUE_BOOL, 0 },
        { "string", "string", QL_VALUE_TEXT, 0 },
        { "u64", "u64", QL_VALUE_UNSIGNED, 0x1p64 },
        { "i64", "i64", QL_VALUE_SIGNED, -0x1p63 },
        { "f64", "f64", QL_VALUE_FLOAT, 0x1.921fb54442d18p+1 },
    };
    ql_model *model = gguf_assert_opened(&g);
    assert_int_equal(ql_model_metadata_count(model), 13);
    for (size_t i = 0; i < 13; i++) {
        ql_text key;
        ql_value value;
        ql_model_metadata(model, i, &key, &value);
        assert_text(key, expected[i].key);
        assert_string_equal(value.type, expected[i].type);
        assert_int_equal(value.kind, expected[i].kind);
        switch (value.kind) {
        case QL_VALUE_TEXT:
            assert_text(value.as.text, "h\xc3\xa9");
            break;
        case QL_VALUE_BOOL:
            assert_int_equal(value.as.truth, expected[i].value == 1);
            break;
        case QL_VALUE_UNSIGNED:
            assert_true((double)value.as.whole == expected[i].value);
            break;
        case QL_VALUE_SIGNED:
            assert_true((double)value.as.integer == expected[i].value);
            break;
        default:
            assert_true(value.as.number == expected[i].value);
        }
    }
    ql_model_free(&model);
    free(g.bytes);
}

static void every_type_of_element_is_told(void **state)
{
    (void)state;
    gguf g =
        gguf_make("head 0 5 key u8 9 u32 0 u64 3 u8 1 u8 2 u8 3 key text 9 u32 8 u64 3 text a text '' text \xe4\xb8\xad "
                  "key bool 9 u32 7 u64 2 u8 0 u8 1 key none 9 u32 12 u64 0 key i64 9 u32 11 u64 2 u64 -1 u64 5");
    ql_model *model = gguf_assert_opened(&g);
    ql_text key;
    ql_value value, element;
    size_t place = 0;
    ql_model_metadata(model, 0, &key, &value);
    assert_int_equal(value.kind, QL_VALUE_ARRAY);
    assert_string_equal(value.type, "u8");
    for (uint64_t i = 1; i <= 3; i++)
        assert_true(ql_value_next(&value, &place, &element) && element.as.whole == i);
    assert_false(ql_value_next(&value, &place, &element));
    ql_model_metadata(model, 1, &key, &value);
    assert_string_equal(value.type, "string");
    place = 0;
    assert_true(ql_value_next(&value, &place, &element));
    assert_text(element.as.text, "a");
    assert_true(ql_value_next(&value, &place, &element));
    assert_text(element.as.text, "");
    assert_true(ql_value_next(&value, &place, &element));
    assert_text(element.as.text, "\xe4\xb8\xad");
    assert_false(ql_value_next(&value, &place, &element));
    ql_model_metadata(model, 2, &key, &value);
    place = 0;
    assert_true(ql_value_next(&value, &place, &element) && !element.as.truth);
    assert_true(ql_value_next(&value, &place, &element) && element.as.truth);
    ql_model_metadata(model, 3, &key, &value);
    assert_true(value.as.array.count == 0);
    place = 0;
    assert_false(ql_value_next(&value, &place, &element));
    ql_model_metadata(model, 4, &key, &value);
    place = 0;
    assert_true(ql_value_next(&value, &place, &element) && element.as.integer == -1);
    ql_model_free(&model);
    free(g.bytes);
}

static void every_type_of_tensor_is_listed_with_its_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < GGUF_TYPE_COUNT; i++) {
        const uint64_t row = 2 * gguf_types[i].elements, bytes = 3 * 2 * gguf_types[i].bytes;
        gguf g = gguf_make("head 2 0");
        gguf_tensor(&g, "a", gguf_types[i].id, 0, 2, (uint64_t[]) { row, 3 });
        gguf_tensor(&g, "b", 0, (bytes + 31) / 32 * 32, 1, (uint64_t[]) { 5 });
        gguf_pad(&g, 32);
        const uint64_t begin = g.size;
        gguf_zeros(&g, bytes);
        gguf_pad(&g, 32);
        const uint64_t second = g.size;
        gguf_script(&g, "zeros 20");
        ql_model *model = gguf_assert_opened(&g);
        const ql_tensor *t = ql_model_tensor(model, 0);
        assert_string_equal(ql_dtype_describe(t->dtype)->name, gguf_types[i].name);
        assert_tensor(model, 0, "a", begin, (uint64_t[]) { 3, row, 0 });
        assert_tensor(model, 1, "b", second, (uint64_t[]) { 5, 0 });
        assert_true(t->element_count == 3 * row && t->byte_count == bytes && t->rows == 3 && t->cols == row);
        assert_int_equal(t->layout, QL_LAYOUT_OUT_IN);
        assert_string_equal(ql_model_note(model), "");
        ql_model_free(&model);
        free(g.bytes);
    }
}

/* With all others: nothing is a type by accident. */
static void no_other_number_is_a_type_of_tensors(void **state)
{
    (void)state;
    static const unsigned far[] = { 100, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff };
    size_t refused = 0;
    for (unsigned id = 0; id < 50 + sizeof far / sizeof *far; id++) {
        const unsigned type = id < 50 ? id : far[id - 50];
        bool known = false;
        for (size_t i = 0; i < GGUF_TYPE_COUNT; i++)
            known = known || gguf_types[i].id == type;
        if (known)
            continue;
        gguf g = gguf_make("head 1 0");
        char words[80];
        snprintf(words, sizeof words, "tensor 1 ('w') at byte 45: type %u of ggml is not known, or was removed from it",
                 type);
        gguf_tensor(&g, "w", type, 0, 1, (uint64_t[]) { 256 });
        gguf_script(&g, "pad 32 zeros 2048");
        gguf_assert_refused(&g, words);
        free(g.bytes);
        refused++;
    }
    assert_int_equal(refused, 50 + sizeof far / sizeof *far - GGUF_TYPE_COUNT);
}

/* What a script says, and what is listed: metadata, tensors, the shape of the last one, a note. */
static const struct {
    const char *script;
    size_t keys, tensors;
    const char *last;
    uint64_t offset, shape[5];
    const char *note;
} good[] = {
    { "head 0 0", 0, 0, NULL, 0, { 0 }, "" },
    { "head 0 2 " ARCH "key t 9 u32 8 u64 3 text <s> text a text b", 2, 0, NULL, 0, { 0 }, "" },
    { "raw GGUF u32 2 u64 1 u64 1 " ARCH W "pad 32 zeros 32", 1, 1, "w", 128, { 8 }, "" },
    { "head 1 0 " W "pad 32 zeros 32", 0, 1, "w", 64, { 8 }, "" },
    /* ranks: the order of the axes is reversed */
    { "head 1 0 tensor w 0 0 0 pad 32 zeros 4", 0, 1, "w", 64, { 0 }, "" },
    { "head 1 0 tensor w 1 0 2 5 3 pad 32 zeros 30", 0, 1, "w", 96, { 3, 5 }, "" },
    { "head 1 0 tensor w 0 0 3 4 3 2 pad 32 zeros 96", 0, 1, "w", 96, { 2, 3, 4 }, "" },
    { "head 1 0 tensor w 0 0 4 2 3 1 2 pad 32 zeros 48", 0, 1, "w", 96, { 2, 1, 3, 2 }, "" },
    /* no elements take no place */
    { "head 3 0 tensor z 0 0 2 0 3 tensor y 2 0 1 0 tensor w 0 0 1 2 pad 32 zeros 8", 0, 3, "w", 160, { 2 }, "" },
    { "head 2 0 tensor w 0 0 1 2 tensor z 0 0 1 0 pad 32 zeros 8", 0, 2, "w", 96, { 2 }, "" },
    /* alignments; the key may come anywhere */
    { "head 2 2 key general.alignment 4 u32 1 " ARCH "tensor v 1 0 1 3 tensor w 0 6 1 1 zeros 10",
      2,
      2,
      "w",
      174,
      { 1 },
      "" },
    { "head 2 2 " ARCH "key general.alignment 4 u32 8 tensor v 1 0 1 3 tensor w 0 8 1 1 pad 8 zeros 12",
      2,
      2,
      "w",
      176,
      { 1 },
      "" },
    { "head 1 1 key general.alignment 4 u32 4096 " W "pad 4096 zeros 4096", 1, 1, "w", 4096, { 8 }, "" },
    { "head 1 1 key general.alignment 4 u32 0x100000 " W "pad 0x100000 zeros 32", 1, 1, "w", 0x100000, { 8 }, "" },
    /* any order of the list */
    { "head 2 0 tensor v 0 32 1 8 tensor w 0 0 1 8 pad 32 zeros 64", 0, 2, "v", 128, { 8 }, "" },
    /* what the reference does not take: longer names, keys that are not UTF-8, a boolean of 2 */
    { "head 1 0 tensor nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn 0 0 1 8 pad 32 zeros 32",
      0,
      1,
      "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
      128,
      { 8 },
      "" },
    { "head 1 0 tensor '' 0 0 1 8 pad 32 zeros 32", 0, 1, "", 64, { 8 }, "" },
    { "head 0 1 key \xff\xfe 0 u8 1", 1, 0, NULL, 0, { 0 }, "" },
    { "head 0 1 key k 7 u8 2", 1, 0, NULL, 0, { 0 }, "" },
    /* notes */
    { "head 0 2 key split.no 2 u16 0 key split.count 2 u16 3",
      2,
      0,
      NULL,
      0,
      { 0 },
      "part 1 of 3 of a split model: the others hold the rest" },
    { "head 0 2 key split.no 2 u16 0 key split.count 2 u16 1", 2, 0, NULL, 0, { 0 }, "" },
    { "head 0 2 key split.no 2 u16 3 key split.count 2 u16 3", 2, 0, NULL, 0, { 0 }, "" },
    { "head 0 2 key split.no 8 text ../../x key split.count 2 u16 3", 2, 0, NULL, 0, { 0 }, "" },
    { "head 0 1 key split.count 2 u16 3", 1, 0, NULL, 0, { 0 }, "" },
    { "head 1 0 " W "pad 32 zeros 33", 0, 1, "w", 64, { 8 }, "1 byte after the last tensor belongs to none" },
    { "head 1 0 tensor w 0 0 1 7 pad 32 zeros 32", 0, 1, "w", 64, { 7 }, "" },
    { "head 1 2 key split.no 10 u64 1 key split.count 10 u64 -1 " W "pad 32 zeros 96",
      2,
      1,
      "w",
      128,
      { 8 },
      "part 2 of 18446744073709551615 of a split model: the others hold the rest; 64 bytes after the last tensor belong to "
      "none" },
};

static void good_files_are_listed_as_they_were_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        gguf g = gguf_make(good[i].script);
        ql_model *model = gguf_assert_opened(&g);
        assert_int_equal(ql_model_metadata_count(model), good[i].keys);
        assert_int_equal(ql_model_tensor_count(model), good[i].tensors);
        if (good[i].tensors)
            assert_tensor(model, good[i].tensors - 1, good[i].last, good[i].offset, good[i].shape);
        assert_string_equal(ql_model_note(model), good[i].note);
        assert_true(ql_model_byte_count(model) == g.size);
        ql_model_free(&model);
        free(g.bytes);
    }
}

static void a_hundred_thousand_tensors_and_keys_are_listed_and_the_one_that_comes_twice_is_found(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    for (int twice = 0; twice <= 2; twice++) {
        gguf g = { 0 };
        gguf_head(&g, COUNT, COUNT);
        char name[64];
        for (size_t i = 0; i < COUNT; i++) {
            snprintf(name, sizeof name, "key.%zu", twice == 1 && i == COUNT - 1 ? 7 : i);
            gguf_key(&g, name, 0);
            gguf_number(&g, i, 1);
        }
        for (size_t i = 0; i < COUNT; i++) { /* the last one of the data first */
            snprintf(name, sizeof name, "blk.%zu.weight", twice == 2 && i == COUNT - 1 ? 7 : i);
            gguf_tensor(&g, name, 0, 32 * (COUNT - 1 - i), 1, (uint64_t[]) { 1 + i % 8 });
        }
        gguf_pad(&g, 32);
        const uint64_t begin = g.size;
        gguf_zeros(&g, 32 * COUNT);
        if (twice) {
            gguf_assert_refused(&g, twice == 1 ? "two metadata keys are named 'key.7' (one of them at byte "
                                               : "two tensors are named 'blk.7.weight' (one of them at byte ");
        } else {
            ql_model *model = gguf_assert_opened(&g);
            assert_int_equal(ql_model_tensor_count(model), COUNT);
            assert_int_equal(ql_model_metadata_count(model), COUNT);
            for (size_t i = 0; i < COUNT; i++)
                assert_true(ql_model_tensor(model, i)->offset == begin + 32 * i);
            assert_text(ql_model_tensor(model, 0)->name, "blk.99999.weight");
            ql_model_free(&model);
        }
        free(g.bytes);
    }
}

/* GGUF stores [out, in] whatever the model: only names and shapes of GPT-2 as it was published are taken for [in, out]. */
static void weights_are_out_in(void **state)
{
    (void)state;
    gguf g = gguf_make("head 3 0 tensor blk.0.attn_qkv.weight 24 0 2 4 12 tensor blk.0.ffn_up.weight 24 64 2 4 16 "
                       "tensor h.0.attn.c_attn.weight 24 128 2 12 4 pad 32 zeros 176");
    ql_model *model = gguf_assert_opened(&g);
    static const struct {
        uint64_t rows, cols;
        ql_layout layout;
    } expected[] = { { 12, 4, QL_LAYOUT_OUT_IN }, { 16, 4, QL_LAYOUT_OUT_IN }, { 12, 4, QL_LAYOUT_IN_OUT } };
    for (size_t i = 0; i < 3; i++) {
        const ql_tensor *t = ql_model_tensor(model, i);
        assert_true(t->rows == expected[i].rows && t->cols == expected[i].cols);
        assert_int_equal(t->layout, expected[i].layout);
    }
    ql_model_free(&model);
    free(g.bytes);
}

/* ---- The program ------------------------------------------------------------------------------------------------ */

static void ls_shows_metadata_and_the_note(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), GGUF_NAME);
    gguf g =
        gguf_make("head 1 8 " ARCH "key split.no 2 u16 1 key split.count 2 u16 2 key eps 6 f32 1e-5 key big 10 u64 -1 "
                  "key t\x1b[31m 9 u32 8 u64 3 text , text \" text \x1b]0;x\x07 key odd 12 f64 nan key long 9 u32 0 u64 65 "
                  "zeros 65 " W "pad 32 zeros 32");
    testing_write(path, g.bytes, g.size);
    free(g.bytes);
    testing_result r = testing_run("\"${QLOUPE:-build/qloupe}\" ls '%s'", path);
    assert_int_equal(r.exit_code, 0);
    static const char *const human[] = {
        "  general.architecture = llama\n",
        "  eps = 1e-05\n",
        "  big = 18446744073709551615\n",
        "  t\\x1b[31m = 3 x string: \",\", \"\\\"\", \"\\u001b]0;x\\u0007\"\n",
        "  odd = nan\n",
        "  long = 65 x u8: 0, 0, 0, ",
        "\npart 2 of 2 of a split model: the others hold the rest\n",
    };
    for (size_t i = 0; i < sizeof human / sizeof *human; i++)
        if (!strstr(r.standard_output, human[i]))
            fail_msg("'%s' does not show '%s'", r.standard_output, human[i]);
    testing_result_free(&r);

    r = testing_run("\"${QLOUPE:-build/qloupe}\" ls --json '%s'", path);
    assert_int_equal(r.exit_code, 0);
    static const char json[] =
        "\"format\":\"gguf\",\"note\":\"part 2 of 2 of a split model: the others hold the rest\","
        "\"metadata\":{\"general.architecture\":\"llama\",\"split.no\":1,\"split.count\":2,\"eps\":9.999999747378752e-06,"
        "\"big\":18446744073709551615,\"t\\u001b[31m\":[\",\",\"\\\"\",\"\\u001b]0;x\\u0007\"],\"odd\":\"nan\","
        "\"long\":{\"array\":\"u8\",\"count\":65}},\"tensors\":[\n{\"name\":\"w\",\"dtype\":\"F32\",\"shape\":[8],";
    if (!strstr(r.standard_output, json))
        fail_msg("'%s' does not hold '%s'", r.standard_output, json);
    testing_result_free(&r);

    r = testing_run("\"${QLOUPE:-build/qloupe}\" ls --json --full '%s'", path);
    assert_non_null(strstr(r.standard_output, "\"long\":[0,0,0,"));
    assert_null(strstr(r.standard_output, "\"array\""));
    testing_result_free(&r);
}

/* Strings go out in pieces, and no character is cut in two. */
static void ls_shows_long_texts_whole_or_cut(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    const char *path = testing_path(testing_folder(), GGUF_NAME);
    for (size_t shift = 0; shift < 4; shift++) {
        gguf g = gguf_make("head 0 1 key k 8");
        char *text = calloc(1, shift + 4 * COUNT + 1);
        memset(text, 'x', shift);
        for (size_t i = 0; i < COUNT; i++)
            memcpy(text + shift + 4 * i, "\xf0\x9f\xa7\xa0", 4);
        gguf_text(&g, text);
        testing_write(path, g.bytes, g.size);
        free(g.bytes);
        testing_result r = testing_run("\"${QLOUPE:-build/qloupe}\" ls --json '%s'", path);
        const char *at = strstr(r.standard_output, "{\"k\":\"");
        assert_non_null(at);
        assert_memory_equal(at + 6, text, strlen(text));
        assert_memory_equal(at + 6 + strlen(text), "\"}", 2);
        testing_result_free(&r);
        r = testing_run("\"${QLOUPE:-build/qloupe}\" ls --full '%s'", path);
        at = strstr(r.standard_output, "  k = ");
        assert_non_null(at);
        assert_memory_equal(at + 6, text, strlen(text));
        testing_result_free(&r);
        r = testing_run("\"${QLOUPE:-build/qloupe}\" ls '%s'", path);
        at = strstr(r.standard_output, "  k = ");
        assert_non_null(at);
        assert_in_range(strcspn(at, "\n"), 6 + 4 * 39, 6 + 4 * 40 + 3); /* 80 columns, the mark of the cut among them */
        assert_memory_equal(strchr(at, '\n') - 3, "\xe2\x80\xa6", 3);
        testing_result_free(&r);
        free(text);
    }
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* names come out as ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_value_is_told),
        cmocka_unit_test(every_type_of_element_is_told),
        cmocka_unit_test(every_type_of_tensor_is_listed_with_its_size),
        cmocka_unit_test(no_other_number_is_a_type_of_tensors),
        cmocka_unit_test(good_files_are_listed_as_they_were_written),
        cmocka_unit_test(a_hundred_thousand_tensors_and_keys_are_listed_and_the_one_that_comes_twice_is_found),
        cmocka_unit_test(weights_are_out_in),
        cmocka_unit_test(ls_shows_metadata_and_the_note),
        cmocka_unit_test(ls_shows_long_texts_whole_or_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
