/* Figures: the kinds, the endings, and what all files have in common. */
#include "plot/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analysis/describe.h"
#include "base/error.h"
#include "plot/ink.h"
#include "plot/products.h"

typedef struct kind {
    ql_figure_kind info;
    void (*draw)(cairo_t *cairo, const ql_figure *figure);
    ql_status (*check)(const ql_products *products, ql_error *error); /* whether they are enough; of kinds of products */
} kind;

static const kind kinds[] = {
    { { "histogram", "the original and the dequantized distribution, the levels, the clip range, the error and the numbers",
        QL_FIGURE_OF_REPORT },
      ql_histogram_draw,
      NULL },
    { { "calibration", "every way to choose the clipping range: what it keeps, what it costs, the curves of the searches",
        QL_FIGURE_OF_WAYS },
      ql_calibration_draw,
      NULL },
    { { "channels", "the largest |x| of every input channel, and those that reach the threshold of LLM.int8()",
        QL_FIGURE_OF_PRODUCTS },
      ql_channels_draw,
      ql_products_check_split },
    { { "threshold", "the error of LLM.int8() against its threshold, and how many columns each one splits off",
        QL_FIGURE_OF_PRODUCTS },
      ql_threshold_draw,
      ql_products_check_split },
    { { "product-error", "where in Y the error of one method is: rows of X by outputs", QL_FIGURE_OF_PRODUCTS },
      ql_product_error_draw,
      ql_products_check_one },
    { { "products", "the error of the product, a method a row, with its size", QL_FIGURE_OF_PRODUCTS },
      ql_products_draw,
      ql_products_check_rows },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static const char *const subjects[] = { [QL_FIGURE_OF_REPORT] = "one report",
                                        [QL_FIGURE_OF_WAYS] = "the ways to clip",
                                        [QL_FIGURE_OF_PRODUCTS] = "products" };

typedef struct ending {
    const char *name;
    ql_status (*write)(const ql_figure *figure, ql_outfile *file, ql_error *error);
} ending;

static const ending endings[] = {
    { "png", ql_figure_write_png },  { "svg", ql_figure_write_svg },   { "pdf", ql_figure_write_pdf },
    { "jpg", ql_figure_write_jpeg }, { "jpeg", ql_figure_write_jpeg }, { "bmp", ql_figure_write_bmp },
    { "tga", ql_figure_write_tga },
};
enum { ENDING_COUNT = sizeof endings / sizeof endings[0] };

const ql_figure_kind *ql_figure_kind_at(size_t index)
{
    return index < KIND_COUNT ? &kinds[index].info : NULL;
}

ql_status ql_figure_fail(cairo_status_t status, ql_error *error)
{
    if (status == CAIRO_STATUS_NO_MEMORY)
        return ql_fail_memory(error, 4ull * QL_FIGURE_WIDTH * QL_FIGURE_HEIGHT * QL_FIGURE_SCALE * QL_FIGURE_SCALE);
    return ql_fail(error, QL_BAD_WRITE, "the figure cannot be drawn: %s", cairo_status_to_string(status));
}

cairo_status_t ql_figure_paint(const ql_figure *figure, cairo_surface_t *surface, double scale)
{
    cairo_t *cairo = cairo_create(surface);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);

    cairo_scale(cairo, scale, scale);
    ql_ink_color(cairo, 0xffffff, 1);
    cairo_paint(cairo);
    figure->draw(cairo, figure);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    return status;
}

ql_status ql_figure_image(const ql_figure *figure, cairo_surface_t **out, ql_error *error)
{
    *out = NULL;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, QL_FIGURE_WIDTH * QL_FIGURE_SCALE,
                                                        QL_FIGURE_HEIGHT * QL_FIGURE_SCALE);
    cairo_status_t status = ql_figure_paint(figure, image, QL_FIGURE_SCALE);
    cairo_surface_flush(image);
    if (status != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(image);
        return ql_figure_fail(status, error);
    }
    *out = image;
    return QL_OK;
}

/* Adds " NAME" to a list in text. */
static void append(char *text, size_t size, const char *prefix, const char *name)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, " %s%s", prefix, name);
}

static ql_status find_kind(const char *name, ql_figure_subject subject, const kind **out, ql_error *error)
{
    char allowed[200] = "", shown[128];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(kinds[i].info.name, name) == 0) {
            *out = &kinds[i];
            return kinds[i].info.subject == subject ? QL_OK
                                                    : ql_fail(error, QL_BAD_USAGE, "a figure of kind '%s' is drawn of %s",
                                                              name, subjects[kinds[i].info.subject]);
        }
        append(allowed, sizeof allowed, "", kinds[i].info.name);
    }
    ql_text_print(shown, sizeof shown, ql_text_from(name), 60);
    return ql_fail(error, QL_BAD_USAGE, "'%s' is no kind of figure; use%s", shown, allowed);
}

static ql_status find_ending(const char *path, const ending **out, ql_error *error)
{
    const char *base = strrchr(path, '/'), *dot = strrchr(base ? base : path, '.');
    char allowed[200] = "", shown[400];
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (dot && strcasecmp(dot + 1, endings[i].name) == 0) {
            *out = &endings[i];
            return QL_OK;
        }
        append(allowed, sizeof allowed, ".", endings[i].name);
    }
    ql_text_print(shown, sizeof shown, ql_text_from(path), 200);
    return ql_fail(error, QL_BAD_USAGE, "%s: the ending names no picture format; use%s", shown, allowed);
}

static ql_status write_clean(const kind *what, const ending *how, ql_figure *figure, const char *path, ql_error *error)
{
    ql_outfile *file = NULL;
    figure->draw = what->draw;
    ql_status status = ql_outfile_open(path, &file, error);
    if (status == QL_OK)
        status = how->write(figure, file, error);
    if (status == QL_OK)
        status = ql_outfile_commit(&file, error);
    ql_outfile_discard(&file);
    return status;
}

/* The figure holds the spec and its subject; the rest comes from the options. */
static ql_status write_figure(ql_figure *figure, const ql_figure_options *options, const char *path, ql_error *error)
{
    const ql_figure_subject subject = figure->ways       ? QL_FIGURE_OF_WAYS
                                      : figure->products ? QL_FIGURE_OF_PRODUCTS
                                                         : QL_FIGURE_OF_REPORT;
    const kind *what = NULL;
    const ending *how = NULL;
    ql_status status = find_kind(options->kind, subject, &what, error);
    if (status == QL_OK)
        status = find_ending(path, &how, error);
    if (status == QL_OK && what->check)
        status = what->check(figure->products, error);
    if (status != QL_OK)
        return status;

    const char *texts[] = { options->command, figure->spec, options->tensor, options->file };
    enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };
    char *clean[TEXT_COUNT] = { NULL };
    for (size_t i = 0; i < TEXT_COUNT && status == QL_OK; i++)
        if (!(clean[i] = ql_ink_clean(texts[i])))
            status = ql_fail_memory(error, strlen(texts[i]));
    figure->command = clean[0];
    figure->spec = clean[1];
    figure->tensor = clean[2];
    figure->file = clean[3];
    if (status == QL_OK)
        status = write_clean(what, how, figure, path, error);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        free(clean[i]);
    return status;
}

ql_status ql_figure_write(const ql_report *report, const ql_figure_options *options, const char *path, ql_error *error)
{
    ql_figure figure = { .report = report, .spec = report->spec_text };
    const ql_status status = ql_check_exact(report, error);
    return status != QL_OK ? status : write_figure(&figure, options, path, error);
}

ql_status ql_figure_write_ways(const ql_ways *ways, const ql_figure_options *options, const char *path, ql_error *error)
{
    ql_figure figure = { .ways = ways, .spec = ways->spec_text };
    return write_figure(&figure, options, path, error);
}

ql_status ql_figure_write_products(const ql_products *products, const ql_figure_options *options, const char *path,
                                   ql_error *error)
{
    ql_figure figure = { .products = products, .spec = options->activations ? options->activations : "" };
    return write_figure(&figure, options, path, error);
}
