/* A streaming JSON scanner: see json.h. */
#include "formats/json.h"

#include "base/sizes.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EXPECT_VALUE, EXPECT_VALUE_OR_END, EXPECT_KEY, EXPECT_KEY_OR_END, EXPECT_COMMA_OR_END, EXPECT_NOTHING, EXPECT_ERROR };

static const char *const expected[] = {
    [EXPECT_VALUE] = "a value",
    [EXPECT_VALUE_OR_END] = "a value or ']'",
    [EXPECT_KEY] = "a key in double quotes",
    [EXPECT_KEY_OR_END] = "a key in double quotes or '}'",
    [EXPECT_COMMA_OR_END] = "a comma or the closing bracket",
    [EXPECT_NOTHING] = "the end",
};

void ql_json_start(ql_json *json, char *bytes, size_t size)
{
    *json = (ql_json) { .cursor = ql_cursor_over(bytes, size), .bytes = bytes, .expect = EXPECT_VALUE };
}

__attribute__((format(printf, 3, 4))) static ql_json_token fail(ql_json *json, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(json->problem, sizeof json->problem, format, arguments);
    va_end(arguments);
    json->token_at = at;
    json->expect = EXPECT_ERROR;
    return QL_JSON_ERROR;
}

/* What stands at the cursor is not what should. */
static ql_json_token fail_unexpected(ql_json *json, const char *wanted)
{
    int byte = ql_cursor_peek(&json->cursor);
    if (byte < 0)
        return fail(json, json->cursor.at, "it ends where %s should stand", wanted);
    if (byte > 0x20 && byte < 0x7f)
        return fail(json, json->cursor.at, "'%c' where %s should stand", byte, wanted);
    return fail(json, json->cursor.at, "byte 0x%02x where %s should stand", (unsigned)byte, wanted);
}

static bool take_if(ql_json *json, char byte)
{
    return ql_cursor_peek(&json->cursor) == byte && ql_cursor_take(&json->cursor, 1);
}

static void skip_space(ql_json *json)
{
    while (take_if(json, ' ') || take_if(json, '\n') || take_if(json, '\t') || take_if(json, '\r')) {
    }
}

/* ---- Strings --------------------------------------------------------------------------------------------------- */

/* Four hexadecimal digits after \u. */
static bool take_hex4(ql_json *json, uint32_t *out)
{
    const uint8_t *digits = ql_cursor_take(&json->cursor, 4);
    *out = 0;
    for (int i = 0; digits && i < 4; i++) {
        uint8_t d = digits[i], lower = d | 0x20;
        if (d >= '0' && d <= '9')
            *out = *out << 4 | (uint32_t)(d - '0');
        else if (lower >= 'a' && lower <= 'f')
            *out = *out << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return false;
    }
    return digits != NULL;
}

/* The escape after a backslash. False when it is none that JSON knows, or one half of a surrogate pair. */
static bool take_escape(ql_json *json, uint32_t *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int letter = ql_cursor_u8(&json->cursor);
    if (letter != 'u') {
        const char *place = letter ? strchr(names, letter) : NULL;
        *out = place ? (uint32_t)values[place - names] : 0;
        return place != NULL;
    }
    if (!take_hex4(json, out) || (*out >= 0xdc00 && *out <= 0xdfff))
        return false;
    if (*out >= 0xd800 && *out <= 0xdbff) {
        uint32_t low;
        if (!take_if(json, '\\') || !take_if(json, 'u') || !take_hex4(json, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    }
    return true;
}

/* How many bytes from the cursor on stand for themselves: ASCII without controls, quote and backslash. */
static size_t plain_run(const ql_json *json)
{
    const uint8_t *bytes = json->cursor.base + json->cursor.at;
    size_t size = ql_cursor_left(&json->cursor), run = 0;
    while (run < size && bytes[run] >= 0x20 && bytes[run] < 0x80 && bytes[run] != '"' && bytes[run] != '\\')
        run++;
    return run;
}

/* The rest of a string, after its opening quote. It is decoded in place, for it never grows. */
static bool take_string(ql_json *json)
{
    ql_cursor *cursor = &json->cursor;
    char *begin = json->bytes + cursor->at, *out = begin;
    for (;;) {
        size_t at = cursor->at, length;
        int byte = ql_cursor_peek(cursor);
        uint32_t codepoint;
        if (byte < 0) {
            fail(json, json->token_at, "a string without its closing quote");
            return false;
        } else if (byte == '"') {
            ql_cursor_take(cursor, 1);
            json->text = (ql_text) { .data = begin, .size = (size_t)(out - begin) };
            return true;
        } else if (byte == '\\') {
            ql_cursor_take(cursor, 1);
            if (!take_escape(json, &codepoint)) {
                fail(json, at, "an incomplete or unknown escape in a string");
                return false;
            }
            out += ql_utf8_encode(out, codepoint);
            continue;
        } else if (byte < 0x20) {
            fail(json, at, "a bare control character 0x%02x in a string", (unsigned)byte);
            return false;
        } else if (byte < 0x80) {
            length = plain_run(json);
        } else {
            length = ql_utf8_decode(json->bytes + at, ql_cursor_left(cursor), &codepoint);
            if (length == 0) {
                fail(json, at, "byte 0x%02x is not UTF-8", (unsigned)byte);
                return false;
            }
        }
        memmove(out, ql_cursor_take(cursor, length), length);
        out += length;
    }
}

/* ---- Numbers and words ----------------------------------------------------------------------------------------- */

static bool take_digits(ql_json *json)
{
    size_t before = json->cursor.at;
    for (int byte = ql_cursor_peek(&json->cursor); byte >= '0' && byte <= '9'; byte = ql_cursor_peek(&json->cursor))
        ql_cursor_take(&json->cursor, 1);
    return json->cursor.at > before;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static ql_json_token take_number(ql_json *json)
{
    take_if(json, '-');
    bool good = take_if(json, '0') || take_digits(json);
    if (good && take_if(json, '.'))
        good = take_digits(json);
    if (good && (take_if(json, 'e') || take_if(json, 'E'))) {
        if (!take_if(json, '+'))
            take_if(json, '-');
        good = take_digits(json);
    }
    if (!good)
        return fail_unexpected(json, "a digit");
    json->text = (ql_text) { .data = json->bytes + json->token_at, .size = json->cursor.at - json->token_at };
    return QL_JSON_NUMBER;
}

static ql_json_token take_word(ql_json *json)
{
    static const struct {
        const char *word;
        ql_json_token token;
    } words[] = { { "true", QL_JSON_TRUE }, { "false", QL_JSON_FALSE }, { "null", QL_JSON_NULL } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i].word);
        if (ql_cursor_left(&json->cursor) >= size && memcmp(json->bytes + json->cursor.at, words[i].word, size) == 0) {
            ql_cursor_take(&json->cursor, size);
            return words[i].token;
        }
    }
    return fail_unexpected(json, expected[json->expect]);
}

/* ---- Structure ------------------------------------------------------------------------------------------------- */

/* What may follow a complete value at this depth. */
static int after_value(const ql_json *json)
{
    return json->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static bool in_object(const ql_json *json)
{
    unsigned top = json->depth - 1;
    return json->depth > 0 && (json->objects[top / 64] >> top % 64 & 1);
}

static ql_json_token open_container(ql_json *json, bool object)
{
    if (json->depth == QL_LIMIT_JSON_DEPTH)
        return fail(json, json->token_at, "nested deeper than the limit of %d levels", QL_LIMIT_JSON_DEPTH);
    ql_cursor_take(&json->cursor, 1);
    uint64_t bit = UINT64_C(1) << json->depth % 64, *word = &json->objects[json->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    json->depth++;
    json->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return object ? QL_JSON_OBJECT : QL_JSON_ARRAY;
}

static ql_json_token close_container(ql_json *json)
{
    bool object = in_object(json);
    ql_cursor_take(&json->cursor, 1);
    json->depth--;
    json->expect = after_value(json);
    return object ? QL_JSON_OBJECT_END : QL_JSON_ARRAY_END;
}

static ql_json_token take_key(ql_json *json)
{
    if (!take_if(json, '"'))
        return fail_unexpected(json, expected[json->expect]);
    if (!take_string(json))
        return QL_JSON_ERROR;
    skip_space(json);
    if (!take_if(json, ':'))
        return fail_unexpected(json, "a colon");
    json->expect = EXPECT_VALUE;
    return QL_JSON_KEY;
}

static ql_json_token take_value(ql_json *json)
{
    int byte = ql_cursor_peek(&json->cursor);
    if (byte == '{' || byte == '[')
        return open_container(json, byte == '{');
    ql_json_token token;
    if (take_if(json, '"'))
        token = take_string(json) ? QL_JSON_STRING : QL_JSON_ERROR;
    else if (byte == '-' || (byte >= '0' && byte <= '9'))
        token = take_number(json);
    else
        token = take_word(json);
    if (token != QL_JSON_ERROR)
        json->expect = after_value(json);
    return token;
}

ql_json_token ql_json_next(ql_json *json)
{
    if (json->expect == EXPECT_ERROR)
        return QL_JSON_ERROR;
    skip_space(json);
    if (json->expect == EXPECT_COMMA_OR_END && take_if(json, ',')) {
        json->expect = in_object(json) ? EXPECT_KEY : EXPECT_VALUE;
        skip_space(json);
    }
    json->token_at = json->cursor.at;
    int byte = ql_cursor_peek(&json->cursor);
    bool may_end =
        json->expect == EXPECT_COMMA_OR_END || json->expect == EXPECT_KEY_OR_END || json->expect == EXPECT_VALUE_OR_END;
    if (may_end && byte == (in_object(json) ? '}' : ']'))
        return close_container(json);
    if (json->expect == EXPECT_KEY || json->expect == EXPECT_KEY_OR_END)
        return take_key(json);
    if (json->expect == EXPECT_VALUE || json->expect == EXPECT_VALUE_OR_END)
        return take_value(json);
    if (json->expect == EXPECT_NOTHING && byte < 0)
        return QL_JSON_END;
    return fail_unexpected(json, expected[json->expect]);
}

bool ql_json_skip(ql_json *json, ql_json_token token)
{
    if (token != QL_JSON_OBJECT && token != QL_JSON_ARRAY)
        return token != QL_JSON_ERROR;
    for (unsigned outside = json->depth - 1; json->depth > outside;)
        if (ql_json_next(json) == QL_JSON_ERROR)
            return false;
    return true;
}

bool ql_json_u64(const ql_json *json, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < json->text.size; i++) {
        unsigned digit = (unsigned)(uint8_t)json->text.data[i] - '0';
        if (digit > 9 || !ql_size_mul(*out, 10, out) || !ql_size_add(*out, digit, out))
            return false;
    }
    return true;
}

const char *ql_json_token_name(ql_json_token token)
{
    static const char *const names[] = {
        [QL_JSON_ERROR] = "an error",   [QL_JSON_END] = "the end",
        [QL_JSON_OBJECT] = "an object", [QL_JSON_OBJECT_END] = "the end of an object",
        [QL_JSON_ARRAY] = "an array",   [QL_JSON_ARRAY_END] = "the end of an array",
        [QL_JSON_KEY] = "a key",        [QL_JSON_STRING] = "a string",
        [QL_JSON_NUMBER] = "a number",  [QL_JSON_TRUE] = "true",
        [QL_JSON_FALSE] = "false",      [QL_JSON_NULL] = "null",
    };
    return names[token];
}
