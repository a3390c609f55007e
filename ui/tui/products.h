/*
 * Products of the selected tensor with the activations, for the MatMul view: looks (look.h), made by the worker. The same
 * numbers as `qloupe matmul` prints for the same tensor, activations and methods.
 */
#ifndef TUI_PRODUCTS_H
#define TUI_PRODUCTS_H

#include "tui/look.h"
#include "tui/spread.h"

/* |Y - Y'| of a product in few cells: the mean of each, in root mean squares of Y in float32. Cell [i][j] holds rows of Y from
   i m / rows on, outputs likewise. */
enum { TUI_GRID_ROWS = 32, TUI_GRID_COLS = 128 };
typedef struct tui_grid {
    int rows, cols;
    float cells[TUI_GRID_ROWS][TUI_GRID_COLS];
} tui_grid;

/* One method. */
typedef struct tui_product {
    char method[QL_SPEC_TEXT + 32];
    bool is_known;
    ql_matmul_result result; /* with a list of outliers of its own; meaningless unless is_known */
    char why[sizeof((ql_error *)0)->message]; /* why it is not known */
    tui_grid grid;
} tui_product;

/* The methods that have no threshold, and the input channels. */
enum { TUI_PRODUCT_FP32, TUI_PRODUCT_TENSOR, TUI_PRODUCT_ROW, TUI_PRODUCTS_MOST = 6 };
typedef struct tui_products {
    ql_matmul_shape shape;
    unsigned threads;
    char x[600];         /* what the activations are */
    float *loudest;      /* owned [shape.k]: the largest |x| of every channel, largest first */
    tui_spread channels; /* the same, in the order of the channels */
    size_t count;        /* the first ones are TUI_PRODUCT_FP32 ..., the last one the weights under the spec of the report */
    tui_product of[TUI_PRODUCTS_MOST];
} tui_products;
ql_status tui_products_make(const tui_look_work *work, void **out, ql_error *error);
void tui_products_free(void *made);

/* LLM.int8() with one threshold. */
typedef struct tui_split {
    ql_matmul_shape shape;
    tui_product product;
} tui_split;
ql_status tui_split_make(const tui_look_work *work, void **out, ql_error *error);
void tui_split_free(void *made);

/* The rows of the table as the screen shows them: the products without a threshold, and the split in its place. */
enum { TUI_RESULT_SPLIT = TUI_PRODUCT_ROW + 1, TUI_RESULTS = TUI_PRODUCTS_MOST + 1 };
typedef char tui_method[QL_SPEC_TEXT + 32];
void tui_result_methods(const char *spec_text, double threshold, tui_method out[TUI_RESULTS]);

/* Copies of them, to be written to a file. */
typedef struct tui_results {
    ql_matmul_shape shape;
    unsigned threads;
    tui_product of[TUI_RESULTS];
} tui_results;
tui_results *tui_results_copy(const tui_products *products, const tui_split *split); /* NULL when memory is short */
void tui_results_free(tui_results **held);                                           /* accepts NULL, leaves NULL */

/* LLM.int8() with many thresholds, and the loudest channels one by one. */
enum { TUI_SWEEP_COUNT = QL_USUAL_THRESHOLDS, TUI_APART_MOST = 12 };
typedef struct tui_apart {
    uint64_t channel;
    double most;  /* the largest |x| */
    float *loud;  /* owned [shape.m]: |x| of every row, largest first */
    double error; /* of int8:row, were that channel multiplied in float32 (ql_matmul_apart) */
} tui_apart;
typedef struct tui_sweep {
    ql_matmul_shape shape;
    double thresholds[TUI_SWEEP_COUNT], errors[TUI_SWEEP_COUNT];
    size_t columns[TUI_SWEEP_COUNT]; /* in half precision */
    double row_error;                /* of int8:row */
    size_t apart_count;
    tui_apart apart[TUI_APART_MOST]; /* the loudest first */
} tui_sweep;
ql_status tui_sweep_make(const tui_look_work *work, void **out, ql_error *error);
void tui_sweep_free(void *made);

#endif
