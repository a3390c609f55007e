/*
 * What the tests of the schemes share: tensors of every element type, layout, shape and kind of data, and every spec that two knobs make.
 */
#ifndef QL_TESTS_SCHEMES_H
#define QL_TESTS_SCHEMES_H

#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "npy.h"
#include "quant/keys.h"
#include "quant/scheme.h"
#include "tensor/convert.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#ifdef __SANITIZE_THREAD__
enum { PAIRS_OF = 7 }; /* one pair of knobs in seven: everything takes long */
#else
enum { PAIRS_OF = 1 };
#endif

/* ---- Tensors */

typedef enum kind { BELL, TIES, ONE_SIDED, ZEROS, CONSTANT, DENORMALS, HUGE_BELL, SPIKE, KIND_COUNT } kind;

static const char *const kind_names[KIND_COUNT] = { "bell", "ties", "one-sided", "zeros", "constant", "denormals", "huge", "spike" };

static const ql_dtype dtypes[] = { QL_F32, QL_F16, QL_BF16 };

/* No size is a multiple of anything that the schemes have blocks of. */
static const struct shape {
    unsigned rank;
    uint64_t shape[4];
} shapes[] = { { 2, { 11, 19 } }, { 0, { 0 } }, { 1, { 53 } }, { 3, { 5, 3, 7 } }, { 4, { 3, 2, 5, 7 } }, { 2, { 71, 3 } }, { 2, { 1, 37 } } };

static inline double value_of(kind what, bool half, uint64_t i, uint64_t *seed)
{
    const double normal = random_normal(seed);
    switch (what) {
    case BELL:
        return 0.5 * normal;
    case TIES:
        return ((double)random_below(seed, 17) - 8) / 4;
    case ONE_SIDED:
        return 3 + random_unit(seed);
    case CONSTANT:
        return -0.3;
    case DENORMALS:
        return ((double)random_below(seed, 200) - 100) * (half ? 0x1p-24 : 0x1p-149);
    case HUGE_BELL:
        return fmin(fmax(normal / 3, -1), 1) * (half ? 6e4 : 1e38);
    case SPIKE:
        return i == 2 ? (half ? -3e3 : -1e20) : 0.02 * normal;
    case ZEROS:
    case KIND_COUNT:
        break;
    }
    return 0;
}

typedef struct subject {
    kind what;
    ql_dtype dtype;
    memory_tensor memory;
    ql_profile *profile;
    void *bytes;
    float *x; /* [n] as float32, stored order */
    uint64_t n;
} subject;

/* x[n] stored as the type; x becomes what is stored. */
static inline void *stored_as(ql_dtype dtype, float *x, uint64_t n)
{
    if (dtype == QL_F32) {
        float *copy = malloc(n * sizeof *copy);
        return memcpy(copy, x, n * sizeof *copy);
    }
    uint16_t *bits = malloc(n * sizeof *bits);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, &x[i], sizeof word);
        bits[i] = dtype == QL_F16 ? ql_float_to_half(x[i]) : (uint16_t)(word >> 16);
        x[i] = dtype == QL_F16 ? ql_half_to_float(bits[i]) : ql_bfloat_to_float(bits[i]);
    }
    return bits;
}

/* A tensor with the values x[n], which are copied. */
static inline void subject_from(subject *s, ql_engine *engine, ql_dtype dtype, ql_layout layout, unsigned rank, const uint64_t *shape,
                                const float *x)
{
    ql_error error;
    s->dtype = dtype;
    s->n = 1;
    for (unsigned axis = 0; axis < rank; axis++)
        s->n *= shape[axis];
    s->x = malloc(s->n * sizeof *s->x);
    memcpy(s->x, x, s->n * sizeof *s->x);
    s->bytes = stored_as(dtype, s->x, s->n);
    memory_tensor_make(&s->memory, dtype, s->bytes, layout, rank, shape);
    must(ql_profile_make(engine, NULL, &s->memory.tensor, NULL, &s->profile, &error), &error);
}

static inline void subject_make(subject *s, ql_engine *engine, kind what, ql_dtype dtype, ql_layout layout, const struct shape *shape,
                                uint64_t seed)
{
    uint64_t n = 1;
    for (unsigned axis = 0; axis < shape->rank; axis++)
        n *= shape->shape[axis];
    float *x = malloc(n * sizeof *x);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)value_of(what, dtype == QL_F16, i, &seed);
    subject_from(s, engine, dtype, layout, shape->rank, shape->shape, x);
    s->what = what;
    free(x);
}

static inline void subject_free(subject *s)
{
    ql_profile_free(&s->profile);
    memory_tensor_free(&s->memory);
    free(s->bytes);
    free(s->x);
}

/* ---- Specs */

/* Settings of one knob; those that a mapping does not take are left out for it. */
static const struct setting {
    ql_key key;
    const char *text;
} settings[] = {
    { QL_KEY_BITS, "bits=1" }, { QL_KEY_BITS, "bits=2" }, { QL_KEY_BITS, "bits=3" }, { QL_KEY_BITS, "bits=4" },
    { QL_KEY_BITS, "bits=5" }, { QL_KEY_BITS, "bits=6" }, { QL_KEY_BITS, "bits=7" }, { QL_KEY_BITS, "bits=8" },
    { QL_KEY_PER, "per=tensor" }, { QL_KEY_PER, "per=row" }, { QL_KEY_PER, "per=col" }, { QL_KEY_PER, "per=block,block=5" },
    { QL_KEY_PER, "per=block,block=64" }, { QL_KEY_PER, "per=flat,block=9" }, { QL_KEY_PER, "per=tile,block=3x4" },
    { QL_KEY_BLOCK, "block=6" },
    { QL_KEY_CLIP, "clip=minmax" }, { QL_KEY_CLIP, "clip=percentile" }, { QL_KEY_CLIP, "clip=percentile,p=80" },
    { QL_KEY_CLIP, "clip=percentile,p=5:70" }, { QL_KEY_CLIP, "clip=kl" }, { QL_KEY_CLIP, "clip=mse" }, { QL_KEY_CLIP, "clip=aciq" },
    { QL_KEY_CLIP, "clip=aciq,dist=gauss" }, { QL_KEY_CLIP, "clip=manual,abs=0.75" }, { QL_KEY_CLIP, "clip=manual,lo=-0.25,hi=1.5" },
    { QL_KEY_RANGE, "range=restricted" }, { QL_KEY_RANGE, "range=full" }, { QL_KEY_RANGE, "range=torchobs" },
    { QL_KEY_ZERO, "zero=include" }, { QL_KEY_ZERO, "zero=raw" },
    { QL_KEY_ROUND, "round=even" }, { QL_KEY_ROUND, "round=away" }, { QL_KEY_ROUND, "round=stochastic,seed=7" },
    { QL_KEY_OUTLIERS, "outliers=0%" }, { QL_KEY_OUTLIERS, "outliers=4%" }, { QL_KEY_OUTLIERS, "outliers=0.6" },
    { QL_KEY_OUTLIERS, "outliers=100%" },
    { QL_KEY_DOUBLE, "double=0" }, { QL_KEY_DOUBLE, "double=1" },
    { QL_KEY_SCALE, "scale=0" }, { QL_KEY_SCALE, "scale=1" },
    { QL_KEY_ITERATIONS, "iterations=1" }, { QL_KEY_ITERATIONS, "iterations=30" },
    { QL_KEY_EPS, "eps=0" }, { QL_KEY_EPS, "eps=0.25" },
};

/* Path of a file of levels for mapping codebook. */
static inline const char *levels_file(void)
{
    static char path[256];
    if (!path[0]) {
        const float levels[] = { 1, -1, -0.5f, 0.125f, 0, 0.3125f, 0.0625f, 0.0625f, -0.2f, 0.7f, -0.75f }; /* in no order; one twice */
        snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "levels.npy"));
        assert_true(npy_write(path, "f4", 1, (uint64_t[]) { COUNT(levels) }, levels));
    }
    return path;
}

/* The spec of a mapping with up to two settings (NULL: none); false when it does not take them. */
static inline bool make_spec(const ql_mapping *mapping, const struct setting *a, const struct setting *b, ql_spec *out)
{
    char text[QL_SPEC_TEXT];
    const char *file = mapping->keys >> QL_KEY_FILE & 1 ? levels_file() : NULL;
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", mapping->info.name, a || b || file ? ":" : "", a ? a->text : "", a && b ? "," : "",
             b ? b->text : "", file ? (a || b ? ",file=" : "file=") : "", file ? file : "");
    return ql_spec_parse(text, out, NULL) == QL_OK;
}

/* Calls `visit` for each mapping's default, each setting alone and each pair of settings of two knobs; asserts that every knob of every mapping
   was turned. */
static inline void each_spec(void (*visit)(const ql_spec *spec))
{
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        const ql_mapping *mapping = ql_mapping_at(m);
        unsigned turned = 1 << QL_KEY_P | 1 << QL_KEY_DIST | 1 << QL_KEY_ABS | 1 << QL_KEY_LO | 1 << QL_KEY_HI | 1 << QL_KEY_SEED | 1 << QL_KEY_FILE;
        unsigned pairs = 0;
        ql_spec spec;
        assert_true(make_spec(mapping, NULL, NULL, &spec));
        visit(&spec);
        for (size_t i = 0; i < COUNT(settings); i++) {
            if (!make_spec(mapping, &settings[i], NULL, &spec))
                continue;
            turned |= 1u << settings[i].key | (strstr(settings[i].text, "block=") ? 1u << QL_KEY_BLOCK : 0);
            visit(&spec);
            for (size_t j = i + 1; j < COUNT(settings); j++)
                if (settings[j].key != settings[i].key && make_spec(mapping, &settings[i], &settings[j], &spec) && pairs++ % PAIRS_OF == 0)
                    visit(&spec);
        }
        if (mapping->keys & ~turned)
            fail_msg("%s: keys %x were not turned", mapping->info.name, mapping->keys & ~turned);
    }
}

static inline const char *text_of(const ql_spec *spec)
{
    static char text[QL_SPEC_TEXT];
    ql_spec_format(spec, text);
    return text;
}

static inline bool is_named(const ql_spec *spec, const char *name)
{
    return strcmp(spec->mapping->info.name, name) == 0;
}

#endif
