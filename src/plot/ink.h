/*
 * Text and colour on a cairo context: what every figure needs and cairo leaves to its callers.
 *
 * Lengths are in points, y grows downwards, text stands on its baseline. Strings are valid UTF-8 without control characters
 * (ql_ink_clean makes them so). Colours are 0xRRGGBB. Errors stay in the context, as cairo does it: check it once at the
 * end.
 */
#ifndef QL_PLOT_INK_H
#define QL_PLOT_INK_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readable by people with any kind of colour vision, and in grey: after Okabe and Ito, "Color universal design". */
enum {
    QL_INK_TEXT = 0x1a1a1a,
    QL_INK_SOFT = 0x5f6670, /* what supports the data: labels, frames */
    QL_INK_FAINT = 0xd9dde2,
    QL_INK_ORIGINAL = 0x9db8d2,
    QL_INK_DEQUANTIZED = 0xd55e00,
    QL_INK_OUTLIER = 0x8a3f9e,
    QL_INK_IDLE = 0xb9bec5, /* a level that no value uses */
    QL_INK_ERROR = 0x7fb8a4,
    QL_INK_CLIP = 0x222222,
};

typedef enum ql_face { QL_FACE_PLAIN, QL_FACE_BOLD, QL_FACE_MONO } ql_face;

/* A malloced copy that cairo and PNG can take and a reader can see, in any locale: invalid bytes become U+FFFD; characters that
   are unseen, or control a terminal, become escapes such as \x1b. NULL without memory. */
char *ql_ink_clean(const char *text);

void ql_ink_color(cairo_t *cairo, uint32_t rgb, double alpha);
void ql_ink_font(cairo_t *cairo, ql_face face, double size);
double ql_ink_width(cairo_t *cairo, const char *text);

/* anchor 0: starts at x, 0.5: centred on it, 1: ends at it. Returns the width. */
double ql_ink_text(cairo_t *cairo, double x, double y, double anchor, const char *text);

/* The same from x, with the middle replaced by "..." where it is wider than `width`. */
double ql_ink_text_within(cairo_t *cairo, double x, double y, double width, const char *text);

/* Breaks the text at spaces (or anywhere, when a word is too long) into lines of at most `width`, `leading` apart, the first
   on baseline y; the last of `line_limit` lines gets "..." in its middle when there is more. Returns the baseline after the
   last line. */
double ql_ink_paragraph(cairo_t *cairo, double x, double y, double width, double leading, unsigned line_limit,
                        const char *text);

void ql_ink_line(cairo_t *cairo, double x0, double y0, double x1, double y1, double width);

#endif
