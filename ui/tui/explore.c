/*
 * The Explore view: one tensor under one spec.
 *
 *   from 100 x 29 on:  +---------+------------------+     smaller: the pane with the focus, under a line
 *                      |         | Distribution     |     with the main numbers
 *                      | Tensors +---------+--------+
 *                      |         | Error   | Tensor |     The list of knobs takes the place of the tensors.
 *                      +---------+---------+--------+
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/formula.h"
#include "text/number.h"
#include "tui/actions.h"
#include "tui/copy.h"
#include "tui/knobs.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { WIDE_COLS = 100, WIDE_ROWS = 22 }; /* of the screen; of the view's area */

static const struct {
    const char *name;
    void (*draw)(tui_app *app, tui_rect rect, bool focused);
} panes[TUI_EXPLORE_PANES] = {
    [TUI_EXPLORE_TENSORS] = { "Tensors", tui_pane_tensors },
    [TUI_EXPLORE_DISTRIBUTION] = { "Distribution", tui_pane_distribution },
    [TUI_EXPLORE_ERROR] = { "Error", tui_pane_error },
    [TUI_EXPLORE_TENSOR] = { "Tensor", tui_pane_tensor },
};

static const tui_sub *const *const subs[TUI_EXPLORE_PANES] = {
    [TUI_EXPLORE_DISTRIBUTION] = tui_distribution_subs,
    [TUI_EXPLORE_ERROR] = tui_error_subs,
    [TUI_EXPLORE_TENSOR] = tui_tensor_subs,
};

static bool find_number(tui_app *app, int pane, tui_number *out)
{
    const tui_facts facts = tui_facts_of(app);
    const int column = tui_column_shown(app->list.column);
    const bool is_exact = facts.report && !facts.is_old && !facts.is_sampled;
    const char *scale = is_exact ? text_scale_word(facts.report) : NULL;
    if (pane == TUI_EXPLORE_TENSORS) {
        out->value = tui_column_value(column, app->model, &app->document.findings, app->document.tensor);
        snprintf(out->what, sizeof out->what, "%s", tui_column_describe(column).title);
        return !isnan(out->value);
    }
    if (pane == TUI_EXPLORE_TENSOR && facts.stats && (is_exact || tui_document_profile(&app->document))) {
        *out = (tui_number) { facts.stats->std, "standard deviation of the weights" };
        return true;
    }
    if (pane == TUI_EXPLORE_DISTRIBUTION && scale) {
        out->value = facts.report->scale_max;
        snprintf(out->what, sizeof out->what, facts.report->group_count > 1 ? "%s, the largest of all groups" : "%s", scale);
        return true;
    }
    return tui_copy_find_sqnr(app, out);
}

const char *tui_reason_in(const char *message)
{
    const char *tensor = strstr(message, ": tensor '"), *reason = tensor ? strstr(tensor, "': ") : NULL;
    return reason ? reason + strlen("': ") : message;
}

tui_facts tui_facts_of(const tui_app *app)
{
    const tui_document *document = &app->document;
    const ql_profile *profile = tui_document_profile(document);
    const tui_measure *shown = document->shown;
    tui_facts facts = { .missing = "measuring" };
    if (document->problem.status != QL_OK)
        facts.missing = tui_reason_in(document->problem.message);
    else if (document->stopped)
        facts.missing = "stopped; r measures again";

    bool is_same = shown && shown->tensor == document->tensor;
    bool stands_in = shown && !profile && document->problem.status == QL_OK; /* another tensor's, until this one is read */
    if (is_same || stands_in) {
        facts.report = shown->report;
        facts.stats = &shown->report->stats;
        facts.original = &shown->report->original;
        facts.is_old = !tui_document_is_current(document);
        facts.is_sampled = shown->is_sampled;
        facts.missing = NULL;
    } else if (profile) {
        facts.stats = &profile->stats;
        facts.original = &profile->original;
    }
    return facts;
}

tui_rect tui_pane_frame(tui_app *app, tui_rect rect, bool focused, const char *title, const char *note)
{
    tui_facts facts = tui_facts_of(app);
    char old[TUI_SPEC_SHOWN + 32], spec[TUI_SPEC_SHOWN], near[256];
    if (facts.is_old) {
        tui_show_spec(spec, facts.report->spec_text);
        snprintf(old, sizeof old, "still of %s",
                 app->document.shown->tensor == app->document.tensor ? spec : "the tensor before");
        note = old;
    }
    if (facts.is_sampled) {
        snprintf(near, sizeof near, "≈ %s", title);
        title = near;
    }
    return tui_canvas_box(&app->canvas, rect, focused, title, note);
}

const char *tui_sqnr_word(double sqnr_db, tui_style *style)
{
    static const struct {
        double from_db;
        const char *word;
        tui_style style;
    } words[] = {
        { 40, "excellent", TUI_GOOD },
        { 30, "good", TUI_GOOD },
        { 20, "fair", TUI_FAIR },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (sqnr_db >= words[i].from_db) {
            *style = words[i].style;
            return words[i].word;
        }
    *style = TUI_POOR;
    return "poor";
}

void tui_pane_pair(tui_canvas *canvas, int y, int x, int width, const char *label, const char *value)
{
    int used = tui_canvas_text(canvas, y, x, width, TUI_FADED, label) + 1;
    tui_canvas_right(canvas, y, x + used, width - used, TUI_TEXT, value);
}

/* "SQNR 36.56 dB good · 8.000 bits/wt" with the style of its word. */
static tui_style print_summary(const ql_report *report, char *out, size_t size)
{
    char sqnr[TEXT_NUMBER_SIZE], bits[TEXT_NUMBER_SIZE];
    tui_style style;
    text_number(sqnr, report->metrics[QL_SQNR_DB], TEXT_FIXED_2);
    text_number(bits, report->bits_per_weight, TEXT_FIXED_3);
    const char *word = tui_sqnr_word(report->metrics[QL_SQNR_DB], &style);
    snprintf(out, size, "SQNR %s%s dB %s · %s bits/wt", report->sampled ? "≈ " : "", sqnr, word, bits);
    return style;
}

/* The names of the panes and the main numbers in one line, for a screen that shows one pane; the numbers alone where it is
 * narrow. */
static void draw_summary(tui_app *app, tui_rect rect)
{
    enum { NAMES_COLS = 40, NUMBERS_COLS = 38 };
    tui_facts facts = tui_facts_of(app);
    tui_canvas *canvas = &app->canvas;
    int x = rect.x + 1, end = rect.x + rect.cols;
    const bool has_names = !facts.report || rect.cols >= NAMES_COLS + NUMBERS_COLS || app->home == TUI_IN_VIEW;
    for (int pane = 0; pane < TUI_EXPLORE_PANES && has_names; pane++) {
        char name[32];
        snprintf(name, sizeof name, pane == app->pane ? "[%s]" : " %s ", panes[pane].name);
        const int used = tui_canvas_text(canvas, rect.y, x, end - x, pane == app->pane ? TUI_FRAME_FOCUS : TUI_FADED, name);
        tui_hit_add(app, (tui_rect) { rect.y, x, 1, used }, tui_act_pane_at, pane, NULL);
        x += used;
    }
    if (!facts.report)
        return;
    char text[160];
    const tui_style style = print_summary(facts.report, text, sizeof text);
    canvas->faded = facts.is_old;
    tui_canvas_right(canvas, rect.y, x, end - x - 1, style, text);
    canvas->faded = false;
}

static void draw_one(tui_app *app, tui_rect area)
{
    draw_summary(app, (tui_rect) { area.y, area.x, 1, area.cols });
    panes[app->pane].draw(app, (tui_rect) { area.y + 1, area.x, area.rows - 1, area.cols }, app->home == TUI_IN_VIEW);
}

static void draw_all(tui_app *app, tui_rect area)
{
    int list = area.x > 0 ? 0 : tui_knobs_cols(area.cols); /* the knobs stand at its place */
    int right = area.cols - list, x = area.x + list;
    int bottom = area.rows * 45 / 100;
    bottom = bottom < 12 ? 12 : bottom > 18 ? 18 : bottom;
    int top = area.rows - bottom, error = right / 2;
    const tui_rect rects[TUI_EXPLORE_PANES] = {
        { area.y, area.x, area.rows, list },
        { area.y, x, top, right },
        { area.y + top, x, bottom, error },
        { area.y + top, x + error, bottom, right - error },
    };
    for (int pane = list > 0 ? 0 : 1; pane < TUI_EXPLORE_PANES; pane++) {
        tui_hit_add(app, rects[pane], tui_act_pane_at, pane, NULL);
        panes[pane].draw(app, rects[pane], pane == app->pane && app->home == TUI_IN_VIEW);
    }
}

static void draw(tui_app *app, tui_rect area)
{
    if (app->canvas.cols >= WIDE_COLS && area.rows >= WIDE_ROWS && !app->zoomed)
        draw_all(app, area);
    else
        draw_one(app, area);
}

const tui_view tui_view_explore = {
    .key = '1',
    .name = "Explore",
    .help = "the Explore view: one tensor under one spec",
    .label = "1 explore",
    .rank = 13,
    .pane_count = TUI_EXPLORE_PANES,
    .first_pane = TUI_EXPLORE_DISTRIBUTION,
    .draw = draw,
    .subs = subs,
    .context = TUI_IN_VIEW,
    .number = find_number,
};
