/* JPEG, BMP and TGA through stb_image_write, which has no other means to say that writing failed than not to be called
   again: the first failure is kept and what follows it is dropped. */
#include <stdlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

#include "base/error.h"
#include "plot/figure.h"
#include "plot/pixels.h"

enum { JPEG_QUALITY = 92, CHANNELS = 3 };

typedef struct sink {
    ql_outfile *file;
    ql_error *error;
    ql_status status;
} sink;

static void on_bytes(void *context, void *bytes, int size)
{
    sink *s = context;
    if (s->status == QL_OK)
        s->status = ql_outfile_write(s->file, bytes, (size_t)size, s->error);
}

static int write_jpeg(sink *s, int width, int height, const uint8_t *pixels)
{
    return stbi_write_jpg_to_func(on_bytes, s, width, height, CHANNELS, pixels, JPEG_QUALITY);
}

static int write_bmp(sink *s, int width, int height, const uint8_t *pixels)
{
    return stbi_write_bmp_to_func(on_bytes, s, width, height, CHANNELS, pixels);
}

static int write_tga(sink *s, int width, int height, const uint8_t *pixels)
{
    return stbi_write_tga_to_func(on_bytes, s, width, height, CHANNELS, pixels);
}

/* [height][width] pixels of three bytes, malloced. */
static uint8_t *pack_pixels(cairo_surface_t *surface, unsigned width, unsigned height)
{
    size_t row_size = CHANNELS * (size_t)width, stride = (size_t)cairo_image_surface_get_stride(surface);
    uint8_t *packed = malloc(row_size * height);
    for (unsigned y = 0; packed && y < height; y++) {
        const void *row = cairo_image_surface_get_data(surface) + y * stride;
        ql_pixels_pack(row, width, packed + y * row_size);
    }
    return packed;
}

static ql_status write_bitmap(const ql_figure *figure, ql_outfile *file, ql_error *error,
                              int (*encode)(sink *s, int width, int height, const uint8_t *pixels))
{
    cairo_surface_t *surface;
    ql_status status = ql_figure_image(figure, &surface, error);
    if (status != QL_OK)
        return status;
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    uint8_t *pixels = pack_pixels(surface, (unsigned)width, (unsigned)height);
    sink s = { .file = file, .error = error, .status = QL_OK };
    if (!pixels)
        s.status = ql_fail_memory(error, (uint64_t)CHANNELS * (uint64_t)width * (uint64_t)height);
    else if (!encode(&s, width, height, pixels) && s.status == QL_OK)
        s.status = ql_fail(error, QL_BAD_WRITE, "the picture cannot be encoded");
    free(pixels);
    cairo_surface_destroy(surface);
    return s.status;
}

ql_status ql_figure_write_jpeg(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    return write_bitmap(figure, file, error, write_jpeg);
}

ql_status ql_figure_write_bmp(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    return write_bitmap(figure, file, error, write_bmp);
}

ql_status ql_figure_write_tga(const ql_figure *figure, ql_outfile *file, ql_error *error)
{
    return write_bitmap(figure, file, error, write_tga);
}
