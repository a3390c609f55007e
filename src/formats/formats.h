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

typedef struct ql_metadata {
    ql_text key;
    ql_value value;
} ql_metadata;

struct ql_model {
    ql_source *source; /* owned: the file that was named */
    const struct ql_format *format;
    char *header;             /* owned: texts point into it (decoded in place) */
    char *names;              /* owned: texts that do not stand in the header as they are; NULL when there are none */
    ql_tensor *tensors;       /* owned [tensor_count], in the order of their data */
    size_t tensor_count;
    ql_storage *storages;     /* owned [tensor_count] */
    uint64_t *shapes;         /* owned: all dimensions, one tensor after the other */
    ql_metadata *metadata;    /* owned [metadata_count] */
    size_t metadata_count;
    ql_source **sources;      /* owned, array and items [source_count]: parts of the file that are sources of their own */
    size_t source_count;
    struct ql_model **shards; /* owned, array and items [shard_count]: tensors and texts of a sharded model point into them */
    size_t shard_count;
    char note[200];           /* for people: "part 1 of 3"; "" when there is nothing to say. Printable */
};

typedef struct ql_format {
    ql_format_info info;
    /* True when the file is of this format: `head` is its first head_size (up to 64) bytes. QL_NO_MEMORY in *error: who knows. */
    bool (*recognise)(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error);
    ql_status (*read)(ql_model *model, ql_error *error);
} ql_format;

/* Reads the model in an open source, which is the model's from now on, or freed. `only` is the one format that it may have,
   NULL: any. The layout of the tensors is left to be found. */
ql_status ql_model_read(ql_source *source, const ql_format *only, ql_model **out, ql_error *error);

/* True when the path ends in one of the format's extensions, in any case. */
bool ql_format_has_extension(const ql_format_info *info, const char *path);

/* "weights" of "folder/weights.npy", for formats that name no tensor; borrowed from the path. */
ql_text ql_path_stem(const char *path);

/* tensors[count], storages[count] and shapes[dimension_count] of zeros, each at least one long. */
ql_status ql_model_allocate(ql_model *model, size_t count, size_t dimension_count, ql_error *error);

extern const ql_format ql_format_safetensors;
extern const ql_format ql_format_gguf;
extern const ql_format ql_format_sharded;
extern const ql_format ql_format_npy;
extern const ql_format ql_format_torch;
extern const ql_format ql_format_torch_legacy;
extern const ql_format ql_format_npz;

#endif
