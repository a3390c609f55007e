/*
 * The MatMul view: Y = X W^T for real, in many ways.
 *
 *   from 100 x 29 on:  +--------------------+     smaller: the pane with the focus, the results first
 *                      | Channels of X      |
 *                      +-----------+--------+
 *                      | Results   | Error/T|
 *                      +-----------+--------+
 *                      | Map       | Loudest|     from 32 rows on
 *                      +-----------+--------+
 */
#include "tui/matmul.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/copy.h"
#include "tui/panes.h"

enum { WIDE_COLS = 100, WIDE_ROWS = 20, RUNS = 5 };

static const char *const names[TUI_MATMUL_PANES] = { "Channels", "Results", "Threshold", "Map", "Loudest" };
static const struct {
    void (*draw)(tui_app *app, tui_rect rect, bool focused);
    tui_act wheel;
} panes[TUI_MATMUL_PANES] = {
    [TUI_MATMUL_CHANNELS] = { tui_matmul_channels, tui_act_threshold_wheel },
    [TUI_MATMUL_RESULTS] = { tui_matmul_results, tui_act_method },
    [TUI_MATMUL_THRESHOLD] = { tui_matmul_threshold, tui_act_threshold_wheel },
    [TUI_MATMUL_MAP] = { tui_matmul_map, tui_act_method },
    [TUI_MATMUL_OUTLIERS] = { tui_matmul_outliers, tui_act_threshold_wheel },
};

/* ---- What is known --------------------------------------------------------------------------------------------- */

/* Without a clock nothing is timed. */
tui_wish tui_matmul_wished(const tui_app *app, tui_look_kind kind)
{
    const tui_operands *operands = &app->operands;
    tui_wish wish = { .rows = operands->rows, .what = (int)operands->threads, .inputs = app->document.inputs };
    if (kind != TUI_LOOK_SWEEP) {
        wish.cols = app->headless ? 0 : RUNS;
        wish.row = operands->reruns;
    }
    if (kind == TUI_LOOK_SPLIT)
        wish.lo = operands->threshold;
    return wish;
}

static tui_seen with_reason(const tui_app *app, tui_seen seen)
{
    const ql_error *problem = &app->document.problem;
    if (problem->status != QL_OK)
        return (tui_seen) { .missing = tui_reason_in(problem->message) };
    if (seen.missing)
        seen.missing = tui_reason_in(seen.missing);
    return seen;
}

tui_seen tui_matmul_wish(tui_app *app, tui_look_kind kind)
{
    const tui_wish wish = tui_matmul_wished(app, kind);
    return with_reason(app, tui_looks_wish(&app->document, kind, &wish));
}

tui_seen tui_matmul_seen(const tui_app *app, tui_look_kind kind)
{
    const tui_wish wish = tui_matmul_wished(app, kind);
    return with_reason(app, tui_looks_seen(&app->document, kind, &wish));
}

const tui_product *tui_matmul_row(const tui_app *app, int row, bool *is_old)
{
    const bool is_split = row == TUI_MATMUL_SPLIT_ROW;
    const tui_seen seen = tui_matmul_seen(app, is_split ? TUI_LOOK_SPLIT : TUI_LOOK_PRODUCTS);
    const size_t at = (size_t)(row < TUI_MATMUL_SPLIT_ROW ? row : row - 1);
    *is_old = !seen.is_exact;
    if (!seen.made)
        return NULL;
    if (is_split)
        return &((const tui_split *)seen.made)->product;
    const tui_products *products = seen.made;
    return at < products->count ? &products->of[at] : NULL;
}

int tui_matmul_map_row(const tui_app *app)
{
    return app->operands.method > 0 ? app->operands.method : TUI_MATMUL_SPLIT_ROW;
}

uint64_t tui_matmul_above(const float *loud, uint64_t count, double threshold)
{
    uint64_t from = 0, end = count;
    while (from < end) {
        const uint64_t middle = from + (end - from) / 2;
        if (loud[middle] >= (float)threshold) /* as LLM.int8() compares */
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

tui_rect tui_matmul_frame(tui_app *app, tui_rect rect, bool focused, const char *title, const char *note, bool is_old)
{
    return tui_canvas_box(&app->canvas, rect, focused, title, is_old ? "multiplying" : note);
}

/* ---- Drawing --------------------------------------------------------------------------------------------------- */

static void draw_pane(tui_app *app, int pane, tui_rect rect)
{
    tui_hit_add(app, rect, tui_act_pane_at, pane, panes[pane].wheel);
    panes[pane].draw(app, rect, app->pane == pane);
}

const char *tui_matmul_meaning(const char *method)
{
    const char *meaning = "";
    size_t longest = 0;
    for (size_t i = 0; ql_matmul_method_at(i); i++) {
        const char *name = ql_matmul_method_at(i)->name;
        const size_t length = strlen(name);
        if (length > longest && strncmp(method, name, length) == 0 && (method[length] == 0 || method[length] == ':')) {
            meaning = ql_matmul_method_at(i)->meaning;
            longest = length;
        }
    }
    return meaning;
}

void tui_matmul_shapes(const tui_products *products, char *out, size_t size)
{
    const ql_matmul_shape shape = products->shape;
    snprintf(out, size, "Y = X W^T  %llu×%llu × %llu×%llu", (unsigned long long)shape.m, (unsigned long long)shape.k,
             (unsigned long long)shape.k, (unsigned long long)shape.n);
}

/* What is multiplied. */
static void draw_head(tui_app *app, tui_rect line)
{
    const tui_seen seen = tui_matmul_seen(app, TUI_LOOK_PRODUCTS);
    const tui_products *products = seen.made;
    tui_canvas *canvas = &app->canvas;
    char shapes[120] = "Y = X W^T", name[256];
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, line.cols > 80 ? (size_t)line.cols / 3 : 20);
    if (products)
        tui_matmul_shapes(products, shapes, sizeof shapes);
    canvas->faded = !seen.is_exact;
    tui_canvas_format(canvas, line.y, line.x + 1, line.cols - 2, TUI_TEXT, "%s · W %s%s%s", shapes, name,
                      products ? " · X " : "", products ? products->x : "");
    canvas->faded = false;
}

static void draw_all(tui_app *app, tui_rect area)
{
    enum { RESULT_ROWS = 12, LEAST_BOTTOM = 6, LEAST_CHANNELS = 7 };
    const int rest = area.rows - 1 - RESULT_ROWS, bottom = rest - LEAST_CHANNELS < LEAST_BOTTOM ? 0 : rest / 2,
              top = rest - bottom, left = area.cols * 3 / 5;
    const tui_rect rects[TUI_MATMUL_PANES] = {
        [TUI_MATMUL_CHANNELS] = { area.y + 1, area.x, top, area.cols },
        [TUI_MATMUL_RESULTS] = { area.y + 1 + top, area.x, RESULT_ROWS, left },
        [TUI_MATMUL_THRESHOLD] = { area.y + 1 + top, area.x + left, RESULT_ROWS, area.cols - left },
        [TUI_MATMUL_MAP] = { area.y + 1 + top + RESULT_ROWS, area.x, bottom, left },
        [TUI_MATMUL_OUTLIERS] = { area.y + 1 + top + RESULT_ROWS, area.x + left, bottom, area.cols - left },
    };
    draw_head(app, (tui_rect) { area.y, area.x, 1, area.cols });
    for (int pane = 0; pane < TUI_MATMUL_PANES; pane++)
        if (rects[pane].rows > 0)
            draw_pane(app, pane, rects[pane]);
}

static void draw(tui_app *app, tui_rect area)
{
    app->operands.axis.rows = 0;
    tui_matmul_wish(app, TUI_LOOK_PRODUCTS); /* the words below are of both */
    tui_matmul_wish(app, TUI_LOOK_SPLIT);
    if (app->canvas.cols >= WIDE_COLS && area.rows >= WIDE_ROWS && !app->zoomed) {
        draw_all(app, area);
        return;
    }
    tui_pane_names(app, (tui_rect) { area.y, area.x, 1, area.cols }, names, TUI_MATMUL_PANES);
    draw_pane(app, app->pane, (tui_rect) { area.y + 1, area.x, area.rows - 1, area.cols });
}

/* ---- In words -------------------------------------------------------------------------------------------------- */

/* Where there is room, what the method does whose error the map shows. */
static void add_meaning(const tui_app *app, char *out, size_t size)
{
    bool is_old;
    const int row = tui_matmul_map_row(app);
    const tui_product *product = tui_matmul_row(app, row, &is_old);
    const size_t used = strlen(out);
    if (product && app->canvas.cols >= WIDE_COLS && used < size)
        snprintf(out + used, size - used, " %c: %s.", 'A' + row - 1, tui_matmul_meaning(product->method));
}

bool tui_matmul_words(const tui_app *app, char *out, size_t size)
{
    bool row_is_old, split_is_old;
    const tui_product *row = tui_matmul_row(app, TUI_PRODUCT_ROW, &row_is_old),
                      *split = tui_matmul_row(app, TUI_MATMUL_SPLIT_ROW, &split_is_old);
    if (row_is_old || split_is_old || !row || !split || !row->is_known || !split->is_known)
        return false;
    const tui_products *products = tui_matmul_seen(app, TUI_LOOK_PRODUCTS).made;
    const size_t columns = split->result.outlier_count;
    const uint64_t k = products->shape.k;
    const double gain = split->result.sqnr_db - row->result.sqnr_db, share = 100 * (double)columns / (double)k;
    char all[TEXT_NUMBER_SIZE], apart[TEXT_NUMBER_SIZE], before[TEXT_NUMBER_SIZE], after[TEXT_NUMBER_SIZE];
    text_count(all, k);
    text_count(apart, columns);
    text_number(before, row->result.rel_fro, TEXT_SIGNIFICANT);
    text_number(after, split->result.rel_fro, TEXT_SIGNIFICANT);
    if (columns == 0)
        snprintf(out, size,
                 "No channel of X reaches %g (the loudest: %.3g), so LLM.int8() is plain int8. h lowers the threshold.",
                 app->operands.threshold, (double)products->channels.peak);
    else if (columns == k)
        snprintf(out, size, "All %s channels of X reach %g: nothing is left to int8. l raises the threshold.", all,
                 app->operands.threshold);
    else if (gain >= 0.05)
        snprintf(out, size,
                 "%s of %s input channels cost %.1f dB. In fp16 (%.3g %% of the work) they cut the error from %s to %s.",
                 apart, all, gain, share, before, after);
    else
        snprintf(out, size,
                 "%s of %s input channels in fp16 (%.3g %% of the work) gain nothing here: the error is %s, was %s.", apart,
                 all, share, after, before);
    add_meaning(app, out, size);
    return true;
}

static bool find_number(tui_app *app, int pane, tui_number *out)
{
    bool is_old;
    const int row = pane == TUI_MATMUL_RESULTS || pane == TUI_MATMUL_MAP ? tui_matmul_map_row(app) : TUI_MATMUL_SPLIT_ROW;
    const tui_product *product = tui_matmul_row(app, row, &is_old);
    if (!product || is_old || !product->is_known)
        return false;
    out->value = product->result.rel_fro;
    snprintf(out->what, sizeof out->what, "product error of %.120s", product->method);
    return true;
}

static void open_operands(tui_app *app)
{
    if (app->operands.threshold <= 0)
        app->operands.threshold = TUI_USUAL_THRESHOLD;
}

const tui_view tui_view_matmul = {
    .key = '3',
    .name = "MatMul",
    .help = "the MatMul view: products with activations, in fp32, int8 and 4 bits",
    .label = "3 matmul",
    .rank = 14,
    .pane_count = TUI_MATMUL_PANES,
    .first_pane = TUI_MATMUL_RESULTS,
    .draw = draw,
    .context = TUI_IN_MATMUL,
    .open = open_operands,
    .words = tui_matmul_words,
    .number = find_number,
};
