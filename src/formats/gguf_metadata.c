/*
 * A record of GGUF's metadata:
 *
 *   | string key | u32 type | value |
 *
 *   value of type 9, an array:  | u32 type of the elements | u64 count | elements |
 */
#include "formats/gguf_header.h"
#include "formats/value.h"

#include <inttypes.h>
#include <string.h>

static ql_status refuse_type(const ql_gguf *g, const char *what, uint32_t type)
{
    return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "%s type %" PRIu32 " is not known, only 0 to %d are", what, type,
                          QL_VALUE_TYPE_COUNT - 1);
}

/* The elements: strings one by one, as each has its own length, all else at once. */
static ql_status take_elements(ql_gguf *g, uint32_t type, uint64_t count)
{
    if (type != QL_VALUE_TYPE_STRING) {
        ql_gguf_begin_field(g);
        ql_cursor_take(g->cursor, (size_t)count * ql_value_types[type].size);
        return ql_gguf_check(g);
    }
    ql_status status = QL_OK;
    ql_text text;
    for (uint64_t i = 0; status == QL_OK && i < count; i++)
        status = ql_gguf_take_text(g, "an element", QL_LIMIT_GGUF_STRING, &text);
    return status;
}

static ql_status take_array(ql_gguf *g, ql_value *out)
{
    ql_gguf_begin_field(g);
    const uint32_t type = ql_cursor_u32(g->cursor);
    const uint64_t count = ql_cursor_u64(g->cursor);
    ql_status status = ql_gguf_check(g);
    if (status != QL_OK)
        return status;
    if (type == QL_VALUE_TYPE_ARRAY)
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "an array of arrays, which GGUF does not have");
    if (type >= QL_VALUE_TYPE_COUNT)
        return refuse_type(g, "element", type);
    const ql_value_type *element = &ql_value_types[type];
    if (count > ql_gguf_left(g) / element->size) {
        return ql_gguf_refuse(g, QL_GGUF_CUT, "an array of %" PRIu64 " elements of type %s, %" PRIu64 " bytes are left",
                              count, element->name, ql_gguf_left(g));
    }
    if (count > QL_LIMIT_GGUF_ARRAY) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "an array of %" PRIu64 " elements is over the limit of %d", count,
                              QL_LIMIT_GGUF_ARRAY);
    }
    const size_t begin = g->cursor->at;
    status = take_elements(g, type, count);
    *out = (ql_value) { .kind = QL_VALUE_ARRAY, .type = element->name };
    out->as.array.count = count;
    out->as.array.element = type;
    out->as.array.bytes = (ql_text) { .data = (const char *)g->cursor->base + begin, .size = g->cursor->at - begin };
    return status;
}

static ql_status take_value(ql_gguf *g, uint32_t type, ql_value *out)
{
    if (type == QL_VALUE_TYPE_ARRAY)
        return take_array(g, out);
    if (type == QL_VALUE_TYPE_STRING) {
        *out = (ql_value) { .kind = QL_VALUE_TEXT, .type = ql_value_types[type].name };
        return ql_gguf_take_text(g, "a string", QL_LIMIT_GGUF_STRING, &out->as.text);
    }
    ql_gguf_begin_field(g);
    *out = ql_value_read(g->cursor, type);
    return ql_gguf_check(g);
}

/* The one key that says something about the rest of the file. */
static ql_status take_alignment(ql_gguf *g, const ql_value *value)
{
    if (value->kind != QL_VALUE_UNSIGNED || strcmp(value->type, "u32") != 0) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "the alignment must be a number of type u32, not %s%s",
                              value->kind == QL_VALUE_ARRAY ? "an array of " : "one of type ", value->type);
    }
    const uint64_t alignment = value->as.whole;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "an alignment of %" PRIu64 " is no power of two", alignment);
    if (alignment > QL_LIMIT_GGUF_ALIGNMENT) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "an alignment of %" PRIu64 " bytes is over the limit of %d", alignment,
                              QL_LIMIT_GGUF_ALIGNMENT);
    }
    g->alignment = alignment;
    return QL_OK;
}

ql_status ql_gguf_take_key(ql_gguf *g, ql_metadata *out)
{
    static const char alignment[] = "general.alignment";
    ql_gguf_begin(g, "metadata key");
    ql_status status = ql_gguf_take_name(g, "a key", QL_LIMIT_GGUF_KEY);
    if (status != QL_OK)
        return status;
    if (g->name_size == 0)
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "an empty key");
    ql_gguf_begin_field(g);
    const uint32_t type = ql_cursor_u32(g->cursor);
    status = ql_gguf_check(g);
    if (status == QL_OK && type >= QL_VALUE_TYPE_COUNT)
        status = refuse_type(g, "value", type);
    if (status == QL_OK)
        status = take_value(g, type, &out->value);
    if (status != QL_OK)
        return status;
    out->key = ql_gguf_name(g);
    const bool aligns = out->key.size == strlen(alignment) && memcmp(out->key.data, alignment, out->key.size) == 0;
    return aligns ? take_alignment(g, &out->value) : QL_OK;
}
