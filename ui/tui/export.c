/* The export dialog. */
#include "tui/export.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet/table.h"
#include "tui/actions.h"
#include "tui/matmul.h"
#include "tui/said.h"

/* ---- What there is to write ------------------------------------------------------------------------------------- */

/* In the MatMul view it is products that are written, else the tensor. */
static bool of_products(const tui_app *app)
{
    return app->home == TUI_IN_MATMUL;
}

/* The figure of a row, NULL: it is none. */
static const ql_figure_kind *figure_at(const tui_app *app, int row)
{
    const ql_figure_kind *kind;
    for (size_t i = 0; (kind = ql_figure_kind_at(i)) != NULL; i++)
        if ((kind->subject == QL_FIGURE_OF_PRODUCTS) == of_products(app) && row-- == 0)
            return kind;
    return NULL;
}

/* The rows: every kind of figure, the numbers; of a tensor its codes. */
static int row_of_numbers(const tui_app *app)
{
    int row = 0;
    while (figure_at(app, row))
        row++;
    return row;
}

static int row_count(const tui_app *app)
{
    return row_of_numbers(app) + (of_products(app) ? 1 : 2);
}

/* Format `index` of a row, as a name ends in it; NULL at the end. Codes have one, a folder. */
static const char *format_at(const tui_app *app, int row, int index)
{
    static const char *const figures[] = { "png", "svg", "pdf", "jpg", "bmp", "tga" };
    enum { FIGURES = sizeof figures / sizeof figures[0] };
    if (figure_at(app, row))
        return index < FIGURES ? figures[index] : NULL;
    if (row > row_of_numbers(app))
        return NULL;
    const sheet_format *format = sheet_format_at((size_t)index);
    return format ? format->name : NULL;
}

static int format_count(const tui_app *app, int row)
{
    int count = 0;
    while (format_at(app, row, count))
        count++;
    return count;
}

/* What the pane with the focus shows, among the rows. */
static int first_row(const tui_app *app)
{
    static const char *const of_pane[TUI_MATMUL_PANES] = { [TUI_MATMUL_CHANNELS] = "channels",
                                                           [TUI_MATMUL_THRESHOLD] = "threshold",
                                                           [TUI_MATMUL_MAP] = "product-error",
                                                           [TUI_MATMUL_OUTLIERS] = "channels" };
    int row = 0;
    if (!of_products(app))
        return app->document.pins.open ? row_of_numbers(app) : 0;
    while (figure_at(app, row) && (!of_pane[app->pane] || strcmp(figure_at(app, row)->name, of_pane[app->pane]) != 0))
        row++;
    return row;
}

/* ---- Names ------------------------------------------------------------------------------------------------------ */

/* Where the ending of a name begins that says what it is: ".png", "/"; its size when it has none. Then *row and *format are
   what it says; among figures the row stays. */
static size_t find_ending(const tui_app *app, const char *name, int *row, int *format)
{
    const size_t size = strlen(name);
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    if (size > 0 && name[size - 1] == '/' && !of_products(app)) {
        *row = row_count(app) - 1;
        *format = 0;
        return size - 1;
    }
    if (!dot || (slash && slash > dot))
        return size;
    for (int at = 0; at < row_count(app); at++)
        for (int index = 0; format_at(app, at, index); index++)
            if (strcasecmp(format_at(app, at, index), dot + 1) == 0) {
                const bool stays = figure_at(app, at) && figure_at(app, *row);
                *row = stays ? *row : at;
                *format = index;
                return (size_t)(dot - name);
            }
    return size;
}

/* "h.2.mlp.c_fc.weight-absmax-bits-4": a file name without characters that need care. Figures that are not the first kind
 * bear their name, numbers of several columns none of theirs. */
static void propose(const tui_app *app, char *out, size_t size)
{
    const tui_document *document = &app->document;
    const ql_text name = tui_document_tensor(document)->name;
    const int row = app->dialog.row, numbers = row_of_numbers(app);
    const ql_figure_kind *figure = figure_at(app, row);
    char words[QL_SPEC_TEXT + 64];
    size_t used = 0;
    if (of_products(app))
        snprintf(words, sizeof words, "%s", figure ? figure->name : "matmul");
    else if (row == numbers && document->pins.open)
        snprintf(words, sizeof words, "compare");
    else if (row > 0 && figure)
        snprintf(words, sizeof words, "%s-%s", document->spec_text, figure->name);
    else
        snprintf(words, sizeof words, "%s", document->spec_text);
    for (size_t i = 0; i < name.size && used < 60 && used + 1 < size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = isascii(c) && (isalnum(c) || (strchr("._-", c) && used > 0));
        out[used++] = is_plain ? (char)c : '_';
    }
    if (used + 1 < size)
        out[used++] = '-';
    for (const char *c = words; *c && used + 1 < size; c++)
        out[used++] = isalnum((unsigned char)*c) || *c == '.' ? *c : '-';
    out[used] = 0;
}

/* The name in the line, or a proposal if none was typed, with the ending of what is chosen. */
static void set_ending(tui_app *app)
{
    const tui_dialog *dialog = &app->dialog;
    char name[TUI_LINE_BYTES], whole[TUI_LINE_BYTES + 8];
    int row = dialog->row, format;
    tui_line_get(&app->line, name);
    name[find_ending(app, name, &row, &format)] = 0;
    if (!dialog->is_typed)
        propose(app, name, TUI_LINE_LIMIT);
    const char *ending = format_at(app, dialog->row, dialog->format);
    snprintf(whole, sizeof whole, "%s%s%s", name, ending ? "." : "/", ending ? ending : "");
    tui_line_set(&app->line, whole);
}

/* The path of a name that was typed: ~/ is the home folder, a folder has no / behind it. False when it is too long. */
static bool find_path(const char *name, char out[PATH_MAX])
{
    const char *home = getenv("HOME");
    const bool is_below_home = name[0] == '~' && (name[1] == '/' || !name[1]) && home;
    int size = snprintf(out, PATH_MAX, "%s%s", is_below_home ? home : "", is_below_home ? name + 1 : name);
    while (size > 1 && size < PATH_MAX && out[size - 1] == '/')
        out[--size] = 0;
    return size < PATH_MAX;
}

/* ---- The dialog -------------------------------------------------------------------------------------------------- */

static bool can_export(tui_app *app)
{
    const ql_error *problem = &app->document.problem;
    if (problem->status != QL_OK)
        tui_document_say(&app->document, true, "nothing to export: %s", problem->message);
    return problem->status == QL_OK;
}

void tui_export_open(tui_app *app)
{
    if (!can_export(app))
        return;
    app->dialog = (tui_dialog) { 0 };
    tui_export_choose(app, TUI_EXPORT_FORMAT(first_row(app), 0));
    app->context = TUI_IN_EXPORT;
}

void tui_export_write(tui_app *app, const char *name)
{
    if (!can_export(app))
        return;
    app->dialog = (tui_dialog) { .chosen_row = of_products(app) ? first_row(app) : 0 };
    tui_line_set(&app->line, name);
    app->context = TUI_IN_EXPORT;
    tui_export_changed(app);
    tui_export_accept(app);
}

void tui_export_changed(tui_app *app)
{
    char name[TUI_LINE_BYTES];
    tui_line_get(&app->line, name);
    app->dialog.may_replace = false;
    app->dialog.is_typed = true;
    app->dialog.row = app->dialog.chosen_row;
    app->dialog.format = app->dialog.chosen_format;
    find_ending(app, name, &app->dialog.row, &app->dialog.format);
}

void tui_export_choose(tui_app *app, int format)
{
    app->dialog.row = app->dialog.chosen_row = format / TUI_EXPORT_FORMATS;
    app->dialog.format = app->dialog.chosen_format = format % TUI_EXPORT_FORMATS;
    app->dialog.may_replace = false;
    set_ending(app);
}

void tui_export_step(tui_app *app, int rows)
{
    const int row = (app->dialog.row + rows + row_count(app)) % row_count(app);
    const bool stays =
        format_at(app, row, app->dialog.format) && format_count(app, row) == format_count(app, app->dialog.row);
    tui_export_choose(app, TUI_EXPORT_FORMAT(row, stays ? app->dialog.format : 0));
}

void tui_export_step_format(tui_app *app, int formats)
{
    const int row = app->dialog.row, count = format_count(app, row);
    if (count > 0)
        tui_export_choose(app, TUI_EXPORT_FORMAT(row, (app->dialog.format + formats + count) % count));
}

/* The words of the command line that writes the same, but for the path. False when memory is short. */
static bool say_row(tui_said *said, const tui_app *app)
{
    const int row = app->dialog.row, numbers = row_of_numbers(app);
    const ql_figure_kind *figure = figure_at(app, row);
    if (of_products(app))
        return tui_matmul_say(said, app, figure);
    const bool fits = tui_say(said, app);
    if (row != numbers)
        tui_said_one(said, app);
    if (figure) {
        said->words.verb = "plot";
        said->words.kind = figure->name;
        said->words.ascii = false; /* figures are the same, */
        said->words.x = NULL;      /* and have no product */
    } else {
        said->words.verb = said->words.spec_count > 1 ? "compare" : "quant";
    }
    return fits;
}

/* The command line that writes the same to `path`; false when it does not fit. */
static bool print_command(const tui_app *app, const char *path, char *out, size_t size)
{
    const int row = app->dialog.row, numbers = row_of_numbers(app);
    tui_said said;
    bool fits = say_row(&said, app);
    said.words.format = row == numbers ? format_at(app, row, app->dialog.format) : NULL;
    *(row == numbers ? &said.words.into : &said.words.out) = path;
    fits = fits && text_command(out, size, &said.words) < size;
    tui_said_free(&said);
    return fits;
}

/* What products are made of; false when memory is short. A table has times, those on the screen where it has some. */
static bool wish_products(tui_export *wish, const tui_app *app)
{
    tui_said said;
    const bool fits = tui_matmul_say(&said, app, wish->figure);
    for (; fits && wish->method_count < said.words.method_count; wish->method_count++)
        memcpy(wish->methods[wish->method_count], said.methods[wish->method_count], sizeof *wish->methods);
    tui_said_free(&said);
    wish->wish = tui_matmul_wished(app, TUI_LOOK_SPLIT);
    wish->inputs = tui_inputs_retain(app->document.inputs);
    if (app->headless)
        wish->wish.cols = 1;
    else if (!wish->figure)
        wish->results = tui_matmul_results_copy(app);
    return fits;
}

/* All that the worker has to know; NULL when memory is short or the command line too long. */
static tui_export *make_wish(tui_app *app, const char *path)
{
    tui_document *document = &app->document;
    const tui_pins *pins = &document->pins;
    const int row = app->dialog.row, numbers = row_of_numbers(app);
    tui_export *wish = calloc(1, sizeof *wish);
    if (!wish || !print_command(app, path, wish->command, sizeof wish->command)) {
        free(wish);
        return NULL;
    }
    wish->tensor = document->tensor;
    wish->figure = figure_at(app, row);
    wish->format = row == numbers ? sheet_format_at((size_t)app->dialog.format) : NULL;
    wish->may_replace = app->dialog.may_replace;
    wish->spec_count = row == numbers && pins->open && !of_products(app) ? pins->count : 1;
    for (size_t i = 0; i < wish->spec_count; i++) {
        const bool is_pin = wish->spec_count > 1;
        wish->specs[i] = is_pin ? pins->pins[i].spec : document->spec;
        tui_measure *known = tui_document_find(document, is_pin ? pins->pins[i].spec_text : document->spec_text);
        wish->known[i] = tui_measure_retain(known);
        wish->products[i] = known && known->inputs == document->inputs ? known->product : NAN;
    }
    if (of_products(app) && !wish_products(wish, app)) {
        tui_export_free(&wish);
        return NULL;
    }
    if (!of_products(app) && row >= numbers && tui_tells_product(app))
        wish->inputs = tui_inputs_retain(document->inputs);
    ql_text_print(wish->tensor_name, sizeof wish->tensor_name, tui_document_tensor(document)->name, TUI_EXPORT_CELLS);
    ql_text_print(wish->file_name, sizeof wish->file_name, ql_text_from(ql_model_path(app->model)), TUI_EXPORT_CELLS);
    snprintf(wish->path, sizeof wish->path, "%s", path);
    return wish;
}

bool tui_export_command(const tui_app *app, char *out, size_t size)
{
    char name[TUI_LINE_BYTES], path[PATH_MAX];
    tui_line_get(&app->line, name);
    return find_path(name, path) && print_command(app, path, out, size);
}

void tui_export_accept(tui_app *app)
{
    char name[TUI_LINE_BYTES], path[PATH_MAX];
    tui_line_get(&app->line, name);
    if (app->document.exporting)
        return;
    if (!*name) {
        tui_document_say(&app->document, true, "a file name is missing");
        return;
    }
    if (of_products(app) && name[strlen(name) - 1] == '/') {
        tui_document_say(&app->document, true, "products have no codes: name a file, not a folder");
        return;
    }
    tui_export *wish = find_path(name, path) ? make_wish(app, path) : NULL;
    if (!wish) {
        tui_document_say(&app->document, true, "that name is too long");
        return;
    }
    tui_document_export(&app->document, wish);
    app->dialog.waits = true;
}

void tui_export_follow(tui_app *app)
{
    if (!app->dialog.waits || app->document.exporting)
        return;
    app->dialog.waits = false;
    app->dialog.may_replace = app->document.unwritten && app->document.exists;
    if (app->context == TUI_IN_EXPORT && !app->document.unwritten)
        app->context = app->home;
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

/* What a row is, in a few words. */
static void print_row(const tui_app *app, int row, char *out, size_t size)
{
    const tui_pins *pins = &app->document.pins;
    const ql_figure_kind *figure = figure_at(app, row);
    if (figure)
        snprintf(out, size, "figure %s", figure->name);
    else if (row > row_of_numbers(app))
        snprintf(out, size, "codes, folder of .npy");
    else if (of_products(app))
        snprintf(out, size, "table of %d methods", TUI_RESULTS);
    else if (pins->open)
        snprintf(out, size, "numbers of %zu columns", pins->count);
    else
        snprintf(out, size, "numbers");
}

static void draw_row(tui_app *app, int y, int x, int width, int row)
{
    enum { NAME_COLS = 24 };
    tui_canvas *canvas = &app->canvas;
    const bool is_chosen = row == app->dialog.row;
    char text[80];
    print_row(app, row, text, sizeof text);
    tui_hit_add(app, (tui_rect) { y, x, 1, width }, tui_export_choose, TUI_EXPORT_FORMAT(row, 0), NULL);
    if (is_chosen)
        tui_canvas_put(canvas, y, x, 0x25B6, TUI_KEY);
    tui_canvas_text(canvas, y, x + 2, width - 2, is_chosen ? TUI_STRONG : TUI_TEXT, text);
    x += NAME_COLS;
    const char *format;
    for (int i = 0; (format = format_at(app, row, i)) != NULL; i++) {
        const bool is_in_use = is_chosen && i == app->dialog.format;
        const int used =
            tui_canvas_format(canvas, y, x, width, is_in_use ? TUI_KEY : TUI_FADED, is_in_use ? "[%s]" : " %s ", format);
        tui_hit_add(app, (tui_rect) { y, x, 1, used }, tui_export_choose, TUI_EXPORT_FORMAT(row, i), NULL);
        x += used;
    }
}

/* How many lines a text has, as far as it has any. */
static int count_lines(const char *text)
{
    int count = *text != 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* The lines of the command, below a few words where there is room. */
static void draw_command(tui_app *app, tui_rect rect, char *lines)
{
    int y = rect.y;
    if (rect.rows > count_lines(lines))
        tui_canvas_text(&app->canvas, y++, rect.x, rect.cols, TUI_FADED, "the same from a shell, ^Y copies it:");
    for (const char *line; y < rect.y + rect.rows && (line = strsep(&lines, "\n")) != NULL;)
        tui_canvas_text(&app->canvas, y++, rect.x, rect.cols, TUI_TEXT, line);
}

void tui_export_draw(tui_app *app, tui_rect area)
{
    enum { MOST_COLS = 100, FRAME = 2, SPACED = 4 }; /* lines: name, words, and two empty ones */
    tui_canvas *canvas = &app->canvas;
    const int cols = area.cols < MOST_COLS ? area.cols : MOST_COLS;
    char note[64] = "", command[8192], lines[9216] = "";
    if (!tui_export_command(app, command, sizeof command) ||
        text_command_wrap(lines, sizeof lines, command, (size_t)(cols - 4)) >= sizeof lines)
        snprintf(lines, sizeof lines, "(too long to show)");
    const int wanted = FRAME + row_count(app) + SPACED + count_lines(lines), rows = area.rows < wanted ? area.rows : wanted;
    const bool is_spaced = rows == wanted;
    if (app->document.pins.open && !of_products(app))
        snprintf(note, sizeof note, "figure and codes: of column %c", (char)('A' + app->document.pins.at));
    const tui_rect rect = { area.y + (area.rows - rows) / 2, area.x + (area.cols - cols) / 2, rows, cols };
    tui_canvas_clear(canvas, rect, TUI_TEXT);
    const tui_rect in = tui_canvas_box(canvas, rect, true, "Export", *note ? note : NULL);
    tui_hit_cover(app, rect);
    tui_hit_add(app, rect, NULL, 0, tui_export_step);
    int y = in.y;
    for (int row = 0; row < row_count(app) && y < in.y + in.rows; row++)
        draw_row(app, y++, in.x + 1, in.cols - 2, row);
    y += is_spaced;
    const int used = tui_canvas_text(canvas, y, in.x + 1, in.cols - 2, TUI_FADED, "name  ");
    app->cursor_y = y;
    app->cursor_x = tui_line_draw(&app->line, canvas, y++, in.x + 1 + used, in.cols - 2 - used, TUI_STRONG);
    y += is_spaced;
    draw_command(app, (tui_rect) { y, in.x + 1, in.y + in.rows - y, in.cols - 2 }, lines);
}
