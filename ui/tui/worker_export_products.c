/* Products that are written to a file: figures, and the table of the MatMul view. */
#include "tui/worker_export.h"

#include <stdio.h>
#include <string.h>

#include "sheet/products.h"
#include "sheet/save.h"

/* ---- Figures ---------------------------------------------------------------------------------------------------- */

static ql_status multiply(const tui_writing *at, ql_products **out, ql_error *error)
{
    const tui_export *export = at->export;
    const char *methods[TUI_EXPORT_METHODS];
    ql_matmul *matmul = NULL;
    for (size_t i = 0; i < export->method_count; i++)
        methods[i] = export->methods[i];
    tui_worker_begin(at->jobs, "multiplying");
    ql_status status = ql_matmul_new(at->jobs->engine, at->profile->tensor, export->inputs->activations, export->wish.rows,
                                     at->monitor, &matmul, error);
    if (status == QL_OK)
        status = ql_products_make(matmul, methods, export->method_count, at->monitor, out, error);
    ql_matmul_free(&matmul);
    return status;
}

/* What X is. Made-up rows can be any number. */
static ql_status describe(const tui_writing *at, char *out, size_t size, ql_error *error)
{
    const tui_export *export = at->export;
    const ql_tensor *tensor = at->profile->tensor;
    const uint64_t rows = export->wish.rows;
    ql_synthetic usual = ql_synthetic_usual;
    ql_activations *made = NULL;
    if (ql_activations_are_real(export->inputs->activations, tensor) || rows == 0) {
        ql_activations_describe(export->inputs->activations, tensor, out, size);
        return QL_OK;
    }
    usual.rows = rows;
    const ql_status status = ql_activations_make_up(&usual, &made, error);
    if (status == QL_OK)
        ql_activations_describe(made, tensor, out, size);
    ql_activations_free(&made);
    return status;
}

ql_status tui_write_figure_of_products(const tui_writing *at, ql_error *error)
{
    const tui_export *export = at->export;
    char activations[400];
    ql_products *products = NULL;
    ql_status status = describe(at, activations, sizeof activations, error);
    if (status == QL_OK)
        status = multiply(at, &products, error);
    if (status != QL_OK)
        return status;
    const ql_figure_options options = { .kind = export->figure->name,
                                        .command = export->command,
                                        .tensor = export->tensor_name,
                                        .file = export->file_name,
                                        .activations = activations };
    tui_worker_begin(at->jobs, "writing the figure");
    status = ql_figure_write_products(products, &options, export->path, error);
    ql_products_free(&products);
    return status;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* What the screen did not have yet, made as it would have been. */
static ql_status need_results(const tui_writing *at, ql_error *error)
{
    tui_export *export = at->export;
    void *products = NULL, *split = NULL;
    ql_status status = export->results ? QL_OK : tui_writing_measure(at, 0, error);
    if (export->results || status != QL_OK)
        return status;
    tui_worker_begin(at->jobs, "multiplying");
    const tui_look_work work = { at->jobs->engine, at->profile, export->known[0]->report, at->monitor, export->wish };
    status = tui_products_make(&work, &products, error);
    if (status == QL_OK)
        status = tui_split_make(&work, &split, error);
    if (status == QL_OK && !(export->results = tui_results_copy(products, split))) {
        snprintf(error->message, sizeof error->message, "out of memory");
        status = error->status = QL_NO_MEMORY;
    }
    tui_products_free(products);
    tui_split_free(split);
    return status;
}

ql_status tui_write_products(const tui_writing *at, ql_error *error)
{
    const tui_export *export = at->export;
    char activations[512];
    const char *x = tui_inputs_named(export->inputs, at->profile->tensor);
    const ql_status status = need_results(at, error);
    if (status != QL_OK)
        return status;
    if (strcmp(x, TUI_INPUTS_USUAL) == 0) {
        sheet_made_up_name(activations, sizeof activations, &ql_synthetic_usual);
        x = activations;
    }
    const tui_results *results = export->results;
    sheet_table table = sheet_table_over(sheet_product_columns, SHEET_PRODUCT_COLUMNS);
    for (int i = 0; i < TUI_RESULTS; i++) {
        const tui_product *product = &results->of[i];
        sheet_product_add(&table, export->tensor_name, results->shape, product->method, results->threads, x,
                          product->is_known ? &product->result : NULL, product->why);
    }
    sheet_table facts = sheet_products_facts(&table);
    const sheet_document document = {
        .list = "results", .file = ql_model_path(at->jobs->model), .activations = x, .facts = &facts, .table = &table
    };
    tui_worker_begin(at->jobs, "writing the numbers");
    const ql_status written = sheet_save(&document, export->format, export->path, error);
    sheet_table_free(&facts);
    sheet_table_free(&table);
    return written;
}
