/*
 * Activations of many layers: a folder of files NAME.npy, each X of the tensor NAME.weight (NAME, where the tensor's name does
 * not end so). Only names that the folder lists are opened, so that no tensor's name leads elsewhere.
 */
#include "analysis/inputs.h"
#include "base/error.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char ending[] = ".npy", of_weights[] = ".weight";
enum { ENDING = sizeof ending - 1, OF_WEIGHTS = sizeof of_weights - 1, SHOWN_CELLS = 60 };

static bool ends_in(const char *bytes, size_t size, const char *tail, size_t tail_size)
{
    return size > tail_size && memcmp(bytes + size - tail_size, tail, tail_size) == 0;
}

/* The name of the tensor without its last ".weight". */
static ql_text layer_of(const ql_tensor *tensor)
{
    ql_text name = tensor->name;
    name.size -= ends_in(name.data, name.size, of_weights, OF_WEIGHTS) ? OF_WEIGHTS : 0;
    return name;
}

static char *path_of(const char *folder, const char *file)
{
    const size_t size = strlen(folder) + strlen(file) + 2;
    char *path = malloc(size);
    if (path) {
        snprintf(path, size, "%s/%s", folder, file);
    }
    return path;
}

/* What the file's header says: a shape, or why it is no X. */
static ql_status look_at(ql_layer_inputs *layer, const char *path, ql_error *error)
{
    ql_x_file file;
    ql_error problem;
    const ql_status status = ql_x_file_open(path, NULL, &file, &problem);
    if (status == QL_OK) {
        layer->rows = file.rows;
        layer->cols = file.cols;
        layer->row_count = file.row_count;
        ql_model_free(&file.model);
        return QL_OK;
    }
    layer->problem = malloc(sizeof problem);
    if (!layer->problem || status == QL_NO_MEMORY) {
        return ql_fail_memory(error, sizeof problem);
    }
    *layer->problem = problem;
    return QL_OK;
}

/* A regular file NAME.npy becomes one more layer. */
static ql_status add_file(ql_activations *x, size_t *capacity, const char *name, ql_error *error)
{
    struct stat info;
    if (*name == '.' || !ends_in(name, strlen(name), ending, ENDING)) {
        return QL_OK;
    }
    char *path = path_of(x->folder, name);
    if (!path) {
        return ql_fail_memory(error, strlen(name));
    }
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        free(path);
        return QL_OK;
    }
    if (x->layer_count == *capacity) {
        *capacity = 2 * *capacity + 16;
        ql_layer_inputs *grown = realloc(x->layers, *capacity * sizeof *grown);
        if (!grown) {
            free(path);
            return ql_fail_memory(error, *capacity * sizeof *grown);
        }
        x->layers = grown;
    }
    ql_layer_inputs *layer = &x->layers[x->layer_count++];
    *layer = (ql_layer_inputs) { .file = strdup(name) };
    const ql_status status = layer->file ? look_at(layer, path, error) : ql_fail_memory(error, strlen(name));
    free(path);
    return status;
}

static int by_name(const void *a, const void *b)
{
    const ql_layer_inputs *x = a, *y = b;
    return strcmp(x->file, y->file);
}

ql_status ql_layers_open(ql_activations *x, const char *path, ql_error *error)
{
    size_t capacity = 0, length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    x->folder = strndup(path, length);
    if (!x->folder) {
        return ql_fail_memory(error, length);
    }
    ql_text_print(x->name, sizeof x->name, ql_text_from(x->folder), SHOWN_CELLS);
    DIR *folder = opendir(path);
    if (!folder) {
        return ql_fail(error, QL_BAD_FILE, "%s: the folder cannot be opened (%s); check its permissions", x->name,
                       strerror(errno));
    }
    ql_status status = QL_OK;
    for (struct dirent *entry; status == QL_OK && (entry = readdir(folder)) != NULL;) {
        status = add_file(x, &capacity, entry->d_name, error);
    }
    closedir(folder);
    if (status == QL_OK && x->layer_count == 0) {
        status = ql_fail(error, QL_BAD_USAGE, "%s: no activations in this folder: X of tensor NAME.weight is NAME.npy in it",
                         x->name);
    }
    if (status == QL_OK) {
        qsort(x->layers, x->layer_count, sizeof *x->layers, by_name);
        x->synthetic = ql_synthetic_usual; /* of tensors without a file */
        x->rows = x->row_count = x->synthetic.rows;
    }
    return status;
}

void ql_layers_free(ql_activations *x)
{
    for (size_t i = 0; i < x->layer_count; i++) {
        free(x->layers[i].file);
        free(x->layers[i].problem);
    }
    free(x->layers);
    free(x->folder);
}

/* The order of `file` beside NAME.npy, as strcmp has it. */
static int compare_name(const char *file, ql_text name)
{
    const size_t size = strlen(file), common = size < name.size ? size : name.size;
    const int order = memcmp(file, name.data, common);
    return order ? order : size < name.size ? -1 : strcmp(file + common, ending);
}

const ql_layer_inputs *ql_layers_find(const ql_activations *x, const ql_tensor *tensor)
{
    const ql_text name = layer_of(tensor);
    size_t from = 0, end = x->layer_count;
    while (from < end) {
        const size_t middle = from + (end - from) / 2;
        const int order = compare_name(x->layers[middle].file, name);
        if (order == 0) {
            return &x->layers[middle];
        }
        from = order < 0 ? middle + 1 : from;
        end = order < 0 ? end : middle;
    }
    return NULL;
}

ql_status ql_layers_read(const ql_activations *x, const ql_layer_inputs *layer, uint64_t rows, float *out, ql_error *error)
{
    char shown[QL_LAYER_SHOWN];
    char *path = path_of(x->folder, layer->file);
    ql_x_file file;
    if (!path) {
        return ql_fail_memory(error, strlen(x->folder));
    }
    ql_layers_show(x, layer, shown, sizeof shown);
    ql_status status = ql_x_file_open(path, NULL, &file, error);
    free(path);
    if (status != QL_OK) {
        return status;
    }
    if (file.cols != layer->cols || file.row_count != layer->row_count) {
        status = ql_fail(error, QL_BAD_FILE, "%s: was changed since it was opened; name its folder again", shown);
    } else {
        status = ql_x_file_read(&file, shown, rows, out, error);
    }
    ql_model_free(&file.model);
    return status;
}

void ql_layers_show(const ql_activations *x, const ql_layer_inputs *layer, char *out, size_t size)
{
    char file[QL_NAME_BUFFER];
    ql_text_print(file, sizeof file, ql_text_from(layer->file), QL_NAME_CELLS);
    snprintf(out, size, "%s/%s", x->name, file);
}

void ql_layers_show_wanted(const ql_tensor *tensor, char *out, size_t size)
{
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, layer_of(tensor), QL_NAME_CELLS);
    snprintf(out, size, "%s%s", name, ending);
}

/* The first matrix, else the first tensor; NULL: there is none. */
static const ql_tensor *first_of(const ql_model *model)
{
    const size_t count = ql_model_tensor_count(model);
    for (size_t i = 0; i < count; i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        if (tensor->rows > 1 && tensor->cols > 1) {
            return tensor;
        }
    }
    return count ? ql_model_tensor(model, 0) : NULL;
}

ql_status ql_activations_check(const ql_activations *x, const ql_model *model, ql_error *error)
{
    char wanted[QL_LAYER_SHOWN] = "NAME.npy";
    const ql_tensor *first = first_of(model);
    if (!x->folder) {
        return QL_OK;
    }
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        if (ql_layers_find(x, ql_model_tensor(model, i))) {
            return QL_OK;
        }
    }
    if (first) {
        ql_layers_show_wanted(first, wanted, sizeof wanted);
    }
    return ql_fail(error, QL_BAD_USAGE, "%s: no file in this folder is X of a tensor here: a name such as %s would be",
                   x->name, wanted);
}
