/* The table of keys. */
#include "tui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/sub.h"

/* clang-format off */
static const tui_binding bindings[] = {
    /* where         keys                                     action               argument                        footer         rank help */
    { TUI_WATCHING,{ '?', TUI_KEY_F1 },                       tui_act_help,        0,                              "? help",        1, "all keys; type to search, Enter does what the line says" },
    { TUI_WATCHING,{ 's' },                                   tui_act_turn,        TUI_NEXT(TUI_KNOB_SCHEME),      "s scheme",      3, "next scheme" },
    { TUI_WATCHING,{ 'S' },                                   tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_SCHEME), "S previous scheme", 0, "previous scheme" },
    { TUI_WATCHING,{ 'g' },                                   tui_act_turn,        TUI_NEXT(QL_KEY_PER),           "g groups",      7, "next granularity: what shares one scale" },
    { TUI_WATCHING,{ 'G' },                                   tui_act_turn,        TUI_PREVIOUS(QL_KEY_PER), "G previous granularity", 0, "previous granularity" },
    { TUI_WATCHING,{ 'b' },                                   tui_act_turn,        TUI_NEXT(TUI_KNOB_FEWER),       "b bits",        8, "one bit fewer; from the fewest back to the most" },
    { TUI_WATCHING,{ 'B' },                                   tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_FEWER),   "B more bits",   0, "one bit more; from the most back to the fewest" },
    { TUI_WATCHING,{ 'c' },                                   tui_act_turn,        TUI_NEXT(QL_KEY_CLIP),          "c clip",        5, "next clipping: how the range is chosen" },
    { TUI_WATCHING,{ 'C' },                                   tui_act_turn,        TUI_PREVIOUS(QL_KEY_CLIP), "C previous clip", 0, "previous clipping" },
    { TUI_IN_VIEW | TUI_IN_KNOBS, { 'e' },                    tui_act_knobs,       0,                              "e knobs",       9, "all knobs of this scheme, to turn or to type; and back" },
    { TUI_WATCHING,{ 'E' },                                   tui_act_spec_type,   0,                              "E type spec", 26, "type a whole spec, such as zeropoint:per=row" },
    { TUI_IN_VIEW, { 'p' },                                   tui_act_pin,         0,                              "p pin",        14, "pin this spec as a column of Compare (2) and go on in a copy" },
    { TUI_IN_COMPARE, { 'a' },                                tui_act_column_add,  0,                              "a add",         6, "in Compare: add a column, a copy to change" },
    { TUI_IN_COMPARE, { 'd' },                                tui_act_column_drop, 0,                              "d drop",        6, "in Compare: drop the column" },
    { TUI_IN_COMPARE, { 'e' },                                tui_act_spec_type,   0,                              "e edit",        7, "in Compare: type the spec of the column" },
    { TUI_IN_COMPARE, { 'p' },                                tui_act_baseline,    0,                              "p baseline",    7, "in Compare: measure the others against this column" },
    { TUI_IN_COMPARE, { 'l', TUI_KEY_RIGHT },                 tui_act_column_move, 1,                              "h/l column",    6, "in Compare: next column" },
    { TUI_IN_COMPARE, { 'h', TUI_KEY_LEFT },                  tui_act_column_move, -1,                             NULL,            0, "in Compare: the column before" },
    { TUI_IN_COMPARE, { TUI_KEY_HOME },                       tui_act_column_end,  -1,                             NULL,            0, "in Compare: first column" },
    { TUI_IN_COMPARE, { TUI_KEY_END },                        tui_act_column_end,  1,                              NULL,            0, "in Compare: last column" },
    { TUI_IN_COMPARE, { 'n' },                                tui_act_weight,      1,                              "n/N weight",  19, "in Compare: the next weight of the block, its arithmetic step by step" },
    { TUI_IN_COMPARE, { 'N' },                                tui_act_weight,      -1,                             NULL,            0, "in Compare: the weight before" },
    { TUI_IN_COMPARE, { ']' },                                tui_act_choose,      1,                              "[ ] choose",   20, "in Compare: next spec of the plot; in the microscope: next block" },
    { TUI_IN_COMPARE, { '[' },                                tui_act_choose,      -1,                             NULL,            0, "in Compare: the spec before, or the block" },
    { TUI_IN_COMPARE, { TUI_KEY_ENTER },                      tui_act_take,        0,                              NULL,            0, "in Compare: type the spec of the column; in the plot: add the spec that is chosen" },
    { TUI_IN_COMPARE, { TUI_KEY_ESC },                        tui_act_back,        0,                              "Esc back",      8, "in Compare: all panes again; back to Explore, with the spec of the column" },
    { TUI_IN_VIEWS, { '+', '=' },                             tui_act_turn,        TUI_NEXT(TUI_KNOB_FINE),        "+- fine",     19, "a little more of what is active: percentile, range by hand, or block size" },
    { TUI_IN_VIEWS, { '-' },                                  tui_act_turn,        TUI_PREVIOUS(TUI_KNOB_FINE), "- less fine", 0, "a little less of it" },
    { TUI_IN_VIEW, { TUI_KEY_ENTER },                         tui_act_enter,       0,                              "Enter try it", 20, "try the remedy of the why-line; on a group of the list: fold or unfold it" },
    { TUI_WATCHING,{ 'u' },                                   tui_act_undo,        -1,                             "u undo",      16, "undo the last change of the spec" },
    { TUI_WATCHING,{ TUI_CONTROL('r') },                      tui_act_undo,        1,                              "^R redo",       0, "redo it" },
    { TUI_WATCHING,{ 'J' },                                   tui_act_move,        1,                              "J/K tensor",   18, "next tensor" },
    { TUI_WATCHING,{ 'K' },                                   tui_act_move,        -1,                             NULL,            0, "previous tensor" },
    { TUI_IN_VIEW, { 'j', TUI_KEY_DOWN },                     tui_act_row,         1, "j down", 0, "down the list of tensors" },
    { TUI_IN_VIEW, { 'k', TUI_KEY_UP },                       tui_act_row,         -1, "k up", 0, "up the list" },
    { TUI_IN_COMPARE, { 'j', TUI_KEY_DOWN },                  tui_act_compare_line, 1,                             NULL,            0, "in Compare: next tensor; down the list of the plot; next row of the microscope" },
    { TUI_IN_COMPARE, { 'k', TUI_KEY_UP },                    tui_act_compare_line, -1,                            NULL,            0, "in Compare: the tensor before; up the list of the plot, or a row" },
    { TUI_IN_VIEW, { TUI_KEY_PAGE_DOWN, TUI_CONTROL('f') },   tui_act_page,        1, "PgDn page down", 0, "a page down the list" },
    { TUI_IN_VIEW, { TUI_KEY_PAGE_UP, TUI_CONTROL('b') },     tui_act_page,        -1, "PgUp page up", 0, "a page up the list" },
    { TUI_IN_VIEW, { TUI_KEY_HOME },                          tui_act_end,         -1, "Home first", 0, "first tensor of the list" },
    { TUI_IN_VIEW, { TUI_KEY_END },                           tui_act_end,         1, "End last", 0, "last tensor of the list" },
    { TUI_IN_VIEW, { '&' },                                   tui_act_filter,      0,                              "& filter",    10, "filter the list: part of a name, a pattern with * ? [a-z], dtype:F16" },
    { TUI_IN_VIEW, { '!' },                                   tui_act_invert,      0, "! invert", 0, "invert the filter: what it hides is shown, and the other way round" },
    { TUI_IN_VIEW, { 't' },                                   tui_act_shape,       1,                              "t tree",      12, "the list as a tree of names, with repeated layers together, one by one" },
    { TUI_IN_VIEW, { 'T' },                                   tui_act_shape,       -1, "T tree back", 0, "the same, the other way round" },
    { TUI_IN_VIEW, { ' ' },                                   tui_act_fold,        0, "Space fold", 0, "in a tree: fold or unfold the group" },
    { TUI_IN_VIEW, { 'f' },                                   tui_act_fold_all,    0, "f fold all", 0, "in a tree: fold all, or unfold all" },
    { TUI_WATCHING,{ 'o' },                                   tui_act_sort,        1,                              "o sort",      11, "sort the list by the next number: SQNR, size, kurtosis, any metric, ..." },
    { TUI_WATCHING,{ 'O' },                                   tui_act_sort,        -1, "O sort back", 0, "sort the list by the number before" },
    { TUI_WATCHING,{ 'I' },                                   tui_act_sort_back,   0, "I reverse", 0, "the list in reverse order" },
    { TUI_IN_VIEW, { '/' },                                   tui_act_find,        0,                              "/ find",      15, "find a tensor by part of its name" },
    { TUI_IN_VIEW, { 'n' },                                   tui_act_find_again,  1,                              "n find next",   0, "find the next one" },
    { TUI_IN_VIEW, { 'N' },                                   tui_act_find_again,  -1,                             "N find previous", 0, "find the one before" },
    { TUI_WATCHING,{ TUI_KEY_TAB },                           tui_act_pane,        1,                              "Tab pane",    17, "next pane" },
    { TUI_WATCHING,{ TUI_KEY_BACK_TAB },                      tui_act_pane,        -1, "S-Tab previous pane", 0, "previous pane" },
    { TUI_IN_VIEW, { 'l', TUI_KEY_RIGHT },                    tui_act_side,        1,                              NULL,            0, "to the next pane; in a tree: unfold" },
    { TUI_IN_VIEW, { 'h', TUI_KEY_LEFT },                     tui_act_side,        -1,                             NULL,            0, "to the previous pane; in a tree: fold, then out" },
    { TUI_WATCHING,{ 'z' },                                   tui_act_zoom,        0,                              "z zoom",      22, "the pane with the focus alone, and back" },
    { TUI_IN_VIEW, { 'v' },                                   tui_act_sub,         1,                              "v view",      25, "what the pane with the focus shows: histogram, loss of a clip, rows, codes, map" },
    { TUI_IN_VIEW, { 'V' },                                   tui_act_sub,         -1, "V view back", 0, "the same, the other way round" },
    { TUI_IN_VIEW, { 'x' },                                   tui_act_closer,      1,                              "x/X closer",  27, "the distribution: closer, half of the values that it shows" },
    { TUI_IN_VIEW, { 'X' },                                   tui_act_closer,      -1, "X farther", 0, "the distribution: farther away, twice as much" },
    { TUI_IN_VIEW, { ']' },                                   tui_act_along,       1, "] larger values", 0, "the distribution from close by: on to larger values" },
    { TUI_IN_VIEW, { '[' },                                   tui_act_along,       -1, "[ smaller values", 0, "the distribution from close by: back to smaller values" },
    { TUI_IN_VIEW, { '0' },                                   tui_act_whole,       0, "0 all values", 0, "the distribution: all values again" },
    { TUI_IN_VIEW, { 'a' },                                   tui_act_fit,         0,                              "a fit",       28, "the distribution: the central 99.8 %, the clipping range, all values" },
    { TUI_IN_VIEW, { ',' },                                   tui_act_range,       -1,                             ",/. narrower", 26, "clip closer by a cell of the distribution, by hand; so does dragging its lines" },
    { TUI_IN_VIEW, { '.' },                                   tui_act_range,       1, ". wider", 0, "clip wider by a cell" },
    { TUI_IN_VIEW, { ';' },                                   tui_act_range_end,   0, "; range end", 0, "which end , and . move: both, the low one, the high one" },
    { TUI_WATCHING,{ 'L' },                                   tui_act_axis,        0,                              "L log",       23, "counts on a logarithmic or linear axis" },
    { TUI_WATCHING,{ 'w' },                                   tui_act_export,      0,                              "w export",      6, "write a figure, the numbers or the codes of what is shown" },
    { TUI_MEASURING,{ 'm' },                                   tui_act_scan,        0,                              "m scan",       13, "measure all tensors of the list, under each spec from now on; ^C ends it" },
    { TUI_MEASURING,{ 'r' },                                   tui_act_measure,     0, "r measure", 0, "measure again, after ^C" },
    { TUI_WATCHING,{ 'y' },                                   tui_act_copy,        0,                              "y copy",      24, "copy: then n the number of the pane, r a row, t a table, y the command line" },
    { TUI_WATCHING,{ 'Y' },                                   tui_act_copy_what,   TUI_COPY_ROW,                   "Y copy row",    0, "copy name, spec, SQNR and bits per weight, with tabs between them" },
    { TUI_WATCHING,{ ':' },                                   tui_act_command,     0,                              ": command",   21, "command line: any key by its name, such as :zoom, and more; Tab completes" },
    { TUI_WATCHING,{ 'q' },                                   tui_act_quit,        0,                              "q quit",        2, "quit" },

    { TUI_IN_MATMUL, { 'l', TUI_KEY_RIGHT, '>' },             tui_act_threshold,   5,                              "h/l threshold", 3, "in MatMul: raise the threshold of LLM.int8(), which the mouse drags" },
    { TUI_IN_MATMUL, { 'h', TUI_KEY_LEFT, '<' },              tui_act_threshold,   -5,                             NULL,            0, "in MatMul: lower the threshold" },
    { TUI_IN_MATMUL, { '+', '=' },                            tui_act_threshold,   1,                              NULL,            0, "in MatMul: raise the threshold a little" },
    { TUI_IN_MATMUL, { '-' },                                 tui_act_threshold,   -1,                             NULL,            0, "in MatMul: lower the threshold a little" },
    { TUI_IN_MATMUL, { 'j', TUI_KEY_DOWN },                   tui_act_method,      1,                              "j/k method",    6, "in MatMul: the next method, whose error the map shows" },
    { TUI_IN_MATMUL, { 'k', TUI_KEY_UP },                     tui_act_method,      -1,                             NULL,            0, "in MatMul: the method before" },
    { TUI_IN_MATMUL, { 'm' },                                 tui_act_map_of,      1,                              "m map",         6, "in MatMul: the map of the next method's error" },
    { TUI_IN_MATMUL, { 'r' },                                 tui_act_rerun,       0,                              "r rerun",       4, "in MatMul: multiply and time it again" },
    { TUI_IN_MATMUL, { 'n' },                                 tui_act_ask,         0,                              "n rows",        6, "in MatMul: how many rows of X are multiplied" },
    { TUI_IN_MATMUL, { 't' },                                 tui_act_ask,         1,                              "t threads",     6, "in MatMul: on how many threads" },
    { TUI_IN_MATMUL, { 'x' },                                 tui_act_ask,         2,                              "x X",           7, "in MatMul: the activations, a file or folder" },
    { TUI_IN_MATMUL, { TUI_KEY_ESC },                         tui_act_back,        0,                              "Esc back",      5, "in MatMul: all panes again; back to Explore" },

    { TUI_IN_CELLS, { 'h', TUI_KEY_LEFT },                    tui_act_step,        TUI_STEP_LEFT,                  "hjkl move",     2, "map, weights, bits, bytes: to the left" },
    { TUI_IN_CELLS, { 'l', TUI_KEY_RIGHT },                   tui_act_step,        TUI_STEP_RIGHT,                 NULL,            0, "map, weights, bits, bytes: to the right" },
    { TUI_IN_CELLS, { 'k', TUI_KEY_UP },                      tui_act_step,        TUI_STEP_UP,                    NULL,            0, "map, weights, bits, bytes: up" },
    { TUI_IN_CELLS, { 'j', TUI_KEY_DOWN },                    tui_act_step,        TUI_STEP_DOWN,                  NULL,            0, "map, weights, bits, bytes: down" },
    { TUI_IN_CELLS, { TUI_KEY_PAGE_UP, TUI_CONTROL('b') },    tui_act_step,        TUI_STEP_PAGE_UP,               NULL,            0, "map, weights, bits, bytes: up by what is shown" },
    { TUI_IN_CELLS, { TUI_KEY_PAGE_DOWN, TUI_CONTROL('f') },  tui_act_step,        TUI_STEP_PAGE_DOWN,             NULL,            0, "map, weights, bits, bytes: down by what is shown" },
    { TUI_IN_CELLS, { TUI_KEY_HOME },                         tui_act_step,        TUI_STEP_FIRST,                 NULL,            0, "map: left by what is shown; weights: first column" },
    { TUI_IN_CELLS, { TUI_KEY_END },                          tui_act_step,        TUI_STEP_LAST,                  NULL,            0, "map: right by what is shown; weights: last column" },
    { TUI_IN_CHOICE, { 'j', TUI_KEY_DOWN },                   tui_act_step,        TUI_STEP_DOWN,                  "j/k choose",    2, "a list of rows, columns or groups: the next one" },
    { TUI_IN_CHOICE, { 'k', TUI_KEY_UP },                     tui_act_step,        TUI_STEP_UP,                    NULL,            0, "a list of rows, columns or groups: the one before" },
    { TUI_IN_CHOICE, { TUI_KEY_PAGE_DOWN, TUI_CONTROL('f') }, tui_act_step,        TUI_STEP_PAGE_DOWN,             NULL,            0, "a list of rows, columns or groups: a page on" },
    { TUI_IN_CHOICE, { TUI_KEY_PAGE_UP, TUI_CONTROL('b') },   tui_act_step,        TUI_STEP_PAGE_UP,               NULL,            0, "a list of rows, columns or groups: a page back" },
    { TUI_IN_CHOICE, { TUI_KEY_HOME },                        tui_act_step,        TUI_STEP_FIRST,                 NULL,            0, "a list of rows, columns or groups: the first" },
    { TUI_IN_CHOICE, { TUI_KEY_END },                         tui_act_step,        TUI_STEP_LAST,                  NULL,            0, "a list of rows, columns or groups: the last" },
    { TUI_IN_CHOICE, { TUI_KEY_ENTER },                       tui_act_pick,        0,                              "Enter map",     2, "a list of rows, columns or groups: the map there" },
    { TUI_IN_MAP, { TUI_KEY_ENTER },                          tui_act_pick,        0,                              "Enter weights", 14, "the map: the weights there, one by one" },
    { TUI_IN_MAP, { 'x' },                                    tui_act_map_zoom,    1,                              "x/X closer",    2, "the map: closer, at the cursor; so does the wheel" },
    { TUI_IN_MAP, { 'X' },                                    tui_act_map_zoom,    -1,                             NULL,            0, "the map: farther away" },
    { TUI_IN_MAP, { '0' },                                    tui_act_map_all,     0,                              "0 whole map",  14, "the map: the whole tensor again" },
    { TUI_IN_KINDS, { 'd' },                                  tui_act_next,        1,                              "d what",        2, "the map: error, weights, scales; the weights: w, code, y, e" },
    { TUI_IN_KINDS, { 'D' },                                  tui_act_next,        -1,                             NULL,            0, "the same, the other way round" },
    { TUI_IN_CELLS, { 'W' },                                  tui_act_largest,     0,                              "W/R largest",  14, "map, weights, bits, bytes: to the weight of largest magnitude" },
    { TUI_IN_CELLS, { 'R' },                                  tui_act_worst,       0,                              NULL,            0, "map, weights, bits, bytes: to the weight of largest error" },

    { TUI_IN_KNOBS, { 'j', TUI_KEY_DOWN },                    tui_act_knob_move,   1,                              "j/k knob",      1, "in the knobs: next one" },
    { TUI_IN_KNOBS, { 'k', TUI_KEY_UP },                      tui_act_knob_move,   -1,                             NULL,            0, "in the knobs: the one before" },
    { TUI_IN_KNOBS, { 'l', TUI_KEY_RIGHT, '+' },              tui_act_knob_turn,   1,                              "h/l turn",      1, "in the knobs: more, or the next choice" },
    { TUI_IN_KNOBS, { 'h', TUI_KEY_LEFT, '-' },               tui_act_knob_turn,   -1,                             NULL,            0, "in the knobs: less, or the choice before" },
    { TUI_IN_KNOBS, { TUI_KEY_ENTER },                        tui_act_knob_type,   0,                              "Enter type",    1, "in the knobs: type the value" },
    { TUI_IN_KNOBS, { TUI_KEY_ESC },                          tui_act_knobs,       0,                              "Esc back",      2, "in the knobs: back, keeping what was changed" },
    { TUI_IN_COPY, { 'n' },                                   tui_act_copy_what,   TUI_COPY_NUMBER,                "n number",      1, "after y: the number that the pane with the focus is about, with all its digits" },
    { TUI_IN_COPY, { 'r' },                                   tui_act_copy_what,   TUI_COPY_ROW,                   "r row",         1, "after y: name, spec, SQNR and bits per weight, with tabs between them" },
    { TUI_IN_COPY, { 't' },                                   tui_act_copy_what,   TUI_COPY_TABLE,                 "t table",       1, "after y: every metric of what is shown, as a Markdown table" },
    { TUI_IN_COPY, { 'y', 'c', TUI_KEY_ENTER },               tui_act_copy_what,   TUI_COPY_COMMAND,               "y command line", 1, "after y: the command line that prints these numbers" },
    { TUI_IN_COPY, { TUI_KEY_ESC },                           tui_act_back,        0,                              "Esc back",      2, "after y: copy nothing" },
    { TUI_TYPING,  { TUI_KEY_ENTER },                         tui_act_accept,      0,                              "Enter do it",   1, "while typing: accept" },
    { TUI_TYPING,  { TUI_KEY_ESC },                           tui_act_back,        0,                              "Esc back",      2, "while typing: back, and all is as it was" },
    { TUI_IN_VIEW, { TUI_KEY_ESC },                           tui_act_back,        0,                              "Esc show all",  0, "back: all panes again; all tensors again" },
    { TUI_IN_EXPORT, { TUI_KEY_DOWN },                        tui_act_export_row,  1,                              "Down/Up what",  3, "while exporting: the next thing to write: figures, numbers, codes" },
    { TUI_IN_EXPORT, { TUI_KEY_UP },                          tui_act_export_row,  -1,                             NULL,            0, "while exporting: the thing before" },
    { TUI_IN_EXPORT, { TUI_KEY_TAB },                         tui_act_export_format, 1,                            "Tab format",    3, "while exporting: the next format of it" },
    { TUI_IN_EXPORT, { TUI_KEY_BACK_TAB },                    tui_act_export_format, -1,                           NULL,            0, "while exporting: the format before" },
    { TUI_IN_EXPORT, { TUI_CONTROL('y') },                    tui_act_copy_what,   TUI_COPY_COMMAND,                          "^Y copy",       4, "while exporting: copy the command line that writes the same" },
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
    if (!name || (binding && !(binding->contexts & (TUI_IN_VIEWS | TUI_IN_SUBS))))
        name = "";
    else if (binding)
        name += strcspn(name, " ") + 1;
    snprintf(out, TUI_ENTRY_NAME, "%s", name);
    for (char *c = out; *c; c++)
        *c = (char)(*c == ' ' ? '-' : tolower((unsigned char)*c));
}

static bool has_key(const tui_binding *binding, tui_key key)
{
    return key != TUI_KEY_NONE && (binding->keys[0] == key || binding->keys[1] == key || binding->keys[2] == key);
}

/* Of the contexts; those of sub-views go first. */
static const tui_binding *find_binding(unsigned contexts, tui_key key)
{
    for (size_t i = 0; i < BINDING_COUNT && (contexts & TUI_IN_SUBS); i++)
        if ((bindings[i].contexts & contexts & TUI_IN_SUBS) && has_key(&bindings[i], key))
            return &bindings[i];
    for (size_t i = 0; i < BINDING_COUNT; i++)
        if ((bindings[i].contexts & contexts) && has_key(&bindings[i], key))
            return &bindings[i];
    return NULL;
}

static unsigned contexts_of(const tui_app *app)
{
    return app->context | tui_sub_context(app);
}

static const tui_view *find_view(tui_context context, tui_key key)
{
    const tui_view *view = NULL;
    for (size_t i = 0; !(context & TUI_TYPING) && (view = tui_view_at(i)) != NULL && view->key != key; i++)
        ;
    return view;
}

const char *tui_keys_meaning(const tui_app *app, tui_key key)
{
    const tui_binding *binding = find_binding(contexts_of(app), key);
    const tui_view *view = find_view(app->context, key);
    return binding ? binding->help : view ? view->help : NULL;
}

void tui_keys_dispatch(tui_app *app, tui_key key)
{
    app->document.message[0] = 0;
    if (TUI_MOUSE_KIND(key)) {
        tui_hits_press(app, key);
        return;
    }
    tui_hits_let_go(app);
    const tui_binding *binding = find_binding(contexts_of(app), key);
    if (binding) {
        binding->act(app, binding->argument);
        return;
    }
    if (app->context == TUI_IN_COPY) {
        app->context = app->home;
        tui_document_say(&app->document, false, "nothing was copied");
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

/* The view whose keys these are; NULL: they are of something inside a view. */
static const tui_view *view_of(unsigned contexts)
{
    const tui_view *view;
    for (size_t i = 0; (view = tui_view_at(i)) != NULL; i++)
        if (view->context & contexts)
            return view;
    return NULL;
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
    } else if (entry->binding->contexts & (app->home | tui_sub_context(app))) {
        entry->binding->act(app, entry->binding->argument);
    } else if (view_of(entry->binding->contexts)) { /* in another view, or beside this one: there */
        const tui_view *view = view_of(entry->binding->contexts);
        tui_act_view(app, view);
        app->home = app->context = (tui_context)view->context;
        entry->binding->act(app, entry->binding->argument);
    } else {
        tui_document_say(&app->document, false, "that key works only where it is said");
    }
}

/* What may stand in the footer, in its order. */
typedef struct item {
    const char *label;
    int rank;
    tui_act act;
    int argument;
    bool is_chosen;
} item;
enum { VIEWS_BEHIND = 'p', MOST_ITEMS = BINDING_COUNT + 16 };

static size_t add_views(const tui_app *app, item *out)
{
    const tui_view *view;
    size_t count = 0;
    for (size_t i = 0; !(app->context & ~TUI_WATCHING) && (view = tui_view_at(i)) != NULL; i++)
        if (view != app->view && view->label)
            out[count++] = (item) { view->label, view->rank, tui_act_view_at, (int)i, false };
    return count;
}

/* The keys that do something now, where no other one goes first, and the other views behind the key that pins for them. */
static size_t list_items(const tui_app *app, item out[MOST_ITEMS])
{
    const unsigned contexts = contexts_of(app);
    size_t count = 0;
    for (size_t i = 0; i < BINDING_COUNT; i++) {
        const tui_binding *binding = &bindings[i];
        if (!binding->label || find_binding(contexts, binding->keys[0]) != binding)
            continue;
        out[count++] = (item) { binding->label, binding->rank, binding->act, binding->argument, false };
        if (binding->keys[0] == VIEWS_BEHIND)
            count += add_views(app, out + count);
    }
    return count;
}

/* Draws "KEY words", the key in its own style, to be clicked; returns the cells used. */
static int draw_label(tui_app *app, int y, int x, int width, const item *shown)
{
    char key[TUI_KEY_TEXT];
    size_t size = strcspn(shown->label, " ");
    snprintf(key, sizeof key, "%.*s", (int)size, shown->label);
    int used = tui_canvas_text(&app->canvas, y, x, width, TUI_KEY, key);
    used += tui_canvas_text(&app->canvas, y, x + used, width - used, TUI_TEXT, shown->label + size);
    tui_hit_add(app, (tui_rect) { y, x, 1, used }, shown->act, shown->argument, NULL);
    return used;
}

void tui_keys_footer(tui_app *app, int y, int cols)
{
    enum { RANKS = 32, GAP = 2 };
    item items[MOST_ITEMS];
    const size_t count = list_items(app, items);
    int room = cols - 2 + GAP; /* a space at each end; the last label needs no gap */
    for (int rank = 1; rank <= RANKS; rank++)
        for (size_t i = 0; i < count; i++) {
            if (items[i].rank != rank)
                continue;
            int width = tui_canvas_width(&app->canvas, items[i].label) + GAP;
            items[i].is_chosen = width <= room;
            room -= items[i].is_chosen ? width : 0;
        }
    int x = 1;
    for (size_t i = 0; i < count; i++)
        if (items[i].is_chosen)
            x += draw_label(app, y, x, cols - x, &items[i]) + GAP;
}
