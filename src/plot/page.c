/* What every figure bears at its top and bottom. */
#include <stdio.h>

#include "base/text.h"
#include "plot/axis.h"
#include "plot/figure.h"
#include "plot/ink.h"

static void draw_title(cairo_t *cairo, const ql_figure *figure, uint64_t value_count)
{
    char number[QL_NUMBER_SIZE], count[QL_NUMBER_SIZE + 8];
    const double left = QL_PAGE_LEFT, right = QL_PAGE_RIGHT;
    ql_ink_font(cairo, QL_FACE_BOLD, 14);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, left, 28, right - left, figure->tensor);
    ql_ink_font(cairo, QL_FACE_MONO, 10);
    double x = left + ql_ink_text_within(cairo, left, 46, 0.6 * (right - left), figure->spec);
    ql_ink_font(cairo, QL_FACE_PLAIN, 9.5);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    x += 14 + ql_ink_text_within(cairo, x + 14, 46, right - x - 140, figure->file);
    ql_text_count(number, value_count);
    snprintf(count, sizeof count, "%s value%s", number, value_count == 1 ? "" : "s");
    ql_ink_text(cairo, x + 14, 46, 0, count);
}

void ql_figure_draw_page(cairo_t *cairo, const ql_figure *figure, uint64_t value_count)
{
    draw_title(cairo, figure, value_count);
    ql_ink_font(cairo, QL_FACE_MONO, 7);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_paragraph(cairo, QL_PAGE_LEFT, 472, QL_PAGE_RIGHT - QL_PAGE_LEFT, 9.5, 3, figure->command);
}
