/*
 * The application: everything the event loop, the views and the actions of keys share.
 *
 *   key or script --> keys.c (table) --> actions.c --> document.c --> jobs.c (worker thread)
 *   views draw the document on the canvas --> terminal.c
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "tui/canvas.h"
#include "tui/document.h"
#include "tui/hits.h"
#include "tui/key.h"
#include "tui/latency.h"
#include "tui/line.h"
#include "tui/list.h"
#include "tui/map.h"
#include "tui/operands.h"
#include "tui/prompt.h"
#include "tui/ranks.h"
#include "tui/state.h"
#include "tui/tui.h"
#include "tui/views.h"
#include "tui/weights.h"
#include "tui/window.h"

/* Where keys go. */
typedef enum tui_context {
    TUI_IN_VIEW = 1, /* Explore */
    TUI_IN_FILTER = 2, /* typing the filter of the list */
    TUI_IN_FIND = 4,   /* typing a name to find */
    TUI_IN_EXPORT = 8, /* the dialog that writes a figure */
    TUI_IN_HELP = 16,
    TUI_IN_KNOBS = 32,    /* beside the view: the list of knobs */
    TUI_IN_VALUE = 64,    /* typing the value of a knob in that list */
    TUI_IN_SPEC = 128,    /* typing a whole spec */
    TUI_IN_COMPARE = 256, /* the Compare view */
    TUI_IN_COMMAND = 512, /* typing a command */
    TUI_IN_COPY = 1024,   /* y was pressed: what to copy */
    TUI_IN_MATMUL = 2048, /* the MatMul view */
    /* Beside TUI_IN_VIEW, for the pane with the focus; their keys go before those of the view. */
    TUI_IN_CELLS = 1 << 12,  /* weights with a cursor: a map, a table, bits, bytes */
    TUI_IN_MAP = 1 << 13,    /* that can be looked at from closer by */
    TUI_IN_CHOICE = 1 << 14, /* a list of rows, columns or groups */
    TUI_IN_KINDS = 1 << 15,  /* one of several quantities of each weight */
    TUI_IN_SUBS = TUI_IN_CELLS | TUI_IN_MAP | TUI_IN_CHOICE | TUI_IN_KINDS,
    TUI_TYPING = TUI_IN_FILTER | TUI_IN_FIND | TUI_IN_EXPORT | TUI_IN_HELP | TUI_IN_VALUE | TUI_IN_SPEC |
                 TUI_IN_COMMAND, /* into app->line */
    TUI_IN_VIEWS = TUI_IN_VIEW | TUI_IN_COMPARE,
    TUI_MEASURING = TUI_IN_VIEWS | TUI_IN_KNOBS, /* where all is about the error of weights */
    TUI_WATCHING = TUI_MEASURING | TUI_IN_MATMUL,
    TUI_ANYWHERE = TUI_WATCHING | TUI_TYPING | TUI_IN_COPY,
} tui_context;

/* The export dialog: what is chosen in it (export.h). */
typedef struct tui_dialog {
    int row, format;               /* what it will be, */
    int chosen_row, chosen_format; /* and where the name has no ending that says so */
    bool is_typed;    /* the name is the person's */
    bool waits;       /* for what is being written */
    bool may_replace; /* the person was asked */
} tui_dialog;

typedef struct tui_record tui_record;

struct tui_app {
    const tui_options *options;
    char first_spec[QL_SPEC_TEXT]; /* settings: what a file starts with, and in which order its tensors stand */
    char first_x[QL_SPEC_TEXT]; /* activations */
    int first_sort;
    unsigned threads; /* of the next file: 0: one per core */
    bool no_mouse;
    bool forgets; /* nothing is kept for the next session */
    const char *raw; /* of the file that is shown, as in the options */
    ql_layout layout;
    tui_state state;
    struct tui_opener *opener; /* of a file that is to take its place; NULL: none */
    ql_model *model;
    tui_jobs *jobs;
    tui_document document;
    tui_list list;
    tui_canvas canvas;

    const tui_view *view;
    int pane;    /* with the focus, of the view's panes */
    int subs[TUI_PANES_MOST]; /* which sub-view each pane of Explore shows, of its table (sub.h) */
    tui_choice choices[TUI_PANES_MOST]; /* of lists in the panes of Explore */
    tui_map map;
    tui_table table;
    bool seeks_worst; /* the weight of largest error, whose place is being looked for */
    bool zoomed;       /* that pane alone */
    tui_operands operands; /* of the MatMul view */
    tui_window window; /* of the distribution */
    tui_end clip_end;  /* of the clipping range, which keys move there */
    bool linear; /* counts on a linear axis instead of a logarithmic one */
    int page;    /* lines of the list on the screen, for PgUp and PgDn */

    tui_context context;
    tui_context home; /* where typing leads back to: the context of the view, or TUI_IN_KNOBS */
    int knob;         /* selected in the list of knobs */
    tui_line line;
    tui_prompt prompt;
    tui_dialog dialog;
    char filter_before[TUI_PATTERN_SIZE]; /* what Esc goes back to */
    bool inverted_before;
    size_t tensor_before;
    size_t help_at; /* selected entry of the help */

    tui_hits hits;          /* of the last frame */
    int cursor_y, cursor_x; /* set while drawing; cursor_y < 0: hidden */
    unsigned frame;         /* counts repaints, for what moves */
    tui_script script;
    tui_record *record; /* NULL: nobody writes the keys down */
    tui_latency *latency; /* NULL: nobody times the keys */
    bool headless;
    bool quiet; /* nothing was under way after the last frame, so that it showed everything */
    bool suspend, redraw; /* asked for; the loop does it */
    bool quit;
    int signal; /* that ends the program, 0: none */
};
typedef struct tui_app tui_app;

/* The event loop: until app->quit, or the script is played when there is no terminal. */
ql_status tui_app_run(tui_app *app, ql_error *error);

/* Draws the whole canvas. */
void tui_app_draw(tui_app *app);

#endif
