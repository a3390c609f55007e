/* What a reader accepts at most. Every limit is named in the error that it causes. QL_MAX_RANK is in qloupe.h. */
#ifndef QL_FORMATS_LIMITS_H
#define QL_FORMATS_LIMITS_H

enum {
    QL_LIMIT_SAFETENSORS_HEADER = 100000000, /* bytes; the limit of the reference implementation */
    QL_LIMIT_INDEX = 100000000,              /* bytes of the index of a sharded model */
    QL_LIMIT_SHARD_HEADERS = 100000000,      /* bytes of the headers of all its files together */
    QL_LIMIT_NPY_HEADER = 1 << 20,           /* bytes; numpy itself stops at 10,000 */
    QL_LIMIT_NAME = 1 << 20,                 /* bytes of a tensor's name */
    QL_LIMIT_JSON_DEPTH = 128,               /* nested objects and arrays */
};

#endif
