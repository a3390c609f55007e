/*
 * The figure "channels": how loud every input channel of X is, and which ones LLM.int8() multiplies apart.
 *
 *   title, activations
 *   largest |x| of every channel, the threshold across, a dot and the number on what reaches it
 *   the loudest channels | the error of every method
 *   the command line
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/products.h"
#include "plot/scale.h"

static const double TOP = 84, BOTTOM = 318, WORDS_TOP = 362, SIZE = 8.5, LEADING = 12.5, DOT = 2.2, RIGHT_WORDS = 452;
enum { BARS_MOST = 720, LABELS_MOST = 24, LOUDEST_MOST = 10, METHODS_MOST = 5 };

typedef struct view {
    cairo_t *cairo;
    const ql_products *products;
    const ql_product *split;
    uint64_t *order; /* [loud_count] channels, the loudest first */
    size_t loud_count;
    double median, peak;
    ql_panel panel;
    ql_scale scale;
} view;

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* NAN without memory. */
static double median_of(const double *values, uint64_t count)
{
    double *sorted = malloc((size_t)count * sizeof *sorted), median = (double)NAN;
    for (uint64_t i = 0; sorted && i < count; i++)
        sorted[i] = values[i];
    if (sorted) {
        qsort(sorted, (size_t)count, sizeof *sorted, by_size);
        median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    }
    free(sorted);
    return median;
}

static double center_of(const view *v, uint64_t channel)
{
    return ql_axis_at(&v->panel.x, (double)channel);
}

/* ---- Bars -------------------------------------------------------------------------------------------------------- */

/* The threshold, where it is not so far above the channels that they would be small. */
static bool shows_threshold(const view *v)
{
    return v->split->threshold <= 4 * v->peak;
}

static void set_axes(view *v)
{
    double least = INFINITY;
    for (uint64_t c = 0; c < v->products->shape.k; c++)
        least = v->products->loudest[c] > 0 ? fmin(least, v->products->loudest[c]) : least;
    const double threshold = shows_threshold(v) ? v->split->threshold : 0;
    if (threshold > 0)
        least = fmin(least, threshold);
    v->panel = (ql_panel) { .cairo = v->cairo,
                            .left = QL_PAGE_LEFT,
                            .top = TOP,
                            .right = QL_PAGE_RIGHT,
                            .bottom = BOTTOM,
                            .x = { -0.5, (double)v->products->shape.k - 0.5, QL_PAGE_LEFT, QL_PAGE_RIGHT },
                            .whole = true };
    v->scale = ql_scale_make(least, fmax(v->peak, threshold), BOTTOM, TOP);
}

/* How many channels a bar stands for: as many as share a point of the page. */
static uint64_t channels_of_bar(const view *v)
{
    return (v->products->shape.k + BARS_MOST - 1) / BARS_MOST;
}

static void draw_bars(const view *v)
{
    const uint64_t k = v->products->shape.k, step = channels_of_bar(v);
    ql_ink_color(v->cairo, QL_INK_ORIGINAL, 1);
    for (uint64_t c = 0; c < k; c += step) {
        const uint64_t end = c + step < k ? c + step : k;
        double most = 0;
        for (uint64_t i = c; i < end; i++)
            most = fmax(most, v->products->loudest[i]);
        const double left = ql_axis_at(&v->panel.x, (double)c - 0.5), right = ql_axis_at(&v->panel.x, (double)end - 0.5),
                     gap = right - left > 3 ? 0.2 * (right - left) : 0, y = ql_scale_at(&v->scale, most);
        cairo_rectangle(v->cairo, left + gap / 2, y, right - left - gap, BOTTOM - y);
    }
    cairo_fill(v->cairo);
}

static void draw_dot(cairo_t *cairo, double x, double y)
{
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, DOT, 0, 2 * M_PI);
    cairo_fill(cairo);
}

/* A stem and a dot for each column that is multiplied apart. */
static void draw_outliers(const view *v)
{
    const ql_matmul_result *result = &v->split->result;
    ql_ink_color(v->cairo, QL_INK_OUTLIER, 1);
    for (size_t i = 0; i < result->outlier_count; i++) {
        const double x = center_of(v, result->outliers[i]),
                     y = ql_scale_at(&v->scale, v->products->loudest[result->outliers[i]]);
        ql_ink_line(v->cairo, x, BOTTOM, x, y, 1.4);
        draw_dot(v->cairo, x, y);
    }
}

/* Numbers over the loudest outliers, each where it meets none before it. */
static void draw_labels(const view *v)
{
    struct {
        double left, right, y;
    } placed[LABELS_MOST];
    unsigned count = 0;
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    for (size_t i = 0; i < v->split->result.outlier_count && i < v->loud_count && count < LABELS_MOST; i++) {
        char label[QL_NUMBER_SIZE];
        snprintf(label, sizeof label, "%" PRIu64, v->order[i]);
        const double width = ql_ink_width(v->cairo, label),
                     y = ql_scale_at(&v->scale, v->products->loudest[v->order[i]]) - 5;
        const double x = fmin(fmax(center_of(v, v->order[i]), QL_PAGE_LEFT + width / 2 + 2), QL_PAGE_RIGHT - width / 2 - 2);
        bool meets = y - SIZE < TOP;
        for (unsigned p = 0; p < count; p++)
            meets |= x - width / 2 < placed[p].right + 3 && x + width / 2 > placed[p].left - 3 &&
                     fabs(y - placed[p].y) < SIZE + 2;
        if (meets)
            continue;
        placed[count].left = x - width / 2;
        placed[count].right = x + width / 2;
        placed[count++].y = y;
        ql_ink_text(v->cairo, x, y, 0.5, label);
    }
}

static void print_threshold(char out[QL_NUMBER_SIZE + 8], double threshold)
{
    if (isinf(threshold))
        snprintf(out, QL_NUMBER_SIZE + 8, "T = ∞");
    else
        snprintf(out, QL_NUMBER_SIZE + 8, "T = %.6g", threshold);
}

/* Where a label of this width begins that meets no stem, as far left as can be; at the left end where there is no room. */
static double find_room(const view *v, double width)
{
    const ql_matmul_result *result = &v->split->result;
    const double air = 14;
    double from = QL_PAGE_LEFT + 6;
    for (size_t i = 0; i < result->outlier_count; i++) {
        const double stem = center_of(v, result->outliers[i]);
        if (stem + air > from && stem - air < from + width)
            from = stem + air;
    }
    return from + width < QL_PAGE_RIGHT ? from : QL_PAGE_LEFT + 6;
}

static void draw_threshold(const view *v)
{
    char text[QL_NUMBER_SIZE + 8];
    const double y = ql_scale_at(&v->scale, v->split->threshold);
    if (!shows_threshold(v))
        return;
    cairo_save(v->cairo);
    cairo_set_dash(v->cairo, (const double[]) { 4, 3 }, 2, 0);
    ql_ink_color(v->cairo, QL_INK_CLIP, 1);
    ql_ink_line(v->cairo, QL_PAGE_LEFT, y, QL_PAGE_RIGHT, y, 0.9);
    cairo_restore(v->cairo);
    print_threshold(text, v->split->threshold);
    ql_ink_font(v->cairo, QL_FACE_BOLD, SIZE);
    const double width = ql_ink_width(v->cairo, text), x = find_room(v, width);
    ql_ink_color(v->cairo, 0xffffff, 0.85);
    cairo_rectangle(v->cairo, x - 2, y - SIZE - 4.5, width + 4, SIZE + 3);
    cairo_fill(v->cairo);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_text(v->cairo, x, y - 4, 0, text);
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static double draw_key(cairo_t *cairo, double x, double y, bool outlier, const char *text)
{
    ql_ink_color(cairo, outlier ? QL_INK_OUTLIER : QL_INK_ORIGINAL, 1);
    if (outlier) {
        ql_ink_line(cairo, x + 7, y + 1, x + 7, y - 5, 1.4);
        draw_dot(cairo, x + 7, y - 5);
    } else {
        cairo_rectangle(cairo, x, y - 7, 14, 8);
        cairo_fill(cairo);
    }
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    return x + 19 + ql_ink_text(cairo, x + 19, y, 0, text) + 22;
}

static void draw_keys(const view *v)
{
    char share[QL_SHARE_SIZE], text[QL_SHARE_SIZE + 120], number[QL_NUMBER_SIZE], threshold[QL_NUMBER_SIZE + 8];
    const uint64_t of_bar = channels_of_bar(v);
    ql_ink_font(v->cairo, QL_FACE_PLAIN, 9);
    ql_text_count(number, of_bar);
    if (of_bar > 1)
        snprintf(text, sizeof text, "largest |x|, a bar for each %s channels", number);
    else
        snprintf(text, sizeof text, "largest |x| of a channel");
    const double x = draw_key(v->cairo, QL_PAGE_LEFT, TOP - 10, false, text);
    print_threshold(threshold, v->split->threshold);
    ql_products_share(share, v->products, v->split->result.outlier_count, "channels");
    snprintf(text, sizeof text, "at or above %s, with its number: %s%s", threshold, share,
             shows_threshold(v) ? "" : "; T is above this view");
    draw_key(v->cairo, x, TOP - 10, true, text);
}

static void put_title(const view *v, double x, double y, const char *text)
{
    ql_ink_font(v->cairo, QL_FACE_BOLD, SIZE);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_text(v->cairo, x, y, 0, text);
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
}

static void draw_loudest(const view *v)
{
    enum { COLUMN_ROWS = 5 };
    static const double COLUMN = 184, AT_NUMBER = 50, AT_MOST = 94, AT_RATIO = 148;
    char text[QL_NUMBER_SIZE + 60], number[QL_NUMBER_SIZE];
    ql_number(number, v->median, 3);
    snprintf(text, sizeof text, "Loudest channels; the median of all is %s", number);
    put_title(v, QL_PAGE_LEFT, WORDS_TOP, text);
    for (size_t i = 0; i < v->loud_count && i < LOUDEST_MOST; i++) {
        const double most = v->products->loudest[v->order[i]];
        const double x = QL_PAGE_LEFT + COLUMN * (double)(i / COLUMN_ROWS),
                     y = WORDS_TOP + LEADING * (double)(i % COLUMN_ROWS + 2) + 2;
        if (i % COLUMN_ROWS == 0) {
            ql_ink_color(v->cairo, QL_INK_SOFT, 1);
            ql_ink_text(v->cairo, x + AT_NUMBER, y - LEADING, 1, "channel");
            ql_ink_text(v->cairo, x + AT_MOST, y - LEADING, 1, "max |x|");
            ql_ink_text(v->cairo, x + AT_RATIO, y - LEADING, 1, "of median");
        }
        ql_ink_color(v->cairo, QL_INK_OUTLIER, 1);
        if (i < v->split->result.outlier_count)
            draw_dot(v->cairo, x + 2, y - 3);
        ql_ink_color(v->cairo, QL_INK_TEXT, 1);
        ql_text_count(number, v->order[i]);
        ql_ink_text(v->cairo, x + AT_NUMBER, y, 1, number);
        ql_number(number, most, 3);
        ql_ink_text(v->cairo, x + AT_MOST, y, 1, number);
        ql_number_fixed(number, most / v->median, 1, " ×");
        if (v->median > 0)
            ql_ink_text(v->cairo, x + AT_RATIO, y, 1, number);
    }
}

static void draw_methods(const view *v)
{
    char error[QL_NUMBER_SIZE], sqnr[QL_NUMBER_SIZE];
    put_title(v, RIGHT_WORDS, WORDS_TOP, "Product against float32");
    ql_ink_color(v->cairo, QL_INK_SOFT, 1);
    ql_ink_text(v->cairo, 706, WORDS_TOP, 1, "rel. error");
    ql_ink_text(v->cairo, QL_PAGE_RIGHT, WORDS_TOP, 1, "SQNR dB");
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    for (size_t i = 0; i < v->products->count && i < METHODS_MOST; i++) {
        const ql_product *product = &v->products->products[i];
        const double y = WORDS_TOP + LEADING * (double)(i + 1) + 2;
        ql_ink_text_within(v->cairo, RIGHT_WORDS, y, 190, product->result.method);
        if (!product->is_known)
            continue;
        ql_number(error, product->result.rel_fro, 3);
        ql_number_fixed(sqnr, product->result.sqnr_db, 2, "");
        ql_ink_text(v->cairo, 706, y, 1, error);
        ql_ink_text(v->cairo, QL_PAGE_RIGHT, y, 1, isinf(product->result.sqnr_db) ? "∞" : sqnr);
    }
}

void ql_channels_draw(cairo_t *cairo, const ql_figure *figure)
{
    const ql_products *products = figure->products;
    uint64_t loudest[LABELS_MOST];
    char name[96], rows[QL_NUMBER_SIZE];
    view v = { .cairo = cairo, .products = products, .split = ql_products_split(products), .order = loudest };
    v.loud_count = ql_largest(products->loudest, products->shape.k, LABELS_MOST, loudest);
    v.peak = v.loud_count > 0 ? products->loudest[loudest[0]] : 0;
    v.median = median_of(products->loudest, products->shape.k);
    set_axes(&v);
    ql_figure_draw_page(cairo, figure);
    draw_keys(&v);
    ql_text_count(rows, products->shape.m);
    snprintf(name, sizeof name, "largest |x| of %s row%s%s", rows, products->shape.m == 1 ? "" : "s",
             v.scale.log ? " (log scale)" : "");
    ql_scale_draw(&v.panel, &v.scale, name);
    draw_bars(&v);
    draw_outliers(&v);
    draw_threshold(&v);
    draw_labels(&v);
    ql_panel_draw_values(&v.panel, 1, "input channel (column of X)");
    draw_loudest(&v);
    draw_methods(&v);
}
