/* The sanitizing printers: no text, whatever its bytes, makes a terminal act or a JSON document break. */
#include "testing.h"

#include "base/text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) ((ql_text) { .data = (literal), .size = sizeof(literal) - 1 })

static void use_locale(const char *name)
{
    if (!setlocale(LC_CTYPE, name))
        fail_msg("the locale %s is missing", name);
}

static const char *printed(ql_text text, size_t max_cells)
{
    static char out[512];
    ql_text_print(out, sizeof out, text, max_cells);
    return out;
}

static const char *json(ql_text text)
{
    static char out[512];
    assert_in_range(ql_text_json(out, sizeof out, text), 0, sizeof out - 1);
    return out;
}

/* What a terminal must never get, seen one byte at a time, in text that must be valid UTF-8. */
static void assert_harmless(const char *out)
{
    size_t size = strlen(out);
    for (size_t at = 0; at < size;) {
        uint32_t c;
        size_t length = ql_utf8_decode(out + at, size - at, &c);
        assert_int_not_equal(length, 0);
        bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
        bool bidi = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        bool unseen = (c >= 0x200b && c <= 0x200d) || c == 0x2028 || c == 0x2029 || c == 0x2060 || c == 0xfeff ||
                      (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
        if (control || bidi || unseen)
            fail_msg("U+%04X reached the output", (unsigned)c);
        at += length;
    }
}

static void hostile_characters_become_visible_escapes(void **state)
{
    (void)state;
    static const struct {
        ql_text text;
        const char *terminal, *json;
    } cases[] = {
        { TEXT("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07", "\\u001b]0;owned\\u0007" },
        { TEXT("\x1b]52;c;cm0=\x1b\\"), "\\x1b]52;c;cm0=\\x1b\\", "\\u001b]52;c;cm0=\\u001b\\\\" },
        { TEXT("a\rb\nc\td\be\0f"), "a\\x0db\\x0ac\\x09d\\x08e\\x00f", "a\\u000db\\u000ac\\u0009d\\u0008e\\u0000f" },
        { TEXT("del\x7f"), "del\\x7f", "del\\u007f" },
        { TEXT("\xc2\x9b" "31m"), "\\u009b31m", "\\u009b31m" },
        { TEXT("\x9b" "31m"), "\\x9b31m", "\\ufffd31m" },
        { TEXT("a\xe2\x80\xae" "b"), "a\\u202eb", "a\\u202eb" },
        { TEXT("a\xe2\x80\x8b" "b\xef\xbb\xbf"), "a\\u200bb\\ufeff", "a\\u200bb\\ufeff" },
        { TEXT("\xe2\x80\xa8\xef\xbf\xb9"), "\\u2028\\ufff9", "\\u2028\\ufff9" },
        { TEXT("\xf3\xa0\x81\x81"), "\\U000e0041", "\\udb40\\udc41" },
        { TEXT("\xc0\xaf"), "\\xc0\\xaf", "\\ufffd\\ufffd" },
        { TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd" },
        { TEXT("cut \xe5\xb1"), "cut \\xe5\\xb1", "cut \\ufffd\\ufffd" },
        { TEXT("say \"hi\" \\ 100%s%n"), "say \"hi\" \\ 100%s%n", "say \\\"hi\\\" \\\\ 100%s%n" },
        { TEXT("層.0 é e\xcc\x81"), "層.0 é e\xcc\x81", "層.0 é e\xcc\x81" },
        { TEXT(""), "", "" },
    };
    use_locale("C.UTF-8");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(printed(cases[i].text, 0), cases[i].terminal);
        assert_string_equal(json(cases[i].text), cases[i].json);
    }
}

static void every_character_of_unicode_comes_out_harmless(void **state)
{
    (void)state;
    use_locale("C.UTF-8");
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[4];
        ql_text text = { .data = bytes, .size = ql_utf8_encode(bytes, c) };
        assert_harmless(printed(text, 0));
        assert_harmless(json(text));
    }
}

static void random_bytes_come_out_harmless_and_within_bounds(void **state)
{
    (void)state;
    const unsigned seed = 20240611;
    print_message("seed %u\n", seed);
    srand(seed);
    use_locale("C.UTF-8");
    for (int round = 0; round < 100000; round++) {
        char bytes[24], out[48];
        size_t size = (size_t)rand() % sizeof bytes, out_size = 1 + (size_t)rand() % 40, max_cells = (size_t)rand() % 12;
        for (size_t i = 0; i < size; i++) /* half of them from what begins and continues characters */
            bytes[i] = (char)(rand() % 2 ? rand() : 0x80 + rand() % 0x78);
        ql_text text = { .data = bytes, .size = size };
        memset(out, '#', sizeof out);
        size_t cells = ql_text_print(out, out_size, text, max_cells);
        assert_harmless(out);
        assert_true(strlen(out) < out_size && out[out_size] == '#');
        assert_true(max_cells == 0 || cells <= max_cells);
        memset(out, '#', sizeof out);
        size_t needed = ql_text_json(out, out_size, text);
        assert_harmless(out);
        assert_true(strlen(out) <= needed && strlen(out) < out_size && out[out_size] == '#');
        assert_true(needed >= out_size || strlen(out) == needed);
    }
}

static void a_locale_without_unicode_gets_ascii(void **state)
{
    (void)state;
    use_locale("C");
    assert_string_equal(printed(TEXT("caf\xc3\xa9 \xe5\xb1\xa4 \xf0\x9f\xa7\xa0"), 0), "caf\\u00e9 \\u5c64 \\U0001f9e0");
    assert_string_equal(json(TEXT("caf\xc3\xa9 \xf0\x9f\xa7\xa0")), "caf\\u00e9 \\ud83e\\udde0");
}

static void cut_text_ends_in_dots_and_keeps_characters_whole(void **state)
{
    (void)state;
    use_locale("C.UTF-8");
    assert_string_equal(printed(TEXT("transformer"), 11), "transformer");
    assert_string_equal(printed(TEXT("transformer"), 10), "transfo...");
    assert_string_equal(printed(TEXT("transformer"), 3), "...");
    assert_string_equal(printed(TEXT("transformer"), 2), "..");
    assert_string_equal(printed(TEXT("ab\x1b"), 6), "ab\\x1b");
    assert_string_equal(printed(TEXT("ab\x1b"), 5), "ab...");
    assert_string_equal(printed(TEXT("層層層"), 6), "層層層");
    assert_string_equal(printed(TEXT("層層層"), 5), "層...");
    assert_string_equal(printed(TEXT("層層層層"), 7), "層層...");
    assert_int_equal(ql_text_print((char[64]) { 0 }, 64, TEXT("層層層層"), 7), 7);
}

static void a_small_buffer_cuts_too(void **state)
{
    (void)state;
    char out[8];
    use_locale("C.UTF-8");
    assert_int_equal(ql_text_print(out, 8, TEXT("transformer"), 0), 7);
    assert_string_equal(out, "tran...");
    assert_int_equal(ql_text_print(out, 3, TEXT("transformer"), 0), 2);
    assert_string_equal(out, "..");
    assert_int_equal(ql_text_print(out, 1, TEXT("transformer"), 0), 0);
    assert_string_equal(out, "");
    assert_int_equal(ql_text_json(out, 8, TEXT("ab\x1b" "cd")), 10);
    assert_string_equal(out, "ab");
    assert_int_equal(ql_text_json(NULL, 0, TEXT("\"")), 2);
}

static void a_cut_text_loses_only_a_character_that_is_not_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = { { "", "" },          { "a", "a" },        { "a\xc3\xa9", "a\xc3\xa9" }, { "a\xc3", "a" },       { "\xe4\xb8", "" },
                  { "\xe4\xb8\xad", "\xe4\xb8\xad" }, { "b\xf0\x9f\xa7", "b" },       { "b\xf0\x9f\xa7\xa0", "b\xf0\x9f\xa7\xa0" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        strcpy(text, cases[i].text);
        ql_utf8_end_whole(text);
        assert_string_equal(text, cases[i].want);
    }
}

static void utf8_is_decoded_as_it_was_encoded_and_nothing_else_is(void **state)
{
    (void)state;
    uint32_t c, back;
    char bytes[4];
    for (c = 0; c <= 0x10ffff; c++) {
        size_t length = ql_utf8_encode(bytes, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(ql_utf8_decode(bytes, length, &back), surrogate ? 0 : length);
        assert_true(surrogate || back == c);
        assert_int_equal(ql_utf8_decode(bytes, length - 1, &back), 0);
    }
    static const char *const none[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xc3\x28", "\xe2\x82\x28" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(ql_utf8_decode(none[i], strlen(none[i]), &c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_characters_become_visible_escapes),
        cmocka_unit_test(every_character_of_unicode_comes_out_harmless),
        cmocka_unit_test(random_bytes_come_out_harmless_and_within_bounds),
        cmocka_unit_test(a_locale_without_unicode_gets_ascii),
        cmocka_unit_test(cut_text_ends_in_dots_and_keeps_characters_whole),
        cmocka_unit_test(a_small_buffer_cuts_too),
        cmocka_unit_test(a_cut_text_loses_only_a_character_that_is_not_whole),
        cmocka_unit_test(utf8_is_decoded_as_it_was_encoded_and_nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
