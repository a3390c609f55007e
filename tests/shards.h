/* Sharded models, written for tests. */
#ifndef QL_TESTS_SHARDS_H
#define QL_TESTS_SHARDS_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX "model.safetensors.index.json"

/* FOLDER/NAME, a safetensors file of F32 tensors of `count` elements each; tensor i, named as the words of `names` that
   spaces part, holds the value first + i everywhere. The header has at least `header` bytes. */
static inline void write_shard_padded(const char *folder, const char *name, const char *names, size_t count, float first,
                                      size_t header)
{
    char *words = strdup(names), *rest = NULL, *text = NULL;
    size_t size = 0, tensors = 0;
    FILE *out = open_memstream(&text, &size);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest), tensors++)
        fprintf(out, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu],\"data_offsets\":[%zu,%zu]}", tensors ? "," : "{", word,
                count, tensors * count * 4, (tensors + 1) * count * 4);
    fputs(tensors ? "}" : "{}", out);
    fclose(out);
    free(words);
    const size_t padded = size < header ? header : (size + 7) / 8 * 8;
    char *bytes = malloc(8 + padded + tensors * count * 4);
    const uint64_t length = padded;
    memcpy(bytes, &length, 8);
    memset(bytes + 8, ' ', padded);
    memcpy(bytes + 8, text, size);
    free(text);
    for (size_t i = 0; i < tensors * count; i++) {
        const float value = first + (float)(i / count);
        memcpy(bytes + 8 + padded + 4 * i, &value, 4);
    }
    testing_write(testing_path(folder, name), bytes, 8 + padded + tensors * count * 4);
    free(bytes);
}

static inline void write_shard(const char *folder, const char *name, const char *names, size_t count, float first)
{
    write_shard_padded(folder, name, names, count, first, 0);
}

/* FOLDER/model.safetensors.index.json; returns its path. */
static inline const char *write_index(const char *folder, const char *text)
{
    const char *path = testing_path(folder, INDEX);
    testing_write(path, text, strlen(text));
    return path;
}

#endif
