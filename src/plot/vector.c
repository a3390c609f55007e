/*
 * SVG and PDF from the same drawing.
 *
 * Both must give the same bytes for the same figure. A PDF gets a fixed creation date. cairo 1.16 names the page group of an
 * SVG after a counter of the process ("surface7"), so the SVG is gathered in memory and the group renamed; a title and a
 * description with the facts of the figure come in on the way.
 */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/figure.h"

typedef struct sink {
    ql_outfile *file;
    ql_error *error;
    ql_status status;
} sink;

static cairo_status_t on_bytes(void *context, const unsigned char *bytes, unsigned size)
{
    sink *s = context;
    if (s->status == QL_OK)
        s->status = ql_outfile_write(s->file, bytes, size, s->error);
    return s->status == QL_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Finishes and frees the surface. `painted` is what the drawing said. */
static cairo_status_t finish(cairo_surface_t *surface, cairo_status_t painted)
{
    cairo_surface_finish(surface);
    cairo_status_t status = painted != CAIRO_STATUS_SUCCESS ? painted : cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status;
}

ql_status ql_figure_write_pdf(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    sink s = { .file = file, .error = error, .status = QL_OK };
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(on_bytes, &s, QL_FIGURE_WIDTH, QL_FIGURE_HEIGHT);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, figure->tensor);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, figure->spec);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_KEYWORDS, figure->command);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "qloupe " QL_VERSION);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    cairo_status_t status = finish(surface, ql_figure_paint(figure, surface, 1));
    if (s.status != QL_OK)
        return s.status;
    return status == CAIRO_STATUS_SUCCESS ? QL_OK : ql_figure_fail(status, error);
}

static cairo_status_t on_svg(void *context, const unsigned char *bytes, unsigned size)
{
    return fwrite(bytes, 1, size, context) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static ql_status write_text(ql_outfile *file, const char *text, ql_error *error)
{
    return ql_outfile_write(file, text, strlen(text), error);
}

static ql_status write_escaped(ql_outfile *file, const char *text, ql_error *error)
{
    ql_status status = QL_OK;
    for (; *text && status == QL_OK; text++) {
        const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
        status = entity ? write_text(file, entity, error) : ql_outfile_write(file, text, 1, error);
    }
    return status;
}

static ql_status write_description(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    ql_facts facts;
    if (!ql_facts_collect(figure, &facts))
        return ql_fail_memory(error, sizeof facts);
    ql_status status = write_text(file, "<title>", error);
    if (status == QL_OK)
        status = write_escaped(file, figure->tensor, error);
    if (status == QL_OK)
        status = write_text(file, "</title>\n<desc>", error);
    for (size_t i = 0; status == QL_OK && i < facts.count; i++) {
        status = write_text(file, facts.at[i].name, error);
        if (status == QL_OK)
            status = write_text(file, ": ", error);
        if (status == QL_OK)
            status = write_escaped(file, facts.at[i].value, error);
        if (status == QL_OK)
            status = write_text(file, "\n", error);
    }
    ql_facts_free(&facts);
    return status == QL_OK ? write_text(file, "</desc>\n", error) : status;
}

/* Copies the SVG that cairo made: the description goes in after the <svg> tag, and the page group gets a name of its own. */
static ql_status copy_svg(const ql_figure *figure, const char *svg, ql_outfile *file, ql_error *error)
{
    static const char group[] = "id=\"surface";
    const char *tag = strstr(svg, "<svg"), *body = tag ? strstr(tag, ">\n") : NULL;
    if (!body)
        return ql_fail(error, QL_BAD_WRITE, "the SVG cannot be written: cairo made none");
    body += 2;
    ql_status status = ql_outfile_write(file, svg, (size_t)(body - svg), error);
    if (status == QL_OK)
        status = write_description(figure, file, error);
    for (const char *at; status == QL_OK && (at = strstr(body, group)) != NULL;) {
        status = ql_outfile_write(file, body, (size_t)(at - body), error);
        if (status == QL_OK)
            status = write_text(file, "id=\"figure", error);
        body = at + sizeof group - 1;
        body += strspn(body, "0123456789");
    }
    return status == QL_OK ? write_text(file, body, error) : status;
}

ql_status ql_figure_write_svg(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    char *svg = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&svg, &size);
    if (!memory)
        return ql_fail_memory(error, BUFSIZ);
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(on_svg, memory, QL_FIGURE_WIDTH, QL_FIGURE_HEIGHT);
    cairo_status_t drawn = finish(surface, ql_figure_paint(figure, surface, 1));
    ql_status status = QL_OK;
    if (fclose(memory) != 0 || !svg)
        status = ql_fail_memory(error, size);
    else if (drawn != CAIRO_STATUS_SUCCESS)
        status = ql_figure_fail(drawn, error);
    else
        status = copy_svg(figure, svg, file, error);
    free(svg);
    return status;
}
