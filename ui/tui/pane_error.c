/* The error of the round trip: the metrics, and below them one of the sub-views. */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { DB_FULL = 50 }; /* a full gauge */

static void print_codes(const ql_report *report, char out[TEXT_NUMBER_SIZE])
{
    if (report->levels > 0)
        snprintf(out, TEXT_NUMBER_SIZE, "%.0f/%u", report->metrics[QL_LEVELS_USED], report->levels);
    else
        snprintf(out, TEXT_NUMBER_SIZE, "as stored");
}

static void print_entropy(const ql_report *report, char out[TEXT_NUMBER_SIZE])
{
    if (report->levels > 0)
        text_number(out, report->metrics[QL_ENTROPY_BITS], text_metric_form(QL_ENTROPY_BITS));
    else
        snprintf(out, TEXT_NUMBER_SIZE, "-");
}

static void print_bits(const ql_report *report, char out[TEXT_NUMBER_SIZE])
{
    text_number(out, report->bits_per_weight, TEXT_FIXED_3);
}

static void print_size(const ql_report *report, char out[TEXT_NUMBER_SIZE])
{
    text_bytes(out, report->byte_count);
}

/* Two columns, row by row. */
static const struct {
    const char *label;
    ql_metric metric;
    void (*print)(const ql_report *report, char out[TEXT_NUMBER_SIZE]); /* NULL: the metric */
} numbers[] = {
    { "RMSE/σ", QL_RMSE_OVER_STD, NULL },
    { "cosine", QL_COSINE, NULL },
    { "MSE", QL_MSE, NULL },
    { "MAE", QL_MAE, NULL },
    { "max |e|", QL_MAX_ABS, NULL },
    { "p99 |e|", QL_P99_ABS, NULL },
    { "clip", QL_FRAC_CLIPPED, NULL },
    { "zeros", QL_ZERO_FRAC, NULL },
    { "codes", 0, print_codes },
    { "entropy", 0, print_entropy },
    { "bits/wt", 0, print_bits },
    { "size", 0, print_size },
};
enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0] };

static void draw_sqnr(tui_canvas *canvas, tui_rect in, const ql_report *report)
{
    char text[TEXT_NUMBER_SIZE + 4];
    double sqnr = report->metrics[QL_SQNR_DB];
    tui_style style;
    const char *word = tui_sqnr_word(sqnr, &style);
    text_number(text, sqnr, TEXT_FIXED_2);
    int x = in.x + 1;
    x += tui_canvas_text(canvas, in.y, x, in.cols - 1, TUI_FADED, "SQNR") + 2;
    x += tui_canvas_format(canvas, in.y, x, in.cols, TUI_STRONG, "%s dB", text) + 2;
    int room = in.x + in.cols - x - 11;
    int gauge = room > 24 ? 24 : room;
    if (gauge >= 5) {
        tui_canvas_gauge(canvas, in.y, x, gauge, isfinite(sqnr) ? sqnr / DB_FULL : sqnr > 0, style);
        x += gauge + 1;
    }
    tui_canvas_text(canvas, in.y, x, in.x + in.cols - x, style, word);
}

static const tui_sub *const subs[] = { &tui_sub_histogram, &tui_sub_rows, &tui_sub_codes };
enum { SUB_COUNT = sizeof subs / sizeof subs[0], LEAST_HISTOGRAM = 3, LEAST_SUB = 5 };

int tui_error_sub_count(void)
{
    return SUB_COUNT;
}

void tui_pane_error(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    const tui_sub *sub = subs[app->sub];
    char title[32];
    snprintf(title, sizeof title, "Error · %s", sub->name);
    tui_rect in = tui_pane_frame(app, rect, focused, title, app->linear ? "linear y · v view" : "log y · v view");
    if (!facts.report) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y + 1, in.x + 1, in.rows - 1, in.cols - 2 }, TUI_TEXT, facts.missing);
        return;
    }
    canvas->faded = facts.is_old;
    draw_sqnr(canvas, in, facts.report);
    enum { GAP = 2, LEAST_PAIR = 16, MOST_PAIR = 26 };
    int per_line = in.cols - 2 >= 4 * 24 ? 4 : in.cols - 2 >= 2 * LEAST_PAIR + GAP ? 2 : 1;
    int width = (in.cols - 2 - (per_line - 1) * GAP) / per_line;
    width = width > MOST_PAIR ? MOST_PAIR : width;
    int lines = (NUMBER_COUNT + per_line - 1) / per_line;
    if (app->sub > 0 && lines > in.rows - 1 - LEAST_SUB) /* who asks for another sub-view wants to see it */
        lines = in.rows > 1 + LEAST_SUB ? in.rows - 1 - LEAST_SUB : 0;
    for (int i = 0; i < NUMBER_COUNT && i < lines * per_line; i++) {
        char value[TEXT_NUMBER_SIZE];
        int y = in.y + 1 + i / per_line;
        if (y >= in.y + in.rows)
            break;
        if (numbers[i].print)
            numbers[i].print(facts.report, value);
        else
            text_number(value, facts.report->metrics[numbers[i].metric], text_metric_form(numbers[i].metric));
        tui_pane_pair(canvas, y, in.x + 1 + i % per_line * (width + GAP), width, numbers[i].label, value);
    }
    tui_rect rest = { in.y + 1 + lines, in.x, in.rows - 1 - lines, in.cols };
    if (rest.rows >= LEAST_HISTOGRAM && rest.cols >= LEAST_HISTOGRAM)
        sub->draw(app, rest, app->document.shown);
    canvas->faded = false;
}
