/* The tensor as stored: shape, layout, moments, outliers, what is not a number. Also of tensors that nothing quantizes. */
#include <stddef.h>
#include <stdio.h>

#include "text/number.h"
#include "text/quantized.h"
#include "tui/panes.h"
#include "tui/sub.h"

typedef enum kind { VALUE, COUNT, SHARE } kind; /* a double; a count; a count as a share of the finite values */

/* Two columns, row by row. */
static const struct {
    const char *label;
    kind kind;
    size_t field; /* offset in ql_stats */
    text_form form;
} numbers[] = {
    { "mean", VALUE, offsetof(ql_stats, mean), TEXT_SIGNIFICANT },
    { "std", VALUE, offsetof(ql_stats, std), TEXT_SIGNIFICANT },
    { "min", VALUE, offsetof(ql_stats, min), TEXT_SIGNIFICANT },
    { "max", VALUE, offsetof(ql_stats, max), TEXT_SIGNIFICANT },
    { "kurtosis", VALUE, offsetof(ql_stats, kurtosis), TEXT_FIXED_2 },
    { "skew", VALUE, offsetof(ql_stats, skew), TEXT_FIXED_2 },
    { ">3σ", SHARE, offsetof(ql_stats, beyond_3s), TEXT_PERCENT },
    { ">6σ", SHARE, offsetof(ql_stats, beyond_6s), TEXT_PERCENT },
    { "NaN", COUNT, offsetof(ql_stats, nan), TEXT_COUNT },
    { "Inf", COUNT, offsetof(ql_stats, inf), TEXT_COUNT },
    { "zeros", COUNT, offsetof(ql_stats, zeros), TEXT_COUNT },
    { "p50", VALUE, offsetof(ql_stats, quantiles[4]), TEXT_SIGNIFICANT },
};
enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0], GAP = 2, LEAST_PAIR = 14, MOST_PAIR = 26 };

static double get(const ql_stats *stats, int i)
{
    const void *field = (const char *)stats + numbers[i].field;
    uint64_t finite = stats->count - stats->nan - stats->inf;
    if (numbers[i].kind == VALUE)
        return *(const double *)field;
    double count = (double)*(const uint64_t *)field;
    return numbers[i].kind == COUNT ? count : finite > 0 ? count / (double)finite : 0;
}

/* Lines about where the numbers lie, and about what was quantized before; returns the lines used. profile: NULL when it is
   not there. */
static int draw_shape(tui_canvas *canvas, tui_rect in, const ql_tensor *tensor, const ql_profile *profile)
{
    char shape[128], count[TEXT_NUMBER_SIZE], bits[TEXT_NUMBER_SIZE], bytes[TEXT_NUMBER_SIZE];
    char quantized[TEXT_QUANTIZED_SIZE];
    text_shape(shape, sizeof shape, tensor);
    char rows[TEXT_NUMBER_SIZE], cols[TEXT_NUMBER_SIZE];
    text_count(rows, tensor->rows);
    text_count(cols, tensor->cols);
    text_count(count, tensor->element_count);
    text_number(bits, ql_dtype_bits_per_weight(tensor->dtype), TEXT_SEVEN);
    text_bytes(bytes, tensor->byte_count);
    tui_canvas_format(canvas, in.y, in.x + 1, in.cols - 2, TUI_TEXT, "%s %s · stored [%s]",
                      ql_dtype_describe(tensor->dtype)->shown, shape, ql_layout_name(tensor->layout));
    if (in.rows > 1)
        tui_canvas_format(canvas, in.y + 1, in.x + 1, in.cols - 2, TUI_TEXT, "W is %s out × %s in", rows, cols);
    if (in.rows > 2)
        tui_canvas_format(canvas, in.y + 2, in.x + 1, in.cols - 2, TUI_TEXT, "%s × %s bits/wt = %s", count, bits, bytes);
    if (!profile || !text_few_levels(quantized, profile))
        return 3;
    if (in.rows > 3)
        tui_canvas_text(canvas, in.y + 3, in.x + 1, in.cols - 2, TUI_TEXT, quantized);
    return 4;
}

static void draw_quantile(tui_canvas *canvas, int y, int x, int width, const ql_stats *stats, int i)
{
    char label[32], value[TEXT_NUMBER_SIZE];
    snprintf(label, sizeof label, "p%g", ql_quantile_percents[i]);
    text_number(value, stats->quantiles[i], TEXT_SIGNIFICANT);
    tui_pane_pair(canvas, y, x, width, label, value);
}

/* "p0.1 -0.15  p99.9 0.15" and so on inwards, as far as there is room. */
static void draw_quantiles(tui_canvas *canvas, tui_rect in, int width, const ql_stats *stats)
{
    for (int i = 0; i < QL_QUANTILE_COUNT / 2 && i < in.rows; i++) {
        draw_quantile(canvas, in.y + i, in.x + 1, width, stats, i);
        draw_quantile(canvas, in.y + i, in.x + 1 + width + GAP, width, stats, QL_QUANTILE_COUNT - 1 - i);
    }
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    (void)measure;
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    int used = draw_shape(canvas, in, tui_document_tensor(&app->document), tui_document_profile(&app->document));
    if (!facts.stats) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y + used + 1, in.x + 1, in.rows - used - 1, in.cols - 2 }, TUI_TEXT,
                        facts.missing);
        return;
    }
    canvas->faded = facts.is_old && app->document.shown->tensor != app->document.tensor;
    int per_line = in.cols - 2 >= 2 * LEAST_PAIR + GAP ? 2 : 1;
    int width = (in.cols - 2 - (per_line - 1) * GAP) / per_line;
    width = width > MOST_PAIR ? MOST_PAIR : width;
    for (int i = 0; i < NUMBER_COUNT && used + i / per_line < in.rows; i++) {
        char value[TEXT_NUMBER_SIZE];
        text_number(value, get(facts.stats, i), numbers[i].form);
        tui_pane_pair(canvas, in.y + used + i / per_line, in.x + 1 + i % per_line * (width + GAP), width, numbers[i].label,
                      value);
    }
    used += (NUMBER_COUNT + per_line - 1) / per_line;
    if (per_line == 2)
        draw_quantiles(canvas, (tui_rect) { in.y + used, in.x, in.rows - used, in.cols }, width, facts.stats);
    canvas->faded = false;
}

const tui_sub tui_sub_statistics = { .name = "statistics", .draw = draw };
