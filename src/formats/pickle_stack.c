/* The stack of a pickle: see pickle_stack.h. */
#include "formats/pickle_stack.h"

#include "formats/limits.h"
#include "formats/pickle_memory.h"
#include "formats/pickle_opcodes.h"

ql_status ql_pickle_push(ql_pickle *m, ql_pickle_value v)
{
    if (m->stack_count == QL_LIMIT_PICKLE_STACK)
        return ql_pickle_refuse(m, "its stack holds more than the limit of %d values", QL_LIMIT_PICKLE_STACK);
    if (m->stack_count == m->stack_capacity) {
        void *stack = m->stack;
        ql_status status = ql_pickle_grow(m, &stack, sizeof *m->stack, m->stack_count, &m->stack_capacity);
        m->stack = stack;
        if (status != QL_OK)
            return status;
    }
    m->stack[m->stack_count++] = v;
    return QL_OK;
}

ql_status ql_pickle_need(const ql_pickle *m, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (i > m->stack_count || m->stack[m->stack_count - i].kind == QL_PICKLE_MARK)
            return ql_pickle_refuse(m, "%s needs %zu values on the stack, there are %zu", m->opcode->name, count, i - 1);
    return QL_OK;
}

ql_status ql_pickle_find_mark(const ql_pickle *m, size_t *above)
{
    for (*above = m->stack_count; *above > 0; --*above)
        if (m->stack[*above - 1].kind == QL_PICKLE_MARK)
            return QL_OK;
    return ql_pickle_refuse(m, "%s finds no mark on the stack", m->opcode->name);
}

ql_pickle_value *ql_pickle_top(ql_pickle *m, size_t above)
{
    return &m->stack[m->stack_count - 1 - above];
}

ql_status ql_pickle_need_kind(const ql_pickle *m, const ql_pickle_value *v, unsigned kind)
{
    if (v->kind != kind)
        return ql_pickle_refuse(m, "%s needs %s, not %s", m->opcode->name, ql_pickle_kind_name(kind),
                                ql_pickle_kind_name(v->kind));
    return QL_OK;
}
