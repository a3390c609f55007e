/* The numbers of a report: one table, a number a row, in display order; the first half stands in the left column. */
#include "plot/readout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/axis.h"
#include "plot/ink.h"
#include "plot/words.h"

enum { TEXT_SIZE = QL_RANGE_SIZE };
static const double LEADING = 15.2, SIZE = 9.5, GUTTER = 26;

typedef struct line {
    const char *(*title)(const ql_report *report); /* NULL: the title of the metric */
    ql_metric metric; /* whose value is formatted; QL_METRIC_COUNT: the format finds its own in the report */
    void (*format)(char out[TEXT_SIZE], const ql_report *report, double value);
} line;

static void format_number(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)report;
    ql_number(out, value, 4);
}

static void format_decibels(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)report;
    ql_number_fixed(out, value, 2, "");
}

static void format_cosine(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)report;
    ql_number_fixed(out, value, 6, "");
}

static void format_share(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)report;
    if (value > 0 && value < 0.00001)
        snprintf(out, TEXT_SIZE, "< 0.001 %%");
    else
        ql_number_fixed(out, 100 * value, 3, " %");
}

static void format_levels(char out[TEXT_SIZE], const ql_report *report, double value)
{
    char unit[32];
    snprintf(unit, sizeof unit, " of %u", report->levels);
    if (report->levels)
        ql_number_fixed(out, value, 0, unit);
    else
        snprintf(out, TEXT_SIZE, "as stored");
}

static void format_bits(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)value;
    ql_number_fixed(out, report->bits_per_weight, 3, "");
}

static void format_size(char out[TEXT_SIZE], const ql_report *report, double value)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    unsigned unit = 0;
    (void)value;
    if (report->byte_count < 1024) {
        snprintf(out, TEXT_SIZE, "%" PRIu64 " bytes", report->byte_count);
        return;
    }
    double size = (double)report->byte_count / 1024;
    for (; size >= 1023.95 && unit < 3; unit++)
        size /= 1024;
    snprintf(out, TEXT_SIZE, "%.1f %s", size, units[unit]);
}

static void format_scale(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)value;
    if (report->scales)
        ql_words_range(out, report->scale_min, report->scale_max);
    else
        snprintf(out, TEXT_SIZE, "none");
}

static const char *scale_title(const ql_report *report)
{
    return ql_words_has_steps(report) ? "step" : "scale";
}

static void format_ends(char out[TEXT_SIZE], const ql_report *report, double value)
{
    (void)value;
    if (report->levels)
        ql_words_range(out, report->clip_lo, report->clip_hi);
    else
        snprintf(out, TEXT_SIZE, "as stored");
}

static const char *ends_title(const ql_report *report)
{
    return ql_words_clips(report) ? "clip range" : "level range";
}

static const char *bits_title(const ql_report *report)
{
    (void)report;
    return "bits per weight";
}

static const char *size_title(const ql_report *report)
{
    (void)report;
    return "size";
}

static const line lines[] = {
    { NULL, QL_SQNR_DB, format_decibels },
    { NULL, QL_RMSE_OVER_STD, format_number },
    { NULL, QL_RMSE, format_number },
    { NULL, QL_MSE, format_number },
    { NULL, QL_MAE, format_number },
    { NULL, QL_MAX_ABS, format_number },
    { NULL, QL_COSINE, format_cosine },
    { bits_title, QL_METRIC_COUNT, format_bits },
    { size_title, QL_METRIC_COUNT, format_size },
    { NULL, QL_LEVELS_USED, format_levels },
    { NULL, QL_ZERO_FRAC, format_share },
    { NULL, QL_FRAC_CLIPPED, format_share },
    { ends_title, QL_METRIC_COUNT, format_ends },
    { scale_title, QL_METRIC_COUNT, format_scale },
};
enum { LINE_COUNT = sizeof lines / sizeof lines[0], FIRST_COLUMN = 7 };

void ql_readout_draw(cairo_t *cairo, const ql_report *report, double left, double top, double right)
{
    double width = (right - left - GUTTER) * 0.46;
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        bool second = i >= FIRST_COLUMN;
        double x0 = second ? left + width + GUTTER : left, x1 = second ? right : left + width;
        double y = top + LEADING * (i - (second ? FIRST_COLUMN : 0)) + SIZE;
        bool metric = lines[i].metric < QL_METRIC_COUNT;
        const char *label = lines[i].title ? lines[i].title(report) : ql_metric_describe(lines[i].metric)->title;
        char text[TEXT_SIZE];
        lines[i].format(text, report, metric ? report->metrics[lines[i].metric] : 0);

        ql_ink_color(cairo, QL_INK_FAINT, 1);
        ql_ink_line(cairo, x0, y + 4.2, x1, y + 4.2, 0.5);
        ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
        ql_ink_color(cairo, QL_INK_SOFT, 1);
        ql_ink_text(cairo, x0, y, 0, label);
        ql_ink_color(cairo, QL_INK_TEXT, 1);
        ql_ink_font(cairo, i == 0 ? QL_FACE_BOLD : QL_FACE_PLAIN, SIZE);
        ql_ink_text(cairo, x1, y, 1, text);
    }
}
