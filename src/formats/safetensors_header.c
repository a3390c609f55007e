/*
 * The JSON header of a safetensors file: see safetensors_header.h and https://github.com/huggingface/safetensors, "Format".
 *
 * Every field of an entry is checked as it is read, and the entry by itself when it is complete; what all entries must
 * fulfil together is in safetensors.c.
 */
#include "formats/safetensors_header.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/shape.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef ql_safetensors_header header;
typedef ql_safetensors_entry entry;

/* ---- Messages -------------------------------------------------------------------------------------------------- */

ql_status ql_safetensors_refuse(const header *h, const ql_text *name, size_t at, const char *format, ...)
{
    char what[240], shown[QL_NAME_BUFFER] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (name)
        ql_text_print(shown, sizeof shown, *name, QL_NAME_CELLS);
    return ql_fail(h->error, QL_BAD_FILE, "%s: %s%s%s%s (header, byte %zu of the file); " QL_SAFETENSORS_DAMAGED,
                   ql_source_shown(h->source), name ? "tensor '" : "", shown, name ? "': " : "", what,
                   QL_SAFETENSORS_PREFIX + at);
}

static ql_status refuse_json(const header *h)
{
    return ql_safetensors_refuse(h, NULL, h->json.token_at, "the header is not valid JSON: %s", h->json.problem);
}

/* A token that is no `wanted`: an error of the scanner, or another kind of value. */
static ql_status refuse_token(const header *h, const ql_text *name, const char *what, const char *wanted,
                              ql_json_token token)
{
    if (token == QL_JSON_ERROR)
        return refuse_json(h);
    return ql_safetensors_refuse(h, name, h->json.token_at, "%s must be %s, not %s", what, wanted,
                                 ql_json_token_name(token));
}

/* ---- Fields ---------------------------------------------------------------------------------------------------- */

static ql_status read_dtype(header *h, entry *e)
{
    ql_json_token token = ql_json_next(&h->json);
    if (token != QL_JSON_STRING)
        return refuse_token(h, &e->name, "dtype", "a string", token);
    if (ql_dtype_find(h->json.text, &e->dtype) && e->dtype < QL_SAFETENSORS_DTYPE_COUNT)
        return QL_OK;
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, h->json.text, 24);
    return ql_safetensors_refuse(h, &e->name, h->json.token_at,
                                 "unknown dtype \"%s\", none of those that `qloupe dtypes` lists", shown);
}

/* An array of integers 0 .. 2^64-1, appended to h->dimensions; at most `limit` of them. */
static ql_status read_integers(header *h, const entry *e, const char *what, size_t limit, size_t *count)
{
    ql_json_token token = ql_json_next(&h->json);
    if (token != QL_JSON_ARRAY)
        return refuse_token(h, &e->name, what, "an array of integers", token);
    for (*count = 0; (token = ql_json_next(&h->json)) != QL_JSON_ARRAY_END; ++*count) {
        uint64_t value;
        if (token != QL_JSON_NUMBER)
            return refuse_token(h, &e->name, what, "an array of integers", token);
        if (!ql_json_u64(&h->json, &value)) {
            char shown[QL_NAME_BUFFER];
            ql_text_print(shown, sizeof shown, h->json.text, 24);
            return ql_safetensors_refuse(h, &e->name, h->json.token_at, "%s holds %s, which is no integer from 0 to 2^64-1",
                                         what, shown);
        }
        if (*count == limit)
            return ql_safetensors_refuse(h, &e->name, h->json.token_at, "%s has more numbers than the limit of %zu", what,
                                         limit);
        uint64_t *item = ql_list_add(&h->dimensions, sizeof *item);
        if (!item)
            return ql_fail_memory(h->error, h->dimensions.capacity * sizeof *item);
        *item = value;
    }
    return QL_OK;
}

static ql_status read_shape(header *h, entry *e)
{
    size_t rank;
    e->shape = h->dimensions.count;
    ql_status status = read_integers(h, e, "shape", QL_MAX_RANK, &rank);
    e->rank = (uint32_t)rank;
    return status;
}

static ql_status read_offsets(header *h, entry *e)
{
    size_t count, first = h->dimensions.count, at = h->json.cursor.at;
    ql_status status = read_integers(h, e, "data_offsets", 2, &count);
    if (status != QL_OK)
        return status;
    if (count != 2)
        return ql_safetensors_refuse(h, &e->name, at, "data_offsets must be two numbers, not %zu", count);
    const uint64_t *pair = (const uint64_t *)h->dimensions.items + first;
    e->begin = pair[0];
    e->end = pair[1];
    h->dimensions.count = first; /* they were only passing through */
    return QL_OK;
}

static const struct {
    const char *name;
    ql_status (*read)(header *h, entry *e);
} fields[] = { { "dtype", read_dtype }, { "shape", read_shape }, { "data_offsets", read_offsets } };

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

/* What one entry must fulfil by itself. */
static ql_status check_entry(const header *h, entry *e)
{
    const uint64_t *shape = (const uint64_t *)h->dimensions.items + e->shape;
    unsigned bits = ql_dtype_describe(e->dtype)->bits;
    const char *dtype = ql_dtype_describe(e->dtype)->name;
    uint64_t all_bits;
    if (!ql_shape_elements(shape, e->rank, &e->elements) || !ql_size_mul(e->elements, bits, &all_bits))
        return ql_safetensors_refuse(h, &e->name, e->name_at, "shape and dtype %s ask for more than 2^64 bits", dtype);
    if (all_bits % 8 != 0)
        return ql_safetensors_refuse(h, &e->name, e->name_at, "%" PRIu64 " elements of %s do not fill whole bytes",
                                     e->elements, dtype);
    if (e->end < e->begin)
        return ql_safetensors_refuse(h, &e->name, e->name_at,
                                     "data_offsets [%" PRIu64 ", %" PRIu64 "] end before they begin", e->begin, e->end);
    if (all_bits / 8 != e->end - e->begin) {
        return ql_safetensors_refuse(h, &e->name, e->name_at,
                                     "shape and dtype %s need %" PRIu64 " bytes, data_offsets [%" PRIu64 ", %" PRIu64
                                     "] span %" PRIu64,
                                     dtype, all_bits / 8, e->begin, e->end, e->end - e->begin);
    }
    return QL_OK;
}

/* ---- Entries --------------------------------------------------------------------------------------------------- */

static ql_status read_entry(header *h)
{
    entry e = { .name = h->json.text, .number = h->entries.count, .name_at = h->json.token_at };
    if (e.name.size > QL_LIMIT_NAME)
        return ql_safetensors_refuse(h, &e.name, e.name_at, "a name of %zu bytes is over the limit of %d", e.name.size,
                                     QL_LIMIT_NAME);
    ql_json_token token = ql_json_next(&h->json);
    if (token != QL_JSON_OBJECT)
        return refuse_token(h, &e.name, "the entry", "an object", token);
    bool seen[FIELD_COUNT] = { false };
    while ((token = ql_json_next(&h->json)) == QL_JSON_KEY) {
        size_t f = 0;
        while (f < FIELD_COUNT && !ql_text_is(h->json.text, fields[f].name))
            f++;
        if (f == FIELD_COUNT) { /* the reference ignores fields that it does not know */
            if (!ql_json_skip(&h->json, ql_json_next(&h->json)))
                return refuse_json(h);
            continue;
        }
        if (seen[f])
            return ql_safetensors_refuse(h, &e.name, h->json.token_at, "%s is given twice", fields[f].name);
        seen[f] = true;
        ql_status status = fields[f].read(h, &e);
        if (status != QL_OK)
            return status;
    }
    if (token != QL_JSON_OBJECT_END)
        return refuse_json(h);
    for (size_t f = 0; f < FIELD_COUNT; f++)
        if (!seen[f])
            return ql_safetensors_refuse(h, &e.name, e.name_at, "%s is missing", fields[f].name);
    ql_status status = check_entry(h, &e);
    if (status != QL_OK)
        return status;
    entry *item = ql_list_add(&h->entries, sizeof *item);
    if (!item)
        return ql_fail_memory(h->error, h->entries.capacity * sizeof *item);
    *item = e;
    return QL_OK;
}

static ql_status read_metadata(header *h)
{
    ql_json_token token = ql_json_next(&h->json);
    if (token == QL_JSON_NULL)
        return QL_OK;
    if (token != QL_JSON_OBJECT)
        return refuse_token(h, NULL, "__metadata__", "an object", token);
    while ((token = ql_json_next(&h->json)) == QL_JSON_KEY) {
        ql_text key = h->json.text;
        if ((token = ql_json_next(&h->json)) != QL_JSON_STRING)
            return refuse_token(h, NULL, "a value in __metadata__", "a string", token);
        ql_metadata *item = ql_list_add(&h->metadata, sizeof *item);
        if (!item)
            return ql_fail_memory(h->error, h->metadata.capacity * sizeof *item);
        *item = (ql_metadata) { .key = key, .value = { .kind = QL_VALUE_TEXT, .type = "string", .as.text = h->json.text } };
    }
    return token == QL_JSON_OBJECT_END ? QL_OK : refuse_json(h);
}

static ql_status read_all(header *h)
{
    ql_json_token token = ql_json_next(&h->json);
    if (token != QL_JSON_OBJECT)
        return refuse_token(h, NULL, "the header", "a JSON object", token);
    bool has_metadata = false;
    while ((token = ql_json_next(&h->json)) == QL_JSON_KEY) {
        bool is_metadata = ql_text_is(h->json.text, "__metadata__");
        if (is_metadata && has_metadata)
            return ql_safetensors_refuse(h, NULL, h->json.token_at, "__metadata__ is given twice");
        has_metadata |= is_metadata;
        ql_status status = is_metadata ? read_metadata(h) : read_entry(h);
        if (status != QL_OK)
            return status;
    }
    if (token != QL_JSON_OBJECT_END || ql_json_next(&h->json) != QL_JSON_END)
        return refuse_json(h);
    return QL_OK;
}

ql_status ql_safetensors_header_read(header *h, const ql_source *source, char *text, size_t size, ql_error *error)
{
    *h = (header) { .source = source, .error = error };
    ql_json_start(&h->json, text, size);
    return read_all(h);
}

void ql_safetensors_header_free(header *h)
{
    free(h->entries.items);
    free(h->dimensions.items);
    free(h->metadata.items);
    *h = (header) { 0 };
}
