/* Bars of eighth blocks on a linear or logarithmic axis. */
#include "tui/plot.h"

#include <math.h>
#include <stdio.h>

#include "text/ramp.h"

tui_columns tui_columns_of(const ql_histogram *histogram, int count)
{
    tui_columns columns = { .count = count < 1         ? 1
                                     : count > QL_BINS ? QL_BINS
                                                       : count,
                            .lo = histogram->lo,
                            .hi = histogram->hi };
    int bins[QL_BINS] = { 0 };
    for (int bin = 0; bin < QL_BINS; bin++) {
        int column = (2 * bin + 1) * columns.count / (2 * QL_BINS); /* where the middle of the bin lies */
        columns.counts[column] += (double)histogram->bins[bin];
        bins[column]++;
    }
    for (int column = 0; column < columns.count; column++) {
        columns.counts[column] *= (double)QL_BINS / columns.count / bins[column];
        if (columns.counts[column] > columns.peak)
            columns.peak = columns.counts[column];
    }
    return columns;
}

tui_columns tui_columns_over(const ql_histogram *histogram, double lo, double hi, int count)
{
    tui_columns columns = { .count = count < 1 ? 1 : count > QL_BINS ? QL_BINS : count, .lo = lo, .hi = hi };
    const double bin_width = (histogram->hi - histogram->lo) / QL_BINS, width = (hi - lo) / columns.count;
    for (int bin = 0; bin < QL_BINS && width > 0; bin++) {
        const double from = (histogram->lo + bin * bin_width - lo) / width, to = from + bin_width / width;
        const int first = from < 0 ? 0 : (int)from, last = to < columns.count ? (int)to : columns.count - 1;
        for (int column = first; column <= last && histogram->bins[bin] > 0; column++) {
            const double common = fmin(to, column + 1) - fmax(from, column);
            columns.counts[column] += (double)histogram->bins[bin] * (to > from ? fmax(common, 0) / (to - from) : 1);
        }
    }
    for (int column = 0; column < columns.count; column++)
        columns.peak = fmax(columns.peak, columns.counts[column]);
    return columns;
}

int tui_column_of(const tui_columns *columns, double value)
{
    double width = columns->hi - columns->lo;
    if (!(width > 0) || value <= columns->lo)
        return 0;
    double column = floor((value - columns->lo) / width * columns->count);
    return column >= columns->count ? columns->count - 1 : (int)column;
}

double tui_plot_height(double count, double peak, bool linear)
{
    const double floor_count = 0.5;
    if (count <= 0 || peak <= 0)
        return 0;
    if (linear)
        return count / peak;
    if (peak <= floor_count)
        return 1;
    double height = log(count / floor_count) / log(peak / floor_count);
    return height > 0 ? height : 0;
}

/* Height in eighths of a cell; what is not empty is seen. */
static int eighths(double count, double peak, bool linear, int rows)
{
    if (count <= 0)
        return 0;
    int height = (int)(tui_plot_height(count, peak, linear) * rows * TEXT_EIGHTHS + 0.5);
    return height < 1 ? 1 : height > rows * TEXT_EIGHTHS ? rows * TEXT_EIGHTHS : height;
}

int tui_plot_reach(const tui_columns *columns, int column, double peak, bool linear, int rows)
{
    return (eighths(columns->counts[column], peak, linear, rows) + TEXT_EIGHTHS - 1) / TEXT_EIGHTHS;
}

void tui_plot_bars(tui_canvas *canvas, tui_rect rect, const tui_columns *columns, double peak, bool linear, tui_style style)
{
    for (int column = 0; column < columns->count && column < rect.cols; column++) {
        int height = eighths(columns->counts[column], peak, linear, rect.rows);
        for (int y = rect.y + rect.rows - 1; height > 0; y--, height -= TEXT_EIGHTHS)
            tui_canvas_put(canvas, y, rect.x + column, text_block((unsigned)(height > TEXT_EIGHTHS ? TEXT_EIGHTHS : height)),
                           style);
    }
}

void tui_plot_dots(tui_canvas *canvas, tui_rect rect, const tui_columns *columns, double peak, bool linear, tui_style style)
{
    for (int column = 0; column < columns->count && column < rect.cols; column++) {
        int height = eighths(columns->counts[column], peak, linear, rect.rows);
        int y = rect.y + rect.rows - 1 - (height - 1) / TEXT_EIGHTHS, x = rect.x + column;
        if (height > 0 && y >= 0 && y < canvas->rows && x >= 0 && x < canvas->cols &&
            canvas->cells[y * canvas->cols + x].codepoint == ' ')
            tui_canvas_put(canvas, y, x, 0x00B7, style);
    }
}

void tui_short_count(double count, char out[16])
{
    static const char units[] = { 0, 'k', 'M', 'G', 'T', 'P', 'E', 0 };
    int unit = 0;
    while (count >= 999.5 && units[unit + 1]) {
        count /= 1000;
        unit++;
    }
    int decimals = unit > 0 && count < 9.95 && fabs(count - round(count)) >= 0.05 ? 1 : 0;
    snprintf(out, 16, "%.*f%c", decimals, count, units[unit]);
}

void tui_plot_counts(tui_canvas *canvas, tui_rect rect, int width, double peak, bool linear)
{
    char text[16];
    if (rect.rows < 1 || peak <= 0)
        return;
    tui_short_count(peak, text);
    tui_canvas_right(canvas, rect.y, rect.x - 1 - width, width, TUI_FADED, text);
    int last = rect.y; /* the row of the label above */
    for (double count = linear ? peak / 2 : pow(10, floor(log10(peak))); count >= (linear ? peak / 2 : 1);
         count /= linear ? 2 : 10) {
        int y = rect.y + rect.rows - 1 - (int)(tui_plot_height(count, peak, linear) * rect.rows);
        if (y <= last)
            continue;
        tui_short_count(count, text);
        tui_canvas_right(canvas, y, rect.x - 1 - width, width, TUI_FADED, text);
        last = y;
    }
}
