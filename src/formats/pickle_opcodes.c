/*
 * What each opcode does to the stack. Every function checks the kinds of what it takes; the table at the end says which
 * opcode runs what. Those that weight files do not use have a name there and nothing that runs them.
 */
#include "formats/pickle_opcodes.h"

#include "formats/limits.h"
#include "formats/pickle_memory.h"
#include "formats/pickle_stack.h"

#include <inttypes.h>
#include <string.h>

enum { HIGHEST_PROTOCOL = 5, NAME_CELLS = 32, NAME_BUFFER = 4 * NAME_CELLS + 16 };

typedef ql_pickle machine;
typedef ql_pickle_value value;

/* ---- Plain values ------------------------------------------------------------------------------------------------ */

static ql_status push_plain(machine *m)
{
    return ql_pickle_push(m, (value) { .kind = (uint8_t)m->opcode->kind, .integer = m->opcode->size });
}

/* The number of the opcode, of as many bytes as the table says. */
static uint64_t take_number(machine *m)
{
    const unsigned size = m->opcode->size;
    return size == 1   ? ql_cursor_u8(m->cursor)
           : size == 2 ? ql_cursor_u16(m->cursor)
           : size == 4 ? ql_cursor_u32(m->cursor)
                       : ql_cursor_u64(m->cursor);
}

static ql_status push_integer(machine *m)
{
    const uint64_t number = take_number(m);
    /* Only that of four bytes has a sign. */
    return ql_pickle_push(
        m, (value) { .kind = QL_PICKLE_INT, .integer = m->opcode->size == 4 ? (int32_t)number : (int64_t)number });
}

static ql_status push_float(machine *m)
{
    uint64_t bits = __builtin_bswap64(take_number(m)); /* the one big-endian number of a pickle */
    value v = { .kind = QL_PICKLE_FLOAT };
    memcpy(&v.real, &bits, sizeof v.real);
    return ql_pickle_push(m, v);
}

/* Two's complement in as many bytes as a byte says. */
static ql_status push_long(machine *m)
{
    const size_t size = (size_t)take_number(m);
    const uint64_t at = m->cursor->at;
    const uint8_t *bytes = ql_cursor_take(m->cursor, size);
    if (size > 8)
        return ql_pickle_push(m, (value) { .kind = QL_PICKLE_BIG, .size = (uint32_t)size, .text_at = at });
    uint64_t number = bytes && size > 0 && bytes[size - 1] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = size; bytes && i > 0; i--)
        number = number << 8 | bytes[i - 1];
    return ql_pickle_push(m, (value) { .kind = QL_PICKLE_INT, .integer = (int64_t)number });
}

/* A length of at most what a whole pickle may have. */
static ql_status take_length(machine *m, uint64_t *length)
{
    *length = take_number(m);
    if (*length > QL_LIMIT_PICKLE) {
        return ql_pickle_refuse(m, "%s of %" PRIu64 " bytes is over the limit of %d", m->opcode->name, *length,
                                QL_LIMIT_PICKLE);
    }
    return QL_OK;
}

static ql_status push_text(machine *m)
{
    uint64_t length;
    ql_status status = take_length(m, &length);
    if (status != QL_OK)
        return status;
    const uint64_t at = m->cursor->at;
    ql_cursor_take(m->cursor, (size_t)length);
    return ql_pickle_push(m, (value) { .kind = (uint8_t)m->opcode->kind, .size = (uint32_t)length, .text_at = at });
}

/* ---- The stack itself, the memo ---------------------------------------------------------------------------------- */

static ql_status proto(machine *m)
{
    const unsigned version = (unsigned)take_number(m);
    if (version > HIGHEST_PROTOCOL)
        return ql_pickle_refuse(m, "pickle protocol %u is not known, only 0 to %d are", version, HIGHEST_PROTOCOL);
    return QL_OK;
}

/* Says how much may be read at once, which changes nothing here. */
static ql_status frame(machine *m)
{
    uint64_t length;
    return take_length(m, &length);
}

static ql_status stop(machine *m)
{
    m->stopped = true;
    return ql_pickle_need(m, 1);
}

static ql_status pop(machine *m)
{
    if (m->stack_count > 0 && ql_pickle_top(m, 0)->kind == QL_PICKLE_MARK) {
        m->stack_count--;
        return QL_OK;
    }
    ql_status status = ql_pickle_need(m, 1);
    if (status == QL_OK)
        m->stack_count--;
    return status;
}

static ql_status pop_mark(machine *m)
{
    size_t above;
    ql_status status = ql_pickle_find_mark(m, &above);
    if (status == QL_OK)
        m->stack_count = above - 1;
    return status;
}

static ql_status duplicate(machine *m)
{
    ql_status status = ql_pickle_need(m, 1);
    return status == QL_OK ? ql_pickle_push(m, *ql_pickle_top(m, 0)) : status;
}

/* To an index, or to the next one. */
static ql_status put(machine *m)
{
    const uint32_t index = m->opcode->size == 0 ? (uint32_t)m->memo_count : (uint32_t)take_number(m);
    ql_status status = ql_pickle_need(m, 1);
    return status == QL_OK ? ql_pickle_memo_put(m, index, *ql_pickle_top(m, 0)) : status;
}

static ql_status get(machine *m)
{
    const uint32_t index = (uint32_t)take_number(m);
    const value v = ql_pickle_memo_get(m, index);
    if (v.kind == QL_PICKLE_NOTHING)
        return ql_pickle_refuse(m, "%s of memo %" PRIu32 ", where nothing was put", m->opcode->name, index);
    return ql_pickle_push(m, v);
}

/* ---- Containers -------------------------------------------------------------------------------------------------- */

static ql_status push_container(machine *m)
{
    value v = { .kind = QL_PICKLE_NOTHING };
    ql_status status = ql_pickle_node_new(m, m->opcode->kind, &v);
    return status == QL_OK ? ql_pickle_push(m, v) : status;
}

/* The top `count` values become one tuple. */
static ql_status make_tuple(machine *m, size_t count)
{
    value v = { .kind = QL_PICKLE_NOTHING };
    ql_status status = ql_pickle_node_new(m, QL_PICKLE_TUPLE, &v);
    if (status == QL_OK && count > 0) /* before the first value there is no stack */
        status = ql_pickle_extend(m, v, m->stack + m->stack_count - count, count);
    if (status != QL_OK)
        return status;
    m->stack_count -= count;
    return ql_pickle_push(m, v);
}

static ql_status tuple(machine *m)
{
    ql_status status = ql_pickle_need(m, m->opcode->size);
    return status == QL_OK ? make_tuple(m, m->opcode->size) : status;
}

static ql_status tuple_of_mark(machine *m)
{
    size_t above;
    ql_status status = ql_pickle_find_mark(m, &above);
    if (status != QL_OK)
        return status;
    memmove(m->stack + above - 1, m->stack + above, (m->stack_count - above) * sizeof *m->stack);
    m->stack_count--;
    return make_tuple(m, m->stack_count - (above - 1));
}

/* APPEND, SETITEM: the top values go into the container below them. */
static ql_status extend(machine *m)
{
    const unsigned count = m->opcode->size;
    ql_status status = ql_pickle_need(m, count + 1);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, count), m->opcode->kind);
    if (status == QL_OK)
        status = ql_pickle_extend(m, *ql_pickle_top(m, count), ql_pickle_top(m, count - 1), count);
    m->stack_count -= status == QL_OK ? count : 0;
    return status;
}

/* APPENDS, SETITEMS: all that is above the mark. */
static ql_status extend_of_mark(machine *m)
{
    size_t above;
    ql_status status = ql_pickle_find_mark(m, &above);
    if (status != QL_OK)
        return status;
    const size_t count = m->stack_count - above;
    if (count % m->opcode->size != 0)
        return ql_pickle_refuse(m, "%s of %zu values, which are no pairs", m->opcode->name, count);
    m->stack_count = above - 1;
    status = ql_pickle_need(m, 1);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, 0), m->opcode->kind);
    return status == QL_OK ? ql_pickle_extend(m, *ql_pickle_top(m, 0), m->stack + above, count) : status;
}

/* ---- Names and objects ------------------------------------------------------------------------------------------- */

static ql_status push_name(machine *m, ql_text module, ql_text name)
{
    const ql_pickle_name *listed = m->rules->find(module, name);
    if (!listed) {
        char shown[2][NAME_BUFFER];
        ql_text_print(shown[0], sizeof shown[0], module, NAME_CELLS);
        ql_text_print(shown[1], sizeof shown[1], name, NAME_CELLS);
        return ql_pickle_refuse_with(m, m->rules->advice, "%s.%s: not a weight file's name, nothing was run", shown[0],
                                     shown[1]);
    }
    return ql_pickle_push(m, (value) { .kind = QL_PICKLE_GLOBAL, .name = listed });
}

/* The rest of the line, without its end. */
static value take_line(machine *m)
{
    const size_t begin = m->cursor->at, left = ql_cursor_left(m->cursor);
    const uint8_t *here = m->cursor->base + begin, *end = left > 0 ? memchr(here, '\n', left) : NULL;
    if (end)
        ql_cursor_take(m->cursor, (size_t)(end - here) + 1);
    while (!end && !m->cursor->failed && ql_cursor_u8(m->cursor) != '\n') /* the end of it is still to be read */
        ;
    return (value) { .kind = QL_PICKLE_STRING,
                     .size = m->cursor->failed ? 0 : (uint32_t)(m->cursor->at - begin - 1),
                     .text_at = begin };
}

static ql_status global(machine *m)
{
    const value module = take_line(m), name = take_line(m);
    return m->cursor->failed ? QL_OK : push_name(m, ql_pickle_text(m, module), ql_pickle_text(m, name));
}

static ql_status stack_global(machine *m)
{
    ql_status status = ql_pickle_need(m, 2);
    for (unsigned i = 0; status == QL_OK && i < 2; i++)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, i), QL_PICKLE_STRING);
    if (status != QL_OK)
        return status;
    m->stack_count -= 2;
    return push_name(m, ql_pickle_text(m, m->stack[m->stack_count]), ql_pickle_text(m, m->stack[m->stack_count + 1]));
}

/* A name and a tuple of arguments. */
static ql_status call(machine *m, bool only_classes)
{
    ql_status status = ql_pickle_need(m, 2);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, 1), QL_PICKLE_GLOBAL);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, 0), QL_PICKLE_TUPLE);
    if (status != QL_OK)
        return status;
    const ql_pickle_name *name = ql_pickle_top(m, 1)->name;
    if (!name->call || (only_classes && !name->is_class)) {
        return ql_pickle_refuse_with(m, m->rules->advice, "%s of %s.%s, which weight files do not call; nothing was run",
                                     m->opcode->name, name->module, name->name);
    }
    value made = { .kind = QL_PICKLE_NONE };
    status = name->call(m, name, *ql_pickle_top(m, 0), &made);
    m->stack_count -= 2;
    return status == QL_OK ? ql_pickle_push(m, made) : status;
}

static ql_status reduce(machine *m)
{
    return call(m, false);
}

static ql_status new_object(machine *m)
{
    return call(m, true);
}

/* Attributes of an object, which are of no use here: dropped. Only a dict that a call made (an OrderedDict) has them. */
static ql_status build(machine *m)
{
    ql_status status = ql_pickle_need(m, 2);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, 0), QL_PICKLE_DICT);
    if (status == QL_OK && (ql_pickle_top(m, 1)->kind != QL_PICKLE_DICT || !ql_pickle_top(m, 1)->node->made_by))
        status = ql_pickle_refuse(m, "BUILD gives attributes to %s", ql_pickle_kind_name(ql_pickle_top(m, 1)->kind));
    m->stack_count -= status == QL_OK ? 1 : 0;
    return status;
}

static ql_status persistent(machine *m)
{
    ql_status status = ql_pickle_need(m, 1);
    if (status == QL_OK)
        status = ql_pickle_need_kind(m, ql_pickle_top(m, 0), QL_PICKLE_TUPLE);
    if (status == QL_OK)
        status = m->rules->check_persistent(m, *ql_pickle_top(m, 0));
    value v = { .kind = QL_PICKLE_NOTHING };
    if (status == QL_OK)
        status = ql_pickle_node_new(m, QL_PICKLE_PERSISTENT, &v);
    if (status != QL_OK)
        return status;
    v.node->items = ql_pickle_top(m, 0)->node->items;
    v.node->count = ql_pickle_top(m, 0)->node->count;
    *ql_pickle_top(m, 0) = v;
    void *all = m->persistent;
    status = ql_pickle_grow(m, &all, sizeof *m->persistent, m->persistent_count, &m->persistent_capacity);
    m->persistent = all;
    if (status == QL_OK)
        m->persistent[m->persistent_count++] = v.node;
    return status;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

const ql_pickle_opcode ql_pickle_opcodes[256] = {
    [0x80] = { "PROTO", proto, 1, 0 },
    [0x95] = { "FRAME", frame, 8, 0 },
    ['.'] = { "STOP", stop, 0, 0 },

    ['N'] = { "NONE", push_plain, 0, QL_PICKLE_NONE },
    [0x88] = { "NEWTRUE", push_plain, 1, QL_PICKLE_BOOL },
    [0x89] = { "NEWFALSE", push_plain, 0, QL_PICKLE_BOOL },
    ['J'] = { "BININT", push_integer, 4, 0 },
    ['K'] = { "BININT1", push_integer, 1, 0 },
    ['M'] = { "BININT2", push_integer, 2, 0 },
    [0x8a] = { "LONG1", push_long, 1, 0 },
    ['G'] = { "BINFLOAT", push_float, 8, 0 },
    ['X'] = { "BINUNICODE", push_text, 4, QL_PICKLE_STRING },
    [0x8c] = { "SHORT_BINUNICODE", push_text, 1, QL_PICKLE_STRING },
    [0x8d] = { "BINUNICODE8", push_text, 8, QL_PICKLE_STRING },
    ['U'] = { "SHORT_BINSTRING", push_text, 1, QL_PICKLE_STRING },
    ['T'] = { "BINSTRING", push_text, 4, QL_PICKLE_STRING },
    ['C'] = { "SHORT_BINBYTES", push_text, 1, QL_PICKLE_BYTES },
    ['B'] = { "BINBYTES", push_text, 4, QL_PICKLE_BYTES },

    ['('] = { "MARK", push_plain, 0, QL_PICKLE_MARK },
    ['0'] = { "POP", pop, 0, 0 },
    ['1'] = { "POP_MARK", pop_mark, 0, 0 },
    ['2'] = { "DUP", duplicate, 0, 0 },
    ['q'] = { "BINPUT", put, 1, 0 },
    ['r'] = { "LONG_BINPUT", put, 4, 0 },
    [0x94] = { "MEMOIZE", put, 0, 0 },
    ['h'] = { "BINGET", get, 1, 0 },
    ['j'] = { "LONG_BINGET", get, 4, 0 },

    [')'] = { "EMPTY_TUPLE", tuple, 0, 0 },
    [0x85] = { "TUPLE1", tuple, 1, 0 },
    [0x86] = { "TUPLE2", tuple, 2, 0 },
    [0x87] = { "TUPLE3", tuple, 3, 0 },
    ['t'] = { "TUPLE", tuple_of_mark, 0, 0 },
    [']'] = { "EMPTY_LIST", push_container, 0, QL_PICKLE_LIST },
    ['a'] = { "APPEND", extend, 1, QL_PICKLE_LIST },
    ['e'] = { "APPENDS", extend_of_mark, 1, QL_PICKLE_LIST },
    ['}'] = { "EMPTY_DICT", push_container, 0, QL_PICKLE_DICT },
    ['s'] = { "SETITEM", extend, 2, QL_PICKLE_DICT },
    ['u'] = { "SETITEMS", extend_of_mark, 2, QL_PICKLE_DICT },

    ['c'] = { "GLOBAL", global, 0, 0 },
    [0x93] = { "STACK_GLOBAL", stack_global, 0, 0 },
    ['R'] = { "REDUCE", reduce, 0, 0 },
    [0x81] = { "NEWOBJ", new_object, 0, 0 },
    ['b'] = { "BUILD", build, 0, 0 },
    ['Q'] = { "BINPERSID", persistent, 0, 0 },

    ['I'] = { .name = "INT" },
    ['L'] = { .name = "LONG" },
    ['F'] = { .name = "FLOAT" },
    ['S'] = { .name = "STRING" },
    ['V'] = { .name = "UNICODE" },
    ['P'] = { .name = "PERSID" },
    ['p'] = { .name = "PUT" },
    ['g'] = { .name = "GET" },
    ['l'] = { .name = "LIST" },
    ['d'] = { .name = "DICT" },
    ['i'] = { .name = "INST" },
    ['o'] = { .name = "OBJ" },
    [0x82] = { .name = "EXT1" },
    [0x83] = { .name = "EXT2" },
    [0x84] = { .name = "EXT4" },
    [0x8b] = { .name = "LONG4" },
    [0x8e] = { .name = "BINBYTES8" },
    [0x8f] = { .name = "EMPTY_SET" },
    [0x90] = { .name = "ADDITEMS" },
    [0x91] = { .name = "FROZENSET" },
    [0x92] = { .name = "NEWOBJ_EX" },
    [0x96] = { .name = "BYTEARRAY8" },
    [0x97] = { .name = "NEXT_BUFFER" },
    [0x98] = { .name = "READONLY_BUFFER" },
};
