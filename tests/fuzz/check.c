/* What must hold of every file that opens, and of every message: see fuzz.h. */
#include "fuzz.h"

#include "base/text.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_TENSORS = 16, FEW_VALUES = 4096, FEW_ELEMENTS = 200, PIECE = 33, MEASURED = 2 };

void fuzz_found(const char *what, const char *file, int line)
{
    fprintf(stderr, "fuzz: %s:%d: %s does not hold\n", file, line, what);
    abort();
}

static bool is_hidden(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

void fuzz_check_printable(const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        uint32_t c;
        size_t length = ql_utf8_decode(text + at, size - at, &c);
        FUZZ_DEMAND(length > 0);
        FUZZ_DEMAND(!is_hidden(c));
        at += length;
    }
}

void fuzz_check_failure(ql_status status, const ql_error *error, ql_status allowed, ql_status also_allowed)
{
    if (status != allowed && status != also_allowed)
        fprintf(stderr, "fuzz: status %d: %s\n", (int)status, error->message);
    FUZZ_DEMAND(status == allowed || status == also_allowed);
    FUZZ_DEMAND(error->status == status);
    FUZZ_DEMAND(strlen(error->message) > 10);
    fuzz_check_printable(error->message);
}

static void check_text(ql_text text)
{
    static char shown[1 << 16];
    ql_text_print(shown, sizeof shown, text, 60);
    fuzz_check_printable(shown);
    ql_text_json(shown, sizeof shown, text);
    fuzz_check_printable(shown);
}

/* ---- Values ---------------------------------------------------------------------------------------------------- */

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* Elements [begin, begin + count) in one read; NULL when they cannot be read. */
static double *read_run(const ql_tensor *tensor, uint64_t begin, size_t count)
{
    double *values = malloc((count + 1) * sizeof *values);
    void *scratch = malloc(ql_tensor_scratch_size(tensor, count) + 1);
    ql_error error = { 0 };
    ql_status status = ql_tensor_read_f64(tensor, begin, count, values, scratch, &error);
    free(scratch);
    if (status == QL_OK)
        return values;
    fuzz_check_failure(status, &error, QL_BAD_FILE, QL_UNUSABLE);
    free(values);
    return NULL;
}

/* Read whole and in pieces, small tensors have the same values. */
static void check_values(const ql_tensor *tensor)
{
    const uint64_t count = tensor->element_count;
    if (count > FEW_VALUES) {
        free(read_run(tensor, 0, PIECE));
        free(read_run(tensor, count / 2, PIECE));
        free(read_run(tensor, count - PIECE, PIECE));
        return;
    }
    double *whole = read_run(tensor, 0, (size_t)count);
    for (size_t begin = 0; whole && begin < count; begin += PIECE) {
        size_t size = count - begin < PIECE ? (size_t)count - begin : PIECE;
        double *piece = read_run(tensor, begin, size);
        FUZZ_DEMAND(piece != NULL);
        for (size_t i = 0; i < size; i++)
            FUZZ_DEMAND(same(piece[i], whole[begin + i]));
        free(piece);
    }
    free(whole);
}

static void check_statistics(const ql_model *model, const ql_tensor *tensor)
{
    static ql_engine *engine;
    if (!engine)
        FUZZ_DEMAND(ql_engine_new(1, &engine, NULL) == QL_OK);
    ql_profile *profile = NULL;
    ql_error error = { 0 };
    ql_status status = ql_profile_make(engine, model, tensor, NULL, &profile, &error);
    if (status != QL_OK) {
        fuzz_check_failure(status, &error, QL_BAD_FILE, QL_UNUSABLE);
        return;
    }
    const ql_stats *s = &profile->stats;
    FUZZ_DEMAND(s->count == tensor->element_count && s->nan + s->inf <= s->count);
    if (s->nan + s->inf < s->count)
        FUZZ_DEMAND(s->min <= s->max && s->beyond_6s <= s->beyond_3s && fabs(s->sum) <= s->sum_abs * (1 + 1e-9));
    ql_few_levels few;
    ql_stored stored;
    if (ql_few_levels_of(profile, &few))
        FUZZ_DEMAND(s->distinct > 0);
    if (ql_dtype_has_scales(tensor->dtype)) {
        status = ql_stored_make(engine, tensor, NULL, &stored, &error);
        if (status != QL_OK)
            fuzz_check_failure(status, &error, QL_BAD_FILE, QL_UNUSABLE);
        else
            FUZZ_DEMAND(stored.codes_used <= stored.codes_possible && !(stored.scale_min > stored.scale_max));
    }
    ql_profile_free(&profile);
}

/* ---- Models ---------------------------------------------------------------------------------------------------- */

static void check_tensor(const ql_model *model, const ql_tensor *tensor, uint64_t file_size, unsigned *measured)
{
    check_text(tensor->name);
    check_text(tensor->file);
    FUZZ_DEMAND(tensor->rank <= QL_MAX_RANK && tensor->dtype < QL_DTYPE_COUNT);
    uint64_t elements = 1;
    for (unsigned axis = 0; axis < tensor->rank; axis++)
        FUZZ_DEMAND(!__builtin_mul_overflow(elements, tensor->shape[axis], &elements));
    FUZZ_DEMAND(elements == tensor->element_count && tensor->rows * tensor->cols == elements);
    if (tensor->offset != QL_NO_OFFSET && tensor->file.size == 0)
        FUZZ_DEMAND(tensor->offset <= file_size);
    check_values(tensor);
    if (tensor->element_count <= FEW_VALUES && *measured < MEASURED) {
        (*measured)++;
        check_statistics(model, tensor);
    }
}

static void check_metadata(const ql_model *model, size_t index)
{
    ql_text key;
    ql_value value, element;
    ql_model_metadata(model, index, &key, &value);
    check_text(key);
    check_text(ql_text_from(value.type));
    if (value.kind == QL_VALUE_TEXT)
        check_text(value.as.text);
    size_t place = 0, count = 0;
    while (value.kind == QL_VALUE_ARRAY && count < FEW_ELEMENTS && ql_value_next(&value, &place, &element)) {
        if (element.kind == QL_VALUE_TEXT)
            check_text(element.as.text);
        count++;
    }
    FUZZ_DEMAND(value.kind != QL_VALUE_ARRAY || count == FEW_ELEMENTS || count == value.as.array.count);
}

void fuzz_check_model(ql_model *model, uint64_t file_size)
{
    const size_t count = ql_model_tensor_count(model);
    unsigned measured = 0;
    FUZZ_DEMAND(ql_model_match(model, "*", NULL, 0) <= count);
    fuzz_check_printable(ql_model_note(model));
    for (size_t i = 0; i < count && i < FEW_TENSORS; i++)
        check_tensor(model, ql_model_tensor(model, i), file_size, &measured);
    for (size_t i = 0; i < ql_model_metadata_count(model) && i < FEW_ELEMENTS; i++)
        check_metadata(model, i);
}

void fuzz_open(const char *name, const uint8_t *bytes, size_t size)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    ql_status status = ql_model_open_memory(name, bytes, size, QL_LAYOUT_AUTO, &model, &error);
    if (status == QL_OK) {
        fuzz_check_model(model, size);
    } else {
        FUZZ_DEMAND(model == NULL && strncmp(error.message, name, strlen(name)) == 0);
        fuzz_check_failure(status, &error, QL_BAD_FILE, QL_BAD_FILE);
    }
    ql_model_free(&model);
}
