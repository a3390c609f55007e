/* What every figure bears at its top and bottom. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "plot/axis.h"
#include "plot/figure.h"
#include "plot/ink.h"

enum { SIZE_TEXT = 4 * QL_NUMBER_SIZE };

/* "262,144 values", or of products the shapes. */
static void describe_size(const ql_figure *figure, char out[SIZE_TEXT])
{
    if (figure->products) {
        const ql_matmul_shape shape = figure->products->shape;
        snprintf(out, SIZE_TEXT, "Y = X Wᵀ: %" PRIu64 "×%" PRIu64 " · %" PRIu64 "×%" PRIu64, shape.m, shape.k, shape.k,
                 shape.n);
        return;
    }
    char number[QL_COUNT_SIZE];
    const uint64_t count = (figure->report ? figure->report : figure->ways->reports[0])->stats.count;
    ql_text_count(number, count);
    snprintf(out, SIZE_TEXT, "%s value%s", number, count == 1 ? "" : "s");
}

static void draw_title(cairo_t *cairo, const ql_figure *figure)
{
    char size[SIZE_TEXT];
    const double left = QL_PAGE_LEFT, right = QL_PAGE_RIGHT;
    describe_size(figure, size);
    ql_ink_font(cairo, QL_FACE_BOLD, 14);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, left, 28, right - left, figure->tensor);
    ql_ink_font(cairo, QL_FACE_MONO, 10);
    double x = left;
    if (figure->products)
        x += ql_ink_text(cairo, x, 46, 0, "X ");
    x += ql_ink_text_within(cairo, x, 46, 0.6 * (right - left), figure->spec);
    ql_ink_font(cairo, QL_FACE_PLAIN, 9.5);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    const double room = right - x - fmax(140, ql_ink_width(cairo, size) + 28);
    x += 14 + ql_ink_text_within(cairo, x + 14, 46, room, figure->file);
    ql_ink_text(cairo, x + 14, 46, 0, size);
}

void ql_figure_draw_page(cairo_t *cairo, const ql_figure *figure)
{
    draw_title(cairo, figure);
    ql_ink_font(cairo, QL_FACE_MONO, 7);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_paragraph(cairo, QL_PAGE_LEFT, 472, QL_PAGE_RIGHT - QL_PAGE_LEFT, 9.5, 3, figure->command);
}
