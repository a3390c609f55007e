/* PNG through libpng: see png.h. */
#include "plot/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/figure.h"
#include "plot/pixels.h"

/* What libpng's callbacks need. They may leave by longjmp only through png_error. */
typedef struct sink {
    ql_outfile *file;
    ql_error *error;
    ql_status status;
} sink;

static void on_bytes(png_structp png, png_bytep bytes, size_t size)
{
    sink *s = png_get_io_ptr(png);
    s->status = ql_outfile_write(s->file, bytes, size, s->error);
    if (s->status != QL_OK)
        png_error(png, "write");
}

static void on_flush(png_structp png)
{
    (void)png; /* the output file flushes itself */
}

static void on_error(png_structp png, png_const_charp message)
{
    sink *s = png_get_error_ptr(png);
    if (s->status == QL_OK)
        s->status = ql_fail(s->error, QL_BAD_WRITE, "the PNG cannot be written: %s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* As it is where that is plain ASCII, packed where it is long. */
static int compression_of(const char *text)
{
    enum { LONG = 4096 };
    bool is_long = strlen(text) > LONG;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c >= 0x80)
            return is_long ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE;
    return is_long ? PNG_TEXT_COMPRESSION_zTXt : PNG_TEXT_COMPRESSION_NONE;
}

/* chunks is [text_count] and outlives the call. */
static void set_texts(png_structp png, png_infop info, const ql_png *image, png_text *chunks)
{
    for (size_t i = 0; i < image->text_count; i++) {
        const ql_png_text *text = &image->texts[i];
        chunks[i] = (png_text) {
            .compression = compression_of(text->value),
            .key = (char *)text->keyword,
            .text = text->value,
        };
    }
    png_set_text(png, info, chunks, (int)image->text_count);
}

/* row: scratch of 3 * width bytes; chunks: of text_count texts. Comes back early when libpng fails: on_error has the reason.
   What must outlive that jump belongs to the caller. */
static void encode(png_structp png, png_infop info, const ql_png *image, uint8_t *row, png_text *chunks)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return;
    png_set_IHDR(png, info, image->width, image->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE); /* flat areas pack best as they are */
    if (image->pixels_per_metre)
        png_set_pHYs(png, info, image->pixels_per_metre, image->pixels_per_metre, PNG_RESOLUTION_METER);
    set_texts(png, info, image, chunks);
    png_write_info(png, info);
    for (unsigned y = 0; y < image->height; y++) {
        ql_pixels_pack(image->pixels + y * image->stride, image->width, row);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
}

ql_status ql_png_write(const ql_png *image, ql_outfile *file, ql_error *error)
{
    sink s = { .file = file, .error = error, .status = QL_OK };
    uint8_t *row = malloc(3 * (size_t)image->width);
    png_text *chunks = calloc(image->text_count + 1, sizeof *chunks);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!row || !chunks || !info) {
        s.status = ql_fail_memory(error, 3 * (uint64_t)image->width);
    } else {
        png_set_write_fn(png, &s, on_bytes, on_flush);
        encode(png, info, image, row, chunks);
    }
    png_destroy_write_struct(&png, &info);
    free(chunks);
    free(row);
    return s.status;
}

ql_status ql_figure_write_png(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    enum { PIXELS_PER_METRE = 5669 }; /* 144 to the inch: the page is as large as in SVG and PDF */
    cairo_surface_t *surface = NULL;
    ql_facts facts;
    if (!ql_facts_collect(figure, &facts))
        return ql_fail_memory(error, sizeof facts);
    ql_png_text *texts = calloc(facts.count, sizeof *texts);
    for (size_t i = 0; texts && i < facts.count; i++)
        texts[i] = (ql_png_text) { .keyword = facts.at[i].name, .value = facts.at[i].value };
    ql_status status = texts ? ql_figure_image(figure, &surface, error) : ql_fail_memory(error, facts.count * sizeof *texts);
    if (status == QL_OK) {
        ql_png image = {
            .pixels = (const uint32_t *)(const void *)cairo_image_surface_get_data(surface),
            .width = (unsigned)cairo_image_surface_get_width(surface),
            .height = (unsigned)cairo_image_surface_get_height(surface),
            .stride = (size_t)cairo_image_surface_get_stride(surface) / sizeof(uint32_t),
            .pixels_per_metre = PIXELS_PER_METRE,
            .texts = texts,
            .text_count = facts.count,
        };
        status = ql_png_write(&image, file, error);
    }
    if (surface)
        cairo_surface_destroy(surface);
    free(texts);
    ql_facts_free(&facts);
    return status;
}
