/* From tensors in a pickle to a model: checks where their elements are. */
#ifndef QL_FORMATS_TORCH_MODEL_H
#define QL_FORMATS_TORCH_MODEL_H

#include "formats/formats.h"
#include "formats/pickle.h"
#include "formats/torch_names.h"
#include "formats/unique.h"

/* Bytes that tensors are views of: an entry of the archive, a piece of the file. */
typedef struct ql_torch_storage {
    ql_text key;
    const ql_torch_name *class; /* as the pickle says; NULL: it does not name it */
    const ql_source *source;
    uint64_t offset; /* in the source */
    uint64_t begin;  /* in the file; QL_NO_OFFSET: compressed */
    uint64_t size;   /* in bytes */
} ql_torch_storage;

typedef struct ql_torch_storages {
    ql_torch_storage *items; /* owned [count] */
    size_t count;
    ql_names names; /* of the keys */
} ql_torch_storages;

/* Takes the items over, also after a failure. *twice is a key that two of them have, or NULL. */
ql_status ql_torch_storages_start(ql_torch_storages *out, ql_torch_storage *items, size_t count, const ql_text **twice,
                                  ql_error *error);
void ql_torch_storages_free(ql_torch_storages *storages);

/* Finds the storage of every persistent object of the pickle (its mark is then the number of the storage and one) and what
   class it has. Refused are keys that are none of a storage, and two classes for one. */
ql_status ql_torch_storages_claim(ql_torch_storages *storages, ql_pickle *pickle);

/* Every persistent object must have as many elements as its storage. */
ql_status ql_torch_storages_check(const ql_torch_storages *storages, ql_pickle *pickle);

/* Fills the model with the tensors that are found from `top` on. */
ql_status ql_torch_fill(ql_model *model, ql_pickle *pickle, ql_pickle_value top, const ql_torch_storages *storages,
                        bool big_endian);

#endif
