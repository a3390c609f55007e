/* The machine: takes one opcode after the other and has it run. See pickle.h; what they do is in pickle_opcodes.c. */
#include "formats/pickle.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/limits.h"
#include "formats/pickle_memory.h"
#include "formats/pickle_opcodes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef ql_pickle machine;

static const char *const kind_names[QL_PICKLE_KIND_COUNT] = {
    "nothing", "a mark", "None",   "a bool",       "an integer", "a large integer",     "a float", "a string", "bytes",
    "a tuple", "a list", "a dict", "a plain name", "an object",  "a persistent object",
};

const char *ql_pickle_kind_name(unsigned kind)
{
    return kind_names[kind];
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static ql_status refuse(const machine *m, const char *advice, const char *format, va_list arguments)
{
    char what[400];
    vsnprintf(what, sizeof what, format, arguments);
    return ql_fail(m->error, QL_BAD_FILE, "%s: %s (%s, byte %zu); %s", m->shown, what, m->part, m->opcode_at, advice);
}

ql_status ql_pickle_refuse(const ql_pickle *m, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ql_status status = refuse(m, QL_PICKLE_DAMAGED, format, arguments);
    va_end(arguments);
    return status;
}

ql_status ql_pickle_refuse_with(const ql_pickle *m, const char *advice, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ql_status status = refuse(m, advice, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Running ------------------------------------------------------------------------------------------------------- */

static ql_status step(machine *m)
{
    m->opcode_at = m->cursor->at;
    if (++m->opcode_count > QL_LIMIT_PICKLE_OPCODES)
        return ql_pickle_refuse(m, "it has more than the limit of %d opcodes", QL_LIMIT_PICKLE_OPCODES);
    const unsigned code = ql_cursor_u8(m->cursor);
    if (m->cursor->failed)
        return ql_pickle_refuse(m, "the pickle ends without STOP");
    m->opcode = &ql_pickle_opcodes[code];
    if (!m->opcode->name)
        return ql_pickle_refuse(m, "byte 0x%02x is no opcode of a pickle", code);
    if (!m->opcode->run) {
        return ql_pickle_refuse_with(m, m->rules->advice, "opcode %s: not used by weight files, nothing was run",
                                     m->opcode->name);
    }
    const ql_status status = m->opcode->run(m);
    if (m->cursor->failed && status != QL_NO_MEMORY)
        return ql_pickle_refuse(m, "the pickle ends inside of %s", m->opcode->name);
    return status;
}

ql_status ql_pickle_read(ql_pickle *m, ql_pickle_value *out)
{
    m->stack_count = 0;
    ql_pickle_memo_clear(m);
    ql_status status = QL_OK;
    for (m->stopped = false; status == QL_OK && !m->stopped;)
        status = step(m);
    if (status == QL_OK)
        *out = m->stack[m->stack_count - 1];
    return status;
}

void ql_pickle_start(ql_pickle *m, const ql_pickle_rules *rules, ql_cursor *cursor, const char *shown, const char *part,
                     ql_error *error)
{
    *m = (machine) {
        .rules = rules,
        .cursor = cursor,
        .shown = shown,
        .part = part,
        .error = error,
        .memory_left = QL_LIMIT_PICKLE_MEMORY,
    };
}

void ql_pickle_free(ql_pickle *m)
{
    free(m->stack);
    free(m->persistent);
    ql_pickle_release(m);
    *m = (machine) { 0 };
}

ql_text ql_pickle_text(const ql_pickle *m, ql_pickle_value v)
{
    return (ql_text) { .data = (const char *)m->cursor->base + v.text_at, .size = v.size };
}

bool ql_pickle_text_is(const ql_pickle *m, ql_pickle_value v, const char *string)
{
    return v.kind == QL_PICKLE_STRING && ql_text_is(ql_pickle_text(m, v), string);
}
