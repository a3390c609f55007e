/* What a view is: one file that ends in its const tui_view, and one row in the table of views.c. It then is in the title
   bar, in the help, and on its key. */
#ifndef TUI_VIEWS_H
#define TUI_VIEWS_H

#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

struct tui_app;

typedef struct tui_view {
    tui_key key;                                      /* that leads to it */
    const char *name;                                 /* for the title bar */
    const char *help;                                 /* a sentence */
    int pane_count;                                   /* that Tab goes through */
    int first_pane;                                   /* with the focus at the start */
    void (*draw)(struct tui_app *app, tui_rect area); /* draws into `area`, whatever its size */
} tui_view;

/* In display order; NULL at the end. */
const tui_view *tui_view_at(size_t index);

extern const tui_view tui_view_explore;

#endif
