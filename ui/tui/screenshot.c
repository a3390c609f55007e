/* Writes the screen as text, as text with colours, or as a picture. */
#include "tui/screenshot.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/ramp.h"
#include "tui/terminal.h"

typedef ql_status writer(const ql_cell *cells, int rows, int cols, const char *path, ql_error *error);

static bool is_blank(const ql_cell *cell)
{
    return (cell->codepoint == ' ' || cell->codepoint == 0) && cell->background == tui_theme_background();
}

static bool look_alike(const ql_cell *a, const ql_cell *b)
{
    return a->foreground == b->foreground && a->background == b->background && a->bold == b->bold;
}

/* SGR 38 or 48 and a colour (ITU-T T.416, as terminals write it); nothing for the terminal's own. Returns the length. */
static int put_color(char *out, size_t size, int what, uint32_t color, uint32_t own)
{
    if (color == own)
        return 0;
    return snprintf(out, size, ";%d;2;%u;%u;%u", what, color >> 16 & 255, color >> 8 & 255, color & 255);
}

/* What makes a terminal write like this cell from now on. */
static ql_status write_look(ql_outfile *file, const ql_cell *cell, ql_error *error)
{
    char bytes[64];
    int used = snprintf(bytes, sizeof bytes, "\033[0%s", cell->bold ? ";1" : "");
    used += put_color(bytes + used, sizeof bytes - (size_t)used, 38, cell->foreground, tui_theme_foreground());
    used += put_color(bytes + used, sizeof bytes - (size_t)used, 48, cell->background, tui_theme_background());
    bytes[used++] = 'm';
    return ql_outfile_write(file, bytes, (size_t)used, error);
}

/* A line without spaces at its end. */
static ql_status write_line(ql_outfile *file, const ql_cell *cells, int cols, bool styled, ql_error *error)
{
    const ql_cell plain = { ' ', tui_theme_foreground(), tui_theme_background(), false, false };
    const ql_cell *before = &plain;
    ql_status status = QL_OK;
    while (cols > 0 && is_blank(&cells[cols - 1]))
        cols--;
    for (int x = 0; x < cols && status == QL_OK; x++) {
        char utf8[5];
        if (cells[x].codepoint == 0)
            continue;
        if (styled && !look_alike(before, &cells[x]))
            status = write_look(file, &cells[x], error);
        before = &cells[x];
        if (status == QL_OK)
            status = ql_outfile_write(file, utf8, text_encode(cells[x].codepoint, utf8), error);
    }
    if (status == QL_OK && styled && !look_alike(before, &plain))
        status = ql_outfile_write(file, "\033[0m", 4, error);
    return status == QL_OK ? ql_outfile_write(file, "\n", 1, error) : status;
}

static ql_status write_lines(const ql_cell *cells, int rows, int cols, const char *path, bool styled, ql_error *error)
{
    ql_outfile *file;
    ql_status status = ql_outfile_open(path, &file, error);
    for (int y = 0; y < rows && status == QL_OK; y++)
        status = write_line(file, cells + (size_t)y * (size_t)cols, cols, styled, error);
    if (status == QL_OK)
        return ql_outfile_commit(&file, error);
    ql_outfile_discard(&file);
    return status;
}

static ql_status write_text(const ql_cell *cells, int rows, int cols, const char *path, ql_error *error)
{
    return write_lines(cells, rows, cols, path, false, error);
}

static ql_status write_styled(const ql_cell *cells, int rows, int cols, const char *path, ql_error *error)
{
    return write_lines(cells, rows, cols, path, true, error);
}

static ql_status write_png(const ql_cell *cells, int rows, int cols, const char *path, ql_error *error)
{
    return ql_screen_write_png(cells, (unsigned)rows, (unsigned)cols, path, error);
}

static const struct {
    const char *ending;
    writer *write;
} kinds[] = {
    { ".txt", write_text },
    { ".ans", write_styled },
    { ".png", write_png },
};

static writer *find(const char *path)
{
    const size_t size = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t tail = strlen(kinds[i].ending);
        if (size > tail && strcmp(path + size - tail, kinds[i].ending) == 0)
            return kinds[i].write;
    }
    return NULL;
}

ql_status tui_screenshot_check(const char *path, ql_error *error)
{
    if (find(path))
        return QL_OK;
    snprintf(error->message, sizeof error->message, "--screenshot: the file name must end in .txt, .ans or .png");
    return error->status = QL_BAD_USAGE;
}

ql_status tui_screenshot_write(int rows, int cols, const char *path, ql_error *error)
{
    ql_cell *cells = calloc((size_t)rows * (size_t)cols, sizeof *cells);
    if (!cells) {
        snprintf(error->message, sizeof error->message, "out of memory for a screenshot");
        return error->status = QL_NO_MEMORY;
    }
    tui_terminal_cells(cells);
    const ql_status status = find(path)(cells, rows, cols, path, error);
    free(cells);
    return status;
}
