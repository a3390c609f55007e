/*
 * Containers: one file per format, each ends in its ql_format, all of them rows of the table in registry.c.
 *
 * A reader gets an open source whose first bytes it recognised, checks everything the format promises (see README.md), and fills
 * the model with metadata and tensors. It touches the header only. On failure the registry frees what was filled so far.
 */
#ifndef QL_FORMATS_FORMATS_H
#define QL_FORMATS_FORMATS_H

#include "base/source.h"
#include "tensor/tensor.h"

struct ql_model {
    ql_source *source;        /* owned */
    const struct ql_format *format;
    char *header;             /* owned: texts point into it (decoded in place) */
    ql_tensor *tensors;       /* owned [tensor_count], in the order of their data */
    size_t tensor_count;
    ql_storage *storages;     /* owned [tensor_count] */
    uint64_t *shapes;         /* owned: all dimensions, one tensor after the other */
    ql_text *metadata;        /* owned [2 * metadata_count]: key, value, key, value */
    size_t metadata_count;
};

typedef struct ql_format {
    ql_format_info info;
    /* True when the file is of this format: `head` is its first head_size (up to 64) bytes. */
    bool (*recognise)(const uint8_t *head, size_t head_size, uint64_t file_size);
    ql_status (*read)(ql_model *model, ql_error *error);
} ql_format;

extern const ql_format ql_format_safetensors;
extern const ql_format ql_format_npy;

#endif
