/*
 * A streaming JSON scanner (RFC 8259) over a header in memory: one token at a time, no tree, no allocation, no recursion.
 *
 * Strict: UTF-8 without overlong forms or surrogates, escapes complete and surrogate escapes in pairs, no control characters in
 * strings, no comments, no commas before a bracket, one value with nothing but white space after it.
 */
#ifndef QL_FORMATS_JSON_H
#define QL_FORMATS_JSON_H

#include "base/cursor.h"
#include "formats/limits.h"
#include "qloupe.h"

typedef enum ql_json_token {
    QL_JSON_ERROR, /* see problem; every further call gives it again */
    QL_JSON_END,   /* after the one value */
    QL_JSON_OBJECT, QL_JSON_OBJECT_END,
    QL_JSON_ARRAY, QL_JSON_ARRAY_END,
    QL_JSON_KEY,    /* text: decoded; its colon is taken too */
    QL_JSON_STRING, /* text: decoded */
    QL_JSON_NUMBER, /* text: as written */
    QL_JSON_TRUE, QL_JSON_FALSE, QL_JSON_NULL,
} ql_json_token;

typedef struct ql_json {
    ql_text text;    /* of the last key, string or number; stays valid as long as the bytes */
    size_t token_at; /* where the last token began, or the place of the error */
    char problem[80]; /* after an error: what is wrong, printable */

    /* Private. */
    ql_cursor cursor;
    char *bytes;
    int expect;
    unsigned depth;
    uint64_t objects[QL_LIMIT_JSON_DEPTH / 64]; /* bit d: the container at depth d is an object */
} ql_json;

/* Scans bytes[size], which must outlive the texts. Strings with escapes are decoded in place: the bytes change. */
void ql_json_start(ql_json *json, char *bytes, size_t size);

ql_json_token ql_json_next(ql_json *json);

/* Passes over the rest of the value whose first token was `token`. False after an error. */
bool ql_json_skip(ql_json *json, ql_json_token token);

/* The last number when it is written as a plain integer that fits: no sign, fraction or exponent. */
bool ql_json_u64(const ql_json *json, uint64_t *out);

/* "a string", "an array", ... for messages. */
const char *ql_json_token_name(ql_json_token token);

#endif
