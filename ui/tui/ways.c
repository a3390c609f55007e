/* The ways to choose a clipping range, on the axis of their losses. */
#include "tui/ways.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "tui/plot.h"

double tui_ways_place(const tui_ways *w, double lo, double hi)
{
    const double whole = w->curve->hi - w->curve->lo;
    return w->is_symmetric ? hi : whole > 0 ? (hi - lo) / whole : 1;
}

int tui_ways_column(const tui_ways *w, double place)
{
    const tui_columns axis = { .count = w->plot.cols, .lo = 0, .hi = w->whole };
    return tui_column_of(&axis, place);
}

/* The letter and the short name of a way. */
static char letter_of(const ql_spec *spec)
{
    static const char letters[QL_CLIP_COUNT] = {
        [QL_CLIP_MINMAX] = 'm', [QL_CLIP_PERCENTILE] = 'p', [QL_CLIP_KL] = 'k',
        [QL_CLIP_MSE] = 'e',    [QL_CLIP_ACIQ] = 'l',       [QL_CLIP_MANUAL] = 'h',
    };
    return spec->clip == QL_CLIP_ACIQ && spec->dist == QL_DIST_GAUSS ? 'g' : letters[spec->clip];
}

void tui_ways_marks(tui_canvas *canvas, tui_rect line, const tui_ways *w)
{
    for (int x = 0; x < line.cols; x++)
        tui_canvas_put(canvas, line.y, line.x + x, 0x2500, TUI_FRAME);
    for (int searches = 0; searches < 2; searches++) /* which stand where their curves are least, over the others */
        for (size_t i = w->ways->count; i-- > 0;)    /* minmax last: beyond the axis others end there, too */
            if ((w->ways->curves[i] != NULL) == searches)
                tui_canvas_put(canvas, line.y,
                               line.x + tui_ways_column(w, tui_ways_place(w, w->ways->lo[i], w->ways->hi[i])),
                               (uint32_t)letter_of(&w->ways->reports[i]->spec), TUI_STRONG);
    if (!isnan(w->now_at))
        tui_canvas_put(canvas, line.y, line.x + tui_ways_column(w, w->now_at),
                       (uint32_t)(w->now >= 0 ? letter_of(&w->ways->reports[w->now]->spec) : 'h'), TUI_SELECTED);
}

/* "m minmax ±0.3147 36.56 dB ★" */
static void draw_entry(tui_canvas *canvas, tui_rect rect, const tui_ways *w, size_t i, bool is_long)
{
    const ql_report *report = w->ways->reports[i];
    char hi[TEXT_NUMBER_SIZE], lo[TEXT_NUMBER_SIZE], sqnr[TEXT_NUMBER_SIZE], range[128] = "", name[64];
    text_number(sqnr, report->metrics[QL_SQNR_DB], TEXT_FIXED_2);
    text_number(lo, w->ways->lo[i], TEXT_SIGNIFICANT);
    text_number(hi, w->ways->hi[i], TEXT_SIGNIFICANT);
    if (is_long && w->is_symmetric)
        snprintf(range, sizeof range, " ±%s", hi);
    else if (is_long)
        snprintf(range, sizeof range, " %s…%s", lo, hi);
    const char *space = strrchr(w->ways->names[i], ' '); /* "percentile 99.9", "aciq gauss" */
    snprintf(name, sizeof name, "%s%s", space && report->spec.clip == QL_CLIP_PERCENTILE ? "p" : "",
             space ? space + 1 : w->ways->names[i]);
    const bool is_now = (int)i == w->now;
    int x = rect.x;
    tui_canvas_put(canvas, rect.y, x, (uint32_t)letter_of(&report->spec), is_now ? TUI_SELECTED : TUI_STRONG);
    x += 2;
    x += tui_canvas_format(canvas, rect.y, x, rect.x + rect.cols - x, is_now ? TUI_CLIP : TUI_TEXT, "%s%s %s dB", name,
                           range, sqnr);
    if (i == w->ways->best)
        tui_canvas_text(canvas, rect.y, x + 1, rect.x + rect.cols - x - 1, TUI_GOOD, "★");
}

tui_legend tui_ways_layout(const tui_ways *w, int rows, int cols)
{
    enum { ENTRY_COLS = 22, LONG_ENTRY_COLS = 33, ROOMY = 12, FEW_LINES = 2 };
    const int count = (int)w->ways->count;
    tui_legend made = { .per_line = cols / LONG_ENTRY_COLS, .is_long = true };
    if (made.per_line < 1 || (count + made.per_line - 1) / made.per_line > FEW_LINES) {
        made.is_long = false;
        made.per_line = cols / ENTRY_COLS < 1 ? 1 : cols / ENTRY_COLS;
    }
    made.lines = rows >= ROOMY ? (count + made.per_line - 1) / made.per_line : 0;
    return made;
}

void tui_ways_legend(tui_canvas *canvas, tui_rect rect, const tui_ways *w, tui_legend at)
{
    const int width = rect.cols / at.per_line;
    for (int i = 0; i < (int)w->ways->count && i / at.per_line < at.lines; i++)
        draw_entry(canvas, (tui_rect) { rect.y + i / at.per_line, rect.x + i % at.per_line * width, 1, width - 1 }, w,
                   (size_t)i, at.is_long);
}
