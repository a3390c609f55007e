/* The terminal interface, as ui/main.c sees it. */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "qloupe.h"

typedef enum tui_color { TUI_COLOR_AUTO, TUI_COLOR_ALWAYS, TUI_COLOR_NEVER } tui_color;

typedef struct tui_options {
    const char *path;   /* of the model to open */
    const char *tensor; /* -t: the tensor to start on, NULL: the first matrix */
    const char *spec;   /* -s: the spec to start with, NULL: absmax */
    const char *raw;    /* --raw: what the file holds, NULL: it says so itself */
    ql_layout layout;
    const char *x;    /* --x: the activations of products, as ql_activations_open takes them; NULL: those of the setting */
    const char *usual_x; /* in place of a setting that says synthetic: those of the demo model; NULL: there are none */
    unsigned threads; /* 0: one per core */
    tui_color color;
    bool ascii;             /* ASCII glyphs only */
    bool no_state;          /* read and write nothing under XDG folders */
    const char *keys;       /* --keys: a key string, or @FILE; NULL: keys come from the terminal */
    bool bench;             /* --bench-ui: the keys are timed on a terminal of its own, and what was found is printed */
    bool json;              /* as JSON */
    const char *record;     /* --record: where to write the keys of the session, for --keys @FILE; NULL: nowhere */
    const char *size;       /* --size: COLUMNSxROWS of a screen without a terminal; NULL: the terminal's */
    const char *screenshot; /* --screenshot: OUT.txt or OUT.png, written after the keys have been played; NULL: none */
} tui_options;

/* Runs until the person quits, or the keys are played when there is a screenshot to take. Returns the exit code (0, 2 with
   one line on stderr, 130). The terminal is restored on every way out. */
int tui_main(const tui_options *options);

#endif
