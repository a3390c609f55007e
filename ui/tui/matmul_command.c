/* The command line that prints the numbers of the MatMul view, or draws a figure of its products. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/command.h"
#include "tui/matmul.h"
#include "tui/said.h"

/* ---- The methods that a figure is of ----------------------------------------------------------------------------- */

static size_t list_rows(const tui_app *app, tui_method out[TUI_EXPORT_METHODS])
{
    tui_result_methods(app->document.spec_text, app->operands.threshold, out);
    return TUI_RESULTS;
}

/* Only one of them. */
static size_t list_row(const tui_app *app, int row, tui_method *out)
{
    tui_method rows[TUI_EXPORT_METHODS];
    list_rows(app, rows);
    memcpy(out, rows[row], sizeof rows[row]);
    return 1;
}

static size_t list_mapped(const tui_app *app, tui_method out[TUI_EXPORT_METHODS])
{
    return list_row(app, tui_matmul_map_row(app), out);
}

static size_t list_split(const tui_app *app, tui_method out[TUI_EXPORT_METHODS])
{
    return list_row(app, TUI_PRODUCT_ROW, out) + list_row(app, TUI_RESULT_SPLIT, out + 1);
}

static size_t list_sweep(const tui_app *app, tui_method out[TUI_EXPORT_METHODS])
{
    list_row(app, TUI_PRODUCT_ROW, out);
    for (size_t i = 0; i < QL_USUAL_THRESHOLDS; i++)
        snprintf(out[1 + i], sizeof *out, "llm_int8:%g", ql_usual_thresholds[i]);
    return 1 + QL_USUAL_THRESHOLDS;
}

/* Kinds that are not here are of all rows, as the table is. */
static const struct {
    const char *kind;
    size_t (*list)(const tui_app *app, tui_method out[TUI_EXPORT_METHODS]);
} lists[] = {
    { "channels", list_split },
    { "threshold", list_sweep },
    { "product-error", list_mapped },
};

static size_t list_methods(const tui_app *app, const ql_figure_kind *kind, tui_method out[TUI_EXPORT_METHODS])
{
    for (size_t i = 0; kind && i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp(lists[i].kind, kind->name) == 0)
            return lists[i].list(app, out);
    return list_rows(app, out);
}

/* ---- The words ---------------------------------------------------------------------------------------------------- */

bool tui_matmul_say(tui_said *out, const tui_app *app, const ql_figure_kind *kind)
{
    const tui_operands *operands = &app->operands;
    const bool fits = tui_say(out, app);
    text_words *words = &out->words;
    out->methods = calloc(TUI_EXPORT_METHODS, sizeof *out->methods);
    if (!fits || !out->methods)
        return false;
    words->verb = kind ? "plot" : "matmul";
    words->kind = kind ? kind->name : NULL;
    words->ascii = words->ascii && !kind; /* figures are the same, for any number of threads, too */
    words->threads = kind ? 0 : operands->threads > 0 ? operands->threads : app->threads;
    words->spec_count = 0;
    words->x = tui_inputs_named(app->document.inputs, tui_document_tensor(&app->document));
    words->made_up = strcmp(words->x, TUI_INPUTS_USUAL) == 0 ? &ql_synthetic_usual : NULL;
    words->rows = operands->rows > 0 ? operands->rows : words->made_up ? words->made_up->rows : 0;
    words->method_count = list_methods(app, kind, out->methods);
    for (size_t i = 0; i < words->method_count; i++)
        out->method_at[i] = out->methods[i];
    words->methods = out->method_at;
    return true;
}

bool tui_matmul_command(const tui_app *app, char *out, size_t size)
{
    tui_said said;
    bool is_there = tui_matmul_say(&said, app, NULL) && text_command(out, size, &said.words) < size;
    tui_said_free(&said);
    for (int row = 0; row < TUI_MATMUL_ROWS && is_there; row++) {
        bool is_old;
        is_there = tui_matmul_row(app, row, &is_old) && !is_old;
    }
    return is_there;
}

tui_results *tui_matmul_results_copy(const tui_app *app)
{
    const tui_seen products = tui_matmul_seen(app, TUI_LOOK_PRODUCTS), split = tui_matmul_seen(app, TUI_LOOK_SPLIT);
    const bool is_there = products.made && split.made && products.is_exact && split.is_exact;
    return is_there ? tui_results_copy(products.made, split.made) : NULL;
}
