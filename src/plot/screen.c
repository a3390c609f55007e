/*
 * A text screen as a picture: shapes as exact pixels, all else as text in DejaVu Sans Mono.
 *
 * Backgrounds, shapes and underlines go straight into the pixels; then comes text with cairo.
 */
#include "plot/screen.h"

#include <cairo.h>

#include "base/error.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/png.h"
#include "qloupe.h"

typedef struct screen {
    const ql_cell *cells; /* [rows][cols] */
    unsigned rows, cols;
    cairo_surface_t *surface;
    ql_canvas canvas; /* of the whole picture */
    unsigned width, height;
} screen;

/* The UTF-8 form of a code point; U+FFFD for what is none or set aside as no character. */
static void encode_utf8(uint32_t c, char out[5])
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe)
        c = 0xfffd;
    unsigned count = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    for (unsigned i = count; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[count] | c);
    out[count] = '\0';
}

static ql_canvas cell_canvas(const screen *s, unsigned row, unsigned col)
{
    const ql_cell *cell = &s->cells[(size_t)row * s->cols + col];
    ql_canvas canvas = s->canvas;
    canvas.left = QL_SCREEN_MARGIN + col * QL_CELL_WIDTH;
    canvas.top = QL_SCREEN_MARGIN + row * QL_CELL_HEIGHT;
    canvas.foreground = cell->foreground & 0xffffff;
    canvas.background = cell->background & 0xffffff;
    return canvas;
}

/* Backgrounds, shapes and underlines, straight into the pixels. */
static void draw_shapes(const screen *s)
{
    uint32_t margin = s->cells[0].background & 0xffffff;
    for (unsigned y = 0; y < s->height; y++)
        for (unsigned x = 0; x < s->width; x++)
            s->canvas.pixels[y * s->canvas.stride + x] = margin;
    for (unsigned row = 0; row < s->rows; row++)
        for (unsigned col = 0; col < s->cols; col++) {
            const ql_cell *cell = &s->cells[(size_t)row * s->cols + col];
            ql_canvas canvas = cell_canvas(s, row, col);
            ql_canvas_fill(&canvas, 0, 0, QL_CELL_WIDTH, QL_CELL_HEIGHT, canvas.background);
            ql_glyph_draw(&canvas, cell->codepoint);
            if (cell->underline)
                ql_canvas_fill(&canvas, 0, QL_CELL_BASELINE + 2, QL_CELL_WIDTH, 1, canvas.foreground);
        }
}

static void set_plain_text(cairo_t *cairo)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
}

static cairo_status_t draw_text(const screen *s)
{
    cairo_t *cairo = cairo_create(s->surface);
    set_plain_text(cairo);
    for (unsigned row = 0; row < s->rows; row++)
        for (unsigned col = 0; col < s->cols; col++) {
            const ql_cell *cell = &s->cells[(size_t)row * s->cols + col];
            ql_canvas canvas = cell_canvas(s, row, col);
            if (cell->codepoint <= ' ' || ql_glyph_is_shape(cell->codepoint))
                continue;
            char text[5];
            encode_utf8(cell->codepoint, text);
            cairo_select_font_face(cairo, "DejaVu Sans Mono", CAIRO_FONT_SLANT_NORMAL,
                                   cell->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
            cairo_set_font_size(cairo, QL_CELL_FONT);
            ql_ink_color(cairo, canvas.foreground, 1);
            cairo_move_to(cairo, canvas.left, canvas.top + QL_CELL_BASELINE);
            cairo_show_text(cairo, text);
        }
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    return status;
}

static ql_status write_picture(const screen *s, const char *path, ql_error *error)
{
    char software[] = "qloupe " QL_VERSION;
    const ql_png_text made_by = { "Software", software };
    const ql_png image = {
        .pixels = s->canvas.pixels,
        .width = s->width,
        .height = s->height,
        .stride = s->canvas.stride,
        .texts = &made_by,
        .text_count = 1,
    };
    ql_outfile *file;
    ql_status status = ql_outfile_open(path, &file, error);
    if (status == QL_OK)
        status = ql_png_write(&image, file, error);
    if (status == QL_OK)
        status = ql_outfile_commit(&file, error);
    ql_outfile_discard(&file);
    return status;
}

ql_status ql_screen_write_png(const ql_cell *cells, unsigned rows, unsigned cols, const char *path, ql_error *error)
{
    enum { LARGEST = 3000 }; /* cells in a direction; cairo's images end at 32,767 pixels */
    if (rows == 0 || cols == 0 || rows > LARGEST / 2 || cols > LARGEST)
        return ql_fail(error, QL_BAD_USAGE, "a screen of %u x %u cells cannot be drawn; use 1 x 1 to %d x %d", cols, rows,
                       LARGEST, LARGEST / 2);
    screen s = { .cells = cells, .rows = rows, .cols = cols };
    s.width = cols * QL_CELL_WIDTH + 2 * QL_SCREEN_MARGIN;
    s.height = rows * QL_CELL_HEIGHT + 2 * QL_SCREEN_MARGIN;
    s.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)s.width, (int)s.height);
    cairo_status_t drawn = cairo_surface_status(s.surface);
    if (drawn == CAIRO_STATUS_SUCCESS) {
        s.canvas.pixels = (uint32_t *)(void *)cairo_image_surface_get_data(s.surface);
        s.canvas.stride = (size_t)cairo_image_surface_get_stride(s.surface) / sizeof(uint32_t);
        draw_shapes(&s);
        cairo_surface_mark_dirty(s.surface);
        drawn = draw_text(&s);
        cairo_surface_flush(s.surface);
    }
    ql_status status = drawn == CAIRO_STATUS_SUCCESS ? write_picture(&s, path, error) : ql_figure_fail(drawn, error);
    cairo_surface_destroy(s.surface);
    return status;
}
