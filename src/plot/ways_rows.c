/* The ways to clip as rows: a bar for what is kept, and numbers. */
#include <math.h>
#include <stdio.h>

#include "plot/calibration.h"
#include "plot/figure.h"
#include "plot/ink.h"

static const double ROW = 13.2, BASELINE = 9.4, SIZE = 8.5, DOT = 3;
enum { CELL_SIZE = 3 * QL_NUMBER_SIZE };

typedef struct column {
    const char *title;
    double right;
    void (*format)(char out[CELL_SIZE], const ql_ways_view *v, size_t way);
} column;

static void format_pair(char out[CELL_SIZE], double a, double b)
{
    char low[QL_NUMBER_SIZE], high[QL_NUMBER_SIZE];
    ql_number(low, a, 3);
    ql_number(high, b, 3);
    if (a == b)
        ql_number(out, a, 4);
    else
        snprintf(out, CELL_SIZE, "%s … %s", low, high);
}

static void format_kept(char out[CELL_SIZE], const ql_ways_view *v, size_t way)
{
    const ql_kept *k = &v->kept[way];
    if (v->symmetric || v->has_groups)
        format_pair(out, k->least, k->largest);
    else
        format_pair(out, k->lo, k->hi);
}

static void format_clipped(char out[CELL_SIZE], const ql_ways_view *v, size_t way)
{
    double share = v->ways->reports[way]->metrics[QL_FRAC_CLIPPED];
    if (share > 0 && share < 0.00001)
        snprintf(out, CELL_SIZE, "< 0.001 %%");
    else
        ql_number_fixed(out, 100 * share, share > 0 ? 3 : 0, " %");
}

static void format_sqnr(char out[CELL_SIZE], const ql_ways_view *v, size_t way)
{
    ql_number_fixed(out, v->ways->reports[way]->metrics[QL_SQNR_DB], 2, "");
}

static void format_error(char out[CELL_SIZE], const ql_ways_view *v, size_t way)
{
    ql_number(out, v->ways->reports[way]->metrics[QL_MAX_ABS], 4);
}

static const column columns[] = {
    { NULL, 610, format_kept }, /* the title depends: kept_title */
    { "clipped", 661, format_clipped },
    { "SQNR dB", 710, format_sqnr },
    { "max |e|", QL_PAGE_RIGHT, format_error },
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static const char *kept_title(const ql_ways_view *v)
{
    if (v->has_groups)
        return v->symmetric ? "threshold, over groups" : "width, over groups";
    return v->symmetric ? "threshold" : "range kept";
}

static void draw_arrow(cairo_t *cairo, double x, double y, double direction)
{
    cairo_move_to(cairo, x, y);
    cairo_line_to(cairo, x - 6 * direction, y - 3);
    cairo_line_to(cairo, x - 6 * direction, y + 3);
    cairo_close_path(cairo);
    cairo_fill(cairo);
}

static void draw_end(const ql_ways_view *v, double value, double y)
{
    double x = ql_axis_at(&v->x, value);
    if (value < v->x.lo || value > v->x.hi) {
        draw_arrow(v->cairo, value > v->x.hi ? QL_WAYS_RIGHT : QL_WAYS_LEFT, y, value > v->x.hi ? 1 : -1);
        return;
    }
    cairo_new_sub_path(v->cairo);
    cairo_arc(v->cairo, x, y, DOT, 0, 2 * M_PI);
    cairo_fill(v->cairo);
}

/* What is kept as a bar from end to end; for symmetric ranges of several groups a thick part from the least to the largest.
 */
static void draw_bar(const ql_ways_view *v, const ql_kept *k, double y)
{
    double from = fmax(QL_WAYS_LEFT, ql_axis_at(&v->x, v->symmetric ? 0 : k->lo)),
           to = fmin(QL_WAYS_RIGHT, ql_axis_at(&v->x, k->hi));
    ql_ink_color(v->cairo, k->rgb, 0.45);
    ql_ink_line(v->cairo, from, y, to, y, 1.2);
    if (v->symmetric && v->has_groups) {
        ql_ink_color(v->cairo, k->rgb, 0.3);
        ql_ink_line(v->cairo, fmin(QL_WAYS_RIGHT, ql_axis_at(&v->x, k->least)), y,
                    fmin(QL_WAYS_RIGHT, ql_axis_at(&v->x, k->largest)), y, 6);
    }
    ql_ink_color(v->cairo, k->rgb, 1);
    draw_end(v, k->hi, y);
    if (!v->symmetric)
        draw_end(v, k->lo, y);
}

static void draw_row(const ql_ways_view *v, size_t way, double top)
{
    cairo_t *cairo = v->cairo;
    const ql_kept *k = &v->kept[way];
    double baseline = top + BASELINE;
    bool best = way == v->ways->best;
    if (best) {
        ql_ink_color(cairo, QL_INK_FAINT, 0.55);
        cairo_rectangle(cairo, QL_WAYS_LEFT - 100, top, QL_PAGE_RIGHT - QL_WAYS_LEFT + 104, ROW);
        cairo_fill(cairo);
    }
    draw_bar(v, k, top + ROW / 2);
    ql_ink_font(cairo, best ? QL_FACE_BOLD : QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, k->rgb, 1);
    cairo_rectangle(cairo, QL_WAYS_LEFT - 96, baseline - 6.2, 6, 6);
    cairo_fill(cairo);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, QL_WAYS_LEFT - 86, baseline, 80, k->name);
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        char text[CELL_SIZE];
        columns[i].format(text, v, way);
        ql_ink_text(cairo, columns[i].right, baseline, 1, text);
    }
}

/* Returns where the rows end. */
double ql_ways_draw_rows(const ql_ways_view *v, double rows_top)
{
    cairo_t *cairo = v->cairo;
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, QL_WAYS_LEFT - 86, rows_top + BASELINE, 0, "clip");
    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        ql_ink_text(cairo, columns[i].right, rows_top + BASELINE, 1, columns[i].title ? columns[i].title : kept_title(v));
    for (size_t i = 0; i < v->ways->count; i++)
        draw_row(v, i, rows_top + ROW * (double)(i + 1));
    return rows_top + ROW * (double)(v->ways->count + 1);
}
