/*
 * Below the list:   part 1 of 3                            the model's note
 *                   ! 1 tensor holds NaN: lm_head (14)     from the statistics of all tensors that were read
 *                   ! 2 tensors beyond 20 sigma: wte (31)
 *                   52 of 52 read, 49 of them clean
 *                   SQNR dB by layer (h.#.mlp.c_fc.weight)
 *                   (sparkline)  34.77...38.23
 */
#include "tui/summary.h"

#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/rows.h"
#include "tui/spark.h"

enum { ROOM_ROWS = 18, NOTE_ROWS = 8, LINES_MOST = 8 }; /* rows from which on there is a summary; the note alone */

typedef void (*draw_line)(tui_app *app, int y, int x, int cols);

static void draw_rule(tui_app *app, int y, int x, int cols)
{
    for (int i = 0; i < cols; i++)
        tui_canvas_put(&app->canvas, y, x + i, 0x2500, TUI_FRAME);
}

/* Lines that the model's note takes, a little more than it needs rather than less. */
static int note_rows(const tui_app *app, tui_rect rect)
{
    enum { NOTE_MOST = 3, WORD = 8 };
    const int width = tui_canvas_width(&app->canvas, ql_model_note(app->model));
    if (width == 0 || rect.rows < NOTE_ROWS || rect.cols <= 2 * WORD)
        return 0;
    const int rows = width <= rect.cols - 2 ? 1 : width / (rect.cols - WORD) + 1,
              most = rect.rows < ROOM_ROWS ? 1 : NOTE_MOST;
    return rows < most ? rows : most;
}

/* "BEFORE NAME BEHIND": the name is what is cut. */
static void draw_named(tui_app *app, int y, int x, int cols, const char *before, size_t tensor, const char *behind)
{
    tui_canvas *canvas = &app->canvas;
    char name[512];
    ql_text_print(name, sizeof name, ql_model_tensor(app->model, tensor)->name, 0);
    const int end = x + cols - 1, tail = tui_canvas_width(canvas, behind);
    x += 1 + tui_canvas_text(canvas, y, x + 1, cols - 2, TUI_FAIR, before);
    x += tui_rows_name(canvas, y, x, end - tail - x, TUI_FAIR, name);
    tui_canvas_text(canvas, y, x, end - x, TUI_FAIR, behind);
}

static void draw_nonfinite(tui_app *app, int y, int x, int cols)
{
    const tui_findings *findings = &app->document.findings;
    const tui_finding *first = &findings->of[findings->nonfinite];
    char before[64], behind[TEXT_NUMBER_SIZE + 16], count[TEXT_NUMBER_SIZE];
    const bool is_one = findings->nonfinite_count == 1;
    const char *what = !is_one || (first->nan && first->inf) ? "NaN or Inf" : first->nan ? "NaN" : "Inf";
    text_count(count, first->nan + first->inf);
    snprintf(before, sizeof before, "! %zu tensor%s %s: ", findings->nonfinite_count, is_one ? " holds" : "s hold", what);
    snprintf(behind, sizeof behind, " (%s)%s", count, is_one ? "" : " …");
    draw_named(app, y, x, cols, before, findings->nonfinite, behind);
}

static void draw_outliers(tui_app *app, int y, int x, int cols)
{
    const tui_findings *findings = &app->document.findings;
    char before[64], behind[TEXT_NUMBER_SIZE + 16], sigma[TEXT_NUMBER_SIZE];
    const bool is_one = findings->outlier_count == 1;
    text_number(sigma, findings->of[findings->outlier].stats[TUI_STAT_PEAK], TEXT_SIGNIFICANT);
    snprintf(before, sizeof before, "! %zu tensor%s beyond %dσ: ", findings->outlier_count, is_one ? "" : "s",
             TUI_OUTLIER_SIGMA);
    snprintf(behind, sizeof behind, " (%sσ)%s", sigma, is_one ? "" : " …");
    draw_named(app, y, x, cols, before, findings->outlier, behind);
}

static void draw_counts(tui_app *app, int y, int x, int cols)
{
    const tui_findings *findings = &app->document.findings;
    tui_canvas_format(&app->canvas, y, x + 1, cols - 2, TUI_FADED, "%zu of %zu read, %zu of them clean",
                      findings->read_count, findings->count, findings->clean_count);
}

/* The layers that the selected tensor is one of; NULL when it stands alone or there is nothing to see in them. */
static const tui_group *known_layers(const tui_app *app, double *lo, double *hi)
{
    const tui_tree *tree = &app->list.trees[TUI_SHAPE_LAYERS];
    const size_t home = tree->home[app->document.tensor];
    const tui_group *group = &tree->groups[home];
    size_t known = 0;
    *lo = *hi = NAN;
    for (size_t i = 0; i < group->member_count && home != 0; i++) {
        const double value = app->list.values[tree->members[group->member + i]];
        known += !isnan(value);
        *lo = fmin(*lo, value);
        *hi = fmax(*hi, value);
    }
    return known > 1 && *hi > *lo ? group : NULL;
}

static void draw_layers_title(tui_app *app, int y, int x, int cols)
{
    const tui_tree *tree = &app->list.trees[TUI_SHAPE_LAYERS];
    const tui_column shown = tui_column_describe(app->list.valued);
    char name[512];
    ql_text_print(name, sizeof name, tree->groups[tree->home[app->document.tensor]].name, 0);
    const int used = 1 + tui_canvas_format(&app->canvas, y, x + 1, cols - 2, TUI_FADED, "%s by layer ", shown.title);
    tui_rows_name(&app->canvas, y, x + used, cols - used - 1, TUI_FADED, name);
}

static void draw_layers(tui_app *app, int y, int x, int cols)
{
    const tui_column shown = tui_column_describe(app->list.valued);
    double lo, hi;
    const tui_group *group = known_layers(app, &lo, &hi);
    char from[TEXT_NUMBER_SIZE], to[TEXT_NUMBER_SIZE], range[2 * TEXT_NUMBER_SIZE + 8];
    text_number(from, lo, shown.form);
    text_number(to, hi, shown.form);
    snprintf(range, sizeof range, "%s…%s", from, to);
    const int width = tui_canvas_width(&app->canvas, range);
    const size_t *members = app->list.trees[TUI_SHAPE_LAYERS].members + group->member;
    const int used = tui_spark_draw(&app->canvas, y, x + 1, cols - width - 4, app->list.values, members, group->member_count,
                                    shown.falls, TUI_TEXT);
    tui_canvas_text(&app->canvas, y, x + 1 + used + 2, width, TUI_FADED, range);
}

int tui_summary_draw(tui_app *app, tui_rect rect)
{
    const tui_findings *findings = &app->document.findings;
    double lo, hi;
    draw_line lines[LINES_MOST];
    int count = 0;
    const bool has_room = rect.rows >= ROOM_ROWS, is_scanned = has_room && findings->read_count > 1;
    if (has_room && findings->nonfinite_count > 0)
        lines[count++] = draw_nonfinite;
    if (has_room && findings->outlier_count > 0)
        lines[count++] = draw_outliers;
    if (is_scanned && app->document.scan_set)
        lines[count++] = draw_counts;
    if (is_scanned && known_layers(app, &lo, &hi)) {
        lines[count++] = draw_layers_title;
        lines[count++] = draw_layers;
    }
    const int note = note_rows(app, rect), rows = note + count;
    if (rows == 0)
        return 0;
    const int top = rect.y + rect.rows - rows - 1;
    draw_rule(app, top, rect.x, rect.cols);
    tui_canvas_wrap(&app->canvas, (tui_rect) { top + 1, rect.x + 1, note, rect.cols - 2 }, TUI_FAIR,
                    ql_model_note(app->model));
    for (int i = 0; i < count; i++)
        lines[i](app, top + 1 + note + i, rect.x, rect.cols);
    return rows + 1;
}
