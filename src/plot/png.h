/* Writing a PNG with text chunks through libpng. */
#ifndef QL_PLOT_PNG_H
#define QL_PLOT_PNG_H

#include "qloupe.h"

typedef struct ql_png_text {
    const char *keyword; /* Latin letters, at most 79 */
    char *value;         /* UTF-8; one that is not plain ASCII becomes an iTXt chunk, a long one is packed */
} ql_png_text;

typedef struct ql_png {
    const uint32_t *pixels; /* [height][stride], 0x??RRGGBB */
    unsigned width, height;
    size_t stride; /* in pixels */
    unsigned pixels_per_metre;
    const ql_png_text *texts; /* [text_count] */
    size_t text_count;
} ql_png;

/* 24-bit colour, no time stamp: the same image gives the same bytes. */
ql_status ql_png_write(const ql_png *image, ql_outfile *file, ql_error *error);

#endif
