/*
 * The Compare view: one tensor under several specs.
 *
 *   from 100 x 29 on:  +-------+-------+-------+     smaller: the pane with the focus, the metrics first
 *                      |   A   |   B   |   C   |
 *                      +-------+-------+-------+
 *                      | Metrics               |
 *                      +-----------------------+
 *                      | SQNR / bits | Block   |
 *                      +-------------+---------+
 */
#include "tui/compare.h"

#include <stdio.h>

#include "tui/actions.h"
#include "tui/copy.h"
#include "tui/panes.h"

enum { WIDE_COLS = 100, WIDE_ROWS = 22 }; /* of the screen; of the view's area */

static const struct {
    const char *name;
    void (*draw)(tui_app *app, tui_rect rect, bool focused);
    tui_act wheel;
} panes[] = {
    [TUI_COMPARE_METRICS] = { "Metrics", tui_compare_metrics, tui_act_column_move },
    [TUI_COMPARE_COLUMNS] = { "Columns", tui_compare_columns, tui_act_column_move },
    [TUI_COMPARE_BITS] = { "Bits", tui_compare_bits, tui_act_trial_line },
    [TUI_COMPARE_BLOCK] = { "Block", tui_compare_block, tui_act_weight },
};

tui_shown_column tui_shown_column_of(const tui_app *app, size_t column)
{
    const tui_document *document = &app->document;
    const tui_pin *pin = &document->pins.pins[column];
    const bool is_selected = column == document->pins.at;
    const ql_error *problem = is_selected ? &document->problem : &pin->problem;
    tui_shown_column shown = {
        .letter = (char)('A' + column),
        .spec_text = pin->spec_text,
        .is_exact = tui_pin_is_exact(document, column),
        .is_current = tui_pin_is_current(document, column),
        .whole = pin->whole,
        .is_selected = is_selected,
        .is_baseline = column == document->pins.baseline,
    };
    if (pin->shown && problem->status == QL_OK) {
        shown.report = pin->shown->report;
        shown.is_sampled = pin->shown->is_sampled;
        shown.has_product = pin->shown->inputs == document->inputs;
        shown.product = pin->shown->product;
    }
    if (!shown.is_exact)
        shown.missing = problem->status != QL_OK            ? tui_reason_in(problem->message)
                        : tui_document_is_settled(document) ? "stopped; r measures again"
                                                            : "measuring";
    return shown;
}

size_t tui_first_column(const tui_app *app, size_t fit)
{
    const tui_pins *pins = &app->document.pins;
    return fit >= pins->count || pins->at < fit ? 0 : pins->at - fit + 1;
}

static void draw_pane(tui_app *app, int pane, tui_rect rect)
{
    tui_hit_add(app, rect, tui_act_pane_at, pane, panes[pane].wheel);
    panes[pane].draw(app, rect, app->pane == pane);
}

static void draw_one(tui_app *app, tui_rect area)
{
    const char *names[TUI_COMPARE_PANES];
    for (int pane = 0; pane < TUI_COMPARE_PANES; pane++)
        names[pane] = panes[pane].name;
    tui_pane_names(app, (tui_rect) { area.y, area.x, 1, area.cols }, names, TUI_COMPARE_PANES);
    draw_pane(app, app->pane, (tui_rect) { area.y + 1, area.x, area.rows - 1, area.cols });
}

static void draw_all(tui_app *app, tui_rect area)
{
    enum { TABLE_ROWS = 11, WHOLE_TABLE = 14, LEAST_BOTTOM = 10, MOST_BOTTOM = 18, ALL_ROWS = 28 };
    const int wanted = area.rows < ALL_ROWS ? 0 : LEAST_BOTTOM + (area.rows - ALL_ROWS) / 3,
              bottom = wanted > MOST_BOTTOM ? MOST_BOTTOM : wanted, left = area.cols / 2,
              table = area.rows - bottom >= 2 * WHOLE_TABLE ? WHOLE_TABLE : TABLE_ROWS, top = area.rows - table - bottom;
    const tui_rect rects[TUI_COMPARE_PANES] = {
        [TUI_COMPARE_COLUMNS] = { area.y, area.x, top, area.cols },
        [TUI_COMPARE_METRICS] = { area.y + top, area.x, table, area.cols },
        [TUI_COMPARE_BITS] = { area.y + top + table, area.x, bottom, left },
        [TUI_COMPARE_BLOCK] = { area.y + top + table, area.x + left, bottom, area.cols - left },
    };
    for (int pane = 0; pane < TUI_COMPARE_PANES; pane++)
        if (rects[pane].rows > 0)
            draw_pane(app, pane, rects[pane]);
}

static void draw(tui_app *app, tui_rect area)
{
    if (app->canvas.cols >= WIDE_COLS && area.rows >= WIDE_ROWS && !app->zoomed)
        draw_all(app, area);
    else
        draw_one(app, area);
}

static bool find_number(tui_app *app, int pane, tui_number *out)
{
    const tui_trials *trials = &app->document.pins.trials;
    if (pane == TUI_COMPARE_BLOCK && tui_copy_find_weight(app, out))
        return true;
    if (pane == TUI_COMPARE_BITS && trials->at < trials->count && trials->trials[trials->at].is_known) {
        out->value = trials->trials[trials->at].sqnr_db;
        snprintf(out->what, sizeof out->what, "SQNR dB of %.120s", trials->trials[trials->at].spec_text);
        return true;
    }
    return tui_copy_find_sqnr(app, out);
}

static void open_columns(tui_app *app)
{
    tui_pins_open(&app->document);
}

static void close_columns(tui_app *app)
{
    tui_pins_close(&app->document);
}

const tui_view tui_view_compare = {
    .key = '2',
    .name = "Compare",
    .help = "the Compare view: one tensor under several specs",
    .label = "2 compare",
    .rank = 4,
    .pane_count = TUI_COMPARE_PANES,
    .first_pane = TUI_COMPARE_METRICS,
    .draw = draw,
    .context = TUI_IN_COMPARE,
    .open = open_columns,
    .close = close_columns,
    .words = tui_compare_words,
    .number = find_number,
};
