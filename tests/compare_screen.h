/*
 * The Compare view held against `qloupe compare --json`: every number that its metrics, its plot and its columns show is the
 * number of the JSON of the same specs, printed in the same form (text/number.h).
 */
#ifndef QL_TESTS_COMPARE_SCREEN_H
#define QL_TESTS_COMPARE_SCREEN_H

#include <math.h>

#include "text/number.h"
#include "tui.h"

enum { COMPARE_MOST = 6, COMPARE_CELLS = 1000 };

/* A line as cells, each a UTF-8 character of width 1. */
typedef struct compare_line {
    int count;
    char cells[COMPARE_CELLS][5];
} compare_line;

static inline compare_line compare_split(const char *line)
{
    compare_line out = { 0 };
    for (; *line && *line != '\n' && out.count < COMPARE_CELLS; out.count++) {
        int size = 1;
        while (((unsigned char)line[size] & 0xc0) == 0x80)
            size++;
        memcpy(out.cells[out.count], line, (size_t)size);
        line += size;
    }
    return out;
}

/* Cells [begin, end) without spaces around them, as far as they fit. */
enum { COMPARE_TEXT = 1024 };
static inline void compare_text(const compare_line *line, int begin, int end, char out[COMPARE_TEXT])
{
    size_t used = 0;
    for (int i = begin; i < end && i < line->count && used + sizeof line->cells[i] < COMPARE_TEXT; i++)
        if (used > 0 || strcmp(line->cells[i], " ") != 0)
            used += (size_t)snprintf(out + used, COMPARE_TEXT - used, "%s", line->cells[i]);
    out[used] = 0;
    while (used > 0 && out[used - 1] == ' ')
        out[--used] = 0;
}

/* The line that begins, behind a frame, with the label; NULL: there is none. */
static inline const char *compare_find(const char *screen, const char *label)
{
    char begin[64];
    snprintf(begin, sizeof begin, "│ %s ", label);
    return strstr(screen, begin);
}

static const struct {
    const char *label, *name; /* as on the screen; in JSON */
    text_form form;
    bool is_metric;
    ql_metric metric; /* whose form it is */
} compare_rows[] = {
    { "bits/weight", "bits_per_weight", TEXT_FIXED_3, false, 0 },
    { "size", "bytes", TEXT_BYTES, false, 0 },
    { "SQNR dB", "sqnr_db", 0, true, QL_SQNR_DB },
    { "product err", "product_rel_fro", TEXT_SIGNIFICANT, false, 0 },
    { "RMSE/σ", "rmse_over_std", 0, true, QL_RMSE_OVER_STD },
    { "max |e|", "max_abs", 0, true, QL_MAX_ABS },
    { "p99 |e|", "p99_abs", 0, true, QL_P99_ABS },
    { "MAE", "mae", 0, true, QL_MAE },
    { "cosine", "cosine", 0, true, QL_COSINE },
    { "clipped", "frac_clipped", 0, true, QL_FRAC_CLIPPED },
    { "entropy bits", "entropy_bits", 0, true, QL_ENTROPY_BITS },
};
enum { COMPARE_ROWS = sizeof compare_rows / sizeof compare_rows[0], COMPARE_LEAST = 8 };

static inline text_form compare_form(size_t row)
{
    return compare_rows[row].is_metric ? text_metric_form(compare_rows[row].metric) : compare_rows[row].form;
}

/* "▲2.49", "=", behind a star where there is one; nothing where it had no room. */
static inline void compare_difference(const char *shown, size_t row, double value, double base)
{
    char number[TEXT_NUMBER_SIZE], expected[TEXT_NUMBER_SIZE + 8];
    if (strncmp(shown, "★", strlen("★")) == 0)
        shown += strlen("★");
    shown += strspn(shown, " ");
    if (!*shown)
        return;
    text_number(number, fabs(value - base), compare_form(row));
    if (strtod(number, NULL) == 0)
        text_number(number, fabs(value - base), TEXT_SIGNIFICANT);
    snprintf(expected, sizeof expected, "%s%s", value > base ? "▲" : "▼", number);
    if (strcmp(shown, value == base ? "=" : expected) != 0)
        fail_msg("row %s shows the difference '%s', in JSON it is %.17g - %.17g", compare_rows[row].label, shown, value,
                 base);
}

/* The metrics on the screen, of columns A ... in the order of specs[count], which are all there, and their differences to
   column `base`, against the JSON of `arguments` (file, tensor, --x). Returns how many numbers were compared. */
static inline int assert_metrics_are_json(const char *screen, const char *arguments, const char *const *specs, size_t count,
                                          size_t base)
{
    char *json[COMPARE_MOST];
    int compared = 0, x[COMPARE_MOST + 1] = { 0 };
    const char *head = strstr(screen, "Metrics · ");
    assert_non_null(head);
    head = strchr(head, '\n') + 1;
    const compare_line heading = compare_split(head);
    size_t found = 0;
    for (int i = 2; i + 1 < heading.count && found < count; i++) {
        const bool is_letter = heading.cells[i][0] == (char)('A' + found) && strcmp(heading.cells[i - 1], " ") == 0 &&
                               strchr(" =", heading.cells[i + 1][0]);
        if (is_letter)
            x[found++] = i;
    }
    assert_int_equal(found, count);
    x[count] = heading.count - 1;
    for (size_t i = 0; i < count; i++) {
        char all[1024];
        snprintf(all, sizeof all, "%s -s '%s'", arguments, specs[i]);
        json[i] = compare_json(all);
    }
    for (size_t row = 0; row < COMPARE_ROWS; row++) {
        const char *at = compare_find(head, compare_rows[row].label);
        if (!at)
            continue;
        const compare_line line = compare_split(at);
        for (size_t i = 0; i < count; i++) {
            char shown[COMPARE_TEXT], number[TEXT_NUMBER_SIZE];
            const double value = json_number(json[i], compare_rows[row].name);
            compare_text(&line, x[i], x[i + 1], shown);
            text_number(number, value, compare_form(row));
            const size_t size = strlen(number);
            if (strncmp(shown, number, size) != 0 || (shown[size] && shown[size] != ' '))
                fail_msg("%s of %s is '%s' on the screen, %s in JSON:\n%s", compare_rows[row].label, specs[i], shown, number,
                         screen);
            compare_difference(shown + size + strspn(shown + size, " "), row, value,
                               json_number(json[base], compare_rows[row].name));
            compared++;
        }
    }
    assert_true(compared >= (int)(COMPARE_LEAST * count));
    for (size_t i = 0; i < count; i++)
        free(json[i]);
    return compared;
}

/* The lines of the list beside the plot, those whose spec is written out: "k◆ absmax:per=row   8.125  42.89". Returns how
   many. */
static inline int assert_plot_is_json(const char *screen, const char *arguments)
{
    int compared = 0;
    for (const char *line = strstr(screen, "SQNR against bits"); line && (line = strchr(line, '\n')) != NULL; line++) {
        char spec[QL_SPEC_TEXT], bits[32], db[32], text[COMPARE_TEXT];
        const compare_line cells = compare_split(line + 1);
        int begin = -1;
        for (int i = 2; i + 3 < cells.count && begin < 0; i++) {
            const bool has_letter = strchr("abcdefghijklABCDEF", cells.cells[i][0]) && strcmp(cells.cells[i - 1], " ") == 0;
            compare_text(&cells, i + 3, cells.count, text);
            if (has_letter && strcmp(cells.cells[i + 2], " ") == 0 &&
                sscanf(text, "%511[a-z0-9_:=,.%%] %31[0-9.] %31[0-9.]", spec, bits, db) == 3 && strchr(bits, '.') &&
                strchr(db, '.'))
                begin = i;
        }
        if (begin < 0)
            continue;
        char all[1024], number[TEXT_NUMBER_SIZE];
        snprintf(all, sizeof all, "%s -s '%s'", arguments, spec);
        char *json = compare_json(all);
        text_number(number, json_number(json, "bits_per_weight"), TEXT_FIXED_3);
        assert_string_equal(bits, number);
        text_number(number, json_number(json, "sqnr_db"), TEXT_FIXED_2);
        assert_string_equal(db, number);
        free(json);
        compared++;
    }
    return compared;
}

#endif
