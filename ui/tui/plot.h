/* Histograms in character cells. */
#ifndef TUI_PLOT_H
#define TUI_PLOT_H

#include "qloupe.h"
#include "tui/canvas.h"

/* A histogram over the columns of a plot: counts[c] is what column c holds, evened out where columns take different numbers
   of bins, so that a flat histogram looks flat. At most QL_BINS columns. */
typedef struct tui_columns {
    int count;
    double lo, hi;
    double counts[QL_BINS];
    double peak; /* the largest count */
} tui_columns;

tui_columns tui_columns_of(const ql_histogram *histogram, int count);

/* The same over another range: what each bin has in common with a column. For axes that several histograms share. */
tui_columns tui_columns_over(const ql_histogram *histogram, double lo, double hi, int count);

/* The column of a value, clamped to the first and last. */
int tui_column_of(const tui_columns *columns, double value);

/* Height of a count, 0..1 of the plot. The logarithmic axis starts at half an element, so that one element is seen. */
double tui_plot_height(double count, double peak, bool linear);

/* Bars in rect (rect.cols = columns->count). */
void tui_plot_bars(tui_canvas *canvas, tui_rect rect, const tui_columns *columns, double peak, bool linear, tui_style style);

/* How many of `rows` rows the bar of a column reaches into. */
int tui_plot_reach(const tui_columns *columns, int column, double peak, bool linear, int rows);

/* Dots where the bars of `columns` would end, in cells that are empty. */
void tui_plot_dots(tui_canvas *canvas, tui_rect rect, const tui_columns *columns, double peak, bool linear, tui_style style);

/* Counts beside the plot, right-aligned in `width` cells that end one before rect.x. */
void tui_plot_counts(tui_canvas *canvas, tui_rect rect, int width, double peak, bool linear);

/* "12", "3.4k", "1M". */
void tui_short_count(double count, char out[16]);

#endif
