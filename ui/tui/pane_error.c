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
    x += tui_canvas_format(canvas, in.y, x, in.cols, TUI_STRONG, "%s%s dB", report->sampled ? "≈ " : "", text) + 2;
    int room = in.x + in.cols - x - 11;
    int gauge = room > 24 ? 24 : room;
    if (gauge >= 5) {
        tui_canvas_gauge(canvas, in.y, x, gauge, isfinite(sqnr) ? sqnr / DB_FULL : sqnr > 0, style);
        x += gauge + 1;
    }
    tui_canvas_text(canvas, in.y, x, in.x + in.cols - x, style, word);
}

const tui_sub *const tui_error_subs[] = {
    &tui_sub_histogram, &tui_sub_rows, &tui_sub_columns, &tui_sub_blocks, &tui_sub_codes, &tui_sub_map, NULL
};
enum { LEAST_HISTOGRAM = 3 }; /* lines */
enum { GAP = 2, LEAST_PAIR = 16, MOST_PAIR = 26 };

/* Where the metrics go, and how many lines of them leave room for the sub-view. */
typedef struct layout {
    int per_line, width, lines;
    bool has_sub;
} layout;

static layout make_layout(int rows, int cols, const tui_sub *sub)
{
    layout made;
    made.per_line = cols >= 4 * 24 ? 4 : cols >= 2 * LEAST_PAIR + GAP ? 2 : 1;
    made.width = (cols - (made.per_line - 1) * GAP) / made.per_line;
    made.width = made.width > MOST_PAIR ? MOST_PAIR : made.width;
    made.lines = (NUMBER_COUNT + made.per_line - 1) / made.per_line;
    const int least = sub->least_rows ? sub->least_rows : TUI_SUB_ROWS;
    if (sub != tui_error_subs[0] && made.lines > rows - 1 - least) /* who asks for another sub-view wants to see it */
        made.lines = rows > 1 + least ? rows - 1 - least : 0;
    made.has_sub = rows - 1 - made.lines >= LEAST_HISTOGRAM && cols > 0;
    return made;
}

/* "log y · v view", the key alone where that does not fit beside the title. */
static const char *choose_note(const tui_app *app, int cols, const char *title)
{
    enum { AROUND = 10 }; /* corners, spaces, the mark of the focus */
    const char *note = app->linear ? "linear y · v view" : "log y · v view";
    const tui_canvas *canvas = &app->canvas;
    return tui_canvas_width(canvas, title) + tui_canvas_width(canvas, note) + AROUND <= cols ? note : "v view";
}

void tui_pane_error(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    const tui_sub *sub = tui_sub_of(app, TUI_EXPLORE_ERROR);
    const layout at = make_layout(rect.rows - 2, rect.cols - 4, sub);
    char title[192] = "Error";
    if (at.has_sub)
        tui_sub_title(app, sub, "Error", rect.cols, title, sizeof title);
    tui_rect in = tui_pane_frame(app, rect, focused, title, choose_note(app, rect.cols, title));
    if (!facts.report) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y + 1, in.x + 1, in.rows - 1, in.cols - 2 }, TUI_TEXT, facts.missing);
        return;
    }
    canvas->faded = facts.is_old;
    draw_sqnr(canvas, in, facts.report);
    for (int i = 0; i < NUMBER_COUNT && i < at.lines * at.per_line; i++) {
        char value[TEXT_NUMBER_SIZE];
        int y = in.y + 1 + i / at.per_line;
        if (y >= in.y + in.rows)
            break;
        if (numbers[i].print)
            numbers[i].print(facts.report, value);
        else
            text_number(value, facts.report->metrics[numbers[i].metric], text_metric_form(numbers[i].metric));
        tui_pane_pair(canvas, y, in.x + 1 + i % at.per_line * (at.width + GAP), at.width, numbers[i].label, value);
    }
    if (at.has_sub)
        sub->draw(app, (tui_rect) { in.y + 1 + at.lines, in.x, in.rows - 1 - at.lines, in.cols }, app->document.shown);
    canvas->faded = false;
}
