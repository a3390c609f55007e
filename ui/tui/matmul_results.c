/* The methods: the error of each product beside the one in float32, and its time; below, how near to overflow int8 comes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/matmul.h"

enum { ERROR = 10, DB = 9, MS = 10, GOPS = 9, LEAST_NAME = 14, MEANING = 28, LEAST_MEANING = 24 };

/* Numbers that differ from run to run are left out where there is no person to see them run. */
#define NO_CLOCK "·"

/* What the table has room for: the name takes what is left. */
typedef struct columns {
    int x, name, error, db, ms, gops; /* widths */
} columns;

static columns fit(tui_rect in)
{
    columns at = { in.x + 1, in.cols - 2 - ERROR, ERROR, 0, 0, 0 };
    int *const more[] = { &at.db, &at.ms, &at.gops };
    static const int widths[] = { DB, MS, GOPS };
    for (int i = 0; i < 3 && at.name - widths[i] >= LEAST_NAME; i++) {
        *more[i] = widths[i];
        at.name -= widths[i];
    }
    return at;
}

static void draw_row(tui_app *app, const columns *at, int y, tui_style style, const char *const texts[5])
{
    const int widths[] = { at->name, at->error, at->db, at->ms, at->gops };
    tui_canvas_text(&app->canvas, y, at->x, at->name - 1, style, texts[0]);
    for (int i = 1, x = at->x + at->name; i < 5; x += widths[i++])
        if (widths[i] > 0)
            tui_canvas_right(&app->canvas, y, x, widths[i], style, texts[i]);
}

static void draw_method(tui_app *app, const columns *at, int y, int row)
{
    bool is_old;
    const tui_product *product = tui_matmul_row(app, row, &is_old);
    char name[TUI_SPEC_SHOWN + 128], apart[64], method[TUI_SPEC_SHOWN], error[TEXT_NUMBER_SIZE], db[TEXT_NUMBER_SIZE],
        ms[TEXT_NUMBER_SIZE], gops[TEXT_NUMBER_SIZE];
    if (!product)
        return;
    const ql_matmul_result *result = &product->result;
    const bool is_mapped = row == tui_matmul_map_row(app);
    tui_show_spec(method, product->method);
    if (row == TUI_PRODUCT_FP32)
        snprintf(name, sizeof name, "  %s (reference)", method);
    else
        snprintf(name, sizeof name, "%s%c %s", is_mapped ? "▸" : " ", 'A' + row - 1, method);
    snprintf(apart, sizeof apart, "  %zu in fp16", result->outlier_count);
    if (row == TUI_MATMUL_SPLIT_ROW && product->is_known &&
        tui_canvas_width(&app->canvas, name) + (int)strlen(apart) < at->name)
        strcat(name, apart);
    const int used = tui_canvas_width(&app->canvas, name) + 3, at_meaning = used > MEANING ? used : MEANING,
              room = at->name - at_meaning;
    app->canvas.faded = is_old;
    if (!product->is_known) {
        const int end = tui_canvas_text(&app->canvas, y, at->x, at->name - 1, TUI_TEXT, name) + 1;
        tui_canvas_text(&app->canvas, y, at->x + end, at->name + at->error + at->db + at->ms + at->gops - end, TUI_FADED,
                        product->why);
    } else {
        text_number(error, result->rel_fro, TEXT_SIGNIFICANT);
        text_number(db, result->sqnr_db, TEXT_FIXED_2);
        text_number(ms, result->ms_median, TEXT_SIGNIFICANT);
        text_number(gops, result->gops, TEXT_SIGNIFICANT);
        const bool is_reference = row == TUI_PRODUCT_FP32;
        draw_row(app, at, y, is_mapped ? TUI_STRONG : TUI_TEXT,
                 (const char *const[]) { name, is_reference ? "—" : error, is_reference ? "—" : db,
                                         app->headless ? NO_CLOCK : ms, app->headless ? NO_CLOCK : gops });
        if (room >= LEAST_MEANING)
            tui_canvas_text(&app->canvas, y, at->x + at_meaning, room - 1, TUI_FADED, tui_matmul_meaning(product->method));
    }
    app->canvas.faded = false;
    tui_hit_add(app, (tui_rect) { y, at->x, 1, at->name + at->error + at->db + at->ms + at->gops }, tui_act_method_at, row,
                tui_act_method);
}

/* The largest sum in 32 bits, of the split or else of int8 by row. */
static void draw_headroom(tui_app *app, tui_rect in, int y)
{
    bool is_old;
    const tui_product *product = tui_matmul_row(app, TUI_MATMUL_SPLIT_ROW, &is_old);
    char text[200], sum[TEXT_NUMBER_SIZE];
    if (!product || !product->is_known || !(product->result.accumulator_max > 0))
        product = tui_matmul_row(app, TUI_PRODUCT_ROW, &is_old);
    if (!product || !product->is_known || !(product->result.accumulator_max > 0))
        return;
    const double largest = product->result.accumulator_max;
    text_count(sum, (uint64_t)largest);
    snprintf(text, sizeof text, "largest 32-bit sum %s of 2,147,483,647: %.1f bits left, no overflow", sum,
             31 - log2(largest));
    if (tui_canvas_width(&app->canvas, text) > in.cols - 2)
        snprintf(text, sizeof text, "32-bit sums to %s: %.1f bits left", sum, 31 - log2(largest));
    app->canvas.faded = is_old;
    tui_canvas_text(&app->canvas, y, in.x + 1, in.cols - 2, TUI_GOOD, text);
    app->canvas.faded = false;
}

/* Of the split: which part of the work is done in which numbers. */
static void draw_split(tui_app *app, tui_rect in, int y)
{
    bool is_old;
    const tui_product *product = tui_matmul_row(app, TUI_MATMUL_SPLIT_ROW, &is_old);
    const tui_split *split = tui_matmul_seen(app, TUI_LOOK_SPLIT).made;
    if (!product || !split || !product->is_known)
        return;
    const uint64_t apart = product->result.outlier_count, k = split->shape.k;
    char coded[TEXT_NUMBER_SIZE], kept[TEXT_NUMBER_SIZE];
    text_count(coded, k - apart);
    text_count(kept, apart);
    const double share = 100.0 * (double)apart / (double)k;
    char text[200];
    snprintf(text, sizeof text, "C splits X: %s columns int8, %s fp16 = %.2f %% of the work", coded, kept, share);
    if (tui_canvas_width(&app->canvas, text) > in.cols - 2)
        snprintf(text, sizeof text, "C: %s columns int8, %s fp16 (%.2f %%)", coded, kept, share);
    app->canvas.faded = is_old;
    tui_canvas_text(&app->canvas, y, in.x + 1, in.cols - 2, TUI_TEXT, text);
    app->canvas.faded = false;
}

/* Kernels and threads are this machine's: where the clock is left out, they are, too. */
static void describe_clock(const tui_app *app, const tui_products *products, char *out, size_t size)
{
    const tui_product *product = &products->of[TUI_PRODUCT_ROW];
    if (app->headless || !product->is_known)
        snprintf(out, size, "error of the whole product");
    else
        snprintf(out, size, "ms: median of %u, %u thread%s, %s", product->result.runs, products->threads,
                 products->threads == 1 ? "" : "s", product->result.kernel);
}

/* What is multiplied, where there is room for it. */
static void draw_operands(tui_app *app, tui_rect in, int y, const tui_products *products)
{
    char shapes[120];
    tui_matmul_shapes(products, shapes, sizeof shapes);
    if (y < in.y + in.rows)
        tui_canvas_format(&app->canvas, y, in.x + 1, in.cols - 2, TUI_TEXT, "X %s", products->x);
    if (y + 1 < in.y + in.rows)
        tui_canvas_text(&app->canvas, y + 1, in.x + 1, in.cols - 2, TUI_TEXT, shapes);
}

void tui_matmul_results(tui_app *app, tui_rect rect, bool focused)
{
    const tui_seen seen = tui_matmul_wish(app, TUI_LOOK_PRODUCTS);
    tui_matmul_wish(app, TUI_LOOK_SPLIT);
    const tui_products *products = seen.made;
    char note[160] = "";
    if (products)
        describe_clock(app, products, note, sizeof note);
    const tui_rect in = tui_matmul_frame(app, rect, focused, "Products against fp32", note, products && !seen.is_exact);
    if (!products) {
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT, seen.missing);
        return;
    }
    const columns at = fit(in);
    int y = in.y;
    const int end = in.y + in.rows;
    if (y < end)
        draw_row(app, &at, y++, TUI_FADED, (const char *const[]) { "  method", "rel err", "SQNR dB", "ms", "GOP/s" });
    for (int row = 0; row < TUI_MATMUL_ROWS && y < end; row++)
        draw_method(app, &at, y++, row);
    y += end - y > 2;
    if (y < end)
        draw_headroom(app, in, y++);
    if (y < end)
        draw_split(app, in, y++);
    app->canvas.faded = !seen.is_exact;
    draw_operands(app, in, y, products);
    app->canvas.faded = false;
}
