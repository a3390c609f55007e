/*
 * The figure "products": a row for every method, its error as a bar, its numbers; the least error on a band.
 *
 *   title, activations
 *   method | bars, or dots on a log axis | rel err | SQNR | max |e| | bits | columns
 *          | axis of the errors
 *   the command line
 */
#include "plot/products.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/scale.h"

static const double TOP = 84, BOTTOM = 424, BARS_LEFT = 276, BARS_RIGHT = 502, MOST_ROW = 26, SIZE = 9, DOT = 3.2;
enum { CELL_SIZE = 2 * QL_NUMBER_SIZE };
static const char *const LEGEND[] = {
    "max |e|: largest |Ŷ − Y|, in the units of Y",
    "bits/wt: bits per weight of W, its scales counted",
    "cols. apart: columns of X in half precision",
};

/* ---- What the figures share ------------------------------------------------------------------------------------- */

const ql_product *ql_products_split(const ql_products *products)
{
    for (size_t i = 0; i < products->count; i++)
        if (products->products[i].is_known && !isnan(products->products[i].threshold))
            return &products->products[i];
    return NULL;
}

/* Why there is no product at all. */
static ql_status fail_unknown(const ql_products *products, ql_error *error)
{
    for (size_t i = 0; i < products->count; i++)
        if (!products->products[i].is_known)
            return ql_fail(error, QL_UNUSABLE, "%.100s: %.500s", products->products[i].result.method,
                           products->products[i].why);
    return ql_fail(error, QL_BAD_USAGE, "a figure of products needs a method, such as int8:row");
}

ql_status ql_products_check_split(const ql_products *products, ql_error *error)
{
    if (ql_products_split(products))
        return QL_OK;
    for (size_t i = 0; i < products->count; i++)
        if (!isnan(products->products[i].threshold))
            return fail_unknown(products, error);
    return ql_fail(error, QL_BAD_USAGE, "this figure needs a method with a threshold, such as llm_int8:6");
}

ql_status ql_products_check_one(const ql_products *products, ql_error *error)
{
    if (products->count != 1)
        return ql_fail(error, QL_BAD_USAGE, "this figure is of one method, such as int8:row; there are %zu",
                       products->count);
    return products->products[0].is_known ? QL_OK : fail_unknown(products, error);
}

ql_status ql_products_check_rows(const ql_products *products, ql_error *error)
{
    if (products->count > QL_PRODUCT_ROWS_MOST)
        return ql_fail(error, QL_BAD_USAGE, "a figure has room for %d methods; there are %zu", QL_PRODUCT_ROWS_MOST,
                       products->count);
    for (size_t i = 0; i < products->count; i++)
        if (products->products[i].is_known)
            return QL_OK;
    return fail_unknown(products, error);
}

void ql_products_share(char out[QL_SHARE_SIZE], const ql_products *products, uint64_t count, const char *what)
{
    char part[QL_NUMBER_SIZE], all[QL_NUMBER_SIZE];
    ql_text_count(part, count);
    ql_text_count(all, products->shape.k);
    snprintf(out, QL_SHARE_SIZE, "%s of %s %s (%.3g %%)", part, all, what, 100 * (double)count / (double)products->shape.k);
}

/* ---- The numbers of a row --------------------------------------------------------------------------------------- */

typedef struct column {
    const char *title;
    double right;
    void (*format)(char out[CELL_SIZE], const ql_products *products, const ql_product *product);
} column;

static void format_error(char out[CELL_SIZE], const ql_products *products, const ql_product *product)
{
    (void)products;
    ql_number(out, product->result.rel_fro, 3);
}

static void format_sqnr(char out[CELL_SIZE], const ql_products *products, const ql_product *product)
{
    (void)products;
    if (isfinite(product->result.sqnr_db))
        ql_number_fixed(out, product->result.sqnr_db, 2, "");
    else
        snprintf(out, CELL_SIZE, "%s", product->result.sqnr_db > 0 ? "∞" : "nan");
}

static void format_largest(char out[CELL_SIZE], const ql_products *products, const ql_product *product)
{
    (void)products;
    ql_number(out, product->result.max_abs, 3);
}

static void format_bits(char out[CELL_SIZE], const ql_products *products, const ql_product *product)
{
    const double weights = (double)products->shape.k * (double)products->shape.n;
    ql_number_fixed(out, 8 * (double)product->result.bytes / weights, 2, "");
}

static void format_columns(char out[CELL_SIZE], const ql_products *products, const ql_product *product)
{
    (void)products;
    if (product->result.outliers)
        ql_text_count(out, product->result.outlier_count);
    else
        snprintf(out, CELL_SIZE, "–");
}

static const column columns[] = {
    { "rel. error", 556, format_error },
    { "SQNR dB", 608, format_sqnr },
    { "max |e|", 662, format_largest },
    { "bits/wt", 712, format_bits },
    { "cols. apart", QL_PAGE_RIGHT, format_columns },
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

typedef struct view {
    cairo_t *cairo;
    const ql_products *products;
    ql_scale scale;
    size_t best; /* the least error but for the reference; count: none */
    bool has_errors;
    double row; /* height */
} view;

static bool is_reference(const ql_product *product)
{
    return strcmp(product->result.method, "fp32") == 0;
}

static bool has_error(const ql_product *product)
{
    return product->is_known && product->result.rel_fro > 0 && isfinite(product->result.rel_fro);
}

static view make_view(cairo_t *cairo, const ql_products *products)
{
    double least = INFINITY, largest = 0, best = INFINITY;
    view v = { .cairo = cairo, .products = products, .best = products->count };
    for (size_t i = 0; i < products->count; i++) {
        const ql_product *product = &products->products[i];
        const double e = product->result.rel_fro;
        if (product->is_known && !is_reference(product) && e < best) {
            best = e;
            v.best = i;
        }
        if (has_error(product)) {
            least = fmin(least, e);
            largest = fmax(largest, e);
        }
    }
    v.has_errors = largest > 0;
    v.scale = ql_scale_make(least, largest, BARS_LEFT, BARS_RIGHT);
    v.row = fmin(MOST_ROW, (BOTTOM - TOP) / (double)products->count);
    return v;
}

/* A bar from 0, or on a log axis, which has none, a dot with a thin line to it. */
static void draw_error(const view *v, double error, double y)
{
    cairo_t *cairo = v->cairo;
    const double x = ql_scale_at(&v->scale, error), height = fmin(11, 0.62 * v->row);
    if (!v->scale.log) {
        ql_ink_color(cairo, QL_INK_DEQUANTIZED, 1);
        cairo_rectangle(cairo, BARS_LEFT, y - height / 2, fmax(x - BARS_LEFT, 0.8), height);
        cairo_fill(cairo);
        return;
    }
    ql_ink_color(cairo, QL_INK_SOFT, 0.6);
    cairo_save(cairo);
    cairo_set_dash(cairo, (const double[]) { 1, 2 }, 2, 0);
    ql_ink_line(cairo, BARS_LEFT, y, x, y, 0.8);
    cairo_restore(cairo);
    ql_ink_color(cairo, QL_INK_DEQUANTIZED, 1);
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, DOT, 0, 2 * M_PI);
    cairo_fill(cairo);
}

static void draw_row(const view *v, size_t index)
{
    cairo_t *cairo = v->cairo;
    const ql_product *product = &v->products->products[index];
    const double top = TOP + v->row * (double)index, middle = top + v->row / 2, baseline = middle + 0.36 * SIZE;
    const bool best = index == v->best;
    ql_ink_font(cairo, best ? QL_FACE_BOLD : QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, QL_PAGE_LEFT, baseline, BARS_LEFT - QL_PAGE_LEFT - 12, product->result.method);
    if (!product->is_known) {
        ql_ink_color(cairo, QL_INK_SOFT, 1);
        ql_ink_text_within(cairo, BARS_LEFT + 6, baseline, QL_PAGE_RIGHT - BARS_LEFT - 6, product->why);
        return;
    }
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        char text[CELL_SIZE];
        columns[i].format(text, v->products, product);
        ql_ink_text(cairo, columns[i].right, baseline, 1, text);
    }
    if (has_error(product)) {
        draw_error(v, product->result.rel_fro, middle);
        return;
    }
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, BARS_LEFT + 6, baseline, 0,
                is_reference(product)          ? "the reference"
                : product->result.rel_fro == 0 ? "no error"
                                               : "not finite");
}

/* The band of the best row, and the grid, behind everything. */
static void draw_ground(const view *v, double bottom)
{
    cairo_t *cairo = v->cairo;
    ql_ticks ticks;
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    if (v->best < v->products->count) {
        ql_ink_color(cairo, QL_INK_FAINT, 0.55);
        cairo_rectangle(cairo, QL_PAGE_LEFT - 6, TOP + v->row * (double)v->best, QL_PAGE_RIGHT - QL_PAGE_LEFT + 12, v->row);
        cairo_fill(cairo);
    }
    if (!v->has_errors)
        return;
    ql_scale_ticks(&v->scale, 40, &ticks);
    for (unsigned i = 0; i < ticks.count; i++) {
        const double x = ql_scale_at(&v->scale, ticks.at[i]);
        ql_ink_color(cairo, QL_INK_FAINT, 1);
        ql_ink_line(cairo, x, TOP, x, bottom, 0.5);
        ql_ink_color(cairo, QL_INK_TEXT, 1);
        ql_ink_text(cairo, x, bottom + 12, 0.5, ticks.label[i]);
    }
    char power[QL_NUMBER_SIZE], name[200];
    ql_number_power(power, ticks.exponent);
    snprintf(name, sizeof name, "relative error ‖Ŷ − Y‖ / ‖Y‖%s%s%s", v->scale.log ? " (log scale)" : "", *power ? " " : "",
             power);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, (BARS_LEFT + BARS_RIGHT) / 2, bottom + 25, 0.5, name);
}

void ql_products_draw(cairo_t *cairo, const ql_figure *figure)
{
    const view v = make_view(cairo, figure->products);
    const double bottom = TOP + v.row * (double)v.products->count;
    ql_figure_draw_page(cairo, figure);
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, QL_PAGE_LEFT, TOP - 8, 0, "method");
    ql_ink_text(cairo, BARS_LEFT, TOP - 8, 0, "error of the product Ŷ beside Y in float32");
    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        ql_ink_text(cairo, columns[i].right, TOP - 8, 1, columns[i].title);
    draw_ground(&v, bottom);
    for (size_t i = 0; i < v.products->count; i++)
        draw_row(&v, i);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE - 1);
    for (int i = 0; i < 3; i++)
        ql_ink_text(cairo, QL_PAGE_RIGHT, bottom + 12 + 11 * i, 1, LEGEND[i]);
    cairo_rectangle(cairo, BARS_LEFT, TOP, BARS_RIGHT - BARS_LEFT, bottom - TOP);
    cairo_set_line_width(cairo, 0.7);
    cairo_stroke(cairo);
}
