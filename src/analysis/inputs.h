/*
 * Inside ql_activations.
 *
 *   inputs.c          made up, or of one file, which is read when it is opened
 *   inputs_folder.c   of a folder, a file for each layer: looked at when it is opened, read for a product
 */
#ifndef QL_ANALYSIS_INPUTS_H
#define QL_ANALYSIS_INPUTS_H

#include "qloupe.h"

/* NAME.npy of a folder, X of the tensor NAME.weight (or NAME). */
typedef struct ql_layer_inputs {
    char *file;                     /* owned: NAME.npy, any bytes */
    uint64_t rows, cols, row_count; /* as below */
    ql_error *problem;              /* owned: why it is no X; NULL: nothing is wrong with its header */
} ql_layer_inputs;

struct ql_activations {
    ql_synthetic synthetic;  /* where there is nothing else */
    uint64_t rows, cols;     /* of the product; cols 0: as many as a tensor has inputs */
    uint64_t row_count;      /* that the file holds: rows of them are taken, evenly spread */
    float *values;           /* owned [rows][cols], finite; NULL: made up, or in the files of a folder */
    char name[200];          /* printable: the file or folder, and the tensor in it if it was named */
    char *folder;            /* owned; NULL: none is meant */
    ql_layer_inputs *layers; /* owned [layer_count], in the order of their names */
    size_t layer_count;
};

/* The first `rows` rows of X (ql_activations_rows) to out[rows][tensor->cols]: the one way to X for every product. QL_UNUSABLE for NaN and infinite
   values of a folder's file; reading it may fail, too. */
ql_status ql_activations_read(ql_engine *engine, const ql_activations *x, const ql_tensor *tensor, uint64_t rows,
                              const ql_monitor *monitor, float *out, ql_error *error);

/* ---- What both files share */

/* Opens `path` and finds the one tensor that may be X, or the one that the pattern (NULL: none) matches, and how many of its
   rows are taken. The model is the caller's. */
typedef struct ql_x_file {
    ql_model *model;
    const ql_tensor *tensor;
    uint64_t rows, cols, row_count;
} ql_x_file;
ql_status ql_x_file_open(const char *path, const char *pattern, ql_x_file *out, ql_error *error);

/* The first `rows` of the rows taken, to out[rows][cols]; `shown` is the file's name in messages. */
ql_status ql_x_file_read(const ql_x_file *file, const char *shown, uint64_t rows, float *out, ql_error *error);

/* Lists the folder `path` into *x. */
ql_status ql_layers_open(ql_activations *x, const char *path, ql_error *error);
void ql_layers_free(ql_activations *x);

/* The file that is X of the tensor, NULL: there is none. */
const ql_layer_inputs *ql_layers_find(const ql_activations *x, const ql_tensor *tensor);
ql_status ql_layers_read(const ql_activations *x, const ql_layer_inputs *layer, uint64_t rows, float *out, ql_error *error);

/* "FOLDER/NAME.npy", printable; of a tensor: the name that its file would have. */
enum { QL_LAYER_SHOWN = 480 };
void ql_layers_show(const ql_activations *x, const ql_layer_inputs *layer, char *out, size_t size);
void ql_layers_show_wanted(const ql_tensor *tensor, char *out, size_t size);

#endif
