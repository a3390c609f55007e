/*
 * Pickles, Python's serialized objects, read as inert values: a stack machine that builds structs and never imports, calls
 * or evaluates anything. https://docs.python.org/3/library/pickletools.html describes the opcodes.
 *
 * Names (module, attribute) mean something only when the rules of the caller list them; any other one refuses the whole
 * pickle, used or not. A few listed names may be "called": a function of the caller then makes a value of the arguments.
 *
 * Values live as long as the ql_pickle that read them; texts are places in the bytes. A container may hold itself, and one
 * may be held in many places: who walks them marks the nodes. Memory, stack and memo have limits (formats/limits.h), time is
 * linear in the bytes.
 */
#ifndef QL_FORMATS_PICKLE_H
#define QL_FORMATS_PICKLE_H

#include "base/cursor.h"
#include "qloupe.h"

typedef enum ql_pickle_kind {
    QL_PICKLE_NOTHING, /* no value: an empty place of the memo, a key that was dropped */
    QL_PICKLE_MARK,    /* on the stack only */
    QL_PICKLE_NONE,
    QL_PICKLE_BOOL,
    QL_PICKLE_INT,
    QL_PICKLE_BIG, /* an integer of more than 64 bits: its bytes, little-endian */
    QL_PICKLE_FLOAT,
    QL_PICKLE_STRING,
    QL_PICKLE_BYTES,
    QL_PICKLE_TUPLE,
    QL_PICKLE_LIST,
    QL_PICKLE_DICT,
    QL_PICKLE_GLOBAL,     /* a listed name */
    QL_PICKLE_CALL,       /* a listed name called with arguments */
    QL_PICKLE_PERSISTENT, /* something kept outside of the pickle, told by a tuple */
    QL_PICKLE_KIND_COUNT
} ql_pickle_kind;

typedef struct ql_pickle ql_pickle;
typedef struct ql_pickle_node ql_pickle_node;
typedef struct ql_pickle_name ql_pickle_name;

typedef struct ql_pickle_value {
    uint8_t kind;
    uint32_t size; /* of string, bytes, big */
    union {
        int64_t integer; /* int, bool */
        double real;
        uint64_t text_at; /* string, bytes, big: place in the bytes, for ql_pickle_text */
        const ql_pickle_name *name;
        ql_pickle_node *node; /* from tuple to dict, call, persistent */
    };
} ql_pickle_value;

/* A tuple, list, dict, call or persistent. */
struct ql_pickle_node {
    ql_pickle_value *items;        /* [count]: of a dict key, value, key, value; of a call its arguments */
    const ql_pickle_name *made_by; /* call, or dict that a call made; else NULL */
    uint32_t count, capacity;
    uint32_t at;   /* the opcode that made it */
    uint32_t mark; /* for those who walk; 0 at first */
};

/* A name that a pickle may hold. Callers put it first in a struct of their own. */
struct ql_pickle_name {
    const char *module, *name;
    bool is_class; /* NEWOBJ may call it too */
    /* Makes *out of the arguments (a tuple); NULL: must not be called. */
    ql_status (*call)(ql_pickle *pickle, const ql_pickle_name *name, ql_pickle_value arguments, ql_pickle_value *out);
};

typedef struct ql_pickle_rules {
    const ql_pickle_name *(*find)(ql_text module, ql_text name);          /* compared as whole strings; NULL: not listed */
    ql_status (*check_persistent)(ql_pickle *pickle, ql_pickle_value id); /* id: a tuple */
    const char *advice;                                                   /* what to do about a name that is not listed */
} ql_pickle_rules;

struct ql_pickle {
    const ql_pickle_rules *rules;
    ql_cursor *cursor;
    const char *shown, *part; /* for messages: "SHOWN: what is wrong (PART, byte 31); what to do" */
    ql_error *error;
    size_t opcode_at; /* the opcode that is run, and its row */
    const struct ql_pickle_opcode *opcode;
    ql_pickle_node **persistent; /* [persistent_count] every one that was read, in order */
    size_t persistent_count;

    /* Private. */
    size_t persistent_capacity;
    ql_pickle_value *stack;
    size_t stack_count, stack_capacity;
    void *memo; /* pickle_memory.c */
    size_t memo_count;
    struct ql_pickle_chunk *chunks;
    size_t memory_left;
    size_t opcode_count;
    bool stopped;
};

/* Borrows all it is given; the cursor must not lead beyond QL_LIMIT_PICKLE bytes. Call the free function in any case. */
void ql_pickle_start(ql_pickle *pickle, const ql_pickle_rules *rules, ql_cursor *cursor, const char *shown, const char *part,
                     ql_error *error);

/* Reads one pickle from the cursor on, which then stands after its STOP. May be called again for the next one; values of
   earlier ones stay. QL_BAD_FILE names what is wrong and the byte. */
ql_status ql_pickle_read(ql_pickle *pickle, ql_pickle_value *out);

void ql_pickle_free(ql_pickle *pickle);

/* The bytes of a string, bytes or big. */
ql_text ql_pickle_text(const ql_pickle *pickle, ql_pickle_value value);

bool ql_pickle_text_is(const ql_pickle *pickle, ql_pickle_value value, const char *string); /* false: no string */

const char *ql_pickle_kind_name(unsigned kind); /* "a string" */

#define QL_PICKLE_DAMAGED "the file is damaged or badly written, fetch or export it again"

/* QL_BAD_FILE, at the opcode that is run. The first is for damaged pickles, the second says what to do. */
ql_status ql_pickle_refuse(const ql_pickle *pickle, const char *format, ...) __attribute__((format(printf, 2, 3)));
ql_status ql_pickle_refuse_with(const ql_pickle *pickle, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- For functions that make values ------------------------------------------------------------------------------ */

/* Memory that lasts as long as the pickle, zeroed. Counts towards the limit. */
ql_status ql_pickle_allocate(ql_pickle *pickle, size_t size, void **out);

/* A node without items. */
ql_status ql_pickle_node_new(ql_pickle *pickle, ql_pickle_kind kind, ql_pickle_value *out);

/* Adds copies of items[count] to a list or dict (keys are checked). */
ql_status ql_pickle_extend(ql_pickle *pickle, ql_pickle_value container, const ql_pickle_value *items, size_t count);

/* ---- For those who walk ------------------------------------------------------------------------------------------ */

/* Makes a dict what it is in Python: of equal string keys the first keeps its place and gets the last value; the keys of the
   others become QL_PICKLE_NOTHING. */
ql_status ql_pickle_settle(ql_pickle *pickle, ql_pickle_node *dict);

#endif
