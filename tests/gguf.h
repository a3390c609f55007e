/*
 * A small writer of GGUF that may lie in any field: a file is written as a script of words.
 *
 *   head T K                     'GGUF', version 3, counts of tensors and of keys
 *   text S                       a string: its length, its bytes
 *   key S TYPE                   begins the record of a key; its value follows
 *   tensor S TYPE OFFSET R NE..  the record of a tensor of R dimensions, the fastest first
 *   u8 N  u16 N  u32 N  u64 N    a number, -1 is the largest; f32 X  f64 X
 *   raw S                        bytes as they are
 *   zeros N                      bytes
 *   pad N                        zeros up to a multiple of N
 *
 * S is any bytes but spaces and NUL; '' is none.
 */
#ifndef QL_TESTS_GGUF_H
#define QL_TESTS_GGUF_H

#include "testing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Starts as zeros; free bytes. */
typedef struct gguf {
    uint8_t *bytes;
    size_t size, capacity;
} gguf;

static inline void gguf_put(gguf *g, const void *bytes, size_t size)
{
    if (g->capacity - g->size < size) {
        g->capacity = 2 * g->capacity + size;
        g->bytes = realloc(g->bytes, g->capacity);
        assert_non_null(g->bytes);
    }
    if (size > 0)
        memcpy(g->bytes + g->size, bytes, size);
    g->size += size;
}

/* Little endian, as all machines are that run these tests. */
static inline void gguf_number(gguf *g, uint64_t value, size_t size)
{
    gguf_put(g, &value, size);
}

static inline void gguf_zeros(gguf *g, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gguf_number(g, 0, 1);
}

static inline void gguf_pad(gguf *g, size_t alignment)
{
    gguf_zeros(g, (alignment - g->size % alignment) % alignment);
}

static inline void gguf_text(gguf *g, const char *text)
{
    gguf_number(g, strlen(text), 8);
    gguf_put(g, text, strlen(text));
}

static inline void gguf_head(gguf *g, uint64_t tensors, uint64_t keys)
{
    gguf_put(g, "GGUF\3\0\0\0", 8);
    gguf_number(g, tensors, 8);
    gguf_number(g, keys, 8);
}

static inline void gguf_key(gguf *g, const char *key, uint64_t type)
{
    gguf_text(g, key);
    gguf_number(g, type, 4);
}

static inline void gguf_tensor(gguf *g, const char *name, uint64_t type, uint64_t offset, size_t rank, const uint64_t *ne)
{
    gguf_text(g, name);
    gguf_number(g, rank, 4);
    for (size_t axis = 0; axis < rank; axis++)
        gguf_number(g, ne[axis], 8);
    gguf_number(g, type, 4);
    gguf_number(g, offset, 8);
}

/* Id, elements and bytes of a block: https://github.com/ggml-org/ggml, type_traits of ggml.c. */
typedef struct gguf_type {
    const char *name;
    unsigned id, elements, bytes;
} gguf_type;
static const gguf_type gguf_types[] = {
    { "F32", 0, 1, 4 },         { "F16", 1, 1, 2 },         { "Q4_0", 2, 32, 18 },      { "Q4_1", 3, 32, 20 },
    { "Q5_0", 6, 32, 22 },      { "Q5_1", 7, 32, 24 },      { "Q8_0", 8, 32, 34 },      { "Q8_1", 9, 32, 36 },
    { "Q2_K", 10, 256, 84 },    { "Q3_K", 11, 256, 110 },   { "Q4_K", 12, 256, 144 },   { "Q5_K", 13, 256, 176 },
    { "Q6_K", 14, 256, 210 },   { "Q8_K", 15, 256, 292 },   { "IQ2_XXS", 16, 256, 66 }, { "IQ2_XS", 17, 256, 74 },
    { "IQ3_XXS", 18, 256, 98 }, { "IQ1_S", 19, 256, 50 },   { "IQ4_NL", 20, 32, 18 },   { "IQ3_S", 21, 256, 110 },
    { "IQ2_S", 22, 256, 82 },   { "IQ4_XS", 23, 256, 136 }, { "I8", 24, 1, 1 },         { "I16", 25, 1, 2 },
    { "I32", 26, 1, 4 },        { "I64", 27, 1, 8 },        { "F64", 28, 1, 8 },        { "IQ1_M", 29, 256, 56 },
    { "BF16", 30, 1, 2 },       { "TQ1_0", 34, 256, 54 },   { "TQ2_0", 35, 256, 66 },   { "MXFP4", 39, 32, 17 },
    { "NVFP4", 40, 64, 36 },    { "Q1_0", 41, 128, 18 },    { "Q2_0", 42, 64, 18 },
};

enum { GGUF_TYPE_COUNT = sizeof gguf_types / sizeof *gguf_types };

/* ---- Scripts --------------------------------------------------------------------------------------------------- */

/* The next word of a script, in one of a few rotating static buffers; "" at the end. */
static inline const char *gguf_word(const char **script)
{
    static char words[4][512];
    static unsigned next;
    char *word = words[next++ % 4];
    *script += strspn(*script, " ");
    const size_t size = strcspn(*script, " ");
    assert_true(size < sizeof words[0]);
    memcpy(word, *script, size);
    word[size] = '\0';
    *script += size;
    return word;
}

static inline const char *gguf_string(const char **script)
{
    const char *word = gguf_word(script);
    return strcmp(word, "''") == 0 ? "" : word;
}

static inline uint64_t gguf_operand(const char **script)
{
    const char *word = gguf_word(script);
    char *end;
    const uint64_t value = strtoull(word, &end, 0);
    if (!*word || *end)
        fail_msg("'%s' is no number", word);
    return value;
}

static inline void gguf_script(gguf *g, const char *script)
{
    for (const char *word; *(word = gguf_word(&script));) {
        if (strcmp(word, "head") == 0) {
            const uint64_t tensors = gguf_operand(&script);
            gguf_head(g, tensors, gguf_operand(&script));
        } else if (strcmp(word, "text") == 0) {
            gguf_text(g, gguf_string(&script));
        } else if (strcmp(word, "key") == 0) {
            const char *key = gguf_string(&script);
            gguf_key(g, key, gguf_operand(&script));
        } else if (strcmp(word, "tensor") == 0) {
            char name[512];
            uint64_t ne[8];
            strcpy(name, gguf_string(&script));
            const uint64_t type = gguf_operand(&script), offset = gguf_operand(&script), rank = gguf_operand(&script);
            assert_true(rank <= 8);
            for (uint64_t axis = 0; axis < rank; axis++)
                ne[axis] = gguf_operand(&script);
            gguf_tensor(g, name, type, offset, rank, ne);
        } else if (*word == 'u') {
            const size_t bits = strtoul(word + 1, NULL, 10);
            gguf_number(g, gguf_operand(&script), bits / 8);
        } else if (strcmp(word, "f32") == 0) {
            gguf_put(g, &(float) { strtof(gguf_word(&script), NULL) }, 4);
        } else if (strcmp(word, "f64") == 0) {
            gguf_put(g, &(double) { strtod(gguf_word(&script), NULL) }, 8);
        } else if (strcmp(word, "raw") == 0) {
            const char *bytes = gguf_string(&script);
            gguf_put(g, bytes, strlen(bytes));
        } else if (strcmp(word, "zeros") == 0) {
            gguf_zeros(g, gguf_operand(&script));
        } else if (strcmp(word, "pad") == 0) {
            gguf_pad(g, gguf_operand(&script));
        } else {
            fail_msg("'%s' is no word of a script", word);
        }
    }
}

/* The file that the script describes. */
static inline gguf gguf_make(const char *script)
{
    gguf g = { 0 };
    gguf_script(&g, script);
    return g;
}

#endif
