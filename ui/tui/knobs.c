/*
 * The list of knobs, beside the view:
 *
 *     mapping    zeropoint
 *   ▶ bits     ◂ 4 ▸
 *     per        row
 *
 *   bits: bits of a code          what the selected knob is,
 *   2..8 [8]                      what it can be,
 *   d = (max - min) / (2^b - 1)   and of the mapping, as far as there is room: its formula, its levels here, its storage,
 * its source
 */
#include "tui/knobs.h"

#include <stdio.h>
#include <string.h>

#include "text/formula.h"
#include "tui/actions.h"
#include "tui/panes.h"

enum { NAME_COLS = 13, LEAST_TEXT = 4, ROOMY_COLS = 100 };

int tui_knobs_cols(int cols)
{
    int wide = cols * 37 / 100, narrow = cols / 2;
    return cols < ROOMY_COLS ? narrow : wide > 56 ? 56 : wide;
}

/* The knobs of the spec in display order, to out[]; returns how many. */
static size_t list_knobs(const ql_spec *spec, int out[QL_KEY_COUNT + 1])
{
    size_t count = 0;
    out[count++] = TUI_KNOB_SCHEME;
    for (int key = 0; key < QL_KEY_COUNT; key++)
        if (ql_spec_takes(spec, (ql_key)key))
            out[count++] = key;
    return count;
}

/* The line of the selected knob; the mapping stands in for one that the spec does not take now. */
static size_t position(const tui_app *app, const int *knobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (knobs[i] == app->knob)
            return i;
    return 0;
}

void tui_knobs_move(tui_app *app, int lines)
{
    int knobs[QL_KEY_COUNT + 1];
    size_t count = list_knobs(&app->document.spec, knobs), at = position(app, knobs, count);
    if (lines < 0)
        at = at > (size_t)-lines ? at - (size_t)-lines : 0;
    else
        at = at + (size_t)lines < count ? at + (size_t)lines : count - 1;
    app->knob = knobs[at];
}

int tui_knobs_selected(const tui_app *app)
{
    int knobs[QL_KEY_COUNT + 1];
    size_t count = list_knobs(&app->document.spec, knobs);
    return knobs[position(app, knobs, count)];
}

static const char *name_of(int knob)
{
    return knob == TUI_KNOB_SCHEME ? "mapping" : ql_key_describe((ql_key)knob)->name;
}

static void print_value(const ql_spec *spec, int knob, char out[QL_FILE_TEXT])
{
    if (knob == TUI_KNOB_SCHEME)
        snprintf(out, QL_FILE_TEXT, "%s", ql_mapping_describe(spec->mapping)->name);
    else if (knob == QL_KEY_FILE)
        snprintf(out, QL_FILE_TEXT, "%s", spec->file);
    else
        ql_spec_value(spec, (ql_key)knob, out);
}

void tui_knobs_offer(tui_app *app)
{
    char value[QL_FILE_TEXT];
    print_value(&app->document.spec, tui_knobs_selected(app), value);
    tui_line_offer(&app->line, value);
}

static void draw_knob(tui_app *app, tui_rect line, int knob, bool selected)
{
    tui_canvas *canvas = &app->canvas;
    char value[QL_FILE_TEXT], shown[4 * QL_FILE_TEXT];
    const int x = line.x + 2 + NAME_COLS, room = line.x + line.cols - x;
    const bool typing = selected && app->context == TUI_IN_VALUE;
    const tui_style style = selected && !typing ? TUI_SELECTED : TUI_TEXT;
    tui_hit_add(app, line, tui_act_knob_at, knob, NULL);
    print_value(&app->document.spec, knob, value);
    ql_text_print(shown, sizeof shown, ql_text_from(*value ? value : "(none yet)"), 0);
    if (style == TUI_SELECTED)
        tui_canvas_clear(canvas, line, TUI_SELECTED);
    if (selected)
        tui_canvas_put(canvas, line.y, line.x, 0x25B6, style);
    tui_canvas_text(canvas, line.y, line.x + 2, NAME_COLS - 1, selected ? style : TUI_KEY, name_of(knob));
    if (typing) {
        app->cursor_y = line.y;
        app->cursor_x = tui_line_draw(&app->line, canvas, line.y, x, room, TUI_STRONG);
        return;
    }
    int used = tui_canvas_middle(canvas, line.y, x, room - 3, style, shown);
    if (selected && knob != QL_KEY_FILE) {
        tui_canvas_put(canvas, line.y, x - 2, 0x25C2, style);
        tui_canvas_put(canvas, line.y, x + used + 1, 0x25B8, style);
        tui_hit_add(app, (tui_rect) { line.y, x - 3, 1, 3 }, tui_act_knob_turn, -1, NULL);
        tui_hit_add(app, (tui_rect) { line.y, x + used, 1, 3 }, tui_act_knob_turn, 1, NULL);
    }
}

/* A paragraph at the top of `rest`, which shrinks by it and a gap. */
static void draw_text(tui_canvas *canvas, tui_rect *rest, int gap, tui_style style, const char *text)
{
    if (rest->rows < 1 || !*text)
        return;
    int used = tui_canvas_wrap(canvas, *rest, style, text) + gap;
    rest->y += used;
    rest->rows -= used;
}

/* The steps of a formula, one a line. */
static void draw_formula(tui_canvas *canvas, tui_rect *rest, const char *formula)
{
    static const char between[] = "   ";
    for (const char *next = formula; next;) {
        const char *end = strstr(next, between);
        char step[256];
        snprintf(step, sizeof step, "%.*s", end ? (int)(end - next) : (int)strlen(next), next);
        next = end ? end + strlen(between) : NULL;
        draw_text(canvas, rest, next ? 0 : 1, TUI_STRONG, step);
    }
}

static void draw_levels(const tui_app *app, tui_canvas *canvas, tui_rect *rest)
{
    enum { MOST_LEVELS = 32 };
    const tui_facts facts = tui_facts_of(app);
    if (!facts.report || facts.is_old || facts.is_sampled || facts.report->levels > MOST_LEVELS)
        return;
    char levels[640], group[96], text[800];
    text_levels(levels, sizeof levels, facts.report, MOST_LEVELS);
    text_widest(group, sizeof group, facts.report, tui_document_tensor(&app->document));
    snprintf(text, sizeof text, "levels%s%s: %s", *group ? " of " : "", group, levels);
    draw_text(canvas, rest, 1, TUI_QUANTIZED, *levels ? text : "");
}

static void print_help(const ql_spec *spec, int knob, char *help, size_t help_size, char *values, size_t values_size)
{
    size_t used = 0;
    if (knob != TUI_KNOB_SCHEME) {
        char allowed[160];
        const ql_key_info *info = ql_key_describe((ql_key)knob);
        snprintf(help, help_size, "%s: %s", info->title, info->help);
        ql_mapping_key_values(spec->mapping, (ql_key)knob, allowed);
        snprintf(values, values_size, "%s", allowed);
        return;
    }
    snprintf(help, help_size, "%s", ql_mapping_describe(spec->mapping)->title);
    for (size_t i = 0; i < ql_mapping_count() && used < values_size; i++)
        used += (size_t)snprintf(values + used, values_size - used, "%s%s", i ? " " : "",
                                 ql_mapping_describe(ql_mapping_at(i))->name);
}

static void draw_texts(tui_app *app, tui_rect rest, int knob)
{
    tui_canvas *canvas = &app->canvas;
    const ql_spec *spec = &app->document.spec;
    const ql_mapping_info *info = ql_mapping_describe(spec->mapping);
    char help[512], values[512], text[512];
    print_help(spec, knob, help, sizeof help, values, sizeof values);
    draw_text(canvas, &rest, 0, TUI_TEXT, help);
    draw_text(canvas, &rest, 1, TUI_FADED, values);
    draw_formula(canvas, &rest, info->formula);
    draw_levels(app, canvas, &rest);
    snprintf(text, sizeof text, "bits per weight: %s", info->storage);
    draw_text(canvas, &rest, 0, TUI_FADED, text);
    draw_text(canvas, &rest, 0, TUI_FADED, info->source);
}

void tui_knobs_draw(tui_app *app, tui_rect rect)
{
    int knobs[QL_KEY_COUNT + 1];
    const size_t count = list_knobs(&app->document.spec, knobs), at = position(app, knobs, count);
    char note[64];
    snprintf(note, sizeof note, "%zu of %zu", at + 1, count);
    tui_rect in = tui_canvas_box(&app->canvas, rect, true, "Knobs", note);
    tui_hit_add(app, rect, NULL, 0, tui_act_knob_move);
    int lines = (int)count < in.rows - LEAST_TEXT ? (int)count : in.rows - LEAST_TEXT;
    lines = lines < 1 ? 1 : lines;
    const size_t first = at >= (size_t)lines ? at - (size_t)lines + 1 : 0;
    for (int line = 0; line < lines && first + (size_t)line < count; line++)
        draw_knob(app, (tui_rect) { in.y + line, in.x, 1, in.cols }, knobs[first + (size_t)line],
                  first + (size_t)line == at);
    draw_texts(app, (tui_rect) { in.y + lines + 1, in.x + 1, in.rows - lines - 1, in.cols - 2 }, knobs[at]);
}
