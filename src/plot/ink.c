/* Text and colour on a cairo context: see ink.h. */
#include "plot/ink.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char ELLIPSIS[] = "\u2026";

/* Set aside as no characters; cairo refuses them. */
static bool is_no_character(uint32_t codepoint)
{
    return (codepoint >= 0xfdd0 && codepoint <= 0xfdef) || (codepoint & 0xfffe) == 0xfffe;
}

char *ql_ink_clean(const char *text)
{
    const size_t size = strlen(text);
    char *out = malloc(QL_ESCAPE_SIZE * size + 1);
    if (!out)
        return NULL;
    char *end = out;
    for (size_t at = 0; at < size;) {
        uint32_t codepoint;
        const size_t length = ql_utf8_decode(text + at, size - at, &codepoint);
        if (length == 0 || is_no_character(codepoint)) {
            const size_t bad = length ? length : 1;
            for (size_t i = 0; i < bad; i++)
                end = stpcpy(end, "\ufffd");
            at += bad;
            continue;
        }
        if (ql_utf8_is_hidden(codepoint))
            end += ql_utf8_escape(end, codepoint);
        else
            end = mempcpy(end, text + at, length);
        at += length;
    }
    *end = '\0';
    return out;
}

void ql_ink_color(cairo_t *cairo, uint32_t rgb, double alpha)
{
    cairo_set_source_rgba(cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0, alpha);
}

void ql_ink_font(cairo_t *cairo, ql_face face, double size)
{
    cairo_select_font_face(cairo, face == QL_FACE_MONO ? "DejaVu Sans Mono" : "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           face == QL_FACE_BOLD ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

double ql_ink_width(cairo_t *cairo, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

double ql_ink_text(cairo_t *cairo, double x, double y, double anchor, const char *text)
{
    double width = ql_ink_width(cairo, text);
    cairo_move_to(cairo, x - anchor * width, y);
    cairo_show_text(cairo, text);
    return width;
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The first `head` bytes of the text, an ellipsis and the last `tail` bytes; both cuts move outwards to whole characters. */
static void cut(char *out, const char *text, size_t head, size_t tail)
{
    size_t size = strlen(text);
    while (head > 0 && continues(text[head]))
        head--;
    while (tail > 0 && continues(text[size - tail]))
        tail--;
    memcpy(out, text, head);
    memcpy(out + head, ELLIPSIS, sizeof ELLIPSIS - 1);
    memcpy(out + head + sizeof ELLIPSIS - 1, text + size - tail, tail + 1);
}

double ql_ink_text_within(cairo_t *cairo, double x, double y, double width, const char *text)
{
    size_t size = strlen(text);
    char *shown = malloc(size + sizeof ELLIPSIS);
    if (!shown || ql_ink_width(cairo, text) <= width) {
        free(shown);
        return ql_ink_text(cairo, x, y, 0, text);
    }
    size_t low = 0, high = size; /* bytes that may stay: low fits, high does not */
    while (high - low > 1) {
        size_t keep = low + (high - low) / 2;
        cut(shown, text, keep / 2, keep - keep / 2);
        if (ql_ink_width(cairo, shown) <= width)
            low = keep;
        else
            high = keep;
    }
    cut(shown, text, low / 2, low - low / 2);
    double used = ql_ink_text(cairo, x, y, 0, shown);
    free(shown);
    return used;
}

/* How many bytes of the text fill one line: up to a space where there is one, at least one character. */
static size_t line_length(cairo_t *cairo, const char *text, double width, char *scratch)
{
    size_t fits = 0, space = 0, size = strlen(text);
    for (size_t end = 1; end <= size; end++) {
        if (continues(text[end]))
            continue;
        memcpy(scratch, text, end);
        scratch[end] = '\0';
        if (fits > 0 && ql_ink_width(cairo, scratch) > width)
            return space ? space : fits;
        fits = end;
        if (text[end] == ' ')
            space = end;
    }
    return size;
}

double ql_ink_paragraph(cairo_t *cairo, double x, double y, double width, double leading, unsigned line_limit,
                        const char *text)
{
    char *line = malloc(strlen(text) + 1);
    for (unsigned i = 0; line && i < line_limit && *text; i++, y += leading) {
        if (i + 1 == line_limit) {
            ql_ink_text_within(cairo, x, y, width, text);
            y += leading;
            break;
        }
        size_t length = line_length(cairo, text, width, line);
        memcpy(line, text, length);
        line[length] = '\0';
        ql_ink_text(cairo, x, y, 0, line);
        text += length;
        text += strspn(text, " ");
    }
    free(line);
    return y;
}

void ql_ink_line(cairo_t *cairo, double x0, double y0, double x1, double y1, double width)
{
    cairo_set_line_width(cairo, width);
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}
