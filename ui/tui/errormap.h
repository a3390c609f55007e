/*
 * The map of the error of what is shown: asked for while the screen wants it, kept with the measure. Part of the document.
 * The worker looks at one thing at a time: while the columns are open (pins.h) that is the microscope.
 */
#ifndef TUI_ERRORMAP_H
#define TUI_ERRORMAP_H

#include "tui/jobs.h"

typedef struct tui_errormap {
    bool is_wanted;
    tui_measure *asked; /* one reference: whose map was asked for last */
    uint64_t ticket;
    bool busy;
} tui_errormap;

struct tui_document;

void tui_errormap_want(struct tui_document *document, bool is_wanted);

/* Asks for the map if it is wanted, not there and not asked for; takes it; gives up what is under way. */
void tui_errormap_measure(struct tui_document *document);
void tui_errormap_take(struct tui_document *document, tui_event *event);
void tui_errormap_stop(struct tui_document *document);

/* What was asked for in vain may be asked for again. */
void tui_errormap_forget(struct tui_document *document);

#endif
