/* Tensors over memory and random values, for tests that need no file. */
#ifndef QL_TESTS_TENSORS_H
#define QL_TESTS_TENSORS_H

#include "testing.h"

#include <math.h>
#include <string.h>

#include "base/source.h"
#include "qloupe.h"
#include "tensor/tensor.h"

/* Points into itself: not to be copied. */
typedef struct memory_tensor {
    ql_tensor tensor;
    ql_storage storage;
    ql_source *source;
    uint64_t shape[QL_MAX_RANK];
} memory_tensor;

static inline void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK)
        fail_msg("status %d: %s", (int)status, error->message);
}

/* A tensor named "w" over `bytes`, which are borrowed. */
static inline void memory_tensor_make(memory_tensor *m, ql_dtype dtype, const void *bytes, ql_layout layout, unsigned rank,
                                      const uint64_t *shape)
{
    ql_error error;
    memset(m, 0, sizeof *m);
    ql_tensor *t = &m->tensor;
    t->name = ql_text_from("w");
    t->dtype = dtype;
    t->rank = rank;
    t->shape = m->shape;
    t->element_count = 1;
    for (unsigned axis = 0; axis < rank; axis++) {
        m->shape[axis] = shape[axis];
        t->element_count *= shape[axis];
    }
    t->byte_count = t->element_count * (ql_dtype_describe(dtype)->bits / 8);
    t->storage = &m->storage;
    must(ql_source_from_memory("memory", bytes, t->byte_count, &m->source, &error), &error);
    m->storage.source = m->source;
    ql_tensor_set_layout(t, layout);
}

static inline void memory_tensor_free(memory_tensor *m)
{
    ql_source_free(&m->source);
}

/* splitmix64 (Steele, Lea, Flood 2014): the same numbers everywhere. */
static inline uint64_t random_bits(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    return random_bits(seed) % limit;
}

/* In [0, 1). */
static inline double random_unit(uint64_t *seed)
{
    return (double)(random_bits(seed) >> 11) * 0x1p-53;
}

/* Roughly normal: mean 0, deviation 1. */
static inline double random_normal(uint64_t *seed)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_unit(seed);
    return sum;
}

/* Any finite float32: all exponents, denormals and both zeros. */
static inline float random_float(uint64_t *seed)
{
    for (;;) {
        uint32_t bits = (uint32_t)random_bits(seed);
        float value;
        memcpy(&value, &bits, 4);
        if (isfinite(value))
            return value;
    }
}

#endif
