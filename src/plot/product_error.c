/*
 * The figure "product-error": where in Y the error of one method is.
 *
 *   title, activations
 *   map: rows of X down, outputs across, a shade for the mean |e| of each cell | what the shades mean
 *   numbers
 *   the command line
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/panel.h"
#include "plot/products.h"

static const double LEFT = QL_PAGE_LEFT, TOP = 84, RIGHT = 694, BOTTOM = 382, BAR_LEFT = 714, BAR_RIGHT = 728, SIZE = 8.5;
enum { SHADES = 32 };

/* From white through orange to brown: the lightness falls all the way, so that a grey print shows the same. */
static uint32_t color_of(double share)
{
    static const struct {
        double at;
        double rgb[3];
    } stops[] = {
        { 0.00, { 255, 255, 255 } }, { 0.25, { 253, 216, 176 } }, { 0.50, { 244, 150, 70 } },
        { 0.75, { 190, 75, 0 } },    { 1.00, { 60, 20, 0 } },
    };
    unsigned i = 1;
    while (share > stops[i].at && i + 1 < sizeof stops / sizeof stops[0])
        i++;
    const double part = (share - stops[i - 1].at) / (stops[i].at - stops[i - 1].at);
    uint32_t rgb = 0;
    for (unsigned c = 0; c < 3; c++)
        rgb = rgb << 8 | (uint32_t)lround(stops[i - 1].rgb[c] + part * (stops[i].rgb[c] - stops[i - 1].rgb[c]));
    return rgb;
}

/* 1 ... SHADES, 0 of no error; what is not finite is darkest. */
static unsigned shade_of(float error, double largest)
{
    if (!isfinite(error))
        return SHADES;
    return largest > 0 ? (unsigned)fmin(SHADES, ceil(SHADES * ((double)error / largest))) : 0;
}

static double largest_of(const ql_products *products, const ql_product *product)
{
    double largest = 0;
    for (unsigned i = 0; i < products->row_bands * products->col_bands; i++)
        if (isfinite(product->errors[i]))
            largest = fmax(largest, (double)product->errors[i]);
    return largest;
}

/* Without antialiasing, so that no seams show between cells. One path for each shade, of runs in a row. */
static void draw_cells(cairo_t *cairo, const ql_products *products, const ql_product *product, double largest)
{
    const unsigned rows = products->row_bands, cols = products->col_bands;
    const double width = (RIGHT - LEFT) / cols, height = (BOTTOM - TOP) / rows;
    cairo_save(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
    for (unsigned shade = 1; shade <= SHADES; shade++) {
        for (unsigned r = 0; r < rows; r++)
            for (unsigned c = 0; c < cols; c++) {
                unsigned end = c;
                while (end < cols && shade_of(product->errors[r * cols + end], largest) == shade)
                    end++;
                if (end > c) {
                    cairo_rectangle(cairo, LEFT + width * c, TOP + height * r, width * (end - c), height);
                    c = end - 1;
                }
            }
        ql_ink_color(cairo, color_of((double)shade / SHADES), 1);
        cairo_fill(cairo);
    }
    cairo_restore(cairo);
}

/* The ticks of the rows, from the top down. */
static void draw_rows_axis(cairo_t *cairo, uint64_t rows)
{
    const ql_axis axis = { 0, (double)rows, TOP, BOTTOM };
    ql_ticks ticks;
    ql_ticks_make_whole(&ticks, 0, (double)rows, 6);
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    for (unsigned i = 0; i < ticks.count; i++) {
        const double y = ql_axis_at(&axis, ticks.at[i]);
        ql_ink_color(cairo, QL_INK_SOFT, 1);
        ql_ink_line(cairo, LEFT - 3, y, LEFT, y, 0.7);
        ql_ink_color(cairo, QL_INK_TEXT, 1);
        ql_ink_text(cairo, LEFT - 6, y + 0.36 * SIZE, 1, ticks.label[i]);
    }
    char power[QL_NUMBER_SIZE], name[QL_NUMBER_SIZE + 20];
    ql_number_power(power, ticks.exponent);
    snprintf(name, sizeof name, "row of X%s%s", *power ? " " : "", power);
    cairo_save(cairo);
    cairo_translate(cairo, LEFT - 41, (TOP + BOTTOM) / 2);
    cairo_rotate(cairo, -M_PI / 2);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, 0, 0, 0.5, name);
    cairo_restore(cairo);
}

static void draw_shades(cairo_t *cairo, double largest)
{
    const double height = (BOTTOM - TOP) / (SHADES + 1);
    ql_ticks ticks;
    cairo_save(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
    for (unsigned shade = 0; shade <= SHADES; shade++) {
        ql_ink_color(cairo, color_of((double)shade / SHADES), 1);
        cairo_rectangle(cairo, BAR_LEFT, BOTTOM - height * (shade + 1), BAR_RIGHT - BAR_LEFT, height);
        cairo_fill(cairo);
    }
    cairo_restore(cairo);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    cairo_rectangle(cairo, BAR_LEFT, TOP, BAR_RIGHT - BAR_LEFT, BOTTOM - TOP);
    cairo_set_line_width(cairo, 0.7);
    cairo_stroke(cairo);
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    const ql_axis axis = { 0, largest, BOTTOM - height, TOP };
    ql_ticks_make(&ticks, 0, largest, 5);
    for (unsigned i = 0; i < ticks.count; i++) {
        const double y = ql_axis_at(&axis, ticks.at[i]);
        ql_ink_color(cairo, QL_INK_SOFT, 1);
        ql_ink_line(cairo, BAR_RIGHT, y, BAR_RIGHT + 3, y, 0.7);
        ql_ink_color(cairo, QL_INK_TEXT, 1);
        ql_ink_text(cairo, BAR_RIGHT + 6, y + 0.36 * SIZE, 0, ticks.label[i]);
    }
    char power[QL_NUMBER_SIZE], name[QL_NUMBER_SIZE + 20];
    ql_number_power(power, ticks.exponent);
    snprintf(name, sizeof name, "mean |Ŷ − Y|%s%s", *power ? " " : "", power);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, QL_PAGE_RIGHT, TOP - 10, 1, name);
}

static uint64_t most_of_band(uint64_t count, unsigned bands)
{
    return (count + bands - 1) / bands;
}

static void draw_words(cairo_t *cairo, const ql_products *products, const ql_product *product)
{
    const ql_matmul_result *result = &product->result;
    char rms[QL_NUMBER_SIZE], most[QL_NUMBER_SIZE], error[QL_NUMBER_SIZE], sqnr[QL_NUMBER_SIZE], text[600];
    ql_number(rms, products->rms, 3);
    ql_number(most, result->max_abs, 3);
    ql_number(error, result->rel_fro, 3);
    ql_number_fixed(sqnr, result->sqnr_db, 2, " dB");
    size_t used = (size_t)snprintf(text, sizeof text, "Relative error ‖Ŷ − Y‖ / ‖Y‖ %s, SQNR %s; root mean square of Y %s.",
                                   error, isinf(result->sqnr_db) ? "∞" : sqnr, rms);
    if (result->max_abs > 0)
        snprintf(text + used, sizeof text - used, " Largest |Ŷ − Y| %s, at row %" PRIu64 ", output %" PRIu64 ".", most,
                 product->worst_row, product->worst_output);
    ql_ink_font(cairo, QL_FACE_PLAIN, 9);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    const double y = ql_ink_paragraph(cairo, LEFT, BOTTOM + 46, QL_PAGE_RIGHT - LEFT, 12.5, 2, text);
    const uint64_t rows = most_of_band(products->shape.m, products->row_bands),
                   cols = most_of_band(products->shape.n, products->col_bands);
    if (rows * cols > 1)
        snprintf(text, sizeof text,
                 "A cell is the mean of up to %" PRIu64 "×%" PRIu64 " values, rows by outputs; Y is the product in float32.",
                 rows, cols);
    else
        snprintf(text, sizeof text, "A cell is one value; Y is the product in float32.");
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, LEFT, y, 0, text);
}

void ql_product_error_draw(cairo_t *cairo, const ql_figure *figure)
{
    const ql_products *products = figure->products;
    const ql_product *product = &products->products[0];
    const double largest = largest_of(products, product);
    const ql_panel panel = { .cairo = cairo,
                             .left = LEFT,
                             .top = TOP,
                             .right = RIGHT,
                             .bottom = BOTTOM,
                             .x = { 0, (double)products->shape.n, LEFT, RIGHT },
                             .whole = true };
    ql_figure_draw_page(cairo, figure);
    ql_ink_font(cairo, QL_FACE_BOLD, 9);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    const double used = ql_ink_text_within(cairo, LEFT, TOP - 10, 300, product->result.method);
    ql_ink_font(cairo, QL_FACE_PLAIN, 9);
    ql_ink_text(cairo, LEFT + used + 12, TOP - 10, 0,
                product->result.rel_fro == 0 ? "no error anywhere: Ŷ is Y"
                                             : "where the error of the product is, in the units of Y");
    draw_cells(cairo, products, product, largest);
    draw_rows_axis(cairo, products->shape.m);
    ql_panel_draw_values(&panel, 1, "output (row of W)");
    if (largest > 0)
        draw_shades(cairo, largest);
    draw_words(cairo, products, product);
}
