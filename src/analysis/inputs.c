/* The activations of a product: see inputs.h. */
#include "analysis/inputs.h"

#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static ql_status choose_rows(ql_x_file *file, const char *shown, ql_error *error)
{
    enum { MOST_ELEMENTS = 1 << 26 };
    file->cols = cols_of(file->tensor);
    file->row_count = file->tensor->element_count / file->cols;
    const uint64_t fit = MOST_ELEMENTS / file->cols, most = fit < QL_ACTIVATIONS_ROWS ? fit : QL_ACTIVATIONS_ROWS;
    file->rows = file->row_count < most ? file->row_count : most;
    return file->rows
               ? QL_OK
               : ql_fail(error, QL_UNUSABLE, "%s: %" PRIu64 " channels are too many for a product", shown, file->cols);
}

ql_status ql_x_file_open(const char *path, const char *pattern, ql_x_file *out, ql_error *error)
{
    char shown[200];
    *out = (ql_x_file) { .model = NULL };
    ql_text_print(shown, sizeof shown, ql_text_from(path), 100);
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &out->model, error);
    if (status == QL_OK) {
        status = choose_tensor(out->model, shown, pattern, &out->tensor, error);
    }
    if (status == QL_OK) {
        status = choose_rows(out, shown, error);
    }
    if (status != QL_OK) {
        ql_model_free(&out->model);
    }
    return status;
}

/* Which row of the file row `row` is. */
static uint64_t row_in_file(const ql_x_file *file, uint64_t row)
{
    return row * (file->row_count / file->rows) + row * (file->row_count % file->rows) / file->rows;
}

ql_status ql_x_file_read(const ql_x_file *file, const char *shown, uint64_t rows, float *out, ql_error *error)
{
    const size_t size = ql_tensor_scratch_size(file->tensor, (size_t)file->cols);
    void *scratch = malloc(size + 1);
    ql_status status = scratch ? QL_OK : ql_fail_memory(error, size + 1);
    for (uint64_t row = 0; row < rows && status == QL_OK; row++) {
        const uint64_t from = row_in_file(file, row);
        float *values = out + row * file->cols;
        status = ql_tensor_read_f32(file->tensor, from * file->cols, (size_t)file->cols, values, scratch, error);
        for (uint64_t col = 0; col < file->cols && status == QL_OK; col++) {
            if (!isfinite(values[col])) {
                status =
                    ql_fail(error, QL_UNUSABLE, "%s: X[%" PRIu64 "][%" PRIu64 "] is %s; a product needs finite activations",
                            shown, from, col, isnan(values[col]) ? "NaN" : "infinite");
            }
        }
    }
    free(scratch);
    return ql_source_check_after(file->tensor->storage->source, status, error);
}

/* ---- One file ------------------------------------------------------------------------------------------------- */

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
    ql_x_file file;
    ql_status status = ql_x_file_open(path, pattern, &file, error);
    if (status == QL_OK) {
        const size_t value_size = (size_t)(file.rows * file.cols) * sizeof *x->values;
        x->rows = file.rows;
        x->cols = file.cols;
        x->row_count = file.row_count;
        x->values = malloc(value_size);
        status = x->values ? ql_x_file_read(&file, x->name, x->rows, x->values, error) : ql_fail_memory(error, value_size);
    }
    ql_model_free(&file.model);
    free(path);
    return status;
}

/* ---- All kinds ------------------------------------------------------------------------------------------------ */

ql_status ql_activations_open(const char *text, ql_activations **out, ql_error *error)
{
    struct stat info;
    if (strcmp(text, "synthetic") == 0) {
        return ql_activations_make_up(&ql_synthetic_usual, out, error);
    }
    ql_activations *x = calloc(1, sizeof *x);
    if (!x) {
        return ql_fail_memory(error, sizeof *x);
    }
    ql_text_print(x->name, sizeof x->name, ql_text_from(text), 60);
    const bool is_folder = stat(text, &info) == 0 && S_ISDIR(info.st_mode);
    const ql_status status = is_folder ? ql_layers_open(x, text, error) : read_file(x, text, error);
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
        ql_layers_free(*x);
        free(*x);
        *x = NULL;
    }
}

static void describe_matrix(const char *name, uint64_t rows, uint64_t row_count, uint64_t cols, char *out, size_t size)
{
    if (rows < row_count) {
        snprintf(out, size, "%s %" PRIu64 " of %" PRIu64 " rows × %" PRIu64, name, rows, row_count, cols);
    } else {
        snprintf(out, size, "%s %" PRIu64 "×%" PRIu64, name, rows, cols);
    }
}

static void describe_made_up(const ql_synthetic *synthetic, uint64_t cols, char *out, size_t size)
{
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    char shape[80] = "";
    if (cols) {
        snprintf(shape, sizeof shape, " %" PRIu64 "×%" PRIu64, synthetic->rows, cols);
    }
    const unsigned count = cols ? ql_synthetic_channels(synthetic, cols, channels) : synthetic->channels;
    snprintf(out, size, "synthetic%s, %u outlier channel%s, seed %" PRIu64, shape, count, count == 1 ? "" : "s",
             synthetic->seed);
}

/* The file: x itself, or the one of a layer. */
static void show(const ql_activations *x, const ql_layer_inputs *layer, char *out, size_t size)
{
    if (layer) {
        ql_layers_show(x, layer, out, size);
    } else {
        snprintf(out, size, "%s", x->name);
    }
}

void ql_activations_describe(const ql_activations *x, const ql_tensor *tensor, char *out, size_t size)
{
    char text[QL_LAYER_SHOWN];
    const ql_layer_inputs *layer = tensor ? ql_layers_find(x, tensor) : NULL;
    show(x, layer, text, sizeof text);
    if (layer && layer->problem) {
        snprintf(out, size, "%s", text);
    } else if (layer) {
        describe_matrix(text, layer->rows, layer->row_count, layer->cols, out, size);
    } else if (x->values) {
        describe_matrix(text, x->rows, x->row_count, x->cols, out, size);
    } else if (x->folder && !tensor) {
        snprintf(out, size, "%s, a file for each of %zu layers", x->name, x->layer_count);
    } else {
        describe_made_up(&x->synthetic, tensor ? tensor->cols : 0, out, size);
        const size_t used = strlen(out);
        if (x->folder && used < size) {
            ql_layers_show_wanted(tensor, text, sizeof text);
            snprintf(out + used, size - used, ": %s has no %s", x->name, text);
        }
    }
}

bool ql_activations_are_real(const ql_activations *x, const ql_tensor *tensor)
{
    return x->values || ql_layers_find(x, tensor);
}

ql_status ql_activations_fit(const ql_activations *x, const ql_tensor *tensor, ql_error *error)
{
    char name[QL_LAYER_SHOWN];
    const ql_layer_inputs *layer = ql_layers_find(x, tensor);
    const uint64_t cols = layer ? layer->cols : x->cols, row_count = layer ? layer->row_count : x->row_count;
    if (tensor->rank < 2 || tensor->element_count == 0) {
        return ql_fail(error, QL_UNUSABLE, "%s makes no product",
                       tensor->element_count == 0 ? "an empty tensor" : "a tensor of one axis, a vector,");
    }
    if (layer && layer->problem) {
        return ql_fail(error, layer->problem->status, "%s", layer->problem->message);
    }
    if (cols == 0 || cols == tensor->cols) {
        return QL_OK;
    }
    show(x, layer, name, sizeof name);
    return ql_fail(error, QL_UNUSABLE,
                   "X of %s is %" PRIu64 "x%" PRIu64 ", W is %" PRIu64 "x%" PRIu64 " (out x in): X needs %" PRIu64
                   " columns",
                   name, row_count, cols, tensor->rows, tensor->cols, tensor->cols);
}

ql_status ql_activations_rows(const ql_activations *x, const ql_tensor *tensor, uint64_t wanted, uint64_t *rows,
                              ql_error *error)
{
    char name[QL_LAYER_SHOWN];
    const ql_layer_inputs *layer = ql_layers_find(x, tensor);
    const uint64_t all = layer ? layer->rows : x->rows;
    *rows = wanted ? wanted : all;
    if (*rows <= all || !ql_activations_are_real(x, tensor)) {
        return QL_OK;
    }
    const uint64_t in_file = layer ? layer->row_count : x->row_count;
    show(x, layer, name, sizeof name);
    if (in_file > all) {
        return ql_fail(error, QL_UNUSABLE,
                       "X of %s: %" PRIu64 " rows were asked for, %" PRIu64 " of its %" PRIu64 " are taken", name, wanted,
                       all, in_file);
    }
    return ql_fail(error, QL_UNUSABLE, "X of %s: %" PRIu64 " rows were asked for, there are %" PRIu64, name, wanted, all);
}

enum { ROWS_AT_ONCE = 16 };

typedef struct make_job {
    ql_synthetic synthetic;
    uint64_t cols;
    float *out;
} make_job;

static ql_status make_rows(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const make_job *job = context;
    const uint64_t first = chunk * ROWS_AT_ONCE, left = job->synthetic.rows - first;
    (void)worker, (void)error;
    ql_synthetic_rows(&job->synthetic, job->cols, first, left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE,
                      job->out + first * job->cols);
    return QL_OK;
}

ql_status ql_activations_read(ql_engine *engine, const ql_activations *x, const ql_tensor *tensor, uint64_t rows,
                              const ql_monitor *monitor, float *out, ql_error *error)
{
    const ql_layer_inputs *layer = ql_layers_find(x, tensor);
    if (layer) {
        return ql_layers_read(x, layer, rows, out, error);
    }
    if (x->values) {
        memcpy(out, x->values, (size_t)(rows * x->cols) * sizeof *out);
        return QL_OK;
    }
    make_job job = { x->synthetic, tensor->cols, out };
    job.synthetic.rows = rows;
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(rows, ROWS_AT_ONCE),
        .work = make_rows,
        .context = &job,
        .monitor = monitor,
        .elements = rows,
        .total = rows,
    };
    return ql_parallel(engine, &pass, error);
}
