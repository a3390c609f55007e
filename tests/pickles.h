/*
 * A small assembler of pickles, for tests. A program is words between white space, one opcode each, by the names of
 * pickletools, and what belongs to it after a colon:
 *
 *   PROTO:2 EMPTY_DICT BINUNICODE:w BININT1:7 SETITEM GLOBAL:torch,FloatStorage STOP
 *
 * Lengths are worked out. x8dffff puts these bytes as they are. Shorthands: str:TEXT is a BINUNICODE, int:N the integer as
 * pickle writes it, and for torch od (an OrderedDict), storage:CLASS,KEY,COUNT and
 * tensor:CLASS,KEY,COUNT,OFFSET,SIZES,STRIDES with sizes like 2x3 ("-": none).
 */
#ifndef QL_TESTS_PICKLES_H
#define QL_TESTS_PICKLES_H

#include "testing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A growing piece of memory; free(bytes.data). */
typedef struct bytes {
    uint8_t *data;
    size_t size, capacity;
} bytes;

static inline void put(bytes *b, const void *data, size_t size)
{
    if (size > b->capacity - b->size) {
        b->capacity = 2 * (b->capacity + size) + 64;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_number(bytes *b, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(b, &(uint8_t) { (uint8_t)(number >> 8 * i) }, 1);
}

/* What follows an opcode: a number of `size` bytes, or a text after its length of so many bytes, ... */
typedef enum pickle_form { ALONE, NUMBER, TEXT, LONG, REAL, TWO_LINES, ONE_LINE } pickle_form;

static const struct pickle_opcode {
    const char *name;
    uint8_t code;
    pickle_form form;
    size_t size;
    bool allowed;
} pickle_opcodes[] = {
    { "MARK", '(', ALONE, 0, true },          { "STOP", '.', ALONE, 0, true },
    { "POP", '0', ALONE, 0, true },           { "POP_MARK", '1', ALONE, 0, true },
    { "DUP", '2', ALONE, 0, true },           { "FLOAT", 'F', ONE_LINE, 0, false },
    { "INT", 'I', ONE_LINE, 0, false },       { "BININT", 'J', NUMBER, 4, true },
    { "BININT1", 'K', NUMBER, 1, true },      { "LONG", 'L', ONE_LINE, 0, false },
    { "BININT2", 'M', NUMBER, 2, true },      { "NONE", 'N', ALONE, 0, true },
    { "PERSID", 'P', ONE_LINE, 0, false },    { "BINPERSID", 'Q', ALONE, 0, true },
    { "REDUCE", 'R', ALONE, 0, true },        { "STRING", 'S', ONE_LINE, 0, false },
    { "BINSTRING", 'T', TEXT, 4, true },      { "SHORT_BINSTRING", 'U', TEXT, 1, true },
    { "UNICODE", 'V', ONE_LINE, 0, false },   { "BINUNICODE", 'X', TEXT, 4, true },
    { "APPEND", 'a', ALONE, 0, true },        { "BUILD", 'b', ALONE, 0, true },
    { "GLOBAL", 'c', TWO_LINES, 0, true },    { "DICT", 'd', ALONE, 0, false },
    { "EMPTY_DICT", '}', ALONE, 0, true },    { "APPENDS", 'e', ALONE, 0, true },
    { "GET", 'g', ONE_LINE, 0, false },       { "BINGET", 'h', NUMBER, 1, true },
    { "INST", 'i', TWO_LINES, 0, false },     { "LONG_BINGET", 'j', NUMBER, 4, true },
    { "LIST", 'l', ALONE, 0, false },         { "EMPTY_LIST", ']', ALONE, 0, true },
    { "OBJ", 'o', ALONE, 0, false },          { "PUT", 'p', ONE_LINE, 0, false },
    { "BINPUT", 'q', NUMBER, 1, true },       { "LONG_BINPUT", 'r', NUMBER, 4, true },
    { "SETITEM", 's', ALONE, 0, true },       { "TUPLE", 't', ALONE, 0, true },
    { "EMPTY_TUPLE", ')', ALONE, 0, true },   { "SETITEMS", 'u', ALONE, 0, true },
    { "BINFLOAT", 'G', REAL, 8, true },       { "BINBYTES", 'B', TEXT, 4, true },
    { "SHORT_BINBYTES", 'C', TEXT, 1, true }, { "PROTO", 0x80, NUMBER, 1, true },
    { "NEWOBJ", 0x81, ALONE, 0, true },       { "EXT1", 0x82, NUMBER, 1, false },
    { "EXT2", 0x83, NUMBER, 2, false },       { "EXT4", 0x84, NUMBER, 4, false },
    { "TUPLE1", 0x85, ALONE, 0, true },       { "TUPLE2", 0x86, ALONE, 0, true },
    { "TUPLE3", 0x87, ALONE, 0, true },       { "NEWTRUE", 0x88, ALONE, 0, true },
    { "NEWFALSE", 0x89, ALONE, 0, true },     { "LONG1", 0x8a, LONG, 1, true },
    { "LONG4", 0x8b, LONG, 4, false },        { "SHORT_BINUNICODE", 0x8c, TEXT, 1, true },
    { "BINUNICODE8", 0x8d, TEXT, 8, true },   { "BINBYTES8", 0x8e, TEXT, 8, false },
    { "EMPTY_SET", 0x8f, ALONE, 0, false },   { "ADDITEMS", 0x90, ALONE, 0, false },
    { "FROZENSET", 0x91, ALONE, 0, false },   { "NEWOBJ_EX", 0x92, ALONE, 0, false },
    { "STACK_GLOBAL", 0x93, ALONE, 0, true }, { "MEMOIZE", 0x94, ALONE, 0, true },
    { "FRAME", 0x95, NUMBER, 8, true },       { "BYTEARRAY8", 0x96, TEXT, 8, false },
    { "NEXT_BUFFER", 0x97, ALONE, 0, false }, { "READONLY_BUFFER", 0x98, ALONE, 0, false },
};

enum { PICKLE_OPCODE_COUNT = sizeof pickle_opcodes / sizeof *pickle_opcodes };

static inline void assemble(bytes *out, const char *program);

/* One opcode and its text, of any bytes. */
static inline void put_opcode(bytes *out, const char *name, const char *text, size_t size)
{
    size_t i = 0;
    while (i < PICKLE_OPCODE_COUNT && strcmp(pickle_opcodes[i].name, name) != 0)
        i++;
    if (i == PICKLE_OPCODE_COUNT)
        fail_msg("'%s' is no opcode", name);
    const struct pickle_opcode *op = &pickle_opcodes[i];
    put(out, &op->code, 1);
    const int64_t number = strtoll(text, NULL, 10);
    const double real = strtod(text, NULL);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    switch (op->form) {
    case ALONE:
        break;
    case NUMBER:
        put_number(out, text[0] == '-' ? (uint64_t)number : strtoull(text, NULL, 10), op->size);
        break;
    case REAL:
        put_number(out, __builtin_bswap64(bits), 8);
        break;
    case LONG:
        put_number(out, 8, op->size);
        put_number(out, (uint64_t)number, 8);
        break;
    case TEXT:
        put_number(out, size, op->size);
        put(out, text, size);
        break;
    case TWO_LINES:
    case ONE_LINE:
        for (size_t at = 0; at < size; at++)
            put(out, op->form == TWO_LINES && text[at] == ',' ? "\n" : &text[at], 1);
        put(out, "\n", 1);
        break;
    }
}

static inline void put_integer(bytes *out, const char *text)
{
    const int64_t number = strtoll(text, NULL, 10);
    const char *name = number >= 0 && number < 256                           ? "BININT1"
                       : number >= 0 && number < 65536                       ? "BININT2"
                       : number >= INT32_MIN && number <= (int64_t)INT32_MAX ? "BININT"
                                                                             : "LONG1";
    put_opcode(out, name, text, strlen(text));
}

/* "2x3" as a tuple, "-" the empty one. */
static inline void put_sizes(bytes *out, char *text)
{
    assemble(out, "MARK");
    while (text && strcmp(text, "-") != 0)
        put_integer(out, strsep(&text, "x"));
    assemble(out, "TUPLE");
}

/* CLASS,KEY,COUNT and the rest of them in *text. */
static inline void put_storage(bytes *out, char **text)
{
    char name[100];
    const char *class = strsep(text, ","), *key = strsep(text, ","), *count = strsep(text, ",");
    snprintf(name, sizeof name, "torch,%s", class);
    assemble(out, "MARK str:storage");
    put_opcode(out, "GLOBAL", name, strlen(name));
    put_opcode(out, "BINUNICODE", key, strlen(key));
    assemble(out, "str:cpu");
    put_integer(out, count);
    assemble(out, "TUPLE BINPERSID");
}

static inline void put_tensor(bytes *out, char *text)
{
    assemble(out, "GLOBAL:torch._utils,_rebuild_tensor_v2 MARK");
    put_storage(out, &text);
    put_integer(out, strsep(&text, ","));
    put_sizes(out, strsep(&text, ","));
    put_sizes(out, text);
    assemble(out, "NEWFALSE od TUPLE REDUCE");
}

static inline void assemble(bytes *out, const char *program)
{
    char *copy = strdup(program), *rest = copy, *word;
    assert_non_null(copy);
    while ((word = strsep(&rest, " \n"))) {
        char *text = strchr(word, ':');
        if (text)
            *text++ = '\0';
        else
            text = word + strlen(word);
        if (!*word) {
            continue;
        } else if (*word == 'x') {
            for (unsigned byte; sscanf(word + 1, "%2x", &byte) == 1; word += 2)
                put(out, &(uint8_t) { (uint8_t)byte }, 1);
        } else if (strcmp(word, "str") == 0) {
            put_opcode(out, "BINUNICODE", text, strlen(text));
        } else if (strcmp(word, "int") == 0) {
            put_integer(out, text);
        } else if (strcmp(word, "od") == 0) {
            assemble(out, "GLOBAL:collections,OrderedDict EMPTY_TUPLE REDUCE");
        } else if (strcmp(word, "storage") == 0) {
            put_storage(out, &text);
        } else if (strcmp(word, "tensor") == 0) {
            put_tensor(out, text);
        } else {
            put_opcode(out, word, text, strlen(text));
        }
    }
    free(copy);
}

/* The bytes of a program. */
static inline bytes assembled(const char *program)
{
    bytes out = { 0 };
    assemble(&out, program);
    return out;
}

#endif
