/* What a reader accepts at most. Every limit is named in the error that it causes. QL_MAX_RANK is in qloupe.h. */
#ifndef QL_FORMATS_LIMITS_H
#define QL_FORMATS_LIMITS_H

enum {
    QL_LIMIT_SAFETENSORS_HEADER = 100000000, /* bytes; the limit of the reference implementation */
    QL_LIMIT_NPY_HEADER = 1 << 20,           /* bytes; numpy itself stops at 10,000 */
    QL_LIMIT_GGUF_HEADER = 512 << 20,        /* bytes up to the data */
    QL_LIMIT_GGUF_KEYS = 1 << 21,            /* of metadata */
    QL_LIMIT_GGUF_KEY = 65535,               /* bytes of one; the limit of the format */
    QL_LIMIT_GGUF_STRING = 1 << 30,          /* bytes of one in the metadata */
    QL_LIMIT_GGUF_ARRAY = 1 << 30,           /* elements, likewise */
    QL_LIMIT_GGUF_ALIGNMENT = 1 << 20,       /* bytes */
    QL_LIMIT_GGUF_TENSORS = 1 << 21,
    QL_LIMIT_GGUF_RANK = 4,                  /* dimensions; the limit of the reference implementation */
    QL_LIMIT_NAME = 1 << 20,                 /* bytes of a tensor's name */
    QL_LIMIT_JSON_DEPTH = 128,               /* nested objects and arrays */
};

#endif
