/* The table of keys. */
#include "tui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"

/* clang-format off */
static const tui_binding bindings[] = {
    /* where         keys                                     action               argument                        footer         rank help */
    { TUI_WATCHING,{ '?', TUI_KEY_F1 },                       tui_act_help,        0,                              "? help",        1, "all keys; type to search, Enter does what the line says" },
    { TUI_WATCHING,{ 's' },                                   tui_act_turn,        TUI_NEXT(TUI_KNOB_SCHEME),      "s scheme",      3, "next scheme" },
    { TUI_WATCHING,{ 'S' },                                   tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_SCHEME), "S previous scheme", 0, "previous scheme" },
    { TUI_WATCHING,{ 'g' },                                   tui_act_turn,        TUI_NEXT(QL_KEY_PER),           "g groups",      4, "next granularity: what shares one scale" },
    { TUI_WATCHING,{ 'G' },                                   tui_act_turn,        TUI_PREVIOUS(QL_KEY_PER), "G previous granularity", 0, "previous granularity" },
    { TUI_WATCHING,{ 'b' },                                   tui_act_turn,        TUI_NEXT(TUI_KNOB_FEWER),       "b bits",        5, "one bit fewer; from the fewest back to the most" },
    { TUI_WATCHING,{ 'B' },                                   tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_FEWER),   "B more bits",   0, "one bit more; from the most back to the fewest" },
    { TUI_WATCHING,{ 'c' },                                   tui_act_turn,        TUI_NEXT(QL_KEY_CLIP),          "c clip",        6, "next clipping: how the range is chosen" },
    { TUI_WATCHING,{ 'C' },                                   tui_act_turn,        TUI_PREVIOUS(QL_KEY_CLIP), "C previous clip", 0, "previous clipping" },
    { TUI_IN_VIEW | TUI_IN_KNOBS, { 'e' },                    tui_act_knobs,       0,                              "e knobs",       7, "all knobs of this scheme, to turn or to type; and back" },
    { TUI_WATCHING,{ 'E' },                                   tui_act_spec_type,   0,                              "E type spec",  17, "type a whole spec, such as zeropoint:per=row" },
    { TUI_IN_VIEW, { 'p' },                                   tui_act_pin,         0,                              "p pin",         7, "pin this spec as a column of Compare (2) and go on in a copy" },
    { TUI_IN_COMPARE, { 'a' },                                tui_act_column_add,  0,                              "a add",         3, "in Compare: add a column, a copy to change" },
    { TUI_IN_COMPARE, { 'd' },                                tui_act_column_drop, 0,                              "d drop",        3, "in Compare: drop the column" },
    { TUI_IN_COMPARE, { 'e' },                                tui_act_spec_type,   0,                              "e edit",        3, "in Compare: type the spec of the column" },
    { TUI_IN_COMPARE, { 'p' },                                tui_act_baseline,    0,                              "p baseline",    3, "in Compare: measure the others against this column" },
    { TUI_IN_COMPARE, { 'l', TUI_KEY_RIGHT },                 tui_act_column_move, 1,                              "h/l column",    3, "in Compare: next column" },
    { TUI_IN_COMPARE, { 'h', TUI_KEY_LEFT },                  tui_act_column_move, -1,                             NULL,            0, "in Compare: the column before" },
    { TUI_IN_COMPARE, { TUI_KEY_HOME },                       tui_act_column_end,  -1,                             NULL,            0, "in Compare: first column" },
    { TUI_IN_COMPARE, { TUI_KEY_END },                        tui_act_column_end,  1,                              NULL,            0, "in Compare: last column" },
    { TUI_IN_COMPARE, { 'n' },                                tui_act_weight,      1,                              "n/N weight",   19, "in Compare: the next weight of the block, its arithmetic step by step" },
    { TUI_IN_COMPARE, { 'N' },                                tui_act_weight,      -1,                             NULL,            0, "in Compare: the weight before" },
    { TUI_IN_COMPARE, { ']' },                                tui_act_choose,      1,                              "[ ] choose",   20, "in Compare: next block of weights, or next spec of the plot, where the focus is" },
    { TUI_IN_COMPARE, { '[' },                                tui_act_choose,      -1,                             NULL,            0, "in Compare: the block or spec before" },
    { TUI_IN_COMPARE, { TUI_KEY_ENTER },                      tui_act_take,        0,                              NULL,            0, "in Compare: add the spec that is chosen in the plot as a column" },
    { TUI_IN_COMPARE, { TUI_KEY_ESC },                        tui_act_first_view,  0,                              "Esc back",      8, "in Compare: back to Explore, with the spec of the column" },
    { TUI_IN_VIEWS, { '+', '=' },                             tui_act_turn,        TUI_NEXT(TUI_KNOB_FINE),        "+- fine",      11, "a little more of what is active: percentile, range by hand, or block size" },
    { TUI_IN_VIEWS, { '-' },                                  tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_FINE), "- less fine", 0, "a little less of it" },
    { TUI_IN_VIEW, { TUI_KEY_ENTER },                         tui_act_enter,       0,                              "Enter try it", 12, "try the remedy of the why-line; on a group of the list: fold or unfold it" },
    { TUI_WATCHING,{ 'u' },                                   tui_act_undo,        -1,                             "u undo",       10, "undo the last change of the spec" },
    { TUI_WATCHING,{ TUI_CONTROL('r') },                      tui_act_undo,        1,                              "^R redo",       0, "redo it" },
    { TUI_WATCHING,{ 'J' },                                   tui_act_move,        1,                              "J/K tensor",    9, "next tensor" },
    { TUI_WATCHING,{ 'K' },                                   tui_act_move,        -1,                             NULL,            0, "previous tensor" },
    { TUI_IN_VIEW, { 'j', TUI_KEY_DOWN },                     tui_act_row,         1, "j down", 0, "down the list of tensors" },
    { TUI_IN_VIEW, { 'k', TUI_KEY_UP },                       tui_act_row,         -1, "k up", 0, "up the list" },
    { TUI_IN_COMPARE, { 'j', TUI_KEY_DOWN },                  tui_act_move,        1,                              NULL,            0, "in Compare: next tensor" },
    { TUI_IN_COMPARE, { 'k', TUI_KEY_UP },                    tui_act_move,        -1,                             NULL,            0, "in Compare: the tensor before" },
    { TUI_IN_VIEW, { TUI_KEY_PAGE_DOWN, TUI_CONTROL('f') },   tui_act_page,        1, "PgDn page down", 0, "a page down the list" },
    { TUI_IN_VIEW, { TUI_KEY_PAGE_UP, TUI_CONTROL('b') },     tui_act_page,        -1, "PgUp page up", 0, "a page up the list" },
    { TUI_IN_VIEW, { TUI_KEY_HOME },                          tui_act_end,         -1, "Home first", 0, "first tensor of the list" },
    { TUI_IN_VIEW, { TUI_KEY_END },                           tui_act_end,         1, "End last", 0, "last tensor of the list" },
    { TUI_IN_VIEW, { '&' },                                   tui_act_filter,      0,                              "& filter",     14, "filter the list: part of a name, a pattern with * ? [a-z], dtype:F16" },
    { TUI_IN_VIEW, { '!' },                                   tui_act_invert,      0, "! invert", 0, "invert the filter: what it hides is shown, and the other way round" },
    { TUI_IN_VIEW, { 't' },                                   tui_act_shape,       1,                              "t tree",       21, "the list as a tree of names, with repeated layers together, one by one" },
    { TUI_IN_VIEW, { 'T' },                                   tui_act_shape,       -1, "T tree back", 0, "the same, the other way round" },
    { TUI_IN_VIEW, { ' ' },                                   tui_act_fold,        0, "Space fold", 0, "in a tree: fold or unfold the group" },
    { TUI_IN_VIEW, { 'f' },                                   tui_act_fold_all,    0, "f fold all", 0, "in a tree: fold all, or unfold all" },
    { TUI_WATCHING,{ 'o' },                                   tui_act_sort,        1,                              "o sort",       19, "sort the list by the next number: SQNR, size, kurtosis, any metric, ..." },
    { TUI_WATCHING,{ 'O' },                                   tui_act_sort,        -1, "O sort back", 0, "sort the list by the number before" },
    { TUI_WATCHING,{ 'I' },                                   tui_act_sort_back,   0, "I reverse", 0, "the list in reverse order" },
    { TUI_IN_VIEW, { '/' },                                   tui_act_find,        0,                              "/ find",       15, "find a tensor by part of its name" },
    { TUI_IN_VIEW, { 'n' },                                   tui_act_find_again,  1,                              "n find next",   0, "find the next one" },
    { TUI_IN_VIEW, { 'N' },                                   tui_act_find_again,  -1,                             "N find previous", 0, "find the one before" },
    { TUI_WATCHING,{ TUI_KEY_TAB },                           tui_act_pane,        1,                              "Tab pane",     13, "next pane" },
    { TUI_WATCHING,{ TUI_KEY_BACK_TAB },                      tui_act_pane,        -1, "S-Tab previous pane", 0, "previous pane" },
    { TUI_IN_VIEW, { 'l', TUI_KEY_RIGHT },                    tui_act_side,        1,                              NULL,            0, "to the next pane; in a tree: unfold" },
    { TUI_IN_VIEW, { 'h', TUI_KEY_LEFT },                     tui_act_side,        -1,                             NULL,            0, "to the previous pane; in a tree: fold, then out" },
    { TUI_WATCHING,{ 'z' },                                   tui_act_zoom,        0,                              "z zoom",       18, "the pane with the focus alone, and back" },
    { TUI_IN_VIEW, { 'v' },                                   tui_act_sub,         1,                              "v view",       21, "what the pane with the focus shows: of the error a histogram, rows, codes, a map" },
    { TUI_IN_VIEW, { 'V' },                                   tui_act_sub,         -1, "V view back", 0, "the same, the other way round" },
    { TUI_WATCHING,{ 'L' },                                   tui_act_axis,        0,                              "L log",        16, "counts on a logarithmic or linear axis" },
    { TUI_WATCHING,{ 'w' },                                   tui_act_export,      0,                              "w export",      8, "write a figure of this tensor and spec (png svg pdf jpg bmp tga)" },
    { TUI_WATCHING,{ 'm' },                                   tui_act_scan,        0,                              "m measure all",20, "measure all tensors of the list, under each spec from now on; ^C ends it" },
    { TUI_WATCHING,{ 'r' },                                   tui_act_measure,     0, "r measure", 0, "measure again, after ^C" },
    { TUI_WATCHING,{ 'y' },                                   tui_act_copy,        0,                              "y copy",       20, "copy the command line that prints these numbers" },
    { TUI_WATCHING,{ 'Y' },                                   tui_act_copy_row,    0,                              "Y copy row",    0, "copy name, spec, SQNR and bits per weight, with tabs between them" },
    { TUI_WATCHING,{ ':' },                                   tui_act_command,     0,                              ": command",    19, "command line: any key by its name, such as :zoom, and more; Tab completes" },
    { TUI_WATCHING,{ 'q' },                                   tui_act_quit,        0,                              "q quit",        2, "quit" },

    { TUI_IN_KNOBS, { 'j', TUI_KEY_DOWN },                    tui_act_knob_move,   1,                              "j/k knob",      1, "in the knobs: next one" },
    { TUI_IN_KNOBS, { 'k', TUI_KEY_UP },                      tui_act_knob_move,   -1,                             NULL,            0, "in the knobs: the one before" },
    { TUI_IN_KNOBS, { 'l', TUI_KEY_RIGHT, '+' },              tui_act_knob_turn,   1,                              "h/l turn",      1, "in the knobs: more, or the next choice" },
    { TUI_IN_KNOBS, { 'h', TUI_KEY_LEFT, '-' },               tui_act_knob_turn,   -1,                             NULL,            0, "in the knobs: less, or the choice before" },
    { TUI_IN_KNOBS, { TUI_KEY_ENTER },                        tui_act_knob_type,   0,                              "Enter type it", 1, "in the knobs: type the value" },
    { TUI_IN_KNOBS, { TUI_KEY_ESC },                          tui_act_knobs,       0,                              "Esc back",      2, "in the knobs: back, keeping what was changed" },
    { TUI_TYPING,  { TUI_KEY_ENTER },                         tui_act_accept,      0,                              "Enter do it",   1, "while typing: accept" },
    { TUI_TYPING,  { TUI_KEY_ESC },                           tui_act_back,        0,                              "Esc back",      2, "while typing: back, and all is as it was" },
    { TUI_IN_VIEW, { TUI_KEY_ESC },                           tui_act_back,        0,                              "Esc show all",  0, "back: show all tensors again" },
    { TUI_IN_HELP, { TUI_KEY_DOWN, TUI_KEY_TAB },             tui_act_help_move,   1,                              "Down/Up",       3, "in the help: next line" },
    { TUI_IN_HELP, { TUI_KEY_UP, TUI_KEY_BACK_TAB },          tui_act_help_move,   -1,                             NULL,            0, "in the help: previous line" },
    { TUI_IN_HELP, { TUI_KEY_PAGE_DOWN },                     tui_act_help_move,   10,                             NULL,            0, "in the help: ten lines down" },
    { TUI_IN_HELP, { TUI_KEY_PAGE_UP },                       tui_act_help_move,   -10,                            NULL,            0, "in the help: ten lines up" },
    { TUI_IN_COMMAND, { TUI_KEY_TAB },                        tui_act_complete,    1,                              "Tab complete",  3, "in the command line: complete the word, then the next way to" },
    { TUI_IN_COMMAND, { TUI_KEY_BACK_TAB },                   tui_act_complete,    -1,                             NULL,            0, "in the command line: the way before" },
    { TUI_IN_COMMAND, { TUI_KEY_UP },                         tui_act_recall,      -1,                             "Up before",     4, "in the command line: what was typed before" },
    { TUI_IN_COMMAND, { TUI_KEY_DOWN },                       tui_act_recall,      1,                              NULL,            0, "in the command line: what was typed after that" },
    { TUI_ANYWHERE, { TUI_CONTROL('c') },                     tui_act_stop,        0,                              "^C stop",       0, "stop what is being computed; never quits" },
    { TUI_ANYWHERE, { TUI_CONTROL('z') },                     tui_act_suspend,     0,                              "^Z suspend",    0, "back to the shell; fg returns" },
    { TUI_ANYWHERE, { TUI_CONTROL('l') },                     tui_act_redraw,      0,                              "^L redraw",     0, "draw the screen anew" },
};
/* clang-format on */
enum { BINDING_COUNT = sizeof bindings / sizeof bindings[0] };

bool tui_keys_at(size_t index, tui_entry *out)
{
    size_t views = 0, commands = 0;
    while (tui_view_at(views))
        views++;
    while (tui_command_at(commands))
        commands++;
    *out = (tui_entry) { 0 };
    if (index < BINDING_COUNT)
        out->binding = &bindings[index];
    else if ((index -= BINDING_COUNT) < views)
        out->view = tui_view_at(index);
    else if ((index -= views) < commands)
        out->command = tui_command_at(index);
    else
        out->setting = tui_setting_at(index - commands);
    return out->binding || out->view || out->command || out->setting;
}

void tui_entry_keys(const tui_entry *entry, char out[TUI_ENTRY_KEYS])
{
    const tui_key view_keys[3] = { entry->view ? entry->view->key : 0 };
    const tui_key *keys = entry->binding ? entry->binding->keys : view_keys;
    size_t used = 0;
    out[0] = 0;
    if (entry->command)
        snprintf(out, TUI_ENTRY_KEYS, ":%s", entry->command->name);
    if (entry->setting)
        snprintf(out, TUI_ENTRY_KEYS, ":set %s=", entry->setting->name);
    for (int i = 0; i < 3 && keys[i]; i++) {
        char name[TUI_KEY_TEXT];
        tui_key_spell(keys[i], name);
        used += (size_t)snprintf(out + used, TUI_ENTRY_KEYS - used, "%s%s", i ? " " : "", name);
    }
}

const char *tui_entry_help(const tui_entry *entry)
{
    return entry->binding   ? entry->binding->help
           : entry->view    ? entry->view->help
           : entry->command ? entry->command->help
                            : entry->setting->help;
}

void tui_entry_name(const tui_entry *entry, char out[TUI_ENTRY_NAME])
{
    const tui_binding *binding = entry->binding;
    const char *name = binding          ? binding->label
                       : entry->view    ? entry->view->name
                       : entry->command ? entry->command->name
                                        : NULL;
    if (!name || (binding && !(binding->contexts & TUI_IN_VIEW)))
        name = "";
    else if (binding)
        name += strcspn(name, " ") + 1;
    snprintf(out, TUI_ENTRY_NAME, "%s", name);
    for (char *c = out; *c; c++)
        *c = (char)(*c == ' ' ? '-' : tolower((unsigned char)*c));
}

static const tui_binding *find_binding(tui_context context, tui_key key)
{
    for (size_t i = 0; i < BINDING_COUNT; i++)
        for (int k = 0; k < 3; k++)
            if (key != TUI_KEY_NONE && bindings[i].keys[k] == key && (bindings[i].contexts & context))
                return &bindings[i];
    return NULL;
}

static const tui_view *find_view(tui_context context, tui_key key)
{
    const tui_view *view = NULL;
    for (size_t i = 0; !(context & TUI_TYPING) && (view = tui_view_at(i)) != NULL && view->key != key; i++)
        ;
    return view;
}

const char *tui_keys_meaning(tui_context context, tui_key key)
{
    const tui_binding *binding = find_binding(context, key);
    const tui_view *view = find_view(context, key);
    return binding ? binding->help : view ? view->help : NULL;
}

void tui_keys_dispatch(tui_app *app, tui_key key)
{
    app->document.message[0] = 0;
    if (TUI_MOUSE_KIND(key)) {
        tui_hits_press(app, key);
        return;
    }
    const tui_binding *binding = find_binding(app->context, key);
    if (binding) {
        binding->act(app, binding->argument);
        return;
    }
    if (app->context & TUI_TYPING) {
        if (tui_line_key(&app->line, key))
            tui_line_changed(app);
        return;
    }
    const tui_view *view = find_view(app->context, key);
    if (view) {
        tui_act_view(app, view);
        return;
    }
    char name[TUI_KEY_TEXT];
    tui_key_spell(key, name);
    tui_document_say(&app->document, false, "%s does nothing here; ? lists the keys", name);
}

void tui_keys_run(tui_app *app, const tui_entry *entry)
{
    char text[TUI_ENTRY_KEYS];
    if (entry->command) {
        snprintf(text, sizeof text, "%s ", entry->command->name);
        tui_prompt_open(app, text);
    } else if (entry->setting) {
        snprintf(text, sizeof text, "set %s=", entry->setting->name);
        tui_prompt_open(app, text);
    } else if (entry->view) {
        tui_act_view(app, entry->view);
    } else if (entry->binding->contexts & app->home) {
        entry->binding->act(app, entry->binding->argument);
    } else {
        tui_document_say(&app->document, false, "that key works only where it is said");
    }
}

/* Draws "KEY words", the key in its own style, to be clicked; returns the cells used. */
static int draw_label(tui_app *app, int y, int x, int width, const tui_binding *binding)
{
    char key[TUI_KEY_TEXT];
    const char *label = binding->label;
    size_t size = strcspn(label, " ");
    snprintf(key, sizeof key, "%.*s", (int)size, label);
    int used = tui_canvas_text(&app->canvas, y, x, width, TUI_KEY, key);
    used += tui_canvas_text(&app->canvas, y, x + used, width - used, TUI_TEXT, label + size);
    tui_hit_add(app, (tui_rect) { y, x, 1, used }, binding->act, binding->argument, NULL);
    return used;
}

void tui_keys_footer(tui_app *app, int y, int cols)
{
    enum { RANKS = 32, GAP = 2 };
    bool chosen[BINDING_COUNT] = { false };
    int room = cols - 2 + GAP; /* a space at each end; the last label needs no gap */
    for (int rank = 1; rank <= RANKS; rank++)
        for (size_t i = 0; i < BINDING_COUNT; i++) {
            const tui_binding *binding = &bindings[i];
            if (binding->rank != rank || !binding->label || !(binding->contexts & app->context))
                continue;
            int width = tui_canvas_width(&app->canvas, binding->label) + GAP;
            chosen[i] = width <= room;
            room -= chosen[i] ? width : 0;
        }
    int x = 1;
    for (size_t i = 0; i < BINDING_COUNT; i++)
        if (chosen[i])
            x += draw_label(app, y, x, cols - x, &bindings[i]) + GAP;
}
