/* The export dialog. */
#include "tui/export.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "h.2.mlp.c_fc.weight-absmax-bits-4.png": a file name without characters that need care. */
static void propose(const tui_document *document, char *out, size_t size)
{
    ql_text name = tui_document_tensor(document)->name;
    size_t used = 0;
    for (size_t i = 0; i < name.size && used < 60 && used + 1 < size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = isascii(c) && (isalnum(c) || (strchr("._-", c) && used > 0));
        out[used++] = is_plain ? (char)c : '_';
    }
    if (used + 1 < size)
        out[used++] = '-';
    for (const char *c = document->spec_text; *c && used + 5 < size; c++)
        out[used++] = isalnum((unsigned char)*c) || *c == '.' ? *c : '-';
    snprintf(out + used, size - used, ".png");
}

static bool can_export(tui_app *app)
{
    const ql_error *problem = &app->document.problem;
    if (problem->status != QL_OK)
        tui_document_say(&app->document, true, "nothing to export: %s", problem->message);
    return problem->status == QL_OK;
}

void tui_export_open(tui_app *app)
{
    char name[256];
    if (!can_export(app))
        return;
    propose(&app->document, name, sizeof name);
    tui_line_set(&app->line, name);
    app->context = TUI_IN_EXPORT;
}

bool tui_export_words(const tui_app *app, text_plot *out, char **tensor)
{
    const ql_text name = tui_document_tensor(&app->document)->name;
    *tensor = strndup(name.data, name.size);
    *out = (text_plot) {
        .file = ql_model_path(app->model),
        .tensor = *tensor,
        .spec = app->document.spec_text,
        .raw = app->raw,
        .layout = app->layout == QL_LAYOUT_AUTO ? NULL : ql_layout_name(app->layout),
    };
    return *tensor != NULL;
}

/* The command line for `path`; false when it does not fit. */
static bool write_command(const tui_app *app, const char *path, char *out, size_t size)
{
    text_plot plot;
    char *tensor;
    size_t needed = size;
    if (tui_export_words(app, &plot, &tensor)) {
        plot.kind = ql_figure_kind_at(0)->name;
        plot.out = path;
        needed = text_plot_command(out, size, &plot);
    }
    free(tensor);
    return needed < size;
}

void tui_export_write(tui_app *app, const char *path)
{
    char command[2048];
    if (!can_export(app))
        return;
    if (!*path) {
        tui_document_say(&app->document, true, "a figure needs a file name");
        return;
    }
    if (strlen(path) >= sizeof((tui_export *)0)->path || !write_command(app, path, command, sizeof command)) {
        tui_document_say(&app->document, true, "that name is too long");
        return;
    }
    tui_document_export(&app->document, path, command);
}

void tui_export_draw(tui_app *app, tui_rect area)
{
    int rows = area.rows < 11 ? area.rows : 11, cols = area.cols < 96 ? area.cols : 96;
    tui_rect rect = { area.y + (area.rows - rows) / 2, area.x + (area.cols - cols) / 2, rows, cols };
    tui_canvas *canvas = &app->canvas;
    tui_canvas_clear(canvas, rect, TUI_TEXT);
    tui_rect in = tui_canvas_box(canvas, rect, true, "Export a figure", "png svg pdf jpg bmp tga");
    tui_hit_cover(app, rect);
    app->cursor_y = in.y + 1;
    int used = tui_canvas_text(canvas, in.y + 1, in.x + 1, in.cols - 2, TUI_FADED, "file  ");
    app->cursor_x = tui_line_draw(&app->line, canvas, in.y + 1, in.x + 1 + used, in.cols - 2 - used, TUI_STRONG);

    char path[TUI_LINE_BYTES], command[2048];
    tui_line_get(&app->line, path);
    if (!write_command(app, path, command, sizeof command))
        snprintf(command, sizeof command, "(too long to show)");
    tui_canvas_text(canvas, in.y + 3, in.x + 1, in.cols - 2, TUI_FADED, "the same from a shell:");
    tui_canvas_wrap(canvas, (tui_rect) { in.y + 4, in.x + 1, in.rows - 6, in.cols - 2 }, TUI_TEXT, command);
    if (*path && access(path, F_OK) == 0)
        tui_canvas_text(canvas, in.y + 2, in.x + 1 + used, in.cols - 2 - used, TUI_WARNING, "exists: will be replaced");
    tui_canvas_text(canvas, in.y + in.rows - 1, in.x + 1, in.cols - 2, TUI_FADED,
                    "Enter writes it, Esc does not; the ending chooses the format");
}
