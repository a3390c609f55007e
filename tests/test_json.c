/* The JSON scanner: what RFC 8259 allows is read, all else is refused, at the right place. */
#include "testing.h"

#include "formats/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scans a copy of the text to its end and writes one letter a token ("{k1}." for {"a":1}); false when it was refused. */
static bool scan(const char *text, size_t size, char *letters, ql_json *json)
{
    static const char names[] = { [QL_JSON_ERROR] = '!',  [QL_JSON_END] = '.',       [QL_JSON_OBJECT] = '{', [QL_JSON_OBJECT_END] = '}',
                                  [QL_JSON_ARRAY] = '[',  [QL_JSON_ARRAY_END] = ']', [QL_JSON_KEY] = 'k',    [QL_JSON_STRING] = 's',
                                  [QL_JSON_NUMBER] = '1', [QL_JSON_TRUE] = 't',      [QL_JSON_FALSE] = 'f',  [QL_JSON_NULL] = 'n' };
    char *copy = malloc(size + 1); /* exactly as long as the text, so that a sanitizer sees every byte too far */
    assert_non_null(copy);
    memcpy(copy, text, size);
    copy = realloc(copy, size ? size : 1);
    ql_json_start(json, copy, size);
    ql_json_token token;
    size_t count = 0;
    do {
        token = ql_json_next(json);
        if (count < 60)
            letters[count++] = names[token];
    } while (token != QL_JSON_END && token != QL_JSON_ERROR);
    letters[count] = '\0';
    assert_int_equal(ql_json_next(json), token);
    free(copy);
    return token == QL_JSON_END;
}

static void valid_texts_give_their_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tokens;
    } cases[] = {
        { "{}", "{}." },
        { " [ ] \r\n\t", "[]." },
        { "{\"a\":1,\"b\":[true,false,null]}", "{k1k[tfn]}." },
        { "[0,-0,-1,1.5,1e9,1E+9,1e-9,-0.0e0,123456789012345678901234567890]", "[111111111]." },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udde0\"", "s." },
        { "[[],[[]],{\"\":{}}]", "[[][[]]{k{}}]." },
        { "null", "n." },
        { "\"\xf0\x9f\xa7\xa0\x7f\"", "s." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char letters[64];
        ql_json json;
        if (!scan(cases[i].text, strlen(cases[i].text), letters, &json))
            fail_msg("%s: %s at %zu", cases[i].text, json.problem, json.token_at);
        assert_string_equal(letters, cases[i].tokens);
    }
}

static void invalid_texts_are_refused_at_the_place_of_the_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        { "", 0 },           { "  ", 2 },           { "{", 1 },           { "[", 1 },           { "}", 0 },
        { "[1,]", 3 },       { "[,1]", 1 },         { "[1 2]", 3 },       { "{\"a\"}", 4 },     { "{\"a\":}", 5 },
        { "{\"a\":1,}", 7 }, { "{a:1}", 1 },        { "{1:1}", 1 },       { "[}", 1 },          { "{]", 1 },
        { "[1}", 2 },        { "{\"a\":1]", 6 },    { "[]x", 2 },         { "[][]", 2 },        { "tru", 0 },
        { "True", 0 },       { "nul", 0 },          { "NaN", 0 },         { "Infinity", 0 },    { "'a'", 0 },
        { "01", 1 },         { "-", 1 },            { "1.", 2 },          { "1e", 2 },          { "1e+", 3 },
        { ".5", 0 },         { "+1", 0 },           { "0x10", 1 },        { "1.e1", 2 },        { "- 1", 1 },
        { "\"a", 0 },        { "\"\\\"", 0 },       { "\"\\x41\"", 1 },   { "\"\\u12\"", 1 },   { "\"\\u12g4\"", 1 },
        { "\"a\nb\"", 2 },   { "\"\x1f\"", 1 },     { "\"\\ud800\"", 1 }, { "\"\\udc00\"", 1 }, { "\"\\ud800\\u0041\"", 1 },
        { "\"\\ud800x\"", 1 },{ "\"\xff\"", 1 },    { "\"\xc0\xaf\"", 1 },{ "\"a\xed\xa0\x80\"", 2 }, { "\xef\xbb\xbf{}", 0 },
        { "{} \xa0", 3 },    { "[1]//", 3 },        { "{\"a\" 1}", 5 },   { "{,}", 1 },         { "[\"a\":1]", 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char letters[64];
        ql_json json;
        if (scan(cases[i].text, strlen(cases[i].text), letters, &json))
            fail_msg("%s was accepted as %s", cases[i].text, letters);
        if (json.token_at != cases[i].at || strlen(json.problem) == 0)
            fail_msg("%s: '%s' at %zu, expected at %zu", cases[i].text, json.problem, json.token_at, cases[i].at);
    }
}

static void no_text_that_is_cut_is_accepted_or_read_past_its_end(void **state)
{
    (void)state;
    static const char text[] = "{\"a\\n\\u00e9\\ud83e\\udde0\":[1.5e+3,true,false,null,\"\xf0\x9f\xa7\xa0\"],\"b\":{}}";
    char letters[64];
    ql_json json;
    assert_true(scan(text, sizeof text - 1, letters, &json));
    for (size_t size = 0; size < sizeof text - 1; size++)
        assert_false(scan(text, size, letters, &json));
}

static void strings_are_decoded_in_place(void **state)
{
    (void)state;
    char text[] = "{\"w\\u0077\\\\\":\"\\u00e9\\ud83e\\udde0\\n\\u0000z\"}";
    ql_json json;
    ql_json_start(&json, text, sizeof text - 1);
    assert_int_equal(ql_json_next(&json), QL_JSON_OBJECT);
    assert_int_equal(ql_json_next(&json), QL_JSON_KEY);
    ql_text key = json.text;
    assert_int_equal(ql_json_next(&json), QL_JSON_STRING);
    assert_int_equal(key.size, 3);
    assert_memory_equal(key.data, "ww\\", 3);
    assert_int_equal(json.text.size, 9);
    assert_memory_equal(json.text.data, "\xc3\xa9\xf0\x9f\xa7\xa0\n\0z", 9);
    assert_int_equal(ql_json_next(&json), QL_JSON_OBJECT_END);
    assert_int_equal(ql_json_next(&json), QL_JSON_END);
}

static void nesting_stops_at_the_limit(void **state)
{
    (void)state;
    for (int object = 0; object < 2; object++) {
        for (size_t depth = QL_LIMIT_JSON_DEPTH - 1; depth <= QL_LIMIT_JSON_DEPTH + 1; depth++) {
            char text[4096] = "", letters[64];
            for (size_t i = 0; i < depth; i++)
                strcat(text, object ? "{\"\":" : "[");
            strcat(text, "1");
            for (size_t i = 0; i < depth; i++)
                strcat(text, object ? "}" : "]");
            ql_json json;
            assert_int_equal(scan(text, strlen(text), letters, &json), depth <= QL_LIMIT_JSON_DEPTH);
            if (depth > QL_LIMIT_JSON_DEPTH)
                assert_non_null(strstr(json.problem, "limit of 128"));
        }
    }
}

static void skip_passes_over_one_whole_value(void **state)
{
    (void)state;
    char text[] = "[{\"a\":[1,[2,{}]],\"b\":\"x\"},[[[]]],7,\"last\"]";
    ql_json json;
    ql_json_start(&json, text, sizeof text - 1);
    assert_int_equal(ql_json_next(&json), QL_JSON_ARRAY);
    for (int i = 0; i < 3; i++)
        assert_true(ql_json_skip(&json, ql_json_next(&json)));
    assert_int_equal(ql_json_next(&json), QL_JSON_STRING);
    assert_memory_equal(json.text.data, "last", 4);
}

static void only_plain_integers_that_fit_are_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        { "0", true, 0 },        { "7", true, 7 },      { "18446744073709551615", true, UINT64_MAX },
        { "-0", false, 0 },      { "-1", false, 0 },    { "18446744073709551616", false, 0 },
        { "2.0", false, 0 },     { "4e0", false, 0 },   { "184467440737095516150", false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i].text);
        ql_json json;
        ql_json_start(&json, text, strlen(text));
        assert_int_equal(ql_json_next(&json), QL_JSON_NUMBER);
        uint64_t value;
        assert_int_equal(ql_json_u64(&json, &value), cases[i].good);
        assert_true(!cases[i].good || value == cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_give_their_tokens),
        cmocka_unit_test(invalid_texts_are_refused_at_the_place_of_the_fault),
        cmocka_unit_test(no_text_that_is_cut_is_accepted_or_read_past_its_end),
        cmocka_unit_test(strings_are_decoded_in_place),
        cmocka_unit_test(nesting_stops_at_the_limit),
        cmocka_unit_test(skip_passes_over_one_whole_value),
        cmocka_unit_test(only_plain_integers_that_fit_are_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
