/*
 * The clipping range in the plots of the distribution:
 *
 *        ┊  ▂▅█▇▄▁   ┊          dashed where something lies outside; press and drag, or , and . to move
 *      ──[───────────]── -0.5…0.5
 *
 * To move an end makes the range one by hand (clip=manual).
 */
#include <stdio.h>

#include "text/number.h"
#include "tui/hits.h"
#include "tui/values.h"

/* ---- Drawing --------------------------------------------------------------------------------------------------- */

/* Writes `text` between the brackets at columns left and right, or beside them; false when it fits nowhere. */
static bool draw_text(tui_canvas *canvas, tui_rect line, int left, int right, int count, const char *text)
{
    int width = tui_canvas_width(canvas, text), at;
    if (right - left > width + 2)
        at = left + (right - left + 1 - width) / 2;
    else if (count - right > width + 2)
        at = right + 2;
    else if (left > width + 2)
        at = left - 2 - width;
    else
        return false;
    tui_canvas_text(canvas, line.y, line.x + at, width, TUI_CLIP, text);
    return true;
}

/* What the range is and how much it clips, in as many words as fit. */
static void draw_words(tui_canvas *canvas, const tui_values *values, const ql_report *report, int left, int right)
{
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], clipped[80] = "", text[320];
    const int count = values->original.count;
    const bool is_clip = ql_spec_takes(&report->spec, QL_KEY_CLIP);
    text_number(low, report->clip_lo, TEXT_SIGNIFICANT);
    text_number(high, report->clip_hi, TEXT_SIGNIFICANT);
    text_number(share, report->metrics[QL_FRAC_CLIPPED], TEXT_PERCENT);
    if (is_clip || report->metrics[QL_FRAC_CLIPPED] > 0)
        snprintf(clipped, sizeof clipped, "· %s clipped ", share);
    const char *what = report->group_count == 1 ? is_clip ? "clip" : "range" : is_clip ? "widest clip" : "widest range";
    snprintf(text, sizeof text, " %s [%s … %s] %s", what, low, high, clipped);
    bool fits = draw_text(canvas, values->clip, left, right, count, text);
    if (report->clip_lo == -report->clip_hi)
        snprintf(text, sizeof text, " ±%s %s", high, clipped);
    else
        snprintf(text, sizeof text, " %s … %s %s", low, high, clipped);
    fits = fits || draw_text(canvas, values->clip, left, right, count, text);
    snprintf(text, sizeof text, " %s clipped ", share);
    if (!fits && *clipped)
        draw_text(canvas, values->clip, left, right, count, text);
}

/* Within half a cell: ends are rounded. */
static bool is_in_view(const tui_columns *columns, double value)
{
    const double half = (columns->hi - columns->lo) / columns->count / 2;
    return value >= columns->lo - half && value <= columns->hi + half;
}

static void draw_end(tui_canvas *canvas, tui_rect line, int column, bool is_seen, uint32_t bracket, uint32_t beyond,
                     bool is_chosen)
{
    tui_canvas_put(canvas, line.y, line.x + column, is_seen ? bracket : beyond, is_chosen ? TUI_SELECTED : TUI_CLIP);
}

/* A dashed line up from a bracket, through what the plot has no bars in, where something lies outside of it. */
static void draw_wall(tui_canvas *canvas, const tui_values *values, int column, bool linear)
{
    const tui_rect plot = values->upper;
    const int free_rows = plot.rows - tui_plot_reach(&values->original, column, values->peak, linear, plot.rows);
    for (int row = 0; row < free_rows && column > 0 && column < values->original.count - 1; row++)
        tui_canvas_put(canvas, plot.y + row, plot.x + column, 0x250A, TUI_CLIP);
}

static void drag(tui_app *app, int end, tui_drag_step step);

/* The range on the screen: that of the spec where a newer one than that of the report was chosen by hand. */
static void find_range(const tui_app *app, const tui_facts *facts, double *lo, double *hi)
{
    const tui_document *document = &app->document;
    const bool is_ahead = facts->is_old && document->shown->tensor == document->tensor;
    *lo = facts->report->clip_lo;
    *hi = facts->report->clip_hi;
    if (is_ahead)
        tui_range_of(&document->spec, facts->report, lo, hi);
}

void tui_clip_draw(tui_app *app, const tui_values *values, const tui_facts *facts)
{
    static const struct {
        uint32_t bracket, beyond;
        tui_end end;
    } ends[2] = { { '[', 0x25C2, TUI_END_LO }, { ']', 0x25B8, TUI_END_HI } };
    tui_canvas *canvas = &app->canvas;
    const tui_rect line = values->clip;
    for (int x = 0; x < values->original.count; x++)
        tui_canvas_put(canvas, line.y, line.x + x, 0x2500, TUI_FRAME);
    if (!facts->report)
        return;
    double range[2];
    find_range(app, facts, &range[0], &range[1]);
    const int columns[2] = { tui_column_of(&values->original, range[0]), tui_column_of(&values->original, range[1]) };
    draw_words(canvas, values, facts->report, columns[0], columns[1]);
    const ql_spec *spec = &app->document.spec;
    const bool moves = tui_range_is_possible(spec), chooses = moves && !tui_range_is_symmetric(spec);
    const tui_rect plots = { values->upper.y, line.x, values->lower.y + values->lower.rows - values->upper.y, 0 };
    for (int i = 0; i < 2; i++) {
        const bool is_seen = is_in_view(&values->original, range[i]);
        const tui_rect reach = is_seen ? plots : line; /* of the mouse */
        draw_end(canvas, line, columns[i], is_seen, ends[i].bracket, ends[i].beyond,
                 chooses && app->clip_end == ends[i].end);
        if (is_seen)
            draw_wall(canvas, values, columns[i], app->linear);
        if (moves)
            tui_hit_add_drag(app, (tui_rect) { reach.y, line.x + columns[i] - 1, reach.rows, 3 }, drag, (int)ends[i].end);
    }
}

/* ---- Moves ----------------------------------------------------------------------------------------------------- */

static int knob_of(tui_end end)
{
    static const int knobs[] = {
        [TUI_END_BOTH] = TUI_KNOB_RANGE, [TUI_END_LO] = TUI_KNOB_RANGE_LO, [TUI_END_HI] = TUI_KNOB_RANGE_HI
    };
    return knobs[end];
}

/* Both ends are one number where the range is symmetric. */
static tui_end chosen_end(const tui_app *app)
{
    return tui_range_is_symmetric(&app->document.spec) ? TUI_END_BOTH : app->clip_end;
}

static void drag(tui_app *app, int end, tui_drag_step step)
{
    tui_document *document = &app->document;
    const ql_profile *profile = tui_document_profile(document);
    double lo, hi;
    if (step != TUI_DRAG_MOVE) {
        app->pane = TUI_EXPLORE_DISTRIBUTION;
        app->clip_end = (tui_end)end;
        tui_document_end_run(document);
    } else if (profile) {
        tui_window_range(app, profile->original.lo, profile->original.hi, &lo, &hi);
        tui_document_set_range(document, knob_of((tui_end)end), lo + tui_window_mouse(app) * (hi - lo),
                               (hi - lo) / app->window.cols);
    }
}

void tui_clip_move(tui_app *app, int direction)
{
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    tui_document_move_range(&app->document, knob_of(chosen_end(app)), direction, tui_window_cell(app));
}

void tui_clip_next_end(tui_app *app)
{
    static const struct {
        tui_end next;
        const char *words;
    } ends[] = {
        [TUI_END_BOTH] = { TUI_END_LO, ", and . move the low end of the clipping range" },
        [TUI_END_LO] = { TUI_END_HI, ", and . move the high end of the clipping range" },
        [TUI_END_HI] = { TUI_END_BOTH, ", and . move both ends of the clipping range" },
    };
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    if (!tui_range_is_possible(&app->document.spec) || tui_range_is_symmetric(&app->document.spec)) {
        tui_document_say(&app->document, false, "both ends of this range move together");
        return;
    }
    tui_document_say(&app->document, false, "%s", ends[app->clip_end].words);
    app->clip_end = ends[app->clip_end].next;
}
