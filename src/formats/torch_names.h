/* The names that PyTorch's pickles may hold: what they stand for, and what calling them makes. */
#ifndef QL_FORMATS_TORCH_NAMES_H
#define QL_FORMATS_TORCH_NAMES_H

#include "formats/pickle.h"

typedef enum ql_torch_kind {
    QL_TORCH_OTHER,     /* of no interest here */
    QL_TORCH_STORAGE,   /* a class of storages: an element type */
    QL_TORCH_DTYPE,     /* an element type */
    QL_TORCH_TENSOR,    /* called with storage, offset, sizes, strides; the storage says the type */
    QL_TORCH_TENSOR_OF, /* the same, and the type is the seventh argument */
    QL_TORCH_HIDDEN,    /* makes a tensor of another kind, which is not shown */
} ql_torch_kind;

typedef struct ql_torch_name {
    ql_pickle_name is; /* first */
    ql_torch_kind kind;
    int dtype;         /* storage, dtype: a ql_dtype, or QL_TORCH_NO_DTYPE */
    unsigned size;     /* of one element in bytes */
    const char *takes; /* a letter for each argument that must be there: see torch_names.c */
    unsigned most;     /* arguments */
} ql_torch_name;

enum { QL_TORCH_NO_DTYPE = -1 };

/* Arguments of the calls that make a tensor, and items of the tuple that tells a storage. */
enum {
    QL_TORCH_TENSOR_STORAGE,
    QL_TORCH_TENSOR_OFFSET,
    QL_TORCH_TENSOR_SIZES,
    QL_TORCH_TENSOR_STRIDES,
    QL_TORCH_TENSOR_DTYPE = 6
};
enum {
    QL_TORCH_STORAGE_MARK,
    QL_TORCH_STORAGE_CLASS,
    QL_TORCH_STORAGE_KEY,
    QL_TORCH_STORAGE_LOCATION,
    QL_TORCH_STORAGE_COUNT,
    QL_TORCH_STORAGE_VIEW
};

/* Every call that they let through has arguments of the kinds that it takes; every persistent object is a storage. */
extern const ql_pickle_rules ql_torch_rules;

/* The name of a global or of what made a call. */
const ql_torch_name *ql_torch_name_of(const ql_pickle_name *name);

#endif
