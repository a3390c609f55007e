/*
 * The figure "threshold": the error of LLM.int8() against its threshold, and how many columns of X each one splits off.
 *
 *   title, activations
 *   error, a line for each method with thresholds; dashed across: methods without    \  one axis of thresholds,
 *   columns that are multiplied apart                                                /  logarithmic; T = infinity beside it
 *   the command line
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/products.h"
#include "plot/scale.h"

static const double TOP = 92, MIDDLE = 304, COUNTS_TOP = 320, BOTTOM = 412, SIZE = 8.5, INFINITE = 44, PAD = 22;
enum { LINES_MOST = 6, COUNT_BAR = 12, LABEL_MOST = 220 };

/* How the lines of the first, second ... such method are told apart without colour. */
typedef struct style {
    uint32_t rgb;
    double dash; /* 0: none */
    bool hollow;
} style;

static const style styles[] = { { 0x0072b2, 0, false }, { QL_INK_DEQUANTIZED, 4, true } };
enum { STYLE_COUNT = sizeof styles / sizeof styles[0] };

typedef struct view {
    cairo_t *cairo;
    const ql_products *products;
    const ql_product **split; /* [count] those with a threshold, ascending */
    size_t count;
    double lo, hi; /* logarithms of the finite thresholds */
    bool has_infinite;
    ql_panel errors, counts;
    ql_scale error_scale, count_scale;
} view;

static int by_threshold(const void *a, const void *b)
{
    const ql_product *x = *(const ql_product *const *)a, *y = *(const ql_product *const *)b;
    if (x->threshold != y->threshold)
        return x->threshold < y->threshold ? -1 : 1;
    return (x > y) - (x < y);
}

static bool is_split(const ql_product *product)
{
    return product->is_known && !isnan(product->threshold);
}

/* Methods are the same line when their names are: what stands before the colon. */
static size_t name_size(const ql_product *product)
{
    return strcspn(product->result.method, ":");
}

static bool same_line(const ql_product *a, const ql_product *b)
{
    return name_size(a) == name_size(b) && strncmp(a->result.method, b->result.method, name_size(a)) == 0;
}

/* The first product of the line that the product belongs to, in the order of the products. */
static const ql_product *line_of(const view *v, const ql_product *product)
{
    for (size_t i = 0; i < v->products->count; i++)
        if (is_split(&v->products->products[i]) && same_line(&v->products->products[i], product))
            return &v->products->products[i];
    return product;
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static double place_of(const view *v, double threshold)
{
    const double right = QL_PAGE_RIGHT - PAD - (v->has_infinite && v->hi >= v->lo ? INFINITE : 0), left = QL_PAGE_LEFT + PAD;
    if (isinf(threshold))
        return QL_PAGE_RIGHT - PAD;
    return v->hi > v->lo ? left + (log10(threshold) - v->lo) / (v->hi - v->lo) * (right - left) : (left + right) / 2;
}

static void set_axes(view *v)
{
    double least = INFINITY, largest = 0, most = 0;
    v->lo = INFINITY;
    v->hi = -INFINITY;
    for (size_t i = 0; i < v->products->count; i++) {
        const ql_product *product = &v->products->products[i];
        const double e = product->result.rel_fro;
        if (product->is_known && e > 0 && isfinite(e)) {
            least = fmin(least, e);
            largest = fmax(largest, e);
        }
        if (!is_split(product))
            continue;
        most = fmax(most, (double)product->result.outlier_count);
        if (isinf(product->threshold)) {
            v->has_infinite = true;
            continue;
        }
        v->lo = fmin(v->lo, log10(product->threshold));
        v->hi = fmax(v->hi, log10(product->threshold));
    }
    v->errors = (ql_panel) { .cairo = v->cairo, .left = QL_PAGE_LEFT, .right = QL_PAGE_RIGHT, .top = TOP, .bottom = MIDDLE };
    v->counts = v->errors;
    v->counts.top = COUNTS_TOP;
    v->counts.bottom = BOTTOM;
    v->error_scale = ql_scale_make(least, largest, MIDDLE, TOP);
    v->count_scale = ql_scale_make(fmax(most, 1), fmax(most, 1), BOTTOM, COUNTS_TOP + SIZE);
    v->count_scale.whole = true;
}

static void draw_frame(const ql_panel *panel)
{
    ql_ink_color(panel->cairo, QL_INK_SOFT, 1);
    cairo_rectangle(panel->cairo, panel->left, panel->top, panel->right - panel->left, panel->bottom - panel->top);
    cairo_set_line_width(panel->cairo, 0.7);
    cairo_stroke(panel->cairo);
}

/* A tick for each threshold, a label where there is room. */
static void draw_thresholds(const view *v)
{
    double free_from = 0;
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    for (size_t i = 0; i < v->count; i++) {
        char label[QL_NUMBER_SIZE];
        const double threshold = v->split[i]->threshold, x = place_of(v, threshold);
        snprintf(label, sizeof label, "%.6g", threshold);
        const char *shown = isinf(threshold) ? "∞" : label;
        const double width = ql_ink_width(v->cairo, shown);
        ql_ink_color(v->cairo, QL_INK_SOFT, 1);
        ql_ink_line(v->cairo, x, BOTTOM - 3.5, x, BOTTOM, 0.7);
        ql_ink_line(v->cairo, x, MIDDLE - 3.5, x, MIDDLE, 0.7);
        if (x - width / 2 < free_from)
            continue;
        ql_ink_color(v->cairo, QL_INK_TEXT, 1);
        ql_ink_text(v->cairo, x, BOTTOM + 12, 0.5, shown);
        free_from = x + width / 2 + 4;
    }
    ql_ink_color(v->cairo, QL_INK_SOFT, 1);
    ql_ink_text(v->cairo, (QL_PAGE_LEFT + QL_PAGE_RIGHT) / 2, BOTTOM + 25, 0.5,
                "threshold T, in the units of X (log scale)");
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void draw_mark(cairo_t *cairo, double x, double y, const style *s)
{
    enum { RADIUS = 3 };
    ql_ink_color(cairo, s->hollow ? 0xffffff : s->rgb, 1);
    cairo_new_sub_path(cairo);
    if (s->hollow)
        cairo_rectangle(cairo, x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
    else
        cairo_arc(cairo, x, y, RADIUS, 0, 2 * M_PI);
    cairo_fill_preserve(cairo);
    ql_ink_color(cairo, s->rgb, 1);
    cairo_set_line_width(cairo, 1.3);
    cairo_stroke(cairo);
}

static void set_dash(cairo_t *cairo, double dash)
{
    cairo_set_dash(cairo, &dash, dash > 0 ? 1 : 0, 0);
}

/* Without an error a point lies on the bottom edge; what is not finite is left out. */
static void draw_line(const view *v, const ql_product *line, const style *s)
{
    cairo_save(v->cairo);
    set_dash(v->cairo, s->dash);
    ql_ink_color(v->cairo, s->rgb, 1);
    cairo_set_line_width(v->cairo, 1.3);
    cairo_new_path(v->cairo); /* text leaves a point */
    for (size_t i = 0; i < v->count; i++)
        if (same_line(v->split[i], line) && isfinite(v->split[i]->result.rel_fro))
            cairo_line_to(v->cairo, place_of(v, v->split[i]->threshold),
                          ql_scale_at(&v->error_scale, v->split[i]->result.rel_fro));
    cairo_stroke(v->cairo);
    cairo_restore(v->cairo);
    for (size_t i = 0; i < v->count; i++)
        if (same_line(v->split[i], line) && isfinite(v->split[i]->result.rel_fro))
            draw_mark(v->cairo, place_of(v, v->split[i]->threshold),
                      ql_scale_at(&v->error_scale, v->split[i]->result.rel_fro), s);
}

/* "llm_int8:T: least 0.00141 at T = 2". */
static double draw_key(const view *v, double x, const ql_product *line, const style *s)
{
    const ql_product *best = line;
    char error[QL_NUMBER_SIZE], text[QL_SPEC_TEXT];
    for (size_t i = 0; i < v->count; i++)
        if (same_line(v->split[i], line) && v->split[i]->result.rel_fro < best->result.rel_fro)
            best = v->split[i];
    cairo_save(v->cairo);
    set_dash(v->cairo, s->dash);
    ql_ink_color(v->cairo, s->rgb, 1);
    ql_ink_line(v->cairo, x, TOP - 13, x + 20, TOP - 13, 1.3);
    cairo_restore(v->cairo);
    draw_mark(v->cairo, x + 10, TOP - 13, s);
    ql_number(error, best->result.rel_fro, 3);
    if (isinf(best->threshold))
        snprintf(text, sizeof text, "%.*s:T, least error %s at T = ∞", (int)name_size(line), line->result.method, error);
    else
        snprintf(text, sizeof text, "%.*s:T, least error %s at T = %.6g", (int)name_size(line), line->result.method, error,
                 best->threshold);
    ql_ink_font(v->cairo, QL_FACE_PLAIN, 9);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    return x + 25 + ql_ink_text(v->cairo, x + 25, TOP - 10, 0, text) + 22;
}

static void draw_lines(const view *v)
{
    double x = QL_PAGE_LEFT;
    unsigned number = 0;
    for (size_t i = 0; i < v->products->count; i++) {
        const ql_product *product = &v->products->products[i];
        if (!is_split(product) || line_of(v, product) != product)
            continue;
        const style *s = &styles[number++ % STYLE_COUNT];
        draw_line(v, product, s);
        x = draw_key(v, x, product, s);
    }
}

/* Methods without a threshold: each name stands on its line, beside those that it would meet. */
static void draw_others(const view *v)
{
    struct {
        double y, right;
    } placed[LINES_MOST];
    unsigned count = 0;
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    for (size_t i = 0; i < v->products->count && count < LINES_MOST; i++) {
        const ql_product *product = &v->products->products[i];
        char error[QL_NUMBER_SIZE], text[QL_SPEC_TEXT + 100];
        if (!product->is_known || is_split(product) || !(product->result.rel_fro > 0) || isinf(product->result.rel_fro))
            continue;
        const double y = ql_scale_at(&v->error_scale, product->result.rel_fro);
        double x = QL_PAGE_LEFT + 12;
        for (unsigned k = 0; k < count; k++)
            if (fabs(y - placed[k].y) < SIZE + 2)
                x = fmax(x, placed[k].right + 14);
        cairo_save(v->cairo);
        cairo_set_dash(v->cairo, (const double[]) { 1.5, 2.5 }, 2, 0);
        ql_ink_color(v->cairo, QL_INK_CLIP, 1);
        ql_ink_line(v->cairo, QL_PAGE_LEFT, y, QL_PAGE_RIGHT, y, 0.9);
        cairo_restore(v->cairo);
        ql_number(error, product->result.rel_fro, 3);
        snprintf(text, sizeof text, "%s: %s", product->result.method, error);
        const double width = fmin(LABEL_MOST, ql_ink_width(v->cairo, text));
        ql_ink_color(v->cairo, 0xffffff, 1);
        cairo_rectangle(v->cairo, x - 3, y - SIZE / 2 - 1, width + 6, SIZE + 2);
        cairo_fill(v->cairo);
        ql_ink_color(v->cairo, QL_INK_TEXT, 1);
        placed[count].y = y;
        placed[count++].right = x + ql_ink_text_within(v->cairo, x, y + 0.36 * SIZE, width, text);
    }
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

/* As wide as the nearest two thresholds allow. */
static double bar_width(const view *v)
{
    double width = COUNT_BAR;
    for (size_t i = 1; i < v->count; i++)
        if (v->split[i]->threshold > v->split[i - 1]->threshold)
            width = fmin(width, 0.8 * (place_of(v, v->split[i]->threshold) - place_of(v, v->split[i - 1]->threshold)));
    return width;
}

/* How many columns a threshold splits off is the same for every method: it depends on X alone. */
static void draw_counts(const view *v)
{
    double free_from = 0;
    const double width = bar_width(v);
    char name[QL_NUMBER_SIZE + 40], number[QL_NUMBER_SIZE];
    ql_text_count(number, v->products->shape.k);
    snprintf(name, sizeof name, "columns of %s", number);
    ql_scale_draw(&v->counts, &v->count_scale, name);
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    for (size_t i = 0; i < v->count; i++) {
        const size_t count = v->split[i]->result.outlier_count;
        const double x = place_of(v, v->split[i]->threshold), y = ql_scale_at(&v->count_scale, (double)count);
        if (i > 0 && v->split[i]->threshold == v->split[i - 1]->threshold)
            continue;
        ql_ink_color(v->cairo, QL_INK_ORIGINAL, 1);
        cairo_rectangle(v->cairo, x - width / 2, y, width, BOTTOM - y);
        cairo_fill(v->cairo);
        ql_text_count(number, count);
        const double half = ql_ink_width(v->cairo, number) / 2;
        if (x - half < free_from)
            continue;
        ql_ink_color(v->cairo, QL_INK_TEXT, 1);
        ql_ink_text(v->cairo, x, y - 5, 0.5, number);
        free_from = x + half + 3;
    }
    draw_frame(&v->counts);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_text(v->cairo, QL_PAGE_RIGHT - 6, COUNTS_TOP + SIZE + 3, 1, "columns of X that reach T and are multiplied apart");
}

void ql_threshold_draw(cairo_t *cairo, const ql_figure *figure)
{
    const ql_products *products = figure->products;
    view v = { .cairo = cairo, .products = products, .split = malloc(products->count * sizeof(ql_product *)) };
    for (size_t i = 0; v.split && i < products->count; i++)
        if (is_split(&products->products[i]))
            v.split[v.count++] = &products->products[i];
    if (v.split)
        qsort(v.split, v.count, sizeof *v.split, by_threshold);
    set_axes(&v);
    ql_figure_draw_page(cairo, figure);
    ql_scale_draw(&v.errors, &v.error_scale,
                  v.error_scale.log ? "relative error ‖Ŷ − Y‖ / ‖Y‖ (log scale)" : "relative error ‖Ŷ − Y‖ / ‖Y‖");
    draw_others(&v);
    draw_lines(&v);
    draw_frame(&v.errors);
    draw_counts(&v);
    draw_thresholds(&v);
    free(v.split);
}
