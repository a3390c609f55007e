/* What the tests of the command line share: a small model with every awkward tensor in it, a JSON checker. */
#ifndef QL_TESTS_CLI_H
#define QL_TESTS_CLI_H

#include "testing.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes a safetensors file: 8 bytes of length, the header, the data. */
static inline void cli_write_model(const char *path, const char *header, const void *data, size_t size)
{
    char bytes[8192];
    uint64_t length = strlen(header);
    assert_true(8 + length + size <= sizeof bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, size);
    testing_write(path, bytes, 8 + length + size);
}

/*
 * zoo.safetensors: a matrix, a vector, a scalar, an empty tensor, one with NaN and infinities, one of a type without values,
 * one whose name attacks the terminal, weights that were quantized before.
 */
static inline const char *cli_write_zoo(const char *folder)
{
    static const char header[] =
        "{\"__metadata__\":{\"author\":\"nobody\",\"note\":\"two\\nlines\"},"
        "\"layer.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
        "\"layer.bias\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[32,48]},"
        "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[48,52]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[52,52]},"
        "\"broken\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[52,68]},"
        "\"packed\":{\"dtype\":\"F6_E2M3\",\"shape\":[2,2],\"data_offsets\":[68,71]},"
        "\"\\u001b[31m|r\\u00e9d\\u202e\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[71,79]},"
        "\"ternary\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[79,143]}}";
    static const float values[] = { 0.5f, -1.0f, 0.25f, 2.0f, -0.125f, 0.75f, 1.5f, -3.0f, 1, 2, 3, 4, 0.1f };
    static const uint32_t broken[] = { 0x3f800000, 0x7fc00000, 0x7f800000, 0xff800000 }; /* 1 NaN inf -inf */
    static const uint8_t packed[] = { 0x38, 0x40, 0x48 };
    static const int32_t whole[] = { -7, 7 };
    static const float ternary[] = { 0, 1, -1, 1, 0, 0, 1, -1, 1, 1, 0, -1, 0, 1, 0, 1 };
    unsigned char data[143];
    memcpy(data, values, 52);
    memcpy(data + 52, broken, 16);
    memcpy(data + 68, packed, 3);
    memcpy(data + 71, whole, 8);
    memcpy(data + 79, ternary, 64);
    const char *path = testing_path(folder, "zoo.safetensors");
    cli_write_model(path, header, data, sizeof data);
    return path;
}

/* ---- What a terminal may see ---------------------------------------------------------------------------------------- */

static inline bool cli_is_hidden(uint32_t c)
{
    return c < 0x20 ? c != '\n' : (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

static inline void cli_assert_harmless(const char *what, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t c;
        const size_t length = ql_utf8_decode(text + at, size - at, &c);
        if (length == 0 || cli_is_hidden(c))
            fail_msg("%s: byte 0x%02x at %zu of the output", what, (unsigned char)text[at], at);
        at += length;
    }
}

/* Runs "PROGRAM ARGUMENTS" in the folder: what it prints stands in tests/cli/NAME.txt, which UPDATE=1 writes anew. */
static inline void cli_check_text(const char *folder, const char *program, const char *name, const char *arguments,
                                  int exit_code)
{
    testing_result result = testing_run("cd '%s' && '%s' %s", folder, program, arguments);
    char path[256];
    snprintf(path, sizeof path, "tests/cli/%s.txt", name);
    char *got = malloc(strlen(result.standard_output) + strlen(result.standard_error) + 4096);
    assert_non_null(got);
    sprintf(got, "$ qloupe %s\n%s%s%s[exit %d]\n", arguments, result.standard_output,
            *result.standard_error ? "--- stderr\n" : "", result.standard_error, result.exit_code);
    if (getenv("UPDATE"))
        testing_write(path, got, strlen(got));
    char *expected = testing_read(path, NULL);
    assert_string_equal(got, expected);
    assert_int_equal(result.exit_code, exit_code);
    free(expected);
    free(got);
    testing_result_free(&result);
}

/* ---- JSON: a checker of the grammar of RFC 8259 that reads nothing out of it ---------------------------------------- */

static inline const char *json_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static inline const char *json_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (*at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at++ != '\\')
            continue;
        if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") >= 4)
            at += 5;
        else if (*at && strchr("\"\\/bfnrt", *at))
            at++;
        else
            return NULL;
    }
    return at + 1;
}

static inline const char *json_number(const char *at)
{
    at += *at == '-';
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0'))
        return NULL;
    at += digits;
    if (*at == '.') {
        digits = strspn(++at, "0123456789");
        if (digits == 0)
            return NULL;
        at += digits;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return NULL;
        at += digits;
    }
    return at;
}

static inline const char *json_value(const char *at)
{
    static const char *const words[] = { "null", "true", "false" };
    at = json_space(at);
    for (size_t i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    if (*at == '"')
        return json_string(at);
    if (*at != '{' && *at != '[')
        return json_number(at);
    bool object = *at == '{';
    char end = object ? '}' : ']';
    at = json_space(at + 1);
    if (*at == end)
        return at + 1;
    for (;;) {
        if (object) {
            at = json_string(json_space(at));
            at = at ? json_space(at) : "";
            if (*at++ != ':')
                return NULL;
        }
        at = json_value(at);
        if (!at)
            return NULL;
        at = json_space(at);
        if (*at == end)
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

/* The text is one JSON value and nothing else. */
static inline bool json_is_valid(const char *text)
{
    const char *end = json_value(text);
    return end && *json_space(end) == '\0';
}

#endif
