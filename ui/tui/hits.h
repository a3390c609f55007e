/*
 * What the mouse reaches: rectangles with what they do, taken down while they are drawn, so that the layout is computed in
 * one place. What is drawn later lies on top.
 */
#ifndef TUI_HITS_H
#define TUI_HITS_H

#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

struct tui_app;
typedef void (*tui_act)(struct tui_app *app, int argument);

typedef struct tui_hit {
    tui_rect rect;
    tui_act click; /* NULL: what lies below */
    int argument;
    tui_act wheel; /* gets -1 or 1, towards the person; NULL: what lies below */
} tui_hit;

enum { TUI_HITS = 512 }; /* what is beyond cannot be clicked */
typedef struct tui_hits {
    size_t count;
    size_t outside; /* the first so many are not part of what is being typed: a click on them ends the typing */
    tui_hit at[TUI_HITS];
} tui_hits;

void tui_hit_add(struct tui_app *app, tui_rect rect, tui_act click, int argument, tui_act wheel);

/* A box that lies over others: nothing in it is reached through it. */
void tui_hit_cover(struct tui_app *app, tui_rect rect);

/* Does what the topmost hit there does. */
void tui_hits_press(struct tui_app *app, tui_key key);

#endif
