/*
 * Figures: one drawing, many kinds of file.
 *
 *   histogram.c:    a report         \
 *   calibration.c:  the ways to clip  \
 *   channels.c      \                  --> figure.c: tables of kinds and endings --> png.c bitmap.c vector.c: kinds of file
 *   threshold.c      products        /
 *   product_error.c                 /
 *   products.c      /
 */
#ifndef QL_PLOT_FIGURE_H
#define QL_PLOT_FIGURE_H

#include <cairo.h>

#include "qloupe.h"

/* A page in points; an image has QL_FIGURE_SCALE pixels to the point, 144 to the inch. */
enum { QL_FIGURE_WIDTH = 800, QL_FIGURE_HEIGHT = 500, QL_FIGURE_SCALE = 2 };

/* What a figure says about itself besides the picture: one of report, ways and products. Texts are valid UTF-8 without
   control characters. */
typedef struct ql_figure {
    const ql_report *report;
    const ql_ways *ways;
    const ql_products *products;
    const char *command, *tensor, *file;
    const char *spec; /* of products: the activations */
    void (*draw)(cairo_t *cairo, const struct ql_figure *figure); /* on a white page */
} ql_figure;

/* Draws the distribution of the values, the error and the numbers. */
void ql_histogram_draw(cairo_t *cairo, const ql_figure *figure);

/* Draws the distribution, the ranges that the ways to clip choose with their numbers, and the curves of the searches. */
void ql_calibration_draw(cairo_t *cairo, const ql_figure *figure);

/* Draw products: the input channels of X, the error against the threshold, where in Y the error of one method is, and the
   error of every method. */
void ql_channels_draw(cairo_t *cairo, const ql_figure *figure);
void ql_threshold_draw(cairo_t *cairo, const ql_figure *figure);
void ql_product_error_draw(cairo_t *cairo, const ql_figure *figure);
void ql_products_draw(cairo_t *cairo, const ql_figure *figure);

/* What every page bears: the tensor, the spec or the activations, the file and the size at the top, the command line at the
   bottom. */
enum { QL_PAGE_LEFT = 62, QL_PAGE_RIGHT = 782 };
void ql_figure_draw_page(cairo_t *cairo, const ql_figure *figure);

/* White page, plain settings for text (so that a person's font settings change nothing), then the drawing. Returns the
   context's status. */
cairo_status_t ql_figure_paint(const ql_figure *figure, cairo_surface_t *surface, double scale);

/* The drawing as an image. Free it with cairo_surface_destroy. */
ql_status ql_figure_image(const ql_figure *figure, cairo_surface_t **out, ql_error *error);

/* A message for what cairo says. */
ql_status ql_figure_fail(cairo_status_t status, ql_error *error);

/* Facts about the figure as name and value, for a file's metadata. Values are the same to the last digit as in the report:
   %.17g, "inf", "-inf", "nan". */
typedef struct ql_fact {
    char name[80]; /* Latin letters */
    char *value;
} ql_fact;
typedef struct ql_facts {
    ql_fact *at; /* [count] */
    size_t count;
    bool failed; /* no memory */
} ql_facts;

/* False without memory. Free with ql_facts_free. */
bool ql_facts_collect(const ql_figure *figure, ql_facts *out);
void ql_facts_free(ql_facts *facts);

/* Writers. Each gives the same bytes for the same figure. */
ql_status ql_figure_write_png(const ql_figure *figure, ql_outfile *file, ql_error *error);
ql_status ql_figure_write_svg(const ql_figure *figure, ql_outfile *file, ql_error *error);
ql_status ql_figure_write_pdf(const ql_figure *figure, ql_outfile *file, ql_error *error);
ql_status ql_figure_write_jpeg(const ql_figure *figure, ql_outfile *file, ql_error *error);
ql_status ql_figure_write_bmp(const ql_figure *figure, ql_outfile *file, ql_error *error);
ql_status ql_figure_write_tga(const ql_figure *figure, ql_outfile *file, ql_error *error);

#endif
