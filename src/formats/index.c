/* The index of a sharded model: see index.h. It is read token by token; names are checked as they come. */
#include "formats/index.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/limits.h"
#include "formats/unique.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_NAME_MOST = 255, NUMBER_SIZE = 64 };

/* ---- Messages -------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static ql_status refuse(const ql_index *index, size_t at, const char *format, ...)
{
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return ql_fail(index->error, QL_BAD_FILE, "%s: %s (byte %zu); " QL_INDEX_DAMAGED, ql_source_shown(index->source), what,
                   at);
}

static ql_status refuse_json(const ql_index *index)
{
    return refuse(index, index->json.token_at, "the index is not valid JSON: %s", index->json.problem);
}

/* A token that is no `wanted`: an error of the scanner, or another kind of value. */
static ql_status refuse_token(const ql_index *index, const char *what, const char *wanted, ql_json_token token)
{
    if (token == QL_JSON_ERROR)
        return refuse_json(index);
    return refuse(index, index->json.token_at, "%s must be %s, not %s", what, wanted, ql_json_token_name(token));
}

static ql_status refuse_twice(const ql_index *index, const char *what, const ql_text *name)
{
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, *name, QL_NAME_CELLS);
    return ql_fail(index->error, QL_BAD_FILE, "%s: two %s are named '%s'; " QL_INDEX_DAMAGED, ql_source_shown(index->source),
                   what, shown);
}

ql_status ql_index_refuse_file(const ql_index *index, const ql_index_entry *entry, const char *what)
{
    char tensor[QL_NAME_BUFFER], file[QL_NAME_BUFFER];
    ql_text_print(tensor, sizeof tensor, entry->tensor, QL_NAME_CELLS);
    ql_text_print(file, sizeof file, entry->file, QL_NAME_CELLS);
    return ql_fail(index->error, QL_BAD_FILE, "%s: tensor '%s': its file '%s' (byte %zu) %s", ql_source_shown(index->source),
                   tensor, file, entry->file_at, what);
}

/* ---- weight_map ------------------------------------------------------------------------------------------------ */

/* Any control character, those beyond ASCII too. */
static bool has_control(ql_text name)
{
    for (size_t at = 0; at < name.size;) {
        uint32_t codepoint;
        const size_t length = ql_utf8_decode(name.data + at, name.size - at, &codepoint);
        if (length == 0 || codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0))
            return true;
        at += length;
    }
    return false;
}

/* Why a name is not one of a file in the folder of the index; NULL when it may be. */
static const char *wrong_with(ql_text name)
{
    if (name.size == 0 || (name.size == 1 && name.data[0] == '.') || (name.size == 2 && memcmp(name.data, "..", 2) == 0))
        return "is the name of no file; " QL_INDEX_DAMAGED;
    if (memchr(name.data, '/', name.size) || memchr(name.data, '\\', name.size))
        return "is a path; an index may name files of its own folder only, do not trust this one";
    if (has_control(name))
        return "has a control character in its name; do not trust this index";
    return name.size > FILE_NAME_MOST ? "has a name of more than 255 bytes; " QL_INDEX_DAMAGED : NULL;
}

static ql_status read_map(ql_index *index)
{
    ql_json *json = &index->json;
    ql_json_token token = ql_json_next(json);
    if (token != QL_JSON_OBJECT)
        return refuse_token(index, "weight_map", "an object", token);
    while ((token = ql_json_next(json)) == QL_JSON_KEY) {
        ql_index_entry entry = { .tensor = json->text };
        if (entry.tensor.size > QL_LIMIT_NAME)
            return refuse(index, json->token_at, "a tensor's name of %zu bytes is over the limit of %d", entry.tensor.size,
                          QL_LIMIT_NAME);
        if ((token = ql_json_next(json)) != QL_JSON_STRING)
            return refuse_token(index, "a file in weight_map", "a string", token);
        entry.file = json->text;
        entry.file_at = json->token_at;
        const char *wrong = wrong_with(entry.file);
        if (wrong)
            return ql_index_refuse_file(index, &entry, wrong);
        ql_index_entry *item = ql_list_add(&index->entries, sizeof *item);
        if (!item)
            return ql_fail_memory(index->error, index->entries.capacity * sizeof *item);
        *item = entry;
    }
    return token == QL_JSON_OBJECT_END ? QL_OK : refuse_json(index);
}

/* ---- metadata -------------------------------------------------------------------------------------------------- */

static ql_value number_from(const ql_json *json)
{
    char digits[NUMBER_SIZE];
    uint64_t whole;
    if (ql_json_u64(json, &whole))
        return (ql_value) { .kind = QL_VALUE_UNSIGNED, .type = "number", .as.whole = whole };
    if (json->text.size >= sizeof digits) /* nobody's number: as it is written */
        return (ql_value) { .kind = QL_VALUE_TEXT, .type = "number", .as.text = json->text };
    memcpy(digits, json->text.data, json->text.size);
    digits[json->text.size] = 0;
    return (ql_value) { .kind = QL_VALUE_FLOAT, .type = "number", .as.number = strtod(digits, NULL) };
}

static ql_status read_metadata(ql_index *index)
{
    ql_json *json = &index->json;
    ql_json_token token = ql_json_next(json);
    if (token == QL_JSON_NULL)
        return QL_OK;
    if (token != QL_JSON_OBJECT)
        return refuse_token(index, "metadata", "an object", token);
    while ((token = ql_json_next(json)) == QL_JSON_KEY) {
        ql_metadata pair = { .key = json->text };
        token = ql_json_next(json);
        if (token == QL_JSON_STRING) {
            pair.value = (ql_value) { .kind = QL_VALUE_TEXT, .type = "string", .as.text = json->text };
        } else if (token == QL_JSON_NUMBER) {
            pair.value = number_from(json);
        } else if (token == QL_JSON_TRUE || token == QL_JSON_FALSE) {
            pair.value = (ql_value) { .kind = QL_VALUE_BOOL, .type = "bool", .as.truth = token == QL_JSON_TRUE };
        } else if (ql_json_skip(json, token)) {
            continue;
        } else {
            return refuse_json(index);
        }
        ql_metadata *item = ql_list_add(&index->metadata, sizeof *item);
        if (!item)
            return ql_fail_memory(index->error, index->metadata.capacity * sizeof *item);
        *item = pair;
    }
    return token == QL_JSON_OBJECT_END ? QL_OK : refuse_json(index);
}

/* ---- All of it ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ql_status (*read)(ql_index *index);
} members[] = { { "weight_map", read_map }, { "metadata", read_metadata } };

enum { MAP, MEMBER_COUNT = sizeof members / sizeof *members };

static ql_status read_members(ql_index *index)
{
    ql_json *json = &index->json;
    bool seen[MEMBER_COUNT] = { false };
    ql_json_token token = ql_json_next(json);
    if (token != QL_JSON_OBJECT)
        return refuse_token(index, "the index", "a JSON object", token);
    while ((token = ql_json_next(json)) == QL_JSON_KEY) {
        size_t m = 0;
        while (m < MEMBER_COUNT && ql_index_compare(json->text, ql_text_from(members[m].name)) != 0)
            m++;
        if (m == MEMBER_COUNT) {
            if (!ql_json_skip(json, ql_json_next(json)))
                return refuse_json(index);
            continue;
        }
        if (seen[m])
            return refuse(index, json->token_at, "%s is given twice", members[m].name);
        seen[m] = true;
        ql_status status = members[m].read(index);
        if (status != QL_OK)
            return status;
    }
    if (token != QL_JSON_OBJECT_END || ql_json_next(json) != QL_JSON_END)
        return refuse_json(index);
    return seen[MAP] ? QL_OK : refuse(index, json->token_at, "weight_map is missing: no tensor is listed");
}

static ql_status check_names(const ql_index *index)
{
    const ql_index_entry *entries = index->entries.items;
    const ql_metadata *metadata = index->metadata.items;
    const ql_text *tensors = entries ? &entries->tensor : NULL, *keys = metadata ? &metadata->key : NULL, *twice;
    ql_status status = ql_names_find_duplicate(tensors, index->entries.count, sizeof *entries, &twice, index->error);
    if (status == QL_OK && twice)
        status = refuse_twice(index, "tensors of weight_map", twice);
    if (status == QL_OK)
        status = ql_names_find_duplicate(keys, index->metadata.count, sizeof *metadata, &twice, index->error);
    if (status == QL_OK && twice)
        status = refuse_twice(index, "keys of metadata", twice);
    return status;
}

int ql_index_compare(ql_text a, ql_text b)
{
    const size_t size = a.size < b.size ? a.size : b.size;
    const int order = size > 0 ? memcmp(a.data, b.data, size) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_file(const void *a, const void *b)
{
    const ql_index_entry *x = a, *y = b;
    const int order = ql_index_compare(x->file, y->file);
    return order != 0 ? order : ql_index_compare(x->tensor, y->tensor);
}

ql_status ql_index_read(ql_index *index, const ql_source *source, char *text, size_t size, ql_error *error)
{
    *index = (ql_index) { .source = source, .error = error };
    ql_json_start(&index->json, text, size);
    ql_status status = read_members(index);
    if (status == QL_OK)
        status = check_names(index);
    if (status == QL_OK && index->entries.count > 1)
        qsort(index->entries.items, index->entries.count, sizeof(ql_index_entry), by_file);
    return status;
}

void ql_index_free(ql_index *index)
{
    free(index->entries.items);
    free(index->metadata.items);
    *index = (ql_index) { 0 };
}
