/* What a view is: one file that ends in its const tui_view, and one row in the table of views.c. It then is in the title
   bar, in the help, and on its key. */
#ifndef TUI_VIEWS_H
#define TUI_VIEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

struct tui_app;
struct tui_sub;

enum { TUI_PANES_MOST = 8 };

/* A number to be copied, and what it is: "SQNR dB". */
typedef struct tui_number {
    double value;
    char what[160];
} tui_number;

typedef struct tui_view {
    tui_key key;                                      /* that leads to it */
    const char *name;                                 /* for the title bar */
    const char *help;                                 /* a sentence */
    const char *label;                                /* in the footers of the other views: "2 compare" */
    int rank;                                         /* as in keys.h */
    int pane_count;                                   /* that Tab goes through, at most TUI_PANES_MOST */
    int first_pane;                                   /* with the focus at the start */
    void (*draw)(struct tui_app *app, tui_rect area); /* draws into `area`, whatever its size */
    const struct tui_sub *const *const *subs; /* [pane_count] tables of sub-views, NULL: a pane has none; NULL: none has */
    unsigned context;                         /* tui_context of its keys */
    void (*open)(struct tui_app *app);        /* it comes on the screen, and leaves it; NULL: nothing to do */
    void (*close)(struct tui_app *app);
    /* The line of words below it, false: there is none now; NULL: the reason of the report. */
    bool (*words)(const struct tui_app *app, char *out, size_t size);
    /* What a pane is about in one number, false: there is none now; NULL: the SQNR. A sub-view may have its
       own (sub.h); where weights have a cursor it is that weight. */
    bool (*number)(struct tui_app *app, int pane, tui_number *out);
} tui_view;

/* In display order; NULL at the end. */
const tui_view *tui_view_at(size_t index);

extern const tui_view tui_view_explore;
extern const tui_view tui_view_compare;
extern const tui_view tui_view_matmul;

#endif
