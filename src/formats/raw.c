/*
 * Any file as one tensor in C order, as a person describes it: DTYPE:SHAPE[:OFFSET].
 *
 *   F16:4096x4096:0x80      | 128 bytes of anything | 4096 x 4096 x 2 bytes | the rest |
 *
 * Little-endian; ggml's types in blocks along the last axis. The tensor is named after the file.
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/formats.h"
#include "formats/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXAMPLE "write DTYPE:SHAPE[:OFFSET], such as F16:4096x4096 or Q4_0:32x4096:0x80"

/* Not in the table of the registry: every file may be of this kind, none is. */
static const ql_format format = { .info = { .name = "raw", .extensions = "", .meaning = "numbers as they are described" } };

/* What a description says. */
typedef struct description {
    ql_dtype dtype;
    unsigned rank;
    uint64_t shape[QL_MAX_RANK];
    uint64_t offset, element_count, byte_count;
} description;

/* ---- The description ------------------------------------------------------------------------------------------- */

static ql_status fail_dtype(ql_text word, ql_error *error)
{
    char shown[QL_NAME_BUFFER], all[400];
    size_t used = 0;
    ql_text_print(shown, sizeof shown, word, QL_NAME_CELLS);
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT && used < sizeof all; dtype++)
        used += (size_t)snprintf(all + used, sizeof all - used, " %s", ql_dtype_describe(dtype)->name);
    return ql_fail(error, QL_BAD_USAGE, "raw: there is no type '%s'; allowed:%s", shown, all);
}

static ql_status read_dtype(description *d, ql_text word, ql_error *error)
{
    for (d->dtype = 0; d->dtype < QL_DTYPE_COUNT; d->dtype++) {
        const char *name = ql_dtype_describe(d->dtype)->name;
        if (strlen(name) == word.size && strncasecmp(name, word.data, word.size) == 0)
            return QL_OK;
    }
    return fail_dtype(word, error);
}

/* The value of a digit, 16 for what is none. */
static unsigned digit_of(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = letter ? strchr(digits, letter >= 'A' && letter <= 'F' ? letter | 0x20 : letter) : NULL;
    return place ? (unsigned)(place - digits) : 16;
}

/* A whole number in digits of `base`, 10 or 16, nothing else. */
static bool read_number(ql_text digits, unsigned base, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.size; i++) {
        const unsigned digit = digit_of(digits.data[i]);
        if (digit >= base || !ql_size_mul(*out, base, out) || !ql_size_add(*out, digit, out))
            return false;
    }
    return digits.size > 0;
}

/* Words between x. */
static ql_status read_shape(description *d, ql_text word, ql_error *error)
{
    char shown[QL_NAME_BUFFER];
    for (size_t at = 0; at <= word.size;) {
        const char *from = word.data + at, *x = memchr(from, 'x', word.size - at);
        const ql_text digits = { .data = from, .size = x ? (size_t)(x - from) : word.size - at };
        if (d->rank == QL_MAX_RANK)
            return ql_fail(error, QL_BAD_USAGE, "raw: the shape has more dimensions than the limit of %d; join some",
                           QL_MAX_RANK);
        if (!read_number(digits, 10, &d->shape[d->rank]) || d->shape[d->rank] == 0) {
            ql_text_print(shown, sizeof shown, digits, QL_NAME_CELLS);
            return ql_fail(
                error, QL_BAD_USAGE,
                "raw: a dimension '%s'; allowed: whole numbers from 1 to 2^64-1 with x between them, as in 32x4096", shown);
        }
        d->rank++;
        at += digits.size + 1;
    }
    return QL_OK;
}

static ql_status read_offset(description *d, ql_text word, ql_error *error)
{
    const bool hex = word.size > 2 && word.data[0] == '0' && (word.data[1] | 0x20) == 'x';
    const ql_text digits = { .data = word.data + (hex ? 2 : 0), .size = word.size - (hex ? 2 : 0) };
    if (read_number(digits, hex ? 16 : 10, &d->offset))
        return QL_OK;
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, word, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_USAGE, "raw: an offset of '%s'; allowed: bytes up to 2^64-1, as in 128 or 0x80", shown);
}

/* How many elements and bytes they are. */
static ql_status measure(description *d, ql_error *error)
{
    const ql_dtype_info *info = ql_dtype_describe(d->dtype);
    if (!ql_shape_elements(d->shape, d->rank, &d->element_count) ||
        !ql_size_mul(d->element_count / info->block_elements, info->block_bytes, &d->byte_count))
        return ql_fail(error, QL_BAD_USAGE, "raw: the shape asks for more than 2^64 elements or bytes; give a smaller one");
    const bool in_rows = d->dtype >= QL_SAFETENSORS_DTYPE_COUNT;
    const uint64_t run = in_rows ? d->shape[d->rank - 1] : d->element_count;
    if (run % info->block_elements != 0) {
        return ql_fail(error, QL_BAD_USAGE,
                       "raw: %" PRIu64 " elements %s are no whole blocks of %s; allowed: multiples of %u", run,
                       in_rows ? "in the last dimension" : "together", info->name, info->block_elements);
    }
    return QL_OK;
}

static ql_status describe(description *d, const char *text, ql_error *error)
{
    const ql_text dtype = { .data = text, .size = strcspn(text, ":") };
    if (!text[dtype.size])
        return ql_fail(error, QL_BAD_USAGE, "raw: the shape is missing; " EXAMPLE);
    const char *after = text + dtype.size + 1;
    const ql_text shape = { .data = after, .size = strcspn(after, ":") };
    *d = (description) { 0 };
    ql_status status = read_dtype(d, dtype, error);
    if (status == QL_OK)
        status = read_shape(d, shape, error);
    if (status == QL_OK && after[shape.size])
        status = read_offset(d, ql_text_from(after + shape.size + 1), error);
    return status == QL_OK ? measure(d, error) : status;
}

/* ---- The model ------------------------------------------------------------------------------------------------- */

/* The file must hold what is described; how much it holds is what a person needs to describe it better. */
static ql_status check_size(const ql_source *source, const description *d, ql_error *error)
{
    const ql_dtype_info *info = ql_dtype_describe(d->dtype);
    const uint64_t size = ql_source_size(source), left = d->offset < size ? size - d->offset : 0;
    if (d->byte_count <= left)
        return QL_OK;
    return ql_fail(error, QL_BAD_FILE,
                   "%s: %" PRIu64 " bytes of %s are needed from byte %" PRIu64 " on, %" PRIu64 " are there: %" PRIu64
                   " elements fit; give a smaller shape or another offset",
                   ql_source_shown(source), d->byte_count, info->name, d->offset, left,
                   left / info->block_bytes * info->block_elements);
}

static ql_status fill(ql_model *model, const description *d, ql_error *error)
{
    ql_status status = check_size(model->source, d, error);
    if (status == QL_OK)
        status = ql_model_allocate(model, 1, d->rank, error);
    if (status != QL_OK)
        return status;
    memcpy(model->shapes, d->shape, d->rank * sizeof *d->shape);
    *model->storages = (ql_storage) { .source = model->source, .offset = d->offset };
    *model->tensors = (ql_tensor) {
        .name = ql_path_stem(ql_source_path(model->source)),
        .dtype = d->dtype,
        .rank = d->rank,
        .shape = model->shapes,
        .element_count = d->element_count,
        .byte_count = d->byte_count,
        .offset = d->offset,
        .storage = model->storages,
    };
    model->tensor_count = 1;
    const uint64_t rest = ql_source_size(model->source) - d->offset - d->byte_count;
    if (rest > 0)
        snprintf(model->note, sizeof model->note, "%" PRIu64 " byte%s after the tensor left out", rest,
                 rest == 1 ? "" : "s");
    return QL_OK;
}

ql_status ql_model_open_raw(const char *path, const char *text, ql_layout layout, ql_model **out, ql_error *error)
{
    description d;
    ql_status status = describe(&d, text, error);
    if (status != QL_OK)
        return status;
    ql_model *model = calloc(1, sizeof *model);
    if (!model)
        return ql_fail_memory(error, sizeof *model);
    model->format = &format;
    status = ql_source_open(path, &model->source, error);
    if (status == QL_OK)
        status = fill(model, &d, error);
    if (status != QL_OK) {
        ql_model_free(&model);
        return status;
    }
    ql_tensors_find_layout(model->tensors, 1, layout);
    *out = model;
    return QL_OK;
}
