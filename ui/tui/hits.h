/*
 * What the mouse reaches: rectangles with what they do, taken down while they are drawn, so that the layout is computed in
 * one place. What is drawn later lies on top.
 */
#ifndef TUI_HITS_H
#define TUI_HITS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

struct tui_app;
typedef void (*tui_act)(struct tui_app *app, int argument);

/* A drag: the button is pressed, the mouse moves, the button is let go. Where, is in app->hits. */
typedef enum tui_drag_step { TUI_DRAG_BEGIN, TUI_DRAG_MOVE, TUI_DRAG_END } tui_drag_step;
typedef void (*tui_drag)(struct tui_app *app, int argument, tui_drag_step step);

typedef struct tui_hit {
    tui_rect rect;
    tui_act click; /* NULL: what lies below */
    int argument;
    tui_act wheel; /* gets -1 or 1, towards the person; NULL: what lies below */
    tui_drag drag; /* instead of a click: what a press begins, with `argument`; NULL: nothing */
} tui_hit;

enum { TUI_HITS = 512 }; /* what is beyond cannot be clicked */
typedef struct tui_hits {
    size_t count;
    size_t outside; /* the first so many are not part of what is being typed: a click on them ends the typing */
    tui_hit at[TUI_HITS];
    int y, x;      /* the cell in which the mouse did something last */
    tui_drag held; /* the drag that has begun and not ended, with its argument; NULL: none */
    int held_argument;
} tui_hits;

void tui_hit_add(struct tui_app *app, tui_rect rect, tui_act click, int argument, tui_act wheel);

/* What can be dragged; the wheel goes to what lies below. */
void tui_hit_add_drag(struct tui_app *app, tui_rect rect, tui_drag drag, int argument);

/* A box that lies over others: nothing in it is reached through it. */
void tui_hit_cover(struct tui_app *app, tui_rect rect);

/* Whether the mouse means anything by it: moving it and letting go does only while something is dragged. */
bool tui_hits_take(const struct tui_app *app, tui_key key);

/* Does what the topmost hit there does, or goes on with the drag. */
void tui_hits_press(struct tui_app *app, tui_key key);

/* Ends the drag, if there is one: something else goes on. */
void tui_hits_let_go(struct tui_app *app);

#endif
