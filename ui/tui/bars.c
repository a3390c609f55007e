/* The lines around a view. */
#include "tui/bars.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/formula.h"
#include "text/number.h"
#include "tui/actions.h"
#include "tui/copy.h"
#include "tui/plot.h"

enum { ROOMY_COLS = 100 };

/* "F16", or "F32 BF16 I8 +2" when the file mixes types. */
static void print_dtypes(const ql_model *model, char *out, size_t size)
{
    enum { NAMED = 3 };
    bool seen[QL_DTYPE_COUNT] = { false };
    size_t used = 0;
    int count = 0;
    out[0] = 0;
    for (size_t i = 0; i < ql_model_tensor_count(model); i++)
        seen[ql_model_tensor(model, i)->dtype] = true;
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
        if (seen[dtype] && count++ < NAMED && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
                                     ql_dtype_describe((ql_dtype)dtype)->shown);
    if (count > NAMED && used < size)
        snprintf(out + used, size - used, " +%d", count - NAMED);
}

/* The views, to be clicked; is_short: those that are not shown by their keys alone. Returns the cells they take; draws only
 * if `really`. */
static int draw_tabs(tui_app *app, int y, int x, bool is_short, bool really)
{
    const int begin = x;
    const tui_view *view;
    for (size_t i = 0; (view = tui_view_at(i)) != NULL; i++) {
        const bool is_shown = view == app->view;
        char tab[48];
        snprintf(tab, sizeof tab, is_shown ? "[%c %s] " : is_short ? " %c  " : " %c %s  ", (int)view->key, view->name);
        const int width = tui_canvas_width(&app->canvas, tab);
        if (really) {
            tui_canvas_text(&app->canvas, y, x, width, TUI_BAR, tab);
            tui_hit_add(app, (tui_rect) { y, x, 1, width - 1 }, tui_act_view_at, (int)i, NULL);
        }
        x += width;
    }
    return x - begin;
}

/* What the title says, from all to the name of the file alone. */
enum { TITLES = 5, TITLE_SIZE = 600 };
static void print_titles(const tui_app *app, char out[TITLES][TITLE_SIZE])
{
    const ql_model *model = app->model;
    const char *path = ql_model_path(model), *slash = strrchr(path, '/');
    const size_t tensors = ql_model_tensor_count(model);
    char name[256], count[16], dtypes[64], bytes[TEXT_NUMBER_SIZE];
    double elements = 0;
    for (size_t i = 0; i < tensors; i++)
        elements += (double)ql_model_tensor(model, i)->element_count;
    ql_text_print(name, sizeof name, ql_text_from(slash ? slash + 1 : path), 60);
    tui_short_count(elements, count);
    print_dtypes(model, dtypes, sizeof dtypes);
    text_bytes(bytes, ql_model_byte_count(model));
    const char *many = tensors == 1 ? "" : "s";
    snprintf(out[0], TITLE_SIZE, " qloupe │ %s │ %zu tensor%s · %s element%s · %s · %s", name, tensors, many, count,
             elements == 1 ? "" : "s", dtypes, bytes);
    snprintf(out[1], TITLE_SIZE, " qloupe │ %s │ %zu tensor%s · %s", name, tensors, many, bytes);
    snprintf(out[2], TITLE_SIZE, " qloupe │ %s │ %zu tensor%s", name, tensors, many);
    snprintf(out[3], TITLE_SIZE, " qloupe │ %s", name);
    snprintf(out[4], TITLE_SIZE, " %s", name);
}

/* The tabs in full before more than the name is said; the name before the other tabs in full. */
void tui_bar_title(tui_app *app, int y)
{
    enum { GAP = 2 };
    tui_canvas *canvas = &app->canvas;
    char titles[TITLES][TITLE_SIZE];
    print_titles(app, titles);
    const int whole = draw_tabs(app, y, 0, false, false);
    const bool is_short = tui_canvas_width(canvas, titles[TITLES - 1]) + GAP + whole > canvas->cols;
    const int width = is_short ? draw_tabs(app, y, 0, true, false) : whole, room = canvas->cols - width - GAP;
    int title = 0;
    while (title + 1 < TITLES && tui_canvas_width(canvas, titles[title]) > room)
        title++;
    tui_canvas_clear(canvas, (tui_rect) { y, 0, 1, canvas->cols }, TUI_BAR);
    tui_canvas_middle(canvas, y, 0, room, TUI_BAR, titles[title]);
    draw_tabs(app, y, canvas->cols - width, is_short, true);
}

/* " ETA 0:07" once it can be told. */
static void print_eta(const tui_progress *progress, char *out, size_t size)
{
    const double least_elapsed = 1, least_share = 0.02;
    char duration[TEXT_NUMBER_SIZE];
    out[0] = 0;
    if (progress->elapsed < least_elapsed || progress->share < least_share)
        return;
    text_duration(duration, progress->elapsed * (1 - progress->share) / progress->share);
    snprintf(out, size, "  ETA %s", duration);
}

static const uint32_t moving[] = { 0x2596, 0x2598, 0x259D, 0x2597 }; /* a quarter going round */
static const char plain[] = "|/-\\";

static void draw_moving(tui_app *app, int y, int x)
{
    const unsigned at = app->frame % 4;
    tui_canvas_put(&app->canvas, y, x, app->canvas.ascii ? (uint32_t)plain[at] : moving[at], TUI_BUSY);
}

/* "▘ scan 148/272 54 % ▕█████▍    ▏ 41.0 MiB/s  ETA 0:03  ^C stops"; returns the cells used at the right end of the line. */
static int draw_scan(tui_app *app, int y)
{
    tui_canvas *canvas = &app->canvas;
    const tui_scan_progress progress = tui_jobs_scan_progress(app->jobs);
    const bool is_roomy = canvas->cols >= ROOMY_COLS, has_speed = progress.bytes_per_second > 0;
    char speed[TEXT_NUMBER_SIZE], left[TEXT_NUMBER_SIZE], before[96], behind[160] = "";
    text_number(speed, progress.bytes_per_second, TEXT_BYTES);
    text_duration(left, progress.seconds_left);
    snprintf(before, sizeof before, "scan %zu/%zu %.0f %%", progress.done, progress.count, progress.share * 100);
    if (has_speed)
        snprintf(behind, sizeof behind, "%s%s  ETA %s", is_roomy ? speed : "", is_roomy ? "/s" : "", left);
    const int gauge = is_roomy ? 12 : 0;
    const int width = 2 + tui_canvas_width(canvas, before) + 1 + gauge + 1 + tui_canvas_width(canvas, behind) + 11;
    int x = canvas->cols - width;
    draw_moving(app, y, x);
    x += 2 + tui_canvas_text(canvas, y, x + 2, width, TUI_BUSY, before) + 1;
    if (gauge)
        tui_canvas_gauge(canvas, y, x, gauge, progress.share, TUI_BUSY);
    x += gauge + 1;
    x += tui_canvas_text(canvas, y, x, width, TUI_BUSY, behind);
    tui_canvas_text(canvas, y, x, width, TUI_BUSY, "  ^C stops ");
    return width + 2;
}

/* "▘ ▕███▏ measuring 54 %  ETA 0:07  ^C stops"; returns the cells used at the right end of the line. */
static int draw_progress(tui_app *app, int y)
{
    if (tui_document_is_settled(&app->document))
        return 0;
    const double least_told = 0.5; /* seconds from which on a scan says what it waits for */
    tui_canvas *canvas = &app->canvas;
    tui_progress progress = tui_jobs_progress(app->jobs);
    if (app->document.scanning && !(progress.busy && progress.elapsed >= least_told))
        return draw_scan(app, y);
    bool is_roomy = canvas->cols >= ROOMY_COLS;
    const char *stage = !is_roomy ? "" : progress.busy ? progress.stage : "waiting";
    char text[160], eta[80];
    print_eta(&progress, eta, sizeof eta);
    snprintf(text, sizeof text, "%s %3.0f %%%s  ^C stops ", stage, progress.share * 100, eta);
    int gauge = is_roomy ? 12 : 0;
    int width = 2 + gauge + 1 + tui_canvas_width(canvas, text), x = canvas->cols - width;
    draw_moving(app, y, x);
    if (is_roomy)
        tui_canvas_gauge(canvas, y, x + 2, gauge, progress.share, TUI_BUSY);
    tui_canvas_text(canvas, y, x + 2 + gauge + 1, width, TUI_BUSY, text);
    return width + 2;
}

void tui_bar_spec(tui_app *app, int y)
{
    tui_canvas *canvas = &app->canvas;
    char words[256], spec[TUI_SPEC_SHOWN];
    tui_document_words(&app->document, words, sizeof words);
    tui_show_spec(spec, app->document.spec_text);
    int room = canvas->cols - draw_progress(app, y) - 1;
    int x = 1 + tui_canvas_text(canvas, y, 1, room, TUI_KEY, spec) + 3;
    tui_hit_add(app, (tui_rect) { y, 1, 1, x - 4 }, tui_act_spec_type, 0, NULL);
    if (room - x > 10)
        tui_canvas_text(canvas, y, x, room - x, TUI_TEXT, words);
}

/* The formula with its numbers, as much as there is room for; of which group, where there are several. */
void tui_bar_formula(tui_app *app, int y)
{
    tui_canvas *canvas = &app->canvas;
    const tui_document *document = &app->document;
    const tui_measure *shown = document->shown;
    const int room = canvas->cols - 2;
    if (!shown || document->problem.status != QL_OK) {
        tui_canvas_text(canvas, y, 1, room, TUI_FADED, ql_mapping_describe(document->spec.mapping)->formula);
        return;
    }
    const ql_report *report = shown->report;
    char group[96], count[TEXT_NUMBER_SIZE], of[192] = "", formula[400], brief[400];
    text_widest(group, sizeof group, report, ql_model_tensor(app->model, shown->tensor));
    text_count(count, report->group_count);
    text_formula(formula, sizeof formula, report, false);
    text_formula(brief, sizeof brief, report, true);
    const bool is_filled = strcmp(formula, ql_mapping_describe(report->spec.mapping)->formula) != 0;
    if (!is_filled)
        group[0] = 0; /* nothing was worked out */
    else if (shown->is_sampled)
        snprintf(of, sizeof of, "≈ ");
    if (*group)
        snprintf(of, sizeof of, "%s, the widest of %s: ", group, count);
    const bool is_long = tui_canvas_width(canvas, of) + tui_canvas_width(canvas, formula) <= room;
    if (!is_long && *group)
        snprintf(of, sizeof of, "%s: ", group);
    const bool is_full = tui_canvas_width(canvas, of) + tui_canvas_width(canvas, formula) <= room;
    if (!is_full && tui_canvas_width(canvas, of) + tui_canvas_width(canvas, brief) > room && *group)
        of[0] = 0;
    canvas->faded = !tui_document_is_current(document);
    const int used = tui_canvas_text(canvas, y, 1, room, TUI_FADED, of);
    tui_canvas_text(canvas, y, 1 + used, room - used, TUI_TEXT, is_full ? formula : brief);
    canvas->faded = false;
}

/* What is wrong, NULL when nothing is: of the last key, else of the tensor under this spec. */
static const char *complaint(const tui_document *document)
{
    if (*document->message)
        return document->is_error ? document->message : NULL;
    return document->problem.status != QL_OK ? document->problem.message : NULL;
}

/* A message or complaint stands in the status line; one that is too long for it takes the place of the reason, and so does a
 * complaint while that line is typed in. */
static bool is_in_why(const tui_app *app)
{
    const tui_document *document = &app->document;
    const char *text = *document->message ? document->message : complaint(document);
    return text && ((app->context == TUI_IN_SPEC && complaint(document)) ||
                    tui_canvas_width(&app->canvas, text) > app->canvas.cols - 2);
}

/* What the numbers are of that are not exact yet. */
static void draw_estimate(tui_app *app, tui_rect inside)
{
    char some[TEXT_NUMBER_SIZE], all[TEXT_NUMBER_SIZE], text[200];
    text_count(some, app->document.shown->report->sampled);
    text_count(all, tui_document_tensor(&app->document)->element_count);
    snprintf(text, sizeof text, "≈ estimated from %s of %s weights; %s", some, all,
             app->document.stopped ? "stopped before the exact numbers, r measures again" : "the exact numbers are on their way");
    tui_canvas_wrap(&app->canvas, inside, TUI_FADED, text);
}

void tui_bar_why(tui_app *app, tui_rect rect)
{
    const tui_measure *shown = app->document.shown;
    const tui_rect inside = { rect.y, rect.x + 1, rect.rows, rect.cols - 2 };
    if (app->context == TUI_IN_COMMAND) {
        tui_prompt_draw(app, inside);
        return;
    }
    char words[sizeof shown->why.text];
    if (is_in_why(app)) {
        const char *wrong = complaint(&app->document);
        tui_canvas_wrap(&app->canvas, inside, wrong ? TUI_WARNING : TUI_STRONG, wrong ? wrong : app->document.message);
        return;
    }
    if (app->view->words) {
        if (app->view->words(app, words, sizeof words))
            tui_canvas_wrap(&app->canvas, inside, TUI_STRONG, words);
        return;
    }
    if (shown && shown->is_sampled && tui_document_is_current(&app->document)) {
        draw_estimate(app, inside);
        return;
    }
    if (!shown || !shown->has_why || app->document.problem.status != QL_OK)
        return;
    bool is_old = !tui_document_is_exact(&app->document);
    if (!is_old && shown->why.has_remedy)
        tui_hit_add(app, rect, tui_act_remedy, 0, NULL);
    char text[sizeof shown->why.text + TUI_SPEC_SHOWN + 32], spec[TUI_SPEC_SHOWN];
    tui_show_spec(spec, shown->report->spec_text);
    if (is_old)
        snprintf(text, sizeof text, "still of %s: %s", spec, shown->why.text);
    else
        snprintf(text, sizeof text, "%s%s", shown->why.text, shown->why.has_remedy ? " (Enter)" : "");
    app->canvas.faded = is_old;
    tui_canvas_wrap(&app->canvas, inside, TUI_STRONG, text);
    app->canvas.faded = false;
}

/* A line that is being typed in the status line. */
static void draw_prompt(tui_app *app, int y, const char *prompt)
{
    int x = 1 + tui_canvas_text(&app->canvas, y, 1, app->canvas.cols, TUI_KEY, prompt);
    int room = app->canvas.cols - x - 1;
    if (app->context == TUI_IN_FILTER && room > 60) {
        char note[64];
        snprintf(note, sizeof note, "%zu of %zu · dtype:F16 too", app->list.visible_count,
                 ql_model_tensor_count(app->model));
        tui_canvas_right(&app->canvas, y, x, room, TUI_FADED, note);
        room -= 38;
    }
    app->cursor_y = y;
    app->cursor_x = tui_line_draw(&app->line, &app->canvas, y, x, room, TUI_STRONG);
}

/* What a person should know of the result, when there is nothing else to say: outliers, and the report's note. */
static void draw_remarks(tui_app *app, int y)
{
    const tui_measure *shown = app->document.shown;
    if (!shown || !tui_document_is_exact(&app->document))
        return;
    const ql_report *report = shown->report;
    char count[TEXT_NUMBER_SIZE], rows[TEXT_NUMBER_SIZE], cols[TEXT_NUMBER_SIZE], text[400];
    size_t used = 0;
    text[0] = 0;
    if (report->outlier_count > 0) {
        text_count(count, report->outlier_count);
        text_count(rows, report->outlier_rows);
        text_count(cols, report->outlier_cols);
        used = (size_t)snprintf(text, sizeof text, "%s outlier%s kept in half precision: in %s row%s and %s column%s", count,
                                report->outlier_count == 1 ? "" : "s", rows, report->outlier_rows == 1 ? "" : "s", cols,
                                report->outlier_cols == 1 ? "" : "s");
    }
    if (*report->note)
        snprintf(text + used, sizeof text - used, "%s%s", used ? " · " : "", report->note);
    tui_canvas_text(&app->canvas, y, 1, app->canvas.cols - 2, TUI_FAIR, text);
}

void tui_bar_status(tui_app *app, int y)
{
    const tui_document *document = &app->document;
    int room = app->canvas.cols - 2;
    if (app->context == TUI_IN_FILTER)
        draw_prompt(app, y, app->list.inverted ? "filter & not " : "filter & ");
    else if (app->context == TUI_IN_FIND)
        draw_prompt(app, y, "find / ");
    else if (app->context == TUI_IN_SPEC)
        draw_prompt(app, y, "spec ");
    else if (app->context == TUI_IN_COMMAND)
        draw_prompt(app, y, ":");
    else if (app->context == TUI_IN_COPY)
        tui_copy_draw(app, y);
    else if (is_in_why(app))
        return;
    else if (complaint(document))
        tui_canvas_text(&app->canvas, y, 1, room, TUI_WARNING, complaint(document));
    else if (*document->message && !document->is_error)
        tui_canvas_text(&app->canvas, y, 1, room, TUI_STRONG, document->message);
    else
        draw_remarks(app, y);
}
