/* The machine of formats/pickle.h: what every opcode makes, what is refused and how, and what a pickle may cost. */
#include "testing.h"

#include "formats/limits.h"
#include "formats/pickle.h"
#include "pickles.h"

#include <inttypes.h>
#include <locale.h>
#include <pthread.h>

/* ---- Rules: four names and a persistent id that begins with "id" --------------------------------------------------- */

static ql_status make_call(ql_pickle *pickle, const ql_pickle_name *name, ql_pickle_value arguments, ql_pickle_value *out)
{
    ql_status status = ql_pickle_node_new(pickle, QL_PICKLE_CALL, out);
    if (status == QL_OK) {
        out->node->made_by = name;
        out->node->items = arguments.node->items;
        out->node->count = arguments.node->count;
    }
    return status;
}

static ql_status make_dict(ql_pickle *pickle, const ql_pickle_name *name, ql_pickle_value arguments, ql_pickle_value *out)
{
    (void)arguments;
    ql_status status = ql_pickle_node_new(pickle, QL_PICKLE_DICT, out);
    if (status == QL_OK)
        out->node->made_by = name;
    return status;
}

static const ql_pickle_name names[] = {
    { .module = "m", .name = "function", .call = make_call },
    { .module = "m", .name = "Class", .call = make_call, .is_class = true },
    { .module = "m", .name = "Dict", .call = make_dict, .is_class = true },
    { .module = "m.sub", .name = "value" },
};

static const ql_pickle_name *find(ql_text module, ql_text name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (module.size == strlen(names[i].module) && memcmp(module.data, names[i].module, module.size) == 0 &&
            name.size == strlen(names[i].name) && memcmp(name.data, names[i].name, name.size) == 0)
            return &names[i];
    return NULL;
}

static ql_status check_persistent(ql_pickle *pickle, ql_pickle_value id)
{
    const bool is_id = id.node->count > 0 && ql_pickle_text_is(pickle, id.node->items[0], "id");
    return is_id ? QL_OK : ql_pickle_refuse(pickle, "that is no id");
}

static const ql_pickle_rules rules = { .find = find, .check_persistent = check_persistent, .advice = "do not" };

/* ---- Helpers ------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    bytes pickle;
    ql_cursor cursor;
    ql_error error;
    ql_pickle machine;
    ql_pickle_value value;
    ql_status status;
} reading;

/* Takes the bytes over. */
static reading *read_bytes(bytes pickle)
{
    reading *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->pickle = pickle;
    r->cursor = ql_cursor_over(pickle.data, pickle.size);
    ql_pickle_start(&r->machine, &rules, &r->cursor, "file", "data.pkl", &r->error);
    r->status = ql_pickle_read(&r->machine, &r->value);
    return r;
}

static reading *read_program(const char *program)
{
    return read_bytes(assembled(program));
}

static void done(reading *r)
{
    ql_pickle_free(&r->machine);
    free(r->pickle.data);
    free(r);
}

static reading *assert_read(reading *r)
{
    if (r->status != QL_OK)
        fail_msg("%s", r->error.message);
    return r;
}

/* The message is one line of ASCII in the form that all have. */
static void assert_refused(reading *r, const char *words)
{
    assert_int_equal(r->status, QL_BAD_FILE);
    assert_int_equal(r->error.status, QL_BAD_FILE);
    assert_memory_equal(r->error.message, "file: ", 6);
    assert_non_null(strstr(r->error.message, " (data.pkl, byte "));
    assert_non_null(strstr(r->error.message, "); "));
    for (const char *c = r->error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
    if (!strstr(r->error.message, words))
        fail_msg("'%s' does not say '%s'", r->error.message, words);
    done(r);
}

/* As Python's repr, but for what Python cannot show; containers five deep. */
static void show(const ql_pickle *pickle, ql_pickle_value v, bytes *out, int depth)
{
    char text[400] = "";
    const ql_text raw = v.kind == QL_PICKLE_STRING || v.kind == QL_PICKLE_BYTES || v.kind == QL_PICKLE_BIG
                            ? ql_pickle_text(pickle, v)
                            : (ql_text) { 0 };
    static const char *const brackets[] = { [QL_PICKLE_TUPLE] = "()",
                                            [QL_PICKLE_LIST] = "[]",
                                            [QL_PICKLE_DICT] = "{}",
                                            [QL_PICKLE_CALL] = "()",
                                            [QL_PICKLE_PERSISTENT] = "<>" };
    switch (v.kind) {
    case QL_PICKLE_NONE:
        put(out, "None", 4);
        return;
    case QL_PICKLE_BOOL:
        put(out, v.integer ? "True" : "False", v.integer ? 4 : 5);
        return;
    case QL_PICKLE_INT:
        put(out, text, (size_t)snprintf(text, sizeof text, "%" PRId64, v.integer));
        return;
    case QL_PICKLE_FLOAT:
        put(out, text, (size_t)snprintf(text, sizeof text, "%.17g", v.real));
        return;
    case QL_PICKLE_STRING:
    case QL_PICKLE_BYTES:
        put(out, v.kind == QL_PICKLE_BYTES ? "b'" : "'", v.kind == QL_PICKLE_BYTES ? 2 : 1);
        put(out, raw.data, raw.size);
        put(out, "'", 1);
        return;
    case QL_PICKLE_BIG:
        put(out, text, (size_t)snprintf(text, sizeof text, "big%zu", raw.size));
        return;
    case QL_PICKLE_GLOBAL:
        put(out, text, (size_t)snprintf(text, sizeof text, "%s.%s", v.name->module, v.name->name));
        return;
    default:
        break;
    }
    if (v.kind == QL_PICKLE_CALL)
        put(out, v.node->made_by->name, strlen(v.node->made_by->name));
    put(out, brackets[v.kind], 1);
    for (uint32_t i = 0; i < v.node->count; i++) {
        const bool is_value = v.kind == QL_PICKLE_DICT && i % 2 == 1;
        put(out, is_value ? ": " : ", ", i == 0 ? 0 : 2);
        if (depth < 5)
            show(pickle, v.node->items[i], out, depth + 1);
        else
            put(out, "...", 3);
    }
    put(out, brackets[v.kind] + 1, 1);
}

/* Frees the reading. */
static void assert_shows(reading *r, const char *expected)
{
    bytes shown = { 0 };
    show(&r->machine, r->value, &shown, 0);
    put(&shown, "", 1);
    assert_string_equal((const char *)shown.data, expected);
    free(shown.data);
    done(r);
}

/* ---- What the opcodes make ------------------------------------------------------------------------------------------ */

static const struct {
    const char *program, *shown;
} made[] = {
    { "NONE STOP", "None" },
    { "NEWTRUE NEWFALSE TUPLE2 STOP", "(True, False)" },
    { "BININT1:255 BININT2:65535 BININT:-2 TUPLE3 STOP", "(255, 65535, -2)" },
    { "BININT:2147483647 BININT:-2147483648 TUPLE2 STOP", "(2147483647, -2147483648)" },
    { "LONG1:-5 LONG1:4611686018427387908 TUPLE2 STOP", "(-5, 4611686018427387908)" },
    { "x8a00 x8a01ff x8a020001 TUPLE3 STOP", "(0, -1, 256)" },
    { "x8a08ffffffffffffff7f x8a090000000000000000ff TUPLE2 STOP", "(9223372036854775807, big9)" },
    { "BINFLOAT:1.5 BINFLOAT:-0.1 TUPLE2 STOP", "(1.5, -0.10000000000000001)" },
    { "BINUNICODE:abc SHORT_BINUNICODE:d BINUNICODE8:ef TUPLE3 STOP", "('abc', 'd', 'ef')" },
    { "SHORT_BINSTRING:abc BINSTRING:de BINUNICODE: TUPLE3 STOP", "('abc', 'de', '')" },
    { "SHORT_BINBYTES:abc BINBYTES:de TUPLE2 STOP", "(b'abc', b'de')" },
    { "PROTO:5 FRAME:3 NONE STOP", "None" },
    { "EMPTY_TUPLE STOP", "()" },
    { "NONE TUPLE1 STOP", "(None)" },
    { "MARK int:1 int:2 int:3 int:4 TUPLE STOP", "(1, 2, 3, 4)" },
    { "MARK TUPLE STOP", "()" },
    { "EMPTY_LIST int:1 APPEND int:2 APPEND MARK int:3 int:4 APPENDS MARK APPENDS STOP", "[1, 2, 3, 4]" },
    { "EMPTY_DICT str:a int:1 SETITEM MARK str:b int:2 int:3 NONE SETITEMS STOP", "{'a': 1, 'b': 2, 3: None}" },
    { "int:1 int:2 POP STOP", "1" },
    { "int:1 MARK POP STOP", "1" },
    { "int:1 MARK int:2 int:3 POP_MARK STOP", "1" },
    { "int:1 DUP TUPLE2 STOP", "(1, 1)" },
    { "EMPTY_LIST BINPUT:7 POP BINGET:7 LONG_BINPUT:70000 POP LONG_BINGET:70000 BINGET:7 TUPLE2 STOP", "([], [])" },
    { "str:a MEMOIZE str:b MEMOIZE BINGET:0 BINGET:1 TUPLE2 STOP", "('a', 'b')" },
    { "str:a BINPUT:0 str:b BINPUT:0 str:c MEMOIZE BINGET:0 BINGET:1 TUPLE2 STOP", "('b', 'c')" },
    { "GLOBAL:m.sub,value STOP", "m.sub.value" },
    { "str:m.sub str:value STACK_GLOBAL STOP", "m.sub.value" },
    { "GLOBAL:m,function int:1 TUPLE1 REDUCE STOP", "function(1)" },
    { "GLOBAL:m,Class int:1 TUPLE1 NEWOBJ STOP", "Class(1)" },
    { "GLOBAL:m,Dict EMPTY_TUPLE REDUCE str:a int:1 SETITEM EMPTY_DICT str:b int:2 SETITEM BUILD STOP", "{'a': 1}" },
    { "str:id int:1 TUPLE2 BINPERSID STOP", "<'id', 1>" },
    { "NONE LONG_BINPUT:4294967295 POP LONG_BINGET:4294967295 STOP", "None" },
    { "NONE int:1 STOP", "1" }, /* as in Python: what is left is of no interest */
    /* Containers that hold themselves. */
    { "EMPTY_LIST BINPUT:0 BINGET:0 APPEND STOP", "[[[[[[...]]]]]]" },
    { "EMPTY_DICT BINPUT:0 str:a BINGET:0 SETITEM STOP", "{'a': {'a': {'a': {'a': {'a': {...: ...}}}}}}" },
    { "EMPTY_LIST BINPUT:0 BINGET:0 TUPLE1 APPEND STOP", "[([([(...)])])]" },
};

static bool has_opcode(const char *program, const char *name)
{
    const size_t size = strlen(name);
    for (const char *at = program; (at = strstr(at, name)); at += size)
        if ((at == program || at[-1] == ' ') && (at[size] == ' ' || at[size] == ':' || at[size] == '\0'))
            return true;
    return false;
}

static void every_allowed_opcode_makes_what_python_makes(void **state)
{
    (void)state;
    bool used[PICKLE_OPCODE_COUNT] = { false };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        assert_shows(assert_read(read_program(made[i].program)), made[i].shown);
        for (size_t op = 0; op < PICKLE_OPCODE_COUNT; op++)
            used[op] |= has_opcode(made[i].program, pickle_opcodes[op].name);
    }
    for (size_t op = 0; op < PICKLE_OPCODE_COUNT; op++)
        if (pickle_opcodes[op].allowed && !used[op])
            fail_msg("%s is in no program", pickle_opcodes[op].name);
}

static void every_other_opcode_is_refused_by_its_name(void **state)
{
    (void)state;
    bool known[256] = { false };
    for (size_t op = 0; op < PICKLE_OPCODE_COUNT; op++) {
        known[pickle_opcodes[op].code] = true;
        if (pickle_opcodes[op].allowed)
            continue;
        char program[100], words[100];
        snprintf(program, sizeof program, "MARK NONE NONE %s:1 STOP", pickle_opcodes[op].name);
        snprintf(words, sizeof words, "opcode %s: not used by weight files, nothing was run (data.pkl, byte 3); do not",
                 pickle_opcodes[op].name);
        assert_refused(read_program(program), words);
    }
    for (unsigned code = 0; code < 256; code++) {
        if (known[code])
            continue;
        char program[100], words[100];
        snprintf(program, sizeof program, "NONE NONE NONE x%02x STOP", code);
        snprintf(words, sizeof words, "byte 0x%02x is no opcode of a pickle (data.pkl, byte 3)", code);
        assert_refused(read_program(program), words);
    }
}

static void every_program_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        bytes whole = assembled(made[i].program);
        for (size_t size = 0; size < whole.size; size++) {
            bytes cut = { 0 };
            put(&cut, whole.data, size);
            assert_refused(read_bytes(cut), "the pickle ends");
        }
        free(whole.data);
    }
}

static void pickles_that_follow_each_other_are_read_one_by_one(void **state)
{
    (void)state;
    reading *r = assert_read(read_program("PROTO:2 LONG1:7 STOP  PROTO:2 str:second BINPUT:0 TUPLE1 STOP  BINGET:0 STOP"));
    const ql_pickle_value first = r->value;
    assert_int_equal(r->cursor.at, 2 + 10 + 1);
    ql_pickle_value second, third;
    assert_int_equal(ql_pickle_read(&r->machine, &second), QL_OK);
    assert_int_equal(second.kind, QL_PICKLE_TUPLE);
    assert_int_equal(r->cursor.at, 13 + 2 + 11 + 2 + 1 + 1);
    /* The memo of one is not that of the next. */
    assert_int_equal(ql_pickle_read(&r->machine, &third), QL_BAD_FILE);
    assert_non_null(strstr(r->error.message, "BINGET of memo 0, where nothing was put (data.pkl, byte 30)"));
    assert_int_equal(first.integer, 7);
    assert_true(ql_pickle_text_is(&r->machine, second.node->items[0], "second"));
    done(r);
}

/* ---- What is refused ------------------------------------------------------------------------------------------------ */

static void a_name_that_is_not_listed_refuses_the_pickle_used_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *program, *words;
    } cases[] = {
        { "GLOBAL:os,system POP NONE STOP",
          "file: os.system: not a weight file's name, nothing was run (data.pkl, byte 0)" },
        { "PROTO:2 GLOBAL:os,system str:true TUPLE1 REDUCE STOP", "os.system: not a weight file's name" },
        { "str:os str:system STACK_GLOBAL STOP", "os.system: not a weight file's name" },
        { "GLOBAL:m,sub.value STOP", "m.sub.value: not" }, /* the listed one is m.sub, value */
        { "GLOBAL:m.sub.value, STOP", "m.sub.value.: not" },
        { "GLOBAL:,m.sub.value STOP", ".m.sub.value: not" },
        { "GLOBAL:m,function.__globals__ STOP", "m.function.__globals__: not" },
        { "GLOBAL:m,functio STOP", "m.functio: not" },
        { "GLOBAL:m,functions STOP", "m.functions: not" },
        { "GLOBAL:m,Function STOP", "m.Function: not" },
        { "x636d0a66756e6374696f6e000a STOP", "m.function\\x00: not" },
        { "x636d0d0a66756e6374696f6e0a STOP", "m\\x0d.function: not" },
        { "x631b5d303b780a0d080a STOP", "\\x1b]0;x.\\x0d\\x08: not" },
        { "str:m int:1 STACK_GLOBAL STOP", "STACK_GLOBAL needs a string, not an integer" },
        { "SHORT_BINBYTES:m str:function STACK_GLOBAL STOP", "STACK_GLOBAL needs a string, not bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(read_program(cases[i].program), cases[i].words);
    /* A long one is cut in the message. */
    bytes pickle = { 0 };
    char name[2000];
    memset(name, 'x', sizeof name);
    put_opcode(&pickle, "GLOBAL", name, sizeof name);
    assemble(&pickle, "x0a STOP");
    assert_refused(read_bytes(pickle), "xxxx...");
}

static void kinds_are_checked_by_every_opcode(void **state)
{
    (void)state;
    static const struct {
        const char *program, *words;
    } cases[] = {
        { "EMPTY_LIST str:a NONE SETITEM STOP", "SETITEM needs a dict, not a list (data.pkl, byte 8)" },
        { "EMPTY_DICT NONE APPEND STOP", "APPEND needs a list, not a dict" },
        { "EMPTY_TUPLE NONE APPEND STOP", "APPEND needs a list, not a tuple" },
        { "int:5 NONE APPEND STOP", "APPEND needs a list, not an integer" },
        { "EMPTY_DICT MARK NONE APPENDS STOP", "APPENDS needs a list, not a dict" },
        { "EMPTY_LIST MARK str:a NONE SETITEMS STOP", "SETITEMS needs a dict, not a list" },
        { "str:x MARK APPENDS STOP", "APPENDS needs a list, not a string" },
        { "GLOBAL:m,Class MARK SETITEMS STOP", "SETITEMS needs a dict, not a plain name" },
        { "EMPTY_DICT MARK str:a SETITEMS STOP", "SETITEMS of 1 values, which are no pairs" },
        { "EMPTY_DICT EMPTY_LIST NONE SETITEM STOP", "a list is the key of a dict" },
        { "EMPTY_DICT MARK NONE NONE EMPTY_DICT NONE SETITEMS STOP", "a dict is the key of a dict" },
        { "str:x EMPTY_TUPLE REDUCE STOP", "REDUCE needs a plain name, not a string" },
        { "GLOBAL:m,function NONE REDUCE STOP", "REDUCE needs a tuple, not None" },
        { "GLOBAL:m,function EMPTY_LIST REDUCE STOP", "REDUCE needs a tuple, not a list" },
        { "GLOBAL:m.sub,value EMPTY_TUPLE REDUCE STOP", "REDUCE of m.sub.value, which weight files do not call" },
        { "GLOBAL:m,function EMPTY_TUPLE NEWOBJ STOP", "NEWOBJ of m.function, which weight files do not call" },
        { "EMPTY_DICT EMPTY_DICT BUILD STOP", "BUILD gives attributes to a dict" },
        { "EMPTY_LIST EMPTY_DICT BUILD STOP", "BUILD gives attributes to a list" },
        { "GLOBAL:m,Class EMPTY_TUPLE REDUCE EMPTY_DICT BUILD STOP", "BUILD gives attributes to an object" },
        { "GLOBAL:m,Dict EMPTY_TUPLE REDUCE NONE BUILD STOP", "BUILD needs a dict, not None" },
        { "str:id BINPERSID STOP", "BINPERSID needs a tuple, not a string" },
        { "EMPTY_TUPLE BINPERSID STOP", "that is no id" },
        { "EMPTY_LIST MARK APPEND STOP", "APPEND needs 2 values on the stack, there are 0" },
        { "NONE MARK NONE TUPLE2 STOP", "TUPLE2 needs 2 values on the stack, there are 1" },
        { "NONE MARK DUP STOP", "DUP needs 1 values on the stack, there are 0" },
        { "NONE MARK BINPUT:0 STOP", "BINPUT needs 1 values" },
        { "NONE MARK STOP", "STOP needs 1 values" },
        { "MARK APPENDS STOP", "APPENDS needs 1 values" },
        { "MARK MARK APPENDS STOP", "APPENDS needs 1 values" },
        { "NONE TUPLE STOP", "TUPLE finds no mark" },
        { "NONE POP_MARK STOP", "POP_MARK finds no mark" },
        { "BINGET:7 STOP", "BINGET of memo 7, where nothing was put (data.pkl, byte 0)" },
        { "NONE BINPUT:6 LONG_BINGET:262 STOP", "LONG_BINGET of memo 262, where" },
        { "NONE BINPUT:6 LONG_BINGET:100663296 STOP", "LONG_BINGET of memo 100663296, where" },
        { "PROTO:6 NONE STOP", "pickle protocol 6 is not known, only 0 to 5 are" },
        { "PROTO:200 NONE STOP", "pickle protocol 200" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(read_program(cases[i].program), cases[i].words);
}

static void no_opcode_reaches_below_the_stack(void **state)
{
    (void)state;
    static const char *const below[] = { "", "MARK ", "NONE ", "MARK NONE ", "NONE MARK ", "EMPTY_DICT ", "EMPTY_TUPLE " };
    for (size_t op = 0; op < PICKLE_OPCODE_COUNT; op++) {
        for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
            for (unsigned times = 1; times < 4; times++) {
                bytes pickle = assembled(below[i]);
                for (unsigned k = 0; k < times; k++)
                    put_opcode(&pickle, pickle_opcodes[op].name, "0", 1);
                assemble(&pickle, "STOP");
                reading *r = read_bytes(pickle);
                if (r->status == QL_OK)
                    done(r);
                else
                    assert_refused(r, "");
            }
        }
    }
}

/* ---- What a pickle may cost ----------------------------------------------------------------------------------------- */

static void lengths_beyond_the_bytes_are_refused_before_anything_is_made(void **state)
{
    (void)state;
    static const struct {
        const char *program, *words;
    } cases[] = {
        { "x58ffffffff616263", "BINUNICODE of 4294967295 bytes is over the limit of 268435456 (data.pkl, byte 0)" },
        { "x8dffffffffffffffff616263", "BINUNICODE8 of 18446744073709551615 bytes is over the limit" },
        { "x8d0000000000000080", "BINUNICODE8 of 9223372036854775808 bytes is over the limit" },
        { "x54ffffffff", "BINSTRING of 4294967295 bytes is over the limit" },
        { "x42ffffffff", "BINBYTES of 4294967295 bytes is over the limit" },
        { "x95ffffffffffffffff4e2e", "FRAME of 18446744073709551615 bytes is over the limit" },
        { "x5800000010616263", "the pickle ends inside of BINUNICODE (data.pkl, byte 0)" },
        { "x8cff616263", "the pickle ends inside of SHORT_BINUNICODE" },
        { "x8aff616263", "the pickle ends inside of LONG1" },
        { "x8bffffff7f00", "opcode LONG4" },
        { "x8effffffffffffffff", "opcode BINBYTES8" },
        { "x636f73", "the pickle ends inside of GLOBAL" },
        { "x636f730a73", "the pickle ends inside of GLOBAL" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(read_program(cases[i].program), cases[i].words);
}

static void the_memo_costs_what_is_in_it(void **state)
{
    (void)state;
    reading *r = assert_read(read_program("NONE LONG_BINPUT:4294967295 LONG_BINPUT:0 LONG_BINPUT:2147483648 STOP"));
    assert_in_range(QL_LIMIT_PICKLE_MEMORY - r->machine.memory_left, 1, 1 << 19);
    done(r);
    /* As torch writes it: a thousand values in a row cost 16 bytes each. */
    bytes pickle = assembled("NONE");
    char word[40];
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(word, sizeof word, "LONG_BINPUT:%u", i);
        assemble(&pickle, word);
    }
    assemble(&pickle, "STOP");
    r = assert_read(read_bytes(pickle));
    assert_in_range(QL_LIMIT_PICKLE_MEMORY - r->machine.memory_left, 1600000, 2400000);
    done(r);
    /* Indices as far from each other as they can be are stopped by the limit of memory. */
    pickle = assembled("NONE");
    for (uint32_t i = 0; i < 200000; i++) {
        const uint32_t index = __builtin_bswap32(i); /* the last byte first */
        put(&pickle, "r", 1);
        put_number(&pickle, index, 4);
    }
    assemble(&pickle, "STOP");
    assert_refused(read_bytes(pickle), "its values take more memory than the limit of 536870912 bytes");
}

/* `unit` again and again, after a beginning. */
static bytes repeated(const char *begin, const char *unit, size_t times)
{
    bytes pickle = assembled(begin), one = assembled(unit);
    for (size_t i = 0; i < times; i++)
        put(&pickle, one.data, one.size);
    free(one.data);
    return pickle;
}

static void limits_of_stack_memo_memory_and_opcodes_are_named(void **state)
{
    (void)state;
    assert_refused(read_bytes(repeated("", "MARK", 10000001)), "its stack holds more than the limit of 10000000 values");
    assert_refused(read_bytes(repeated("NONE", "MEMOIZE", 10000001)),
                   "its memo holds more than the limit of 10000000 values");
    assert_refused(read_bytes(repeated("NONE", "DUP POP", 25000000)), "it has more than the limit of 50000000 opcodes");
    assert_refused(read_bytes(repeated("", "EMPTY_LIST POP", 1 << 24)), "its values take more memory than the limit");
    assert_refused(read_bytes(repeated("NONE BINPUT:0", "BINGET:0 TUPLE1 POP", 12000000)),
                   "its values take more memory than the limit");
}

static void plain_values_that_are_dropped_cost_nothing(void **state)
{
    (void)state;
    bytes pickle = repeated("", "NONE POP int:7 POP str:abc POP", 1000000);
    assemble(&pickle, "NONE STOP");
    reading *r = assert_read(read_bytes(pickle));
    assert_in_range(QL_LIMIT_PICKLE_MEMORY - r->machine.memory_left, 1, 4096);
    done(r);
}

/* Runs with little stack, so that recursion would not get far. */
static void *read_nested(void *unused)
{
    (void)unused;
    static const char *const nests[] = { "TUPLE1", "EMPTY_LIST DUP APPEND POP", "EMPTY_DICT str:a" };
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        bytes pickle = repeated("NONE", nests[i], 1000000);
        if (i == 2)
            put(&pickle, "N", 1);
        for (size_t k = 0; i == 2 && k < 1000000; k++)
            put(&pickle, "s", 1);
        assemble(&pickle, "STOP");
        reading *r = read_bytes(pickle);
        assert_int_equal(r->status, QL_OK);
        done(r);
    }
    return NULL;
}

static void a_million_nested_containers_are_read_and_freed_without_recursion(void **state)
{
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 1 << 17), 0);
    assert_int_equal(pthread_create(&thread, &attributes, read_nested, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

/* ---- Dicts ---------------------------------------------------------------------------------------------------------- */

static void settle(reading *r)
{
    assert_int_equal(assert_read(r)->value.kind, QL_PICKLE_DICT);
    assert_int_equal(ql_pickle_settle(&r->machine, r->value.node), QL_OK);
    /* Take out what was dropped, so that it shows as in Python. */
    ql_pickle_node *dict = r->value.node;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < dict->count; i += 2) {
        if (dict->items[i].kind != QL_PICKLE_NOTHING) {
            dict->items[kept++] = dict->items[i];
            dict->items[kept++] = dict->items[i + 1];
        }
    }
    dict->count = kept;
}

static void the_last_value_of_a_key_stays_in_the_first_place(void **state)
{
    (void)state;
    static const struct {
        const char *program, *shown;
    } cases[] = {
        { "EMPTY_DICT STOP", "{}" },
        { "EMPTY_DICT MARK str:a int:1 SETITEMS STOP", "{'a': 1}" },
        { "EMPTY_DICT MARK str:b int:1 str:a int:2 str:b int:3 SETITEMS STOP", "{'b': 3, 'a': 2}" },
        { "EMPTY_DICT MARK str:b int:1 str:a int:2 SETITEMS SHORT_BINSTRING:b int:3 SETITEM str:a int:4 SETITEM STOP",
          "{'b': 3, 'a': 4}" },
        { "EMPTY_DICT MARK str:k BINPUT:0 int:1 str:l int:2 BINGET:0 int:3 str:k int:4 BINGET:0 int:5 str:l int:6 SETITEMS "
          "STOP",
          "{'k': 5, 'l': 6}" },
        { "EMPTY_DICT MARK str:k int:1 str:k BINPUT:0 int:2 BINGET:0 int:3 SETITEMS STOP", "{'k': 3}" },
        { "EMPTY_DICT MARK str: int:1 int:7 int:2 int:7 int:3 NONE int:4 str: int:5 SETITEMS STOP",
          "{'': 5, 7: 2, 7: 3, None: 4}" },
        { "EMPTY_DICT MARK str:ab int:1 str:a int:2 str:abc int:3 str:ab int:4 str:b int:5 SETITEMS STOP",
          "{'ab': 4, 'a': 2, 'abc': 3, 'b': 5}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_program(cases[i].program);
        settle(r);
        assert_shows(r, cases[i].shown);
    }
}

static void a_million_keys_of_one_long_string_settle_at_once(void **state)
{
    (void)state;
    /* Two strings of 1 MiB that differ in their last byte only, and a third like the first: each key a byte or two. */
    enum { TEXT_SIZE = 1 << 20, KEYS = 1000000 };
    char *text = malloc(TEXT_SIZE);
    assert_non_null(text);
    memset(text, 'k', TEXT_SIZE);
    bytes pickle = assembled("EMPTY_DICT");
    for (unsigned i = 0; i < 3; i++) {
        text[TEXT_SIZE - 1] = i == 1 ? 'l' : 'k';
        put_opcode(&pickle, "BINUNICODE", text, TEXT_SIZE);
        put(&pickle, (uint8_t[]) { 'q', (uint8_t)i, '0' }, 3);
    }
    put(&pickle, "(", 1);
    for (unsigned i = 0; i < KEYS; i++)
        put(&pickle, (uint8_t[]) { 'h', (uint8_t)(i % 3), 'K', (uint8_t)(i % 3) }, 4);
    assemble(&pickle, "SETITEMS STOP");
    free(text);
    reading *r = read_bytes(pickle);
    settle(r);
    assert_int_equal(r->value.node->count, 4);
    assert_int_equal(r->value.node->items[1].integer, 0); /* i = 999999 is a multiple of 3 */
    assert_int_equal(r->value.node->items[3].integer, 1);
    done(r);
}

/* ---- Damage --------------------------------------------------------------------------------------------------------- */

static void random_pickles_are_read_or_refused(void **state)
{
    (void)state;
    const unsigned seed = 20240613;
    print_message("seed %u\n", seed);
    srand(seed);
    unsigned read = 0;
    for (unsigned round = 0; round < 200000; round++) {
        bytes pickle = { 0 };
        const unsigned length = 1 + (unsigned)rand() % 12;
        for (unsigned i = 0; i < length; i++) {
            if (rand() % 4 == 0) { /* a piece of a good one */
                bytes piece = assembled(made[(size_t)rand() % (sizeof made / sizeof *made)].program);
                put(&pickle, piece.data, piece.size - 1);
                free(piece.data);
            } else if (rand() % 8 == 0) {
                put(&pickle, &(uint8_t) { (uint8_t)rand() }, 1);
            } else {
                put_opcode(&pickle, pickle_opcodes[rand() % PICKLE_OPCODE_COUNT].name, "1", 1);
            }
        }
        assemble(&pickle, "STOP");
        reading *r = read_bytes(pickle);
        if (r->status == QL_OK) {
            bytes shown = { 0 };
            show(&r->machine, r->value, &shown, 0);
            free(shown.data);
            read++;
            done(r);
        } else {
            assert_refused(r, "");
        }
    }
    assert_in_range(read, 1000, 199000);
}

int main(void)
{
    setlocale(LC_CTYPE, "C");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allowed_opcode_makes_what_python_makes),
        cmocka_unit_test(every_other_opcode_is_refused_by_its_name),
        cmocka_unit_test(every_program_cut_anywhere_is_refused),
        cmocka_unit_test(pickles_that_follow_each_other_are_read_one_by_one),
        cmocka_unit_test(a_name_that_is_not_listed_refuses_the_pickle_used_or_not),
        cmocka_unit_test(kinds_are_checked_by_every_opcode),
        cmocka_unit_test(no_opcode_reaches_below_the_stack),
        cmocka_unit_test(lengths_beyond_the_bytes_are_refused_before_anything_is_made),
        cmocka_unit_test(the_memo_costs_what_is_in_it),
        cmocka_unit_test(limits_of_stack_memo_memory_and_opcodes_are_named),
        cmocka_unit_test(plain_values_that_are_dropped_cost_nothing),
        cmocka_unit_test(a_million_nested_containers_are_read_and_freed_without_recursion),
        cmocka_unit_test(the_last_value_of_a_key_stays_in_the_first_place),
        cmocka_unit_test(a_million_keys_of_one_long_string_settle_at_once),
        cmocka_unit_test(random_pickles_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
