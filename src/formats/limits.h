/* What a reader accepts at most. Every limit is named in the error that it causes. QL_MAX_RANK is in qloupe.h. */
#ifndef QL_FORMATS_LIMITS_H
#define QL_FORMATS_LIMITS_H

enum {
    QL_LIMIT_SAFETENSORS_HEADER = 100000000, /* bytes; the limit of the reference implementation */
    QL_LIMIT_INDEX = 100000000,              /* bytes of the index of a sharded model */
    QL_LIMIT_SHARD_HEADERS = 100000000,      /* bytes of the headers of all its files together */
    QL_LIMIT_NPY_HEADER = 1 << 20,           /* bytes; numpy itself stops at 10,000 */
    QL_LIMIT_NPZ_HEADERS = 100000000,        /* bytes of the headers of all arrays in an archive: compressed, they cost little */
    QL_LIMIT_GGUF_HEADER = 512 << 20,        /* bytes up to the data */
    QL_LIMIT_GGUF_KEYS = 1 << 20,            /* of metadata */
    QL_LIMIT_GGUF_KEY = 65535,               /* bytes of one; the limit of the format */
    QL_LIMIT_GGUF_STRING = 1 << 30,          /* bytes of one in the metadata */
    QL_LIMIT_GGUF_ARRAY = 1 << 30,           /* elements, likewise */
    QL_LIMIT_GGUF_ALIGNMENT = 1 << 20,       /* bytes */
    QL_LIMIT_GGUF_TENSORS = 1 << 20,
    QL_LIMIT_GGUF_RANK = 4,                  /* dimensions; the limit of the reference implementation */
    QL_LIMIT_ZIP_ENTRIES = 1000000,          /* in one archive */
    QL_LIMIT_ZIP_DIRECTORY = 1 << 28,        /* bytes: 268 for each of so many entries */
    QL_LIMIT_NAME = 1 << 20,                 /* bytes of a tensor's name */
    QL_LIMIT_JSON_DEPTH = 128,               /* nested objects and arrays */
    QL_LIMIT_PICKLE = 256 << 20,             /* bytes; of an old torch file: of all its pickles */
    QL_LIMIT_PICKLE_OPCODES = 50000000,      /* that are run: a few seconds */
    QL_LIMIT_PICKLE_STACK = 10000000,        /* values */
    QL_LIMIT_PICKLE_MEMO = 10000000,         /* values */
    QL_LIMIT_PICKLE_DEPTH = 1000,            /* nested containers, where tensors are looked for */
    QL_LIMIT_TORCH_KEY = 255,                /* bytes of the key of a storage, which is a short number */
    QL_LIMIT_PICKLE_MEMORY = 512 << 20,      /* bytes that the values take */
};

#define QL_LIMIT_VIEW_ELEMENTS (UINT64_C(1) << 40) /* of a tensor that has more of them than are stored: fewer than so many */
#define QL_LIMIT_INFLATED  (UINT64_C(1) << 34) /* bytes of a compressed entry that is read */
#define QL_LIMIT_BOMB_SIZE (UINT64_C(1) << 29) /* bytes of one that shrank more than QL_LIMIT_BOMB_RATIO-fold: no weights do */
#define QL_LIMIT_BOMB_RATIO 100

#endif
