/* The header of an .npy file: see npy_header.h. */
#include "formats/npy_header.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/shape.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct parser {
    ql_cursor cursor;
    size_t begin; /* of the text in the file or entry */
    const ql_npy_place *place;
    ql_npy_header *header;
    ql_error *error;
} parser;

/* ---- Messages -------------------------------------------------------------------------------------------------- */

#define SAVE_AGAIN "save the array again with numpy.save"

const char *ql_npy_whole(const ql_npy_place *place)
{
    return place->name ? "entry" : "file";
}

ql_status ql_npy_refuse(const ql_npy_place *place, ql_error *error, const char *format, ...)
{
    char what[400], name[QL_NAME_BUFFER] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (place->name)
        ql_text_print(name, sizeof name, *place->name, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_FILE, "%s: %s%s%s%s", ql_source_shown(place->source), place->name ? "tensor '" : "", name,
                   place->name ? "': " : "", what);
}

__attribute__((format(printf, 4, 5))) static ql_status refuse(const parser *p, size_t at, const char *advice,
                                                              const char *format, ...)
{
    char what[240];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return ql_npy_refuse(p->place, p->error, "%s (header, byte %zu of the %s); %s", what, p->begin + at,
                         ql_npy_whole(p->place), advice);
}

static ql_status refuse_unexpected(const parser *p, const char *wanted)
{
    int byte = ql_cursor_peek(&p->cursor);
    char found[24] = "the header ends";
    if (byte > 0x20 && byte < 0x7f)
        snprintf(found, sizeof found, "'%c' stands", byte);
    else if (byte >= 0)
        snprintf(found, sizeof found, "byte 0x%02x stands", (unsigned)byte);
    return refuse(p, p->cursor.at, SAVE_AGAIN, "%s where %s should be", found, wanted);
}

/* ---- Pieces of the grammar ------------------------------------------------------------------------------------- */

static bool take_if(parser *p, char byte)
{
    return ql_cursor_peek(&p->cursor) == byte && ql_cursor_take(&p->cursor, 1);
}

static void skip_space(parser *p)
{
    while (take_if(p, ' ') || take_if(p, '\t') || take_if(p, '\n') || take_if(p, '\r')) {
    }
}

/* True when `byte` comes next, after white space; takes both. */
static bool take_mark(parser *p, char byte)
{
    skip_space(p);
    return take_if(p, byte);
}

static bool take_string(parser *p, ql_text *out)
{
    char quote = take_mark(p, '\'') ? '\'' : '"';
    if (quote == '"' && !take_if(p, '"'))
        return false;
    size_t begin = p->cursor.at;
    for (int byte; (byte = ql_cursor_peek(&p->cursor)) != quote; ql_cursor_take(&p->cursor, 1))
        if (byte < 0 || byte == '\\')
            return false;
    *out = (ql_text) { .data = (const char *)p->cursor.base + begin, .size = p->cursor.at - begin };
    return take_if(p, quote);
}

static bool take_word(parser *p, const char *word)
{
    size_t size = strlen(word);
    if (ql_cursor_left(&p->cursor) < size || memcmp(p->cursor.base + p->cursor.at, word, size) != 0)
        return false;
    return ql_cursor_take(&p->cursor, size) != NULL;
}

/* ---- descr ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *code; /* without the byte order */
    ql_dtype dtype;
} element_types[] = {
    { "b1", QL_BOOL }, { "i1", QL_I8 },  { "i2", QL_I16 }, { "i4", QL_I32 }, { "i8", QL_I64 }, { "u1", QL_U8 },
    { "u2", QL_U16 },  { "u4", QL_U32 }, { "u8", QL_U64 }, { "f2", QL_F16 }, { "f4", QL_F32 }, { "f8", QL_F64 },
};

/* What other arrays hold, by the code (a * stands for any size); the first match counts. */
static const struct {
    const char *code, *meaning, *advice;
} refused_types[] = {
    { "O*", "an object array (pickled Python objects, which could run code)", "save plain numbers" },
    { "V2", "2-byte raw data, as ml_dtypes' bfloat16 is saved", "save it as float32 or in a safetensors file" },
    { "V1", "1-byte raw data, as ml_dtypes' float8 types are saved", "save it as float32 or in a safetensors file" },
    { "V*", "raw data without a number type", "save plain numbers" },
    { "f16", "long double", "save it as float64" },
    { "c*", "complex numbers", "save the real and imaginary parts apart" },
    { "S*", "byte strings", "save plain numbers" },
    { "a*", "byte strings", "save plain numbers" },
    { "U*", "text", "save plain numbers" },
    { "M*", "dates", "save plain numbers" },
    { "m*", "time spans", "save plain numbers" },
};

static ql_status refuse_type(const parser *p, size_t at, ql_text descr)
{
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, descr, 24);
    size_t order = descr.size > 0 && strchr("<>|=", descr.data[0]) ? 1 : 0;
    for (size_t i = 0; i < sizeof refused_types / sizeof *refused_types; i++) {
        const char *code = refused_types[i].code;
        size_t size = strcspn(code, "*"), left = descr.size - order;
        if ((code[size] ? left >= size : left == size) && memcmp(descr.data + order, code, size) == 0)
            return refuse(p, at, refused_types[i].advice, "dtype '%s' means %s", shown, refused_types[i].meaning);
    }
    return refuse(p, at, "save it as one of b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8, with < or > before it (one byte: |)",
                  "dtype '%s' is not known", shown);
}

static ql_status read_descr(parser *p)
{
    size_t at = p->cursor.at;
    if (take_mark(p, '['))
        return refuse(p, at, "save each field as an array of its own", "this is a structured array, of records with fields");
    if (take_mark(p, '('))
        return refuse(p, at, "save it as a plain array of more dimensions", "this is an array of sub-arrays");
    ql_text descr;
    if (!take_string(p, &descr))
        return refuse_unexpected(p, "a dtype in quotes");
    for (size_t i = 0; i < sizeof element_types / sizeof *element_types; i++) {
        if (descr.size != 3 || memcmp(descr.data + 1, element_types[i].code, 2) != 0)
            continue;
        char order = descr.data[0];
        bool single = descr.data[2] == '1';
        if (order != '<' && order != '>' && order != '=' && !(order == '|' && single))
            break;
        p->header->dtype = element_types[i].dtype;
        p->header->big_endian = order == '>' || (order == '=' && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
        return QL_OK;
    }
    return refuse_type(p, at, descr);
}

/* ---- fortran_order, shape -------------------------------------------------------------------------------------- */

static ql_status read_order(parser *p)
{
    skip_space(p);
    p->header->column_major = take_word(p, "True");
    return p->header->column_major || take_word(p, "False") ? QL_OK : refuse_unexpected(p, "True or False");
}

static ql_status read_dimension(parser *p)
{
    size_t at = p->cursor.at;
    uint64_t value = 0;
    for (int byte; (byte = ql_cursor_peek(&p->cursor)) >= '0' && byte <= '9'; ql_cursor_take(&p->cursor, 1)) {
        if (!ql_size_mul(value, 10, &value) || !ql_size_add(value, (uint64_t)(byte - '0'), &value) || value > INT64_MAX)
            return refuse(p, at, SAVE_AGAIN, "dimension %u of the shape is over 2^63-1", p->header->rank);
    }
    if (p->cursor.at == at)
        return refuse_unexpected(p, "a dimension in plain digits");
    take_if(p, 'L');
    if (p->header->rank == QL_MAX_RANK)
        return refuse(p, at, "reshape the array", "the shape has more than the limit of %d dimensions", QL_MAX_RANK);
    p->header->shape[p->header->rank++] = value;
    return QL_OK;
}

static ql_status read_shape(parser *p)
{
    if (!take_mark(p, '('))
        return refuse_unexpected(p, "a shape in round brackets");
    bool comma = true;
    while (!take_mark(p, ')')) {
        if (!comma)
            return refuse_unexpected(p, "a comma or ')'");
        ql_status status = read_dimension(p);
        if (status != QL_OK)
            return status;
        comma = take_mark(p, ',');
    }
    if (p->header->rank == 1 && !comma)
        return refuse(p, p->cursor.at, SAVE_AGAIN, "the shape is a number in brackets, which is no tuple without a comma");
    return QL_OK;
}

/* ---- The dictionary -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ql_status (*read)(parser *p);
} keys[] = { { "descr", read_descr }, { "fortran_order", read_order }, { "shape", read_shape } };

enum { KEY_COUNT = sizeof keys / sizeof *keys };

static ql_status read_pair(parser *p, bool seen[KEY_COUNT])
{
    ql_text name;
    size_t at = p->cursor.at, k = 0;
    if (!take_string(p, &name))
        return refuse_unexpected(p, "a key in quotes");
    while (k < KEY_COUNT && !(name.size == strlen(keys[k].name) && memcmp(name.data, keys[k].name, name.size) == 0))
        k++;
    if (k == KEY_COUNT || seen[k]) {
        char shown[QL_NAME_BUFFER];
        ql_text_print(shown, sizeof shown, name, 24);
        return refuse(p, at, SAVE_AGAIN, "%s key '%s'", k == KEY_COUNT ? "unknown" : "a second", shown);
    }
    seen[k] = true;
    if (!take_mark(p, ':'))
        return refuse_unexpected(p, "a colon");
    return keys[k].read(p);
}

static ql_status read_dictionary(parser *p)
{
    if (!take_mark(p, '{'))
        return refuse_unexpected(p, "'{'");
    bool seen[KEY_COUNT] = { false }, comma = true;
    while (!take_mark(p, '}')) {
        if (!comma)
            return refuse_unexpected(p, "a comma or '}'");
        ql_status status = read_pair(p, seen);
        if (status != QL_OK)
            return status;
        comma = take_mark(p, ',');
    }
    for (size_t k = 0; k < KEY_COUNT; k++)
        if (!seen[k])
            return refuse(p, p->cursor.at, SAVE_AGAIN, "key '%s' is missing", keys[k].name);
    skip_space(p);
    if (ql_cursor_left(&p->cursor) > 0)
        return refuse_unexpected(p, "the end");
    return QL_OK;
}

ql_status ql_npy_header_read(ql_npy_header *header, const ql_npy_place *place, const void *text, size_t size, size_t begin,
                             ql_error *error)
{
    *header = (ql_npy_header) { 0 };
    parser p = { .cursor = ql_cursor_over(text, size), .begin = begin, .place = place, .header = header, .error = error };
    ql_status status = read_dictionary(&p);
    if (status != QL_OK)
        return status;
    if (!ql_shape_elements(header->shape, header->rank, &header->element_count) ||
        !ql_size_mul(header->element_count, ql_dtype_describe(header->dtype)->bits / 8, &header->byte_count))
        return refuse(&p, 0, SAVE_AGAIN, "the shape asks for more than 2^64 bytes");
    return QL_OK;
}
