/* What the tests of figures read back: the text chunks of a PNG, the pixels of a BMP. */
#ifndef QL_TESTS_PICTURES_H
#define QL_TESTS_PICTURES_H

#include "testing.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct chunks {
    png_structp png;
    png_infop info;
    png_textp at;
    int count;
} chunks;

static inline void chunks_read(chunks *c, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    c->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    c->info = png_create_info_struct(c->png);
    png_init_io(c->png, file);
    png_read_info(c->png, c->info);
    png_get_text(c->png, c->info, &c->at, &c->count);
    fclose(file);
}

static inline void chunks_free(chunks *c)
{
    png_destroy_read_struct(&c->png, &c->info, NULL);
}

static inline const char *chunks_find(const chunks *c, const char *keyword)
{
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->at[i].key, keyword) == 0)
            return c->at[i].text;
    fail_msg("there is no '%s'", keyword);
    return NULL;
}

/* | 54 bytes | blue green red | ... from the lowest row up */
enum { BITMAP_HEADER = 54, BITMAP_WIDTH = 1600, BITMAP_HEIGHT = 1000 };

/* The file, malloced. */
static inline uint8_t *bitmap_read(const char *path)
{
    size_t size;
    uint8_t *bmp = (uint8_t *)testing_read(path, &size);
    assert_int_equal(size, BITMAP_HEADER + 3 * BITMAP_WIDTH * BITMAP_HEIGHT);
    return bmp;
}

/* 0xRRGGBB at column x of row y, counted from the upper left corner. */
static inline uint32_t bitmap_pixel(const uint8_t *bmp, unsigned x, unsigned y)
{
    const uint8_t *at = bmp + BITMAP_HEADER + 3 * ((size_t)BITMAP_WIDTH * (BITMAP_HEIGHT - 1 - y) + x);
    return (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline void assert_margin_is_white(const char *path, const char *what)
{
    enum { EDGE = 1580 };
    uint8_t *bmp = bitmap_read(path);
    for (unsigned y = 0; y < BITMAP_HEIGHT; y++)
        for (unsigned x = EDGE; x < BITMAP_WIDTH; x++)
            if (bitmap_pixel(bmp, x, y) != 0xffffff)
                fail_msg("%s: drawn at %u, %u", what, x, y);
    free(bmp);
}

#endif
