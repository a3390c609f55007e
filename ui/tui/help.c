/* The help overlay. */
#include "tui/help.h"

#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/keys.h"

static bool matches(const tui_app *app, const tui_entry *entry)
{
    char word[TUI_LINE_BYTES], keys[TUI_ENTRY_KEYS], name[TUI_ENTRY_NAME];
    tui_line_get(&app->line, word);
    tui_entry_keys(entry, keys);
    tui_entry_name(entry, name);
    return strcasestr(tui_entry_help(entry), word) || strcasestr(keys, word) || strcasestr(name, word) ||
           (entry->binding && entry->binding->label && strcasestr(entry->binding->label, word));
}

static size_t match_count(const tui_app *app)
{
    size_t count = 0;
    tui_entry entry;
    for (size_t i = 0; tui_keys_at(i, &entry); i++)
        count += matches(app, &entry);
    return count;
}

void tui_help_move(tui_app *app, int lines)
{
    size_t count = match_count(app);
    if (lines < 0)
        app->help_at = app->help_at > (size_t)-lines ? app->help_at - (size_t)-lines : 0;
    else
        app->help_at += (size_t)lines;
    if (app->help_at >= count)
        app->help_at = count > 0 ? count - 1 : 0;
}

void tui_help_run(tui_app *app)
{
    size_t at = 0;
    tui_entry entry;
    for (size_t i = 0; tui_keys_at(i, &entry); i++)
        if (matches(app, &entry) && at++ == app->help_at) {
            tui_keys_run(app, &entry);
            return;
        }
}

static void draw_entry(tui_app *app, int y, int x, int width, const tui_entry *entry, size_t at)
{
    const bool selected = at == app->help_at;
    tui_hit_add(app, (tui_rect) { y, x, 1, width }, tui_act_help_at, (int)at, NULL);
    enum { KEYS_WIDTH = 14 };
    char keys[TUI_ENTRY_KEYS];
    tui_entry_keys(entry, keys);
    tui_style style = selected ? TUI_SELECTED : TUI_TEXT;
    if (selected) {
        tui_canvas_clear(&app->canvas, (tui_rect) { y, x, 1, width }, TUI_SELECTED);
        tui_canvas_put(&app->canvas, y, x, 0x25B6, TUI_SELECTED);
    }
    tui_canvas_text(&app->canvas, y, x + 2, KEYS_WIDTH, selected ? style : TUI_KEY, keys);
    tui_canvas_text(&app->canvas, y, x + 3 + KEYS_WIDTH, width - 3 - KEYS_WIDTH, style, tui_entry_help(entry));
}

void tui_help_draw(tui_app *app, tui_rect area)
{
    int cols = area.cols < 100 ? area.cols : 100;
    tui_rect rect = { area.y, area.x + (area.cols - cols) / 2, area.rows, cols };
    tui_canvas_clear(&app->canvas, rect, TUI_TEXT);
    size_t count = match_count(app);
    char note[64];
    snprintf(note, sizeof note, "%zu of %zu", count > 0 ? app->help_at + 1 : 0, count);
    tui_rect inside = tui_canvas_box(&app->canvas, rect, true, "Keys", note);
    tui_hit_cover(app, rect);
    tui_hit_add(app, rect, NULL, 0, tui_act_help_move);
    app->cursor_y = inside.y;
    int used = tui_canvas_text(&app->canvas, inside.y, inside.x + 1, inside.cols - 1, TUI_FADED, "search: ");
    if (app->line.count == 0)
        tui_canvas_text(&app->canvas, inside.y, inside.x + 1 + used, inside.cols - 1 - used, TUI_FADED, "(type a word)");
    app->cursor_x =
        tui_line_draw(&app->line, &app->canvas, inside.y, inside.x + 1 + used, inside.cols - 2 - used, TUI_STRONG);

    int lines = inside.rows - 1;
    size_t first = lines > 0 && app->help_at >= (size_t)lines ? app->help_at - (size_t)lines + 1 : 0, at = 0;
    tui_entry entry;
    for (size_t i = 0; tui_keys_at(i, &entry); i++) {
        if (!matches(app, &entry))
            continue;
        if (at >= first && at < first + (size_t)(lines > 0 ? lines : 0))
            draw_entry(app, inside.y + 1 + (int)(at - first), inside.x, inside.cols, &entry, at);
        at++;
    }
    if (count == 0)
        tui_canvas_text(&app->canvas, inside.y + 2, inside.x + 3, inside.cols - 3, TUI_TEXT, "no key does that");
}
