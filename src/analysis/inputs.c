/* The activations of a product: made up, or read from a file. */
#include "analysis/inputs.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const ql_synthetic ql_synthetic_usual = { .seed = 7, .rows = 32, .channels = 5, .strongest = 20 };

enum { NAMED = 3 /* tensors in a message */ };

/* Rows are the last axis; what stands before it counts tokens: [batch][token][channel] is as good as [token][channel]. */
static uint64_t cols_of(const ql_tensor *tensor)
{
    return tensor->shape[tensor->rank - 1];
}

static bool may_be_activations(const ql_tensor *tensor)
{
    return tensor->rank >= 2 && tensor->element_count > 0 && ql_dtype_describe(tensor->dtype)->has_values;
}

/* "'a', 'b', 'c', ...". */
static void list_names(const ql_model *model, const size_t *found, size_t count, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < count && i < NAMED && used < size; i++) {
        char name[100];
        ql_text_print(name, sizeof name, ql_model_tensor(model, found[i])->name, 40);
        used += (size_t)snprintf(out + used, size - used, "%s'%s'", i ? ", " : "", name);
    }
    if (count > NAMED && used < size) {
        snprintf(out + used, size - used, ", ...");
    }
}

/* The one tensor that the pattern matches, NULL: that there is. */
static ql_status choose_tensor(const ql_model *model, const char *shown, const char *pattern, const ql_tensor **out,
                               ql_error *error)
{
    const size_t all = ql_model_tensor_count(model);
    size_t *found = malloc((all + 1) * sizeof *found), count = 0, matched = all;
    char names[400], wanted[100] = "";
    if (!found) {
        return ql_fail_memory(error, (all + 1) * sizeof *found);
    }
    for (size_t i = 0; i < all; i++) {
        found[i] = i;
    }
    if (pattern) {
        ql_text_print(wanted, sizeof wanted, ql_text_from(pattern), 40);
        matched = ql_model_match(model, pattern, found, all);
    }
    for (size_t i = 0; i < matched; i++) {
        if (may_be_activations(ql_model_tensor(model, found[i]))) {
            found[count++] = found[i];
        }
    }
    list_names(model, found, count, names, sizeof names);
    ql_status status = QL_OK;
    if (matched == 0) {
        status = ql_fail(error, QL_BAD_USAGE, "%s: no tensor matches '%s'; `qloupe ls` lists the names", shown, wanted);
    } else if (count == 0) {
        status = ql_fail(error, QL_BAD_USAGE, "%s: holds no activations: those are a matrix of numbers, a token in each row",
                         shown);
    } else if (count > 1) {
        status = ql_fail(error, QL_BAD_USAGE, "%s: %zu tensors may be the activations (%s): say which, as FILE:TENSOR",
                         shown, count, names);
    } else {
        *out = ql_model_tensor(model, found[0]);
    }
    free(found);
    return status;
}

/* Which row of the file row `row` is. */
static uint64_t row_in_file(const ql_activations *x, uint64_t row)
{
    return row * (x->row_count / x->rows) + row * (x->row_count % x->rows) / x->rows;
}

static ql_status read_rows(ql_activations *x, const ql_tensor *tensor, ql_error *error)
{
    const size_t size = ql_tensor_scratch_size(tensor, (size_t)x->cols);
    void *scratch = malloc(size + 1);
    ql_status status = scratch ? QL_OK : ql_fail_memory(error, size + 1);
    for (uint64_t row = 0; row < x->rows && status == QL_OK; row++) {
        const uint64_t from = row_in_file(x, row);
        float *values = x->values + row * x->cols;
        status = ql_tensor_read_f32(tensor, from * x->cols, (size_t)x->cols, values, scratch, error);
        for (uint64_t col = 0; col < x->cols && status == QL_OK; col++) {
            if (!isfinite(values[col])) {
                status =
                    ql_fail(error, QL_UNUSABLE, "%s: X[%" PRIu64 "][%" PRIu64 "] is %s; a product needs finite activations",
                            x->name, from, col, isnan(values[col]) ? "NaN" : "infinite");
            }
        }
    }
    free(scratch);
    return ql_source_check_after(tensor->storage->source, status, error);
}

static ql_status take_tensor(ql_activations *x, const ql_tensor *tensor, ql_error *error)
{
    enum { MOST_ELEMENTS = 1 << 26 };
    x->cols = cols_of(tensor);
    x->row_count = tensor->element_count / x->cols;
    const uint64_t fit = MOST_ELEMENTS / x->cols, most = fit < QL_ACTIVATIONS_ROWS ? fit : QL_ACTIVATIONS_ROWS;
    x->rows = x->row_count < most ? x->row_count : most;
    if (x->rows == 0) {
        return ql_fail(error, QL_UNUSABLE, "%s: %" PRIu64 " channels are too many for a product", x->name, x->cols);
    }
    const size_t size = (size_t)(x->rows * x->cols) * sizeof *x->values;
    x->values = malloc(size);
    return x->values ? read_rows(x, tensor, error) : ql_fail_memory(error, size);
}

/* Where FILE ends in FILE:TENSOR: at the first colon before which a file's name stands. Without one the whole is a name. */
static size_t path_size(const char *text)
{
    const size_t whole = strlen(text);
    if (access(text, F_OK) == 0) {
        return whole;
    }
    for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
        char path[4096];
        const size_t size = (size_t)(colon - text);
        if (size < sizeof path) {
            memcpy(path, text, size);
            path[size] = 0;
            if (access(path, F_OK) == 0) {
                return size;
            }
        }
    }
    return whole;
}

static ql_status read_file(ql_activations *x, const char *text, ql_error *error)
{
    char *path = strdup(text);
    if (!path) {
        return ql_fail_memory(error, strlen(text) + 1);
    }
    const size_t size = path_size(text);
    const char *pattern = text[size] ? text + size + 1 : NULL;
    path[size] = 0;
    ql_model *model = NULL;
    const ql_tensor *tensor = NULL;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK) {
        char shown[200];
        ql_text_print(shown, sizeof shown, ql_text_from(path), 100);
        status = choose_tensor(model, shown, pattern, &tensor, error);
    }
    if (status == QL_OK) {
        status = take_tensor(x, tensor, error);
    }
    ql_model_free(&model);
    free(path);
    return status;
}

ql_status ql_activations_open(const char *text, ql_activations **out, ql_error *error)
{
    if (strcmp(text, "synthetic") == 0) {
        return ql_activations_make_up(&ql_synthetic_usual, out, error);
    }
    ql_activations *x = calloc(1, sizeof *x);
    if (!x) {
        return ql_fail_memory(error, sizeof *x);
    }
    ql_text_print(x->name, sizeof x->name, ql_text_from(text), 60);
    const ql_status status = read_file(x, text, error);
    if (status != QL_OK) {
        ql_activations_free(&x);
        return status;
    }
    *out = x;
    return QL_OK;
}

ql_status ql_activations_make_up(const ql_synthetic *synthetic, ql_activations **out, ql_error *error)
{
    ql_activations *x = calloc(1, sizeof *x);
    if (!x) {
        return ql_fail_memory(error, sizeof *x);
    }
    *x = (ql_activations) { .synthetic = *synthetic, .rows = synthetic->rows, .row_count = synthetic->rows };
    snprintf(x->name, sizeof x->name, "synthetic");
    *out = x;
    return QL_OK;
}

void ql_activations_free(ql_activations **x)
{
    if (*x) {
        free((*x)->values);
        free(*x);
        *x = NULL;
    }
}

void ql_activations_describe(const ql_activations *x, uint64_t cols, char *out, size_t size)
{
    char shape[80] = "";
    if (x->values && x->rows < x->row_count) {
        snprintf(shape, sizeof shape, " %" PRIu64 " of %" PRIu64 " rows × %" PRIu64, x->rows, x->row_count, x->cols);
    } else if (x->values || cols) {
        snprintf(shape, sizeof shape, " %" PRIu64 "×%" PRIu64, x->rows, x->values ? x->cols : cols);
    }
    if (x->values) {
        snprintf(out, size, "%s%s", x->name, shape);
        return;
    }
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    const unsigned count = cols ? ql_synthetic_channels(&x->synthetic, cols, channels) : x->synthetic.channels;
    snprintf(out, size, "synthetic%s, %u outlier channel%s, seed %" PRIu64, shape, count, count == 1 ? "" : "s",
             x->synthetic.seed);
}

ql_status ql_activations_fit(const ql_activations *x, const ql_tensor *tensor, ql_error *error)
{
    if (tensor->rank < 2 || tensor->element_count == 0) {
        return ql_fail(error, QL_UNUSABLE, "%s makes no product",
                       tensor->element_count == 0 ? "an empty tensor" : "a tensor of one axis, a vector,");
    }
    if (x->cols == 0 || x->cols == tensor->cols) {
        return QL_OK;
    }
    return ql_fail(error, QL_UNUSABLE,
                   "X of %s is %" PRIu64 "x%" PRIu64 ", W is %" PRIu64 "x%" PRIu64 " (out x in): X needs %" PRIu64
                   " columns",
                   x->name, x->row_count, x->cols, tensor->rows, tensor->cols, tensor->cols);
}
