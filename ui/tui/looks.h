/*
 * The looks of the document: at most one of each kind, of what is shown. Drawing says what it wishes to see and gets what
 * there is; after the frame the worker is asked for what that frame lacked, and what it did not wish any more is given up.
 *
 *   tui_looks_begin --> drawing: tui_looks_wish ... --> tui_looks_ask --> worker --> tui_looks_take
 */
#ifndef TUI_LOOKS_H
#define TUI_LOOKS_H

#include "tui/jobs.h"

typedef struct tui_look_slot {
    void *made; /* owned, NULL: none yet; of `of` (one reference) and `wish` */
    tui_measure *of;
    tui_wish wish;

    tui_measure *asked; /* one reference: what was asked for last, with asked_wish; NULL: nothing */
    tui_wish asked_wish;
    uint64_t ticket;
    bool busy;
    ql_error problem; /* why nothing came of it; QL_OK: nothing is wrong */

    bool is_wished; /* by the newest frame */
    tui_wish wished;
} tui_look_slot;

typedef struct tui_looks {
    tui_look_slot of[TUI_LOOK_COUNT];
} tui_looks;

/* What there is to show. */
typedef struct tui_seen {
    const void *made;           /* NULL: nothing of this tensor yet */
    const tui_measure *measure; /* that it was made of; NULL with made */
    const tui_wish *wish;       /* that it was made for; NULL with made */
    bool is_exact;              /* it is of the selected tensor, the current spec and this wish */
    const char *missing;        /* why there is nothing: a reason, or that it is being made; NULL with made */
} tui_seen;

struct tui_document;

void tui_looks_begin(struct tui_document *document);
/* What there is, without wishing. */
tui_seen tui_looks_seen(const struct tui_document *document, tui_look_kind kind, const tui_wish *wish);
tui_seen tui_looks_wish(struct tui_document *document, tui_look_kind kind, const tui_wish *wish);
void tui_looks_ask(struct tui_document *document);
void tui_looks_take(struct tui_document *document, tui_event *event);

/* The worker is to do nothing more for them, until something else is wished; what was stopped or failed is wished anew. */
void tui_looks_stop(struct tui_document *document);
void tui_looks_retry(struct tui_document *document);

bool tui_looks_are_busy(const tui_looks *looks);
void tui_looks_free(tui_looks *looks);

#endif
