/* Values in metadata: see value.h and https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
#include "formats/value.h"

#include <string.h>

const ql_value_type ql_value_types[QL_VALUE_TYPE_COUNT] = {
    { "u8", QL_VALUE_UNSIGNED, 1 },    { "i8", QL_VALUE_SIGNED, 1 },    { "u16", QL_VALUE_UNSIGNED, 2 },
    { "i16", QL_VALUE_SIGNED, 2 },     { "u32", QL_VALUE_UNSIGNED, 4 }, { "i32", QL_VALUE_SIGNED, 4 },
    { "f32", QL_VALUE_FLOAT, 4 },      { "bool", QL_VALUE_BOOL, 1 },    { "string", QL_VALUE_TEXT, 8 },
    { "array", QL_VALUE_ARRAY, 0 },    { "u64", QL_VALUE_UNSIGNED, 8 }, { "i64", QL_VALUE_SIGNED, 8 },
    { "f64", QL_VALUE_FLOAT, 8 },
};

static uint64_t take_whole(ql_cursor *cursor, unsigned size)
{
    switch (size) {
    case 8:
        return ql_cursor_u64(cursor);
    case 4:
        return ql_cursor_u32(cursor);
    case 2:
        return ql_cursor_u16(cursor);
    default:
        return ql_cursor_u8(cursor);
    }
}

static double as_float(uint64_t bits, unsigned size)
{
    const uint32_t low = (uint32_t)bits;
    float single;
    double twice;
    memcpy(&single, &low, sizeof single);
    memcpy(&twice, &bits, sizeof twice);
    return size == 4 ? (double)single : twice;
}

ql_value ql_value_read(ql_cursor *cursor, unsigned type)
{
    const ql_value_type *t = &ql_value_types[type];
    const uint64_t bits = take_whole(cursor, t->size);
    const unsigned above = 64 - 8 * t->size; /* bits over those of the value */
    ql_value value = { .kind = t->kind, .type = t->name };
    switch (t->kind) {
    case QL_VALUE_TEXT:
        value.as.text.data = (const char *)ql_cursor_take(cursor, bits <= SIZE_MAX ? (size_t)bits : SIZE_MAX);
        value.as.text.size = cursor->failed ? 0 : (size_t)bits;
        break;
    case QL_VALUE_BOOL:
        value.as.truth = bits != 0;
        break;
    case QL_VALUE_SIGNED:
        value.as.integer = (int64_t)(bits << above) >> above;
        break;
    case QL_VALUE_FLOAT:
        value.as.number = as_float(bits, t->size);
        break;
    default:
        value.as.whole = bits;
    }
    return value;
}

bool ql_value_next(const ql_value *array, size_t *place, ql_value *element)
{
    const ql_text bytes = array->as.array.bytes;
    ql_cursor cursor = ql_cursor_over(bytes.data, bytes.size);
    ql_cursor_take(&cursor, *place);
    if (ql_cursor_left(&cursor) == 0) {
        return false;
    }
    *element = ql_value_read(&cursor, array->as.array.element);
    *place = cursor.at;
    return !cursor.failed;
}
